package intake_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// device is one device with a locker in a store.
type device struct {
	store    remote.Store
	index    *catalog.Index
	follower *catalog.Follower
	importer *intake.Importer
}

func newDevice(t *testing.T, store remote.Store) *device {
	t.Helper()
	ctx, dir, logger := t.Context(), t.TempDir(), slog.New(slog.DiscardHandler)
	if _, _, err := catalog.CreateFormat(ctx, store, ""); err != nil {
		t.Fatal(err)
	}
	index, err := catalog.OpenIndex(ctx, filepath.Join(dir, "index.db"), logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { index.Close() })
	f := catalog.NewFollower(catalog.NewLog(store, true), index, logger, nil)
	if err := f.Open(ctx); err != nil {
		t.Fatal(err)
	}
	dev, err := pending.OpenDevice(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &device{store, index, f, &intake.Importer{Store: store, Index: index, Logger: logger,
		Commit: pending.NewCommitter(dir, dev, f.Log(), f, logger), Memory: filepath.Join(dir, "known.db")}}
}

func (d *device) run(t *testing.T, opts intake.Options, paths ...string) intake.Report {
	t.Helper()
	r, err := d.importer.Run(t.Context(), paths, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tree gives every file of the locker with the hash of its bytes in the store.
func (d *device) tree(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	d.fill(t, catalog.Root, "", files)
	return files
}

func (d *device) fill(t *testing.T, id catalog.ID, dir string, files map[string]string) {
	t.Helper()
	list, err := d.index.Children(t.Context(), id, "", 10000)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if a.Kind == catalog.Dir {
			d.fill(t, a.ID, dir+a.Name+"/", files)
			continue
		}
		v, err := d.index.Version(t.Context(), a.Node)
		if err != nil {
			t.Fatal(err)
		}
		body, _, err := d.store.Get(t.Context(), v.Object.Key, remote.Range{}, v.Object.ETag)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		body.Close()
		sum := sha256.Sum256(b)
		if v.SHA256 != sum || a.Size != int64(len(b)) {
			t.Errorf("%s%s: version says %s, %d bytes; object has %x, %d", dir, a.Name, v.SHA256, a.Size, sum, len(b))
		}
		files[dir+a.Name] = v.SHA256.String()
	}
}

func (d *device) objects(t *testing.T) int {
	t.Helper()
	n := 0
	for after := ""; ; {
		page, err := d.store.List(t.Context(), "Music/", after, 0)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Objects)
		if after = page.Next; after == "" {
			return n
		}
	}
}

// wave makes a small WAV file with the tags given, and random samples.
func wave(t *testing.T, path, artist, album, title, track string) {
	t.Helper()
	samples := make([]byte, 2000)
	rand.Read(samples)
	waveOf(t, path, samples, artist, album, title, track)
}

// waveOf makes a WAV file with the samples and tags given.
func waveOf(t *testing.T, path string, samples []byte, artist, album, title, track string) {
	t.Helper()
	var info bytes.Buffer
	info.WriteString("INFO")
	for _, tag := range [][2]string{{"IART", artist}, {"IPRD", album}, {"INAM", title}, {"ITRK", track}} {
		if tag[1] == "" {
			continue
		}
		v := tag[1] + "\x00"
		info.WriteString(tag[0])
		binary.Write(&info, binary.LittleEndian, uint32(len(v)))
		info.WriteString(v)
		if len(v)%2 == 1 {
			info.WriteByte(0)
		}
	}
	var b bytes.Buffer
	chunk := func(id string, body []byte) {
		b.WriteString(id)
		binary.Write(&b, binary.LittleEndian, uint32(len(body)))
		b.Write(body)
	}
	b.WriteString("WAVE")
	chunk("fmt ", []byte{1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0})
	chunk("LIST", info.Bytes())
	chunk("data", samples)
	body := b.Bytes()
	b = bytes.Buffer{}
	chunk("RIFF", body)
	write(t, path, b.Bytes())
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// album makes an album of two tracks with a cover, and gives its folder.
func album(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Björk - Homogenic")
	wave(t, dir+"/a.wav", "Björk", "Homogenic", "Hunter", "1")
	wave(t, dir+"/b.wav", "Björk", "Homogenic", "Jóga", "2")
	write(t, dir+"/cover.jpg", []byte("picture"))
	write(t, dir+"/.DS_Store", []byte("litter"))
	return dir
}

// songs makes n albums of one small file each, and gives their folder. The files are
// audio by their names only.
func songs(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "in")
	for i := range n {
		write(t, song(dir, i), fmt.Appendf(nil, "bytes of %d", i))
	}
	return dir
}

// song is the path of the ith of songs.
func song(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf("%04d", i), "song.mp3") }

// said gives the base names of the notes' files with what the notes say up to a comma.
func said(notes []intake.Note) []string {
	var out []string
	for _, n := range notes {
		what, _, _ := strings.Cut(n.What, ",")
		out = append(out, filepath.Base(n.File)+": "+what)
	}
	return out
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sum gives the hash of a file.
func sum(t *testing.T, path string) string {
	t.Helper()
	return catalog.Hash(sha256.Sum256(read(t, path))).String()
}

// exchange gives two files each other's names.
func exchange(t *testing.T, a, b string) {
	t.Helper()
	if err := errors.Join(os.Rename(a, a+".x"), os.Rename(b, a), os.Rename(a+".x", b)); err != nil {
		t.Fatal(err)
	}
}
