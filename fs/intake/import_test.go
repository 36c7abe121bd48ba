package intake_test

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestImportFilesByTags(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	dir := album(t)
	r := d.run(t, intake.Options{}, dir)
	if r.Imported != 3 || r.Companions != 1 || len(r.Skipped) != 1 || len(r.Failed)+len(r.Damaged) != 0 {
		t.Errorf("report: %+v", r)
	}
	want := map[string]string{}
	for from, to := range map[string]string{"a.wav": "01 Hunter.wav", "b.wav": "02 Jóga.wav", "cover.jpg": "cover.jpg"} {
		b, err := os.ReadFile(filepath.Join(dir, from))
		if err != nil {
			t.Fatal(err)
		}
		want["Björk/Homogenic/"+to] = catalog.Hash(sha256.Sum256(b)).String()
	}
	if diff := cmp.Diff(want, d.tree(t)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestImportAgainUploadsNothing(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	dir := album(t)
	d.run(t, intake.Options{}, dir)
	before, n := d.tree(t), d.index.Applied()
	for _, memory := range []string{"kept", "lost"} {
		if memory == "lost" {
			os.Remove(d.importer.Memory)
		}
		if r := d.run(t, intake.Options{}, dir); r.Present != 3 || r.Imported+r.Matched != 0 {
			t.Errorf("memory %s: report %+v", memory, r)
		}
	}
	if diff := cmp.Diff(before, d.tree(t)); diff != "" {
		t.Error(diff)
	}
	if got := d.index.Applied(); got != n {
		t.Errorf("the second run committed: %d after %d", got, n)
	}
}

func TestImportMatchesContent(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	dir := album(t)
	d.run(t, intake.Options{}, dir)
	n := d.objects(t)
	// The same bytes where other names and folders say something else.
	other := filepath.Join(t.TempDir(), "Mixtape")
	b, err := os.ReadFile(dir + "/cover.jpg")
	if err != nil {
		t.Fatal(err)
	}
	wave(t, other+"/x.wav", "Björk", "Live", "Pluto", "1")
	write(t, other+"/cover.jpg", b)
	r := d.run(t, intake.Options{}, other)
	if r.Imported != 1 || r.Matched != 1 {
		t.Errorf("report: %+v", r)
	}
	if got := d.objects(t); got != n+1 {
		t.Errorf("%d objects after matching, %d before", got, n)
	}
	if _, ok := d.tree(t)["Björk/Live/cover.jpg"]; !ok {
		t.Errorf("no cover in %v", d.tree(t))
	}
}

func TestImportDryRunChangesNothing(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	dir := album(t)
	r := d.run(t, intake.Options{DryRun: true}, dir)
	want := []intake.Note{{File: "Björk/Homogenic/01 Hunter.wav", What: "upload"}, {File: "Björk/Homogenic/02 Jóga.wav", What: "upload"},
		{File: "Björk/Homogenic/cover.jpg", What: "upload"}}
	if diff := cmp.Diff(want, r.Placed); diff != "" {
		t.Error(diff)
	}
	if n := d.objects(t); n != 0 || d.index.Applied() != 0 {
		t.Errorf("%d objects, commit %d after a dry run", n, d.index.Applied())
	}
}

func TestImportNamesWhatItLeavesOut(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	dir := album(t)
	if err := os.Symlink("a.wav", dir+"/link.wav"); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/../Papers/tax.pdf", []byte("no music"))
	r := d.run(t, intake.Options{}, filepath.Dir(dir), filepath.Join(dir, "missing"))
	what := said(slices.Concat(r.Skipped, r.NotAudio))
	want := []string{".DS_Store: litter of a desktop", "link.wav: a symbolic link", "tax.pdf: not music"}
	if diff := cmp.Diff(want, what); diff != "" || len(r.Failed) != 1 {
		t.Errorf("%s\nfailed: %v", diff, r.Failed)
	}
}

func TestTwoDevicesImportTheSameAlbum(t *testing.T) {
	store := remotetest.NewMemory()
	a, b := newDevice(t, store), newDevice(t, store)
	dir := album(t)
	one, two := make(chan error, 1), make(chan error, 1)
	for _, c := range []struct {
		d    *device
		done chan error
	}{{a, one}, {b, two}} {
		go func() {
			_, err := c.d.importer.Run(context.WithoutCancel(t.Context()), []string{dir}, intake.Options{}, nil)
			c.done <- err
		}()
	}
	for _, done := range []chan error{one, two} {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []*device{a, b} {
		if err := d.follower.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(a.tree(t), b.tree(t)); diff != "" || len(a.tree(t)) != 3 {
		t.Errorf("%d files; devices differ:\n%s", len(a.tree(t)), diff)
	}
}

func TestImportStoppedGoesOn(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	dir := t.TempDir() + "/Music"
	for _, a := range []string{"A", "B", "C", "D", "E", "F"} {
		for _, n := range []string{"1", "2", "3", "4", "5"} {
			wave(t, dir+"/"+a+"/"+n+".wav", "Artist", a, "Song "+n, n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := &stopper{Store: d.store, stop: cancel}
	stop.after.Store(12)
	d.importer.Store = stop
	r, err := d.importer.Run(ctx, []string{dir}, intake.Options{}, nil)
	if err == nil {
		t.Fatal("the import was stopped and says nothing")
	}
	if got := len(d.tree(t)); int64(got) != r.Imported || got == 0 || got == 30 {
		t.Errorf("%d files in the locker, %d reported", got, r.Imported)
	}
	d.importer.Store = d.store
	if again := d.run(t, intake.Options{}, dir); again.Present != r.Imported || again.Imported != 30-r.Imported {
		t.Errorf("first %d, then %+v", r.Imported, again)
	}
	if got := len(d.tree(t)); got != 30 {
		t.Errorf("%d files in the locker", got)
	}
}

// stopper ends the import after so many uploads.
type stopper struct {
	intake.Store
	after atomic.Int64
	stop  context.CancelFunc
}

func (s *stopper) Put(ctx context.Context, key string, body *io.SectionReader, opts remote.PutOptions) (remote.Object, error) {
	if s.after.Add(-1) == 0 {
		s.stop()
	}
	return s.Store.Put(ctx, key, body, opts)
}
