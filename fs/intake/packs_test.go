package intake_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// noise gives bytes that do not compress, the same for the same seed.
func noise(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// covered is a FLAC file with this picture and sound.
func covered(album, title string, picture, sound []byte) []byte {
	b := flac([]string{"ARTIST=Artist", "ALBUM=" + album, "TITLE=" + title})
	b[4+4+34] &^= 0x80 // the picture is the last block
	block := binary.BigEndian.AppendUint32(nil, 3)
	block = append(binary.BigEndian.AppendUint32(block, 10), "image/jpeg"...)
	block = append(block, make([]byte, 4+16)...)
	block = append(binary.BigEndian.AppendUint32(block, uint32(len(picture))), picture...)
	b = append(binary.BigEndian.AppendUint32(b, 0x86<<24|uint32(len(block))), block...)
	return append(b, sound...)
}

// coveredAlbum makes an album of tracks with one cover, and gives its folder.
func coveredAlbum(t *testing.T, tracks, picture, sound int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Album")
	for i := range tracks {
		title := fmt.Sprintf("Song %02d", i)
		write(t, filepath.Join(dir, title+".flac"), covered("Album", title, noise(picture, 255), noise(sound, byte(i))))
	}
	return dir
}

// versions gives the versions of all files of the locker by path.
func (d *device) versions(t *testing.T) map[string]*catalog.Version {
	t.Helper()
	all := map[string]*catalog.Version{}
	err := d.index.Walk(t.Context(), catalog.Root, func(path string, e catalog.Entry) error {
		if e.Version != nil {
			all[path] = e.Version
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// packs gives the scan packs in the store by name.
func (d *device) packs(t *testing.T) map[string][]byte {
	t.Helper()
	page, err := d.store.List(t.Context(), catalog.PackKey(""), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, o := range page.Objects {
		all[strings.TrimPrefix(o.Key, catalog.PackKey(""))] = d.object(t, o.Key)
	}
	return all
}

func (d *device) object(t *testing.T, key string) []byte {
	t.Helper()
	body, _, err := d.store.Get(t.Context(), key, remote.Range{}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// packHolds checks that the pack a version names has what tag readers read of it.
func packHolds(t *testing.T, d *device, packs map[string][]byte, path string, v *catalog.Version) {
	t.Helper()
	body, ok := packs[v.Pack]
	if !ok {
		t.Errorf("%s: its pack %q is not in the store", path, v.Pack)
		return
	}
	p, err := pack.Open(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	content := d.object(t, v.Object.Key)
	looked := intake.Looked(path, v.Size, v.Tags)
	if looked == nil || len(looked.Touch) == 0 {
		t.Fatalf("%s: nothing is touched", path)
	}
	for _, s := range looked.Touch {
		got := make([]byte, s.Length)
		n, ok, err := p.ReadAt(pack.ID(v.SHA256), got, s.Offset)
		if err != nil || !ok || !bytes.Equal(got[:n], content[s.Offset:s.End()]) {
			t.Errorf("%s: %d bytes at %d are in the pack: %v, %v", path, s.Length, s.Offset, ok, err)
		}
	}
}

// TestImportMakesPacks: an album's heads and tails are in one pack, its cover once though
// it is a file too, and no picture that is large.
func TestImportMakesPacks(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	kept := map[string][]byte{}
	d.importer.Keep = func(name string, body []byte) error {
		kept[name] = body
		return nil
	}
	const tracks, picture = 12, 200_000
	dir := coveredAlbum(t, tracks, picture, 300_000)
	write(t, dir+"/cover.jpg", noise(picture, 255))
	write(t, dir+"/scan.png", noise(1<<20+1, 254))
	write(t, dir+"/booklet.pdf", noise(1000, 253))
	if r := d.run(t, intake.Options{DryRun: true}, dir); r.Imported != tracks+3 || len(d.packs(t)) != 0 {
		t.Errorf("a dry run made %d packs: %+v", len(d.packs(t)), r)
	}
	d.run(t, intake.Options{}, dir)
	packs := d.packs(t)
	if len(packs) != 1 || len(kept) != 1 {
		t.Fatalf("%d packs in the store, %d kept", len(packs), len(kept))
	}
	size := 0
	for name, body := range packs {
		size = len(body)
		if !bytes.Equal(kept[name], body) {
			t.Error("another pack was kept here")
		}
	}
	if most := picture + tracks*(16+64+12)<<10; size > most {
		t.Errorf("the pack has %d bytes, at most %d", size, most)
	}
	for path, v := range d.versions(t) {
		if strings.HasSuffix(path, ".png") || strings.HasSuffix(path, ".pdf") {
			if v.Pack != "" {
				t.Errorf("%s is in pack %s", path, v.Pack)
			}
			continue
		}
		packHolds(t, d, packs, path, v)
	}
	again := filepath.Join(t.TempDir(), "Other")
	write(t, again+"/a.flac", read(t, dir+"/Song 03.flac"))
	if r := d.run(t, intake.Options{Layout: "keep"}, again); r.Matched != 1 {
		t.Errorf("%+v", r)
	}
	packHolds(t, d, packs, "matched", d.versions(t)["Other/a.flac"])
}

// packOrder notes when a commit names a pack that is not in the store.
type packOrder struct {
	remote.Store

	mu   sync.Mutex // guards what follows
	sent map[string]bool
	bad  []string
	all  int // versions with a pack
}

func (o *packOrder) Put(ctx context.Context, key string, body *io.SectionReader, opts remote.PutOptions) (remote.Object, error) {
	if strings.HasPrefix(key, ".lockerfs/log/") {
		o.check(key, body)
	}
	obj, err := o.Store.Put(ctx, key, body, opts)
	o.mu.Lock()
	defer o.mu.Unlock()
	if name, ok := strings.CutPrefix(key, catalog.PackKey("")); ok && err == nil {
		o.sent[name] = true
	}
	return obj, err
}

func (o *packOrder) check(key string, body *io.SectionReader) {
	b := make([]byte, body.Size())
	_, err := body.ReadAt(b, 0)
	var n int64
	fmt.Sscanf(strings.TrimPrefix(key, ".lockerfs/log/"), "%d", &n)
	f, ferr := catalog.ReadFormat(context.Background(), o.Store)
	c, cerr := catalog.DecodeCommit(n, f.Epoch, b)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil && err != io.EOF || ferr != nil || cerr != nil {
		o.bad = append(o.bad, fmt.Sprint(err, ferr, cerr))
		return
	}
	for _, op := range c.Ops {
		if op.Entry != nil && op.Entry.Version != nil && op.Entry.Version.Pack != "" {
			o.all++
			if !o.sent[op.Entry.Version.Pack] {
				o.bad = append(o.bad, op.Entry.Name)
			}
		}
	}
}

// TestPackComesBeforeItsCommit: also with commits in the midst of albums. Small albums
// share packs.
func TestPackComesBeforeItsCommit(t *testing.T) {
	o := &packOrder{Store: remotetest.NewMemory(), sent: map[string]bool{}}
	d := newDevice(t, o)
	d.importer.SetBatch(7)
	src := t.TempDir()
	const albums, tracks = 40, 6
	for a := range albums {
		for i := range tracks {
			album, title := fmt.Sprint("Album ", a), fmt.Sprint("Song ", i)
			write(t, filepath.Join(src, album, title+".flac"), covered(album, title, noise(3000, byte(a)), noise(2000, byte(i))))
		}
	}
	if r := d.run(t, intake.Options{}, src); r.Imported != albums*tracks {
		t.Errorf("report: %+v", r)
	}
	if len(o.bad) > 0 || o.all != albums*tracks {
		t.Errorf("%d versions name a pack; before it was there: %v", o.all, o.bad)
	}
	packs := d.packs(t)
	for path, v := range d.versions(t) {
		packHolds(t, d, packs, path, v)
	}
}

// noPacks is a store that takes no packs.
type noPacks struct {
	remote.Store
	err error
}

func (n noPacks) Put(ctx context.Context, key string, body *io.SectionReader, opts remote.PutOptions) (remote.Object, error) {
	if strings.HasPrefix(key, catalog.PackKey("")) {
		return remote.Object{}, n.err
	}
	return n.Store.Put(ctx, key, body, opts)
}

// TestPackThatCannotBeSent is missed by nobody.
func TestPackThatCannotBeSent(t *testing.T) {
	for _, err := range []error{remote.ErrDenied, remote.ErrOffline, remote.ErrInvalid, remote.ErrFull} {
		d := newDevice(t, noPacks{remotetest.NewMemory(), err})
		if r := d.run(t, intake.Options{}, coveredAlbum(t, 3, 1000, 1000)); r.Imported != 3 || r.FailedCount != 0 {
			t.Errorf("%v: %+v", err, r)
		}
		if len(d.tree(t)) != 3 {
			t.Errorf("%v: %d files", err, len(d.tree(t)))
		}
		for path, v := range d.versions(t) {
			if v.Pack != "" {
				t.Errorf("%v: %s names pack %s", err, path, v.Pack)
			}
		}
	}
}

// flicker is a disk whose files have another byte the second time they are opened.
type flicker struct {
	intake.OSDisk
	mu     sync.Mutex // guards opened
	opened map[string]int
}

type flickered struct{ intake.OpenFile }

func (f *flicker) Open(path string) (intake.OpenFile, error) {
	file, err := f.OSDisk.Open(path)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opened[path]++; err != nil || f.opened[path] != 2 {
		return file, err
	}
	return flickered{file}, nil
}

func (f flickered) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.OpenFile.ReadAt(p, off)
	p[n/2] ^= 1
	return n, err
}

// TestPackHasWhatWasSent: bytes that were other ones when the pack was made, and then
// the right ones again, are not believed.
func TestPackHasWhatWasSent(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	d.importer.SetDisk(&flicker{opened: map[string]int{}})
	if r := d.run(t, intake.Options{}, coveredAlbum(t, 3, 1000, 200_000)); r.Imported != 3 {
		t.Errorf("%+v", r)
	}
	d.tree(t)
	for path, v := range d.versions(t) {
		if v.Pack != "" {
			t.Errorf("%s names pack %s with wrong bytes", path, v.Pack)
		}
	}
}

// TestLargeTagsArePackedWithinLimits: pictures that are not shared make several packs,
// and what is too large goes into none.
func TestLargeTagsArePackedWithinLimits(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	dir := filepath.Join(t.TempDir(), "Album")
	for i := range 6 {
		title := fmt.Sprint("Song ", i)
		size := 5 << 20
		if i == 5 {
			size = 9 << 20
		}
		write(t, filepath.Join(dir, title+".flac"), covered("Album", title, noise(size, byte(i)), noise(1000, byte(i))))
	}
	write(t, dir+"/text.flac", covered("Album", strings.Repeat("words", 300_000), noise(10, 1), noise(1000, 9)))
	d.run(t, intake.Options{}, dir)
	packs := d.packs(t)
	for name, body := range packs {
		if len(body) > pack.MaxSize {
			t.Errorf("pack %s has %d bytes", name, len(body))
		}
	}
	none := 0
	for path, v := range d.versions(t) {
		if v.Pack == "" {
			none++
			continue
		}
		packHolds(t, d, packs, path, v)
	}
	if none != 2 || len(packs) < 2 {
		t.Errorf("%d files are in no pack, %d packs", none, len(packs))
	}
}
