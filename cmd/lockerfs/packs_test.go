package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// packRig is a locker's packs, with files in a store that can be told to fail.
type packRig struct {
	*packs
	t     *testing.T
	store *remotetest.Faulty
	index *packList
	cache *cache.Cache
}

// packList is an index of packs in folders.
type packList struct {
	mu      sync.Mutex // guards the fields below
	applied int64
	folders map[catalog.ID][]catalog.Packed
	// listed tells how many listings there were; nil for none.
	listed func() int64
}

func (l *packList) Listed() int64 {
	if l.listed == nil {
		return 0
	}
	return l.listed()
}

// add makes a commit that adds an entry to the root.
func (l *packList) add(e catalog.Packed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.applied++
	l.folders[catalog.Root] = append(l.folders[catalog.Root], e)
}

func (l *packList) WaitSynced(context.Context) error { return nil }
func (l *packList) Applied() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.applied
}
func (l *packList) Packs(_ context.Context, parent catalog.ID, after string, limit int) ([]catalog.Packed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(l.folders[parent]), func(e catalog.Packed) bool { return e.Name <= after })
	return list[:min(limit, len(list))], nil
}

func newPackRig(t *testing.T) *packRig {
	t.Helper()
	r := &packRig{t: t, store: remotetest.NewFaulty(remotetest.NewMemory()), index: &packList{folders: map[catalog.ID][]catalog.Packed{}}}
	dir := t.TempDir()
	var err error
	if r.cache, err = cache.Open(cache.Options{Dir: dir, Limit: 64 << 20, Log: slog.New(slog.DiscardHandler)}, r.store); err != nil {
		t.Fatal(err)
	}
	if r.packs, err = openPacks(dir, r.store, r.index, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	r.patience = time.Minute
	t.Cleanup(func() {
		r.packs.Close()
		r.cache.Close()
	})
	return r
}

// Where heads end and tails begin in the files of a rig, which have trackSize bytes.
const (
	trackSize = 700_000
	headEnd   = 40 << 10
	tailFrom  = trackSize - 64<<10
)

// album puts files into the store, with a pack of their heads and tails.
func (r *packRig) album(name string, tracks int) (versions []*catalog.Version, contents [][]byte) {
	r.t.Helper()
	b, err := pack.NewBuilder()
	if err != nil {
		r.t.Fatal(err)
	}
	for i := range tracks {
		content := wavFile(name, name, fmt.Sprint(i), "1", trackSize)[:trackSize]
		v := &catalog.Version{ID: catalog.NewID(), Size: trackSize, SHA256: sha256.Sum256(content),
			Tags: &tag.Info{Touch: []tag.Span{{Offset: 0, Length: headEnd}, {Offset: tailFrom, Length: trackSize - tailFrom}}}}
		v.Object = catalog.Ref{Key: fmt.Sprintf("Music/%s/%d.wav", name, i)}
		v.Object.ETag = r.put(v.Object.Key, content)
		ranges := []pack.Range{{Offset: 0, Bytes: content[:headEnd]}, {Offset: tailFrom, Bytes: content[tailFrom:]}}
		if err := b.Add(pack.ID(v.SHA256), v.Size, ranges, nil); err != nil {
			r.t.Fatal(err)
		}
		versions, contents = append(versions, v), append(contents, content)
	}
	pack, body, err := b.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	r.put(catalog.PackKey(pack), body)
	for _, v := range versions {
		v.Pack = pack
	}
	return versions, contents
}

func (r *packRig) put(key string, b []byte) (etag string) {
	r.t.Helper()
	obj, err := r.store.Put(r.t.Context(), key, io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), remote.PutOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return obj.ETag
}

// open opens a version as the file system does.
func (r *packRig) open(v *catalog.Version) *content {
	r.t.Helper()
	c, err := contents{cache: r.cache, packs: r.packs}.Open(r.t.Context(), v)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(c.Close)
	return c.(*content)
}

// bringAll fetches what the index names.
func (r *packRig) bringAll() error { return r.walk(r.t.Context()) }

// TestContentFromPacks: whatever is read, the bytes are right and come as from a file;
// what a pack has makes no request.
func TestContentFromPacks(t *testing.T) {
	r := newPackRig(t)
	versions, files := r.album("one", 2)
	r.index.folders[catalog.Root] = []catalog.Packed{{Name: "a", Kind: catalog.File, Pack: versions[0].Pack}}
	if err := r.bringAll(); err != nil {
		t.Fatal(err)
	}
	before := r.store.Count(remotetest.Get)
	c := r.open(versions[1])
	if !c.Packed() {
		t.Error("the pack does not have the file")
	}
	for _, tt := range []struct {
		off           int64
		n             int
		here, refused bool
	}{
		{off: 0, n: 1, here: true},
		{off: 0, n: headEnd, here: true},
		{off: 4096, n: 8192, here: true},
		{off: tailFrom, n: 4096, here: true},
		{off: trackSize - 10, n: 4096, here: true},
		{off: trackSize - 128, n: 128, here: true},
		{off: trackSize, n: 10, here: true},
		{off: trackSize + 5, n: 10, here: true},
		{off: 0, n: 0, here: true},
		{off: 0, n: headEnd + 1, refused: true},
		{off: headEnd - 100, n: 200},
		{off: headEnd - 100, n: 20_000},
		{off: headEnd, n: 4096},
		{off: tailFrom - 1, n: 5000},
		{off: 0, n: trackSize + 1},
	} {
		if got := c.Here(tt.off, tt.n); got != (tt.here || tt.refused) && r.store.Count(remotetest.Get) == before {
			t.Errorf("%d bytes at %d are here: %v", tt.n, tt.off, got)
		}
		got, want := make([]byte, tt.n), make([]byte, tt.n)
		n, err := c.ReadAt(t.Context(), got, tt.off)
		if tt.refused != errors.Is(err, errBeyondPack) {
			t.Errorf("%d bytes at %d: %v", tt.n, tt.off, err)
		}
		if tt.refused {
			if !errors.Is(err, context.Canceled) || r.store.Count(remotetest.Get) != before {
				t.Errorf("%d bytes at %d were refused, and asked for", tt.n, tt.off)
			}
			n, err = c.ReadAt(t.Context(), got, tt.off) // as the kernel does where somebody wants them
		}
		m, wrong := bytes.NewReader(files[1]).ReadAt(want, tt.off)
		if tt.n == 0 {
			m, wrong = 0, nil
		}
		if n != m || !bytes.Equal(got[:n], want[:m]) || err != nil && err != io.EOF || (n < tt.n) != (err == io.EOF) || wrong != nil && wrong != io.EOF {
			t.Errorf("%d bytes at %d: got %d, %v; want %d, %v", tt.n, tt.off, n, err, m, wrong)
		}
		if asked := r.store.Count(remotetest.Get) > before; asked && tt.here {
			t.Errorf("%d bytes at %d were asked for", tt.n, tt.off)
		}
	}
	if r.store.Count(remotetest.Get) == before {
		t.Error("what is in no pack came from nowhere")
	}
}

// TestScanWaitsForThePack: the second file of a pack that is opened without the first
// being played waits for it, and is then urgent; the first never does.
func TestScanWaitsForThePack(t *testing.T) {
	r := newPackRig(t)
	versions, files := r.album("one", 2)
	gate := r.store.Hold(remotetest.Get, catalog.PackKey(""))
	first := r.open(versions[0])
	<-gate.Reached()
	if class := first.coming.ticket.Class(); class != remote.ScanPack {
		t.Errorf("one file opened: class %d", class)
	}
	got := make([]byte, 4096)
	if n, err := first.ReadAt(t.Context(), got, 0); err != nil || !bytes.Equal(got[:n], files[0][:n]) {
		t.Fatal(n, err) // with the pack held back: from its object
	}
	before := r.store.Count(remotetest.Get)
	second := r.open(versions[1])
	if class := second.coming.ticket.Class(); class != remote.Demand {
		t.Errorf("two files looked at: class %d", class)
	}
	over := make(chan error)
	go func() {
		n, err := second.ReadAt(t.Context(), got, 0)
		if err == nil && !bytes.Equal(got[:n], files[1][:n]) {
			err = errors.New("wrong bytes")
		}
		over <- err
	}()
	gate.Release()
	if err := <-over; err != nil {
		t.Error(err)
	}
	if n := r.store.Count(remotetest.Get) - before; n != 0 {
		t.Errorf("the second file made %d requests", n)
	}
}

// TestPlayingDoesNotWait: neither who reads on in the first file, nor who opens the
// second one then; and who scans waits so long and no longer.
func TestPlayingDoesNotWait(t *testing.T) {
	for _, tt := range []struct {
		what     string
		before   int64 // is read of the first file
		patience time.Duration
	}{{"a player", headEnd + 200<<10, time.Hour}, {"a long wait", 0, 0}} {
		t.Run(tt.what, func(t *testing.T) {
			r := newPackRig(t)
			r.patience = tt.patience
			versions, files := r.album("one", 2)
			gate := r.store.Hold(remotetest.Get, catalog.PackKey(""))
			defer gate.Release()
			got := make([]byte, 4096)
			for i, off := range []int64{tt.before, 0} {
				c := r.open(versions[i])
				n, err := c.ReadAt(t.Context(), got, off)
				if err != nil || !bytes.Equal(got[:n], files[i][off:][:n]) {
					t.Fatalf("file %d: %v", i, err)
				}
			}
		})
	}
}

// TestFillFetchesAll: every pack of the locker comes once; one that is damaged or gone is not asked for again and again.
func TestFillFetchesAll(t *testing.T) {
	r := newPackRig(t)
	r.pause = time.Millisecond
	var names []string
	for i := range 4 {
		v, _ := r.album(fmt.Sprint("album", i), 1)
		names = append(names, v[0].Pack)
	}
	r.put(catalog.PackKey(names[2]), []byte("damaged"))
	if err := r.store.Delete(t.Context(), catalog.PackKey(names[3])); err != nil {
		t.Fatal(err)
	}
	entry := func(name, pack string) catalog.Packed {
		return catalog.Packed{Name: name, Kind: catalog.File, Pack: pack}
	}
	r.index.folders[catalog.Root] = []catalog.Packed{entry("a", names[2]), {ID: 77, Name: "b", Kind: catalog.Dir}, entry("c", "../../c"), entry("d", names[3])}
	r.index.folders[77] = []catalog.Packed{entry("a", names[0]), entry("b", names[0]), entry("c", ""), entry("d", names[1])}
	if err := r.bringAll(); err != nil {
		t.Fatal(err)
	}
	if stats := r.stats(); stats.Count != 2 || !r.shelf.Has(names[0]) || !r.shelf.Has(names[1]) {
		t.Errorf("here: %+v", stats)
	}
	n := r.store.Count(remotetest.Get)
	if err := r.bringAll(); err != nil || r.store.Count(remotetest.Get) != n || n != 4 {
		t.Errorf("asked %d times, then %d more: %v", n, r.store.Count(remotetest.Get)-n, err)
	}
}

// TestFillFetchesWhatCommitsBring: one after the other.
func TestFillFetchesWhatCommitsBring(t *testing.T) {
	r := newPackRig(t)
	r.pause = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.fill(ctx)
	}()
	for i := range 3 {
		v, _ := r.album(fmt.Sprint("album", i), 1)
		r.index.add(catalog.Packed{Name: fmt.Sprint(i), Kind: catalog.File, Pack: v[0].Pack})
		r.nudge()
		await(t, "the pack of a commit", func() bool { return r.shelf.Has(v[0].Pack) })
	}
	stop()
	<-over
}

// TestFillWaitsForTheStore: packs come when the store is back, and not before.
func TestFillWaitsForTheStore(t *testing.T) {
	r := newPackRig(t)
	r.pause = time.Millisecond
	v, _ := r.album("one", 1)
	r.index.folders[catalog.Root] = []catalog.Packed{{Name: "a", Kind: catalog.File, Pack: v[0].Pack}}
	r.store.Break(remote.ErrOffline)
	if err := r.bringAll(); !errors.Is(err, remote.ErrOffline) {
		t.Errorf("got %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.fill(ctx)
	}()
	r.store.Break(nil)
	await(t, "the pack", func() bool {
		r.nudge() // as the link does when it is back
		return r.shelf.Has(v[0].Pack)
	})
	stop()
	<-over
}

// TestFullShelfIsLeftAlone: what is fetched with nobody waiting takes nothing's place.
func TestFullShelfIsLeftAlone(t *testing.T) {
	r := newPackRig(t)
	shelf, err := pack.NewShelf(pack.Options{Dir: t.TempDir(), Limit: 500_000, Key: catalog.PackKey}, r.store)
	if err != nil {
		t.Fatal(err)
	}
	r.shelf.Close()
	r.shelf = shelf
	for i := range 20 {
		v, _ := r.album(fmt.Sprint("album", i), 1)
		r.index.folders[catalog.Root] = append(r.index.folders[catalog.Root], catalog.Packed{Name: fmt.Sprintf("%02d", i), Kind: catalog.File, Pack: v[0].Pack})
	}
	for range 3 {
		if err := r.bringAll(); !errors.Is(err, errPacksFull) {
			t.Errorf("got %v", err)
		}
	}
	if n := r.store.Count(remotetest.Get); n > 8 || r.stats().Count < 2 {
		t.Errorf("%d packs were fetched, %+v are here", n, r.stats())
	}
}

// The walk for packs stands still while a program goes through the locker, and not for one that
// lists a folder now and then.
func TestPacksMakeWay(t *testing.T) {
	for what, c := range map[string]struct {
		rate  int64 // listings a second, for two seconds
		waits bool
	}{"find": {3000, true}, "a scan": {100, false}} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				index := &packList{listed: func() int64 { return c.rate * min(time.Since(began), 2*time.Second).Nanoseconds() / 1e9 }}
				w := packWalk{packs: &packs{index: index}, looked: time.Now()}
				time.Sleep(walkerLook)
				if err := w.makeWay(t.Context()); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(began) >= 2*time.Second; waited != c.waits {
					t.Errorf("went on after %v", time.Since(began))
				}
			})
		})
	}
}
