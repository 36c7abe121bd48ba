package intake_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// held is when every file of these tests was changed.
var held = time.Date(2001, 2, 3, 4, 5, 6, 789, time.UTC)

// hold puts files into the locker: path to content.
func (d *device) hold(t *testing.T, files map[string]string) {
	t.Helper()
	var ops []catalog.Op
	folders := map[string]catalog.ID{".": catalog.Root}
	var folder func(dir string) catalog.ID
	folder = func(dir string) catalog.ID {
		if id, ok := folders[dir]; ok {
			return id
		}
		if e, err := d.index.Resolve(t.Context(), dir); err == nil {
			return e.ID
		}
		e := &catalog.Entry{ID: catalog.NewID(), Parent: folder(path.Dir(dir)), Name: path.Base(dir), Kind: catalog.Dir, Mode: 0o750, MTime: held.UnixNano()}
		ops = append(ops, catalog.Op{Verb: catalog.Create, At: held.UnixNano(), Entry: e})
		folders[dir] = e.ID
		return e.ID
	}
	for _, at := range slices.Sorted(maps.Keys(files)) {
		v := d.stored(t, at, files[at])
		e := &catalog.Entry{ID: catalog.NewID(), Parent: folder(path.Dir(at)), Name: path.Base(at), Kind: catalog.File, Mode: 0o640, MTime: held.UnixNano(), Version: v}
		ops = append(ops, catalog.Op{Verb: catalog.Create, At: held.UnixNano(), Entry: e})
	}
	d.push(t, ops...)
}

// stored puts one object into the store.
func (d *device) stored(t *testing.T, at, content string) *catalog.Version {
	t.Helper()
	key := catalog.NewObjectKey(at)
	obj, err := d.store.Put(t.Context(), key, io.NewSectionReader(strings.NewReader(content), 0, int64(len(content))), remote.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &catalog.Version{ID: catalog.NewID(), Size: int64(len(content)), SHA256: sha256.Sum256([]byte(content)), Object: catalog.Ref{Key: key, ETag: obj.ETag}}
}

func (d *device) push(t *testing.T, ops ...catalog.Op) {
	t.Helper()
	if done, err := d.importer.Commit.Commit(t.Context(), ops); err != nil || len(done.Conflicts) > 0 {
		t.Fatal(err, done)
	}
}

func (d *device) exporter() *intake.Exporter {
	return &intake.Exporter{Store: d.store, Index: d.index, Logger: slog.New(slog.DiscardHandler)}
}

func (d *device) export(t *testing.T, path string, opts intake.ExportOptions) intake.ExportReport {
	t.Helper()
	r, err := d.exporter().Run(t.Context(), path, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// outside gives what stands in a folder but for what is the export's own.
func outside(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		if e != nil && e.Name() == ".lockerfs-export" {
			return fs.SkipDir
		}
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(at)
		rel, _ := filepath.Rel(dir, at)
		files[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func music() map[string]string {
	return map[string]string{"Alpha/First/01 One.flac": "one", "Alpha/First/02 Two.flac": "two", "Alpha/cover.jpg": "", "Beta/Second: Live?/01 Three.flac": "three", "loose.mp3": "four"}
}

func TestExport(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), filepath.Join(t.TempDir(), "out")
	d.hold(t, music())
	r := d.export(t, "", intake.ExportOptions{Dir: dir})
	if diff := cmp.Diff(music(), outside(t, dir)); diff != "" {
		t.Error(diff)
	}
	if r.Files != 5 || r.Bytes != 15 || r.Copied != 5 || r.CopiedBytes != 15 || r.Present != 0 || r.FailedCount != 0 || r.RenamedCount != 0 || r.Commit != 1 {
		t.Errorf("%+v", r)
	}
	for at, mode := range map[string]fs.FileMode{"Alpha/First/01 One.flac": 0o640, "Alpha/First": 0o750, "Alpha": 0o750} {
		e, err := d.index.Resolve(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, at))
		if err != nil || info.Mode().Perm() != mode || info.ModTime().UnixNano() != e.MTime {
			t.Errorf("%s: %v %v, %v", at, info.Mode(), info.ModTime(), err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, ".lockerfs-export")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	// Again: nothing is fetched, nor read.
	faulty := remotetest.NewFaulty(d.store)
	d.store = faulty
	if r := d.export(t, "", intake.ExportOptions{Dir: dir}); r.Present != 5 || r.Copied != 0 || faulty.Count(remotetest.Get) != 0 {
		t.Errorf("again: %+v, %d requests", r, faulty.Count(remotetest.Get))
	}
	// Without the journal the files themselves tell.
	if err := os.Remove(filepath.Join(dir, ".lockerfs-export", "journal")); err != nil {
		t.Fatal(err)
	}
	if r := d.export(t, "", intake.ExportOptions{Dir: dir}); r.Present != 5 || r.Copied != 0 || faulty.Count(remotetest.Get) != 0 {
		t.Errorf("without a journal: %+v, %d requests", r, faulty.Count(remotetest.Get))
	}
}

func TestExportOfPart(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	d.hold(t, music())
	for at, want := range map[string][]string{
		"Alpha/First":             {"Alpha/First/01 One.flac", "Alpha/First/02 Two.flac"},
		"Alpha/First/02 Two.flac": {"Alpha/First/02 Two.flac"},
		"loose.mp3":               {"loose.mp3"},
	} {
		dir := t.TempDir()
		d.export(t, at, intake.ExportOptions{Dir: dir})
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(outside(t, dir)))); diff != "" {
			t.Errorf("%s: %s", at, diff)
		}
	}
	if _, err := d.exporter().Run(t.Context(), "Gamma", intake.ExportOptions{Dir: t.TempDir()}, nil); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("what is not there: %v", err)
	}
}

// TestExportLeavesOthers: what no export wrote is not written over; what one wrote, and
// nobody touched, follows the locker.
func TestExportLeavesOthers(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), t.TempDir()
	d.hold(t, music())
	write := func(at, content string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, at)), 0o755), os.WriteFile(filepath.Join(dir, at), []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("loose.mp3", "mine")
	write("Beta", "a file")
	write("Alpha/First/01 One.flac", "one")
	if err := os.MkdirAll(filepath.Join(dir, "Alpha/First/02 Two.flac"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := d.export(t, "", intake.ExportOptions{Dir: dir})
	var failed []string
	for _, n := range r.Failed {
		failed = append(failed, n.File)
	}
	want := []string{"Alpha/First/02 Two.flac", "Beta", "Beta/Second: Live?", "Beta/Second: Live?/01 Three.flac", "loose.mp3"}
	if diff := cmp.Diff(want, failed); diff != "" || r.Copied != 1 || r.Present != 1 {
		t.Errorf("%s %+v", diff, r)
	}
	if got := outside(t, dir); got["loose.mp3"] != "mine" || got["Beta"] != "a file" {
		t.Errorf("written over: %v", got)
	}

	for _, at := range []string{"loose.mp3", "Beta", "Alpha/First/02 Two.flac"} {
		os.Remove(filepath.Join(dir, at))
	}
	d.export(t, "", intake.ExportOptions{Dir: dir})
	e, err := d.index.Resolve(t.Context(), "loose.mp3")
	if err != nil {
		t.Fatal(err)
	}
	mtime := held.Add(time.Hour).UnixNano()
	d.push(t, catalog.Op{Verb: catalog.Replace, At: 9, ID: e.ID, MTime: &mtime, Version: d.stored(t, "loose.mp3", "FOUR")})
	r = d.export(t, "", intake.ExportOptions{Dir: dir})
	if got := outside(t, dir); r.Replaced != 1 || r.Copied != 1 || got["loose.mp3"] != "FOUR" {
		t.Errorf("a new version: %+v, %v", r, got)
	}
	// Now it is touched: it is a person's.
	write("loose.mp3", "5")
	d.push(t, catalog.Op{Verb: catalog.Replace, At: 9, ID: e.ID, MTime: &mtime, Version: d.stored(t, "loose.mp3", "VIER")})
	r = d.export(t, "", intake.ExportOptions{Dir: dir})
	if got := outside(t, dir); r.FailedCount != 1 || got["loose.mp3"] != "5" {
		t.Errorf("touched: %+v, %v", r, got)
	}
}

// TestExportCheck: a file that rotted on the disk, its size and time as they were, is
// believed, unless it is checked.
func TestExportCheck(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), t.TempDir()
	d.hold(t, music())
	d.export(t, "", intake.ExportOptions{Dir: dir})
	at := filepath.Join(dir, "loose.mp3")
	if err := errors.Join(os.WriteFile(at, []byte("foul"), 0o644), os.Chtimes(at, held, held)); err != nil {
		t.Fatal(err)
	}
	if r := d.export(t, "", intake.ExportOptions{Dir: dir}); r.Present != 5 {
		t.Errorf("believed: %+v", r)
	}
	if r := d.export(t, "", intake.ExportOptions{Dir: dir, Check: true}); r.Present != 4 || r.Replaced != 1 || outside(t, dir)["loose.mp3"] != "four" {
		t.Errorf("checked: %+v", r)
	}
}

// corrupted gives one wrong byte of one object, so many times.
type corrupted struct {
	remote.Store
	suffix string
	times  atomic.Int64
}

func corrupting(below remote.Store, suffix string, times int64) *corrupted {
	s := &corrupted{Store: below, suffix: suffix}
	s.times.Store(times)
	return s
}

func (s *corrupted) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	body, o, err := s.Store.Get(ctx, key, r, ifMatch)
	if err != nil || !strings.HasSuffix(key, s.suffix) || s.times.Add(-1) < 0 {
		return body, o, err
	}
	b, err := io.ReadAll(body)
	body.Close()
	b[0] ^= 1
	return io.NopCloser(bytes.NewReader(b)), o, err
}

// TestExportDamaged: what is damaged is named, and the rest goes on.
func TestExportDamaged(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), t.TempDir()
	d.hold(t, music())
	d.store = corrupting(d.store, ".mp3", 1)
	if r := d.export(t, "", intake.ExportOptions{Dir: dir}); r.FailedCount != 0 || r.Copied != 5 {
		t.Errorf("wrong on its way: %+v", r)
	}
	dir = t.TempDir()
	d.store = corrupting(d.store, ".mp3", 99)
	e, err := d.index.Resolve(t.Context(), "Alpha/First/01 One.flac")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.store.Delete(t.Context(), e.Version.Object.Key); err != nil {
		t.Fatal(err)
	}
	r := d.export(t, "", intake.ExportOptions{Dir: dir})
	got := outside(t, dir)
	if r.FailedCount != 2 || r.Copied != 3 || len(got) != 3 {
		t.Errorf("%+v, %v", r, got)
	}
	if len(r.Failed) == 2 && (r.Failed[0].What != "missing from the store" || !strings.HasPrefix(r.Failed[1].What, "damaged in the store: its SHA-256 is ")) {
		t.Errorf("%+v", r.Failed)
	}
}

// TestExportGoesOn: a store that fails for good ends the run, what was copied stays, and
// nothing is left half.
func TestExportGoesOn(t *testing.T) {
	memory := remotetest.NewMemory()
	d, dir := newDevice(t, memory), t.TempDir()
	d.hold(t, music())
	faulty := remotetest.NewFaulty(memory)
	d.store = faulty
	faulty.Fail(remotetest.Get, "Music/Beta", remote.ErrDenied)
	if r, err := d.exporter().Run(t.Context(), "", intake.ExportOptions{Dir: dir}, nil); !errors.Is(err, remote.ErrDenied) || r.FailedCount != 1 {
		t.Errorf("%v, %+v", err, r)
	}
	faulty.AssertFired(t)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := d.exporter().Run(ctx, "", intake.ExportOptions{Dir: dir}, func(intake.ExportProgress) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	// What a killed run leaves.
	own := filepath.Join(dir, ".lockerfs-export")
	journal, err := os.OpenFile(filepath.Join(own, "journal"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	journal.WriteString(`{"path":"Alpha/Fi`)
	journal.Close()
	if err := os.WriteFile(filepath.Join(own, "part-1"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := d.export(t, "", intake.ExportOptions{Dir: dir})
	if diff := cmp.Diff(music(), outside(t, dir)); diff != "" || r.Present+r.Copied != 5 {
		t.Errorf("%s, %+v", diff, r)
	}
	if r := d.export(t, "", intake.ExportOptions{Dir: dir}); r.Present != 5 {
		t.Errorf("the journal is broken: %+v", r)
	}
	if left, err := os.ReadDir(own); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestExportOfAdopted: what has no known hash comes as the store gives it, and is counted.
func TestExportOfAdopted(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), t.TempDir()
	v := d.stored(t, "x.flac", "foreign")
	v.SHA256, v.Object.Foreign = catalog.Hash{}, true
	e := &catalog.Entry{ID: catalog.NewID(), Parent: catalog.Root, Name: "x.flac", Kind: catalog.File, Mode: 0o644, MTime: held.UnixNano(), Version: v}
	d.push(t, catalog.Op{Verb: catalog.Create, At: 1, Entry: e})
	if r := d.export(t, "", intake.ExportOptions{Dir: dir}); r.Copied != 1 || r.Unhashed != 1 || outside(t, dir)["x.flac"] != "foreign" {
		t.Errorf("%+v", r)
	}
	if err := os.RemoveAll(filepath.Join(dir, ".lockerfs-export")); err != nil {
		t.Fatal(err)
	}
	if r := d.export(t, "", intake.ExportOptions{Dir: dir}); r.Present != 1 || r.Unhashed != 1 {
		t.Errorf("again: %+v", r)
	}
}
