package intake_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// fenced is a store that refuses every write outside .lockerfs/, and counts what is asked.
type fenced struct {
	remote.Store
	lists, gets, bytes, refused atomic.Int64
}

func (f *fenced) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	if !strings.HasPrefix(key, ".lockerfs/") {
		f.refused.Add(1)
		return remote.Object{}, remote.ErrDenied
	}
	return f.Store.Put(ctx, key, body, o)
}

func (f *fenced) Delete(ctx context.Context, key string) error {
	f.refused.Add(1)
	return remote.ErrDenied
}

func (f *fenced) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	f.lists.Add(1)
	return f.Store.List(ctx, prefix, after, limit)
}

func (f *fenced) Get(ctx context.Context, key string, r remote.Range, etag string) (io.ReadCloser, remote.Object, error) {
	body, o, err := f.Store.Get(ctx, key, r, etag)
	if !strings.HasPrefix(key, ".lockerfs/") && err == nil {
		n, _ := r.Within(o.Size)
		f.gets.Add(1)
		f.bytes.Add(n)
	}
	return body, o, err
}

// fill puts an object into a bucket as somebody else would.
func fill(t *testing.T, s remote.Store, key string, body []byte) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body))), remote.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// song gives the bytes of a small tagged file.
func tagged(t *testing.T, artist, album, title, track string, samples int) []byte {
	t.Helper()
	sound := make([]byte, samples)
	rand.Read(sound)
	at := filepath.Join(t.TempDir(), "x.wav")
	waveOf(t, at, sound, artist, album, title, track)
	b, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var everything = intake.Watched{{Layout: "keys"}}

func (d *device) adopter() *intake.Adopter {
	return &intake.Adopter{Store: d.store, Index: d.index, Commit: d.importer.Commit, Logger: d.importer.Logger}
}

// adoptAll runs both stages.
func adoptAll(ctx context.Context, a *intake.Adopter, prefix string, all intake.Watched) (intake.AdoptReport, error) {
	r, err := a.Survey(ctx, prefix, all, nil)
	if err != nil {
		return r, err
	}
	d, err := a.Describe(ctx, prefix, nil)
	r.Took(d)
	return r, err
}

func (d *device) adopt(t *testing.T, all intake.Watched) intake.AdoptReport {
	t.Helper()
	r, err := adoptAll(t.Context(), d.adopter(), all[0].Prefix, all)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// paths gives every file of the locker.
func (d *device) paths(t *testing.T) (all []string) {
	t.Helper()
	err := d.index.Walk(t.Context(), catalog.Root, func(at string, e catalog.Entry) error {
		if e.Kind == catalog.File {
			all = append(all, at)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (d *device) version(t *testing.T, at string) *catalog.Version {
	t.Helper()
	e, err := d.index.Resolve(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	return e.Version
}

func TestAdoptMakesTheTreeOfTheKeys(t *testing.T) {
	memory := remotetest.NewMemory()
	one := tagged(t, "Björk", "Homogenic", "Hunter", "1", 300_000)
	fill(t, memory, "Bjo\u0308rk/Homogenic/01.wav", one)
	fill(t, memory, "Björk/Homogenic/cover.jpg", []byte("picture"))
	fill(t, memory, "Björk/Homogenic/02.wav", tagged(t, "Björk", "Homogenic", "Jóga", "2", 300_000))
	fill(t, memory, "Björk/Homogenic/.DS_Store", []byte("litter"))
	fill(t, memory, "list.m3u8", []byte("Björk/Homogenic/01.wav"))
	fill(t, memory, "a", []byte("file"))
	fill(t, memory, "a/b.txt", []byte("in a folder of the same name"))
	store := &fenced{Store: memory}
	d := newDevice(t, store)
	r := d.adopt(t, everything)
	want := []string{"Björk/Homogenic/01.wav", "Björk/Homogenic/02.wav", "Björk/Homogenic/cover.jpg", "a", "a (2)/b.txt", "list.m3u8"}
	if diff := cmp.Diff(want, d.paths(t)); diff != "" {
		t.Error(diff)
	}
	if r.New != 6 || r.Litter != 1 || r.LeftCount != 0 || r.Described != 2 || r.FailedCount != 0 {
		t.Errorf("got %+v", r)
	}
	v := d.version(t, "Björk/Homogenic/01.wav")
	if v.Tags == nil || v.Tags.Title != "Hunter" || v.SHA256.Known() || !v.Object.Foreign || v.Object.Key != "Bjo\u0308rk/Homogenic/01.wav" {
		t.Errorf("got %+v with %+v", v, v.Tags)
	}
	checkPack(t, d, v, one)
	if n := store.refused.Load(); n != 0 {
		t.Errorf("%d writes at what is not ours", n)
	}
	// Again: only the listing.
	lists, gets := store.lists.Load(), store.gets.Load()
	applied := d.index.Applied()
	if again := d.adopt(t, everything); again.Present != 6 || again.New+again.Changed+again.Missing+again.Described != 0 {
		t.Errorf("again: got %+v", again)
	}
	if store.gets.Load() != gets || store.lists.Load() != lists+1 || d.index.Applied() != applied {
		t.Errorf("adopting again cost %d reads, %d listings, %d commits", store.gets.Load()-gets, store.lists.Load()-lists, d.index.Applied()-applied)
	}
}

// checkPack reads the head and the tail of a file from its scan pack.
func checkPack(t *testing.T, d *device, v *catalog.Version, body []byte) {
	t.Helper()
	if v.Pack == "" {
		t.Fatal("it is in no scan pack")
	}
	r, o, err := d.store.Get(t.Context(), catalog.PackKey(v.Pack), remote.Range{}, "")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	r.Close()
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Open(bytes.NewReader(raw), o.Size)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range v.Tags.Touch {
		got := make([]byte, s.Length)
		if n, ok, err := p.ReadAt(pack.ID(v.Mark()), got, s.Offset); err != nil || !ok || !bytes.Equal(got[:n], body[s.Offset:s.End()]) {
			t.Errorf("the pack has other bytes at %d (%d, %v, %v)", s.Offset, n, ok, err)
		}
	}
}

func TestAdoptFollowsTheBucket(t *testing.T) {
	store := remotetest.NewMemory()
	d := newDevice(t, store)
	for _, name := range []string{"changed", "gone", "removed", "stays"} {
		fill(t, store, "x/"+name+".wav", tagged(t, "A", "B", name, "1", 1000))
	}
	d.adopt(t, everything)
	// Removed in the locker: the object stays, and does not come back.
	e, err := d.index.Resolve(t.Context(), "x/removed.wav")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.importer.Commit.Commit(t.Context(), []catalog.Op{{Verb: catalog.Remove, At: 1, ID: e.ID}}); err != nil {
		t.Fatal(err)
	}
	stays := d.version(t, "x/stays.wav").ID
	was := d.version(t, "x/changed.wav").ID
	fill(t, store, "x/changed.wav", tagged(t, "A", "B", "new", "1", 1200))
	fill(t, store, "x/came.wav", tagged(t, "A", "B", "came", "1", 1200))
	back, _, err := store.Get(t.Context(), "x/gone.wav", remote.Range{}, "")
	if err != nil {
		t.Fatal(err)
	}
	gone, _ := io.ReadAll(back)
	if err := store.Delete(t.Context(), "x/gone.wav"); err != nil {
		t.Fatal(err)
	}
	r := d.adopt(t, everything)
	if r.New != 1 || r.Changed != 1 || r.Missing != 1 || r.Ignored != 1 || r.Present != 1 || r.Described != 2 {
		t.Errorf("got %+v", r)
	}
	if diff := cmp.Diff([]string{"x/came.wav", "x/changed.wav", "x/gone.wav", "x/stays.wav"}, d.paths(t)); diff != "" {
		t.Error(diff)
	}
	if v := d.version(t, "x/changed.wav"); v.ID == was || v.Tags.Title != "new" {
		t.Errorf("got %+v", v.Tags)
	}
	if v := d.version(t, "x/gone.wav"); !v.Object.Missing || v.Tags == nil {
		t.Errorf("what vanished: %+v", v)
	}
	if v := d.version(t, "x/stays.wav"); v.ID != stays {
		t.Error("what stayed has another node")
	}
	if n, size, err := d.index.LeftBehind(t.Context()); err != nil || n != 1 || size == 0 {
		t.Errorf("left behind: %d, %d bytes, %v", n, size, err)
	}
	// It comes back; and what was removed comes with other content.
	fill(t, store, "x/gone.wav", gone)
	fill(t, store, "x/removed.wav", tagged(t, "A", "B", "other", "1", 1000))
	if r := d.adopt(t, everything); r.Back != 1 || r.New != 1 || r.Missing != 0 {
		t.Errorf("got %+v", r)
	}
	if v := d.version(t, "x/gone.wav"); v.Object.Missing {
		t.Error("what came back is missing still")
	}
}

func TestAdoptTakesACutListingForNone(t *testing.T) {
	store := remotetest.NewFaulty(remotetest.NewMemory())
	d := newDevice(t, store)
	for i := range 1010 { // more than a page of a listing
		fill(t, store, fmt.Sprintf("%04d.txt", i), []byte("x"))
	}
	d.adopt(t, everything)
	if err := store.Delete(t.Context(), "0001.txt"); err != nil {
		t.Fatal(err)
	}
	later := &secondFails{Store: store}
	a := d.adopter()
	a.Store = later
	r, err := adoptAll(t.Context(), a, "", everything)
	if !errors.Is(err, remote.ErrThrottled) || r.Missing != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, at := range d.paths(t) {
		if d.version(t, at).Object.Missing {
			t.Fatalf("%s is said to be missing", at)
		}
	}
	if r := d.adopt(t, everything); r.Missing != 1 {
		t.Errorf("after a whole listing: got %+v", r)
	}
}

// secondFails is a store whose listings end in the middle.
type secondFails struct{ remote.Store }

func (s *secondFails) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	if after != "" {
		return remote.Page{}, remote.ErrThrottled
	}
	return s.Store.List(ctx, prefix, after, limit)
}

func TestAdoptChooses(t *testing.T) {
	store := remotetest.NewMemory()
	for _, key := range []string{"in/a.flac", "in/Podcasts/b.mp3", "in/c.PDF", "in/deep/er/d.flac", "out/e.flac", "new/f.flac"} {
		fill(t, store, key, []byte("x"))
	}
	d := newDevice(t, store)
	all := intake.Watched{{Prefix: "in/", Layout: "keys", Under: "Shown/Here", Exclude: []string{"podcasts/", "*.pdf"}},
		{Prefix: "in/deep/", Layout: "keys"}}
	r, err := adoptAll(t.Context(), d.adopter(), "in/", all)
	if err != nil || r.Excluded != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
	if diff := cmp.Diff([]string{"Shown/Here/a.flac"}, d.paths(t)); diff != "" {
		t.Error(diff)
	}
	if _, err := adoptAll(t.Context(), d.adopter(), "in/deep/", all); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Shown/Here/a.flac", "in/deep/er/d.flac"}, d.paths(t)); diff != "" {
		t.Error(diff)
	}
	// A later look at the outer prefix leaves alone what the inner one has.
	if r, err := adoptAll(t.Context(), d.adopter(), "in/", all); err != nil || r.Missing+r.New != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := adoptAll(t.Context(), d.adopter(), "other/", all); !errors.Is(err, intake.ErrNotWatched) {
		t.Errorf("got %v", err)
	}
}

// Objects of lockerfs's own, committed or on their way, are no news to adopt.
func TestAdoptLeavesOurObjects(t *testing.T) {
	store := remotetest.NewMemory()
	d := newDevice(t, store)
	d.run(t, intake.Options{}, album(t))
	before := d.paths(t)
	fill(t, store, "Music/A/B/01 On its way.0123456789ab.flac", []byte("not committed yet"))
	a := d.adopter()
	a.Store = &odd{store, []string{"zz/", "zz/.lockerfs/x.mp3", "zz//name.mp3", "zz/\xff.mp3", "zz/" + strings.Repeat("n", 256) + ".mp3"}}
	r, err := adoptAll(t.Context(), a, "", everything)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Concat(before, []string{"zz/.lockerfs/x.mp3"}), d.paths(t)); diff != "" {
		t.Error(diff)
	}
	if r.New != 1 || r.LeftCount != 4 || r.FailedCount != 1 {
		t.Errorf("got %+v", r)
	}
}

// odd is a store with keys that others than lockerfs may give, after all others.
type odd struct {
	remote.Store
	keys []string
}

func (s *odd) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	page, err := s.Store.List(ctx, prefix, after, limit)
	if page.Next == "" {
		for _, k := range s.keys {
			size := int64(1)
			if strings.HasSuffix(k, "/") {
				size = 0
			}
			page.Objects = append(page.Objects, remote.Object{Key: k, Size: size, ETag: "x"})
		}
	}
	return page, err
}

// Two devices that adopt the same bucket at the same time show each object once.
func TestAdoptOnTwoDevices(t *testing.T) {
	store := remotetest.NewMemory()
	one, two := newDevice(t, store), newDevice(t, store)
	for i := range 40 {
		fill(t, store, fmt.Sprintf("%02d/%02d.wav", i/10, i%10), tagged(t, "A", fmt.Sprint(i/10), fmt.Sprint(i), "1", 1000))
	}
	done := make(chan error, 1)
	go func() {
		_, err := adoptAll(context.Background(), two.adopter(), "", everything)
		done <- err
	}()
	one.adopt(t, everything)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	one.adopt(t, everything)
	if got := len(one.paths(t)); got != 40 {
		t.Errorf("got %d files, want 40: %q", got, one.paths(t))
	}
}

// Reading stops in the middle; the next run reads the rest.
func TestAdoptGoesOn(t *testing.T) {
	faulty := remotetest.NewFaulty(remotetest.NewMemory())
	store := &fenced{Store: faulty}
	d := newDevice(t, store)
	for i := range 300 {
		fill(t, faulty, fmt.Sprintf("%02d/%02d.wav", i/10, i%10), tagged(t, "A", fmt.Sprint(i/10), fmt.Sprint(i), "1", 40_000))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := d.adopter()
	a.Store = &stopsAfter{Store: store, left: 150, stop: cancel}
	if r, err := adoptAll(ctx, a, "", everything); !errors.Is(err, context.Canceled) || r.New != 300 {
		t.Errorf("got %+v, %v", r, err)
	}
	first := store.gets.Load()
	r := d.adopt(t, everything)
	t.Logf("%d reads before; then %d described with %d", first, r.Described, store.gets.Load()-first)
	for _, at := range d.paths(t) {
		if v := d.version(t, at); v.Tags == nil || v.Pack == "" {
			t.Fatalf("%s is not described", at)
		}
	}
	if r.New != 0 || r.Present != 300 || r.Described == 0 {
		t.Errorf("got %+v", r)
	}
}

// stopsAfter ends the run after so many reads.
type stopsAfter struct {
	remote.Store
	left int64
	stop func()
	mu   sync.Mutex
}

func (s *stopsAfter) Get(ctx context.Context, key string, r remote.Range, etag string) (io.ReadCloser, remote.Object, error) {
	s.mu.Lock()
	if s.left--; s.left == 0 {
		s.stop()
	}
	s.mu.Unlock()
	return s.Store.Get(ctx, key, r, etag)
}
