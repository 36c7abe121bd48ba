package staging

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
)

func mustNames(t testing.TB, s *Store) []string {
	t.Helper()
	names, err := s.Names()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A record is believed only as far as the file bears it out.
func TestReopenChecks(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, func(o *Options, _ *tune) { o.MaxSize = 1 << 20 })
	d := create(t, s, nil)
	write(t, d, noise(100, 1), 0)
	good := mustSync(t, d)
	if _, err := s.Reopen(good, nil); !errors.Is(err, ErrInUse) {
		t.Errorf("of an open draft: %v", err)
	}
	d.Close()
	for name, spoil := range map[string]func(*Record){
		"beyond the file": func(r *Record) { r.Size, r.Extents = 101, []Span{{0, 101}} },
		"no file":         func(r *Record) { r.File = newName() },
		"a path":          func(r *Record) { r.File = "../" + r.File },
		"no name":         func(r *Record) { r.File = "" },
		"negative":        func(r *Record) { r.Size = -1 },
		"too large":       func(r *Record) { r.Size = 1 << 21 },
		"beyond the size": func(r *Record) { r.Size = 99 },
		"base beyond":     func(r *Record) { r.BaseEnd = 101 },
		"base negative":   func(r *Record) { r.BaseEnd = -1 },
		"no base":         func(r *Record) { r.Size, r.BaseEnd = 200, 200 },
		"backwards":       func(r *Record) { r.Extents = []Span{{50, 20}} },
		"unsorted":        func(r *Record) { r.Extents = []Span{{50, 60}, {10, 20}} },
		"overlapping":     func(r *Record) { r.Extents = []Span{{10, 30}, {20, 40}} },
		"before 0":        func(r *Record) { r.Extents = []Span{{-5, 10}} },
		"replaces itself": func(r *Record) { r.Former = []string{r.File} },
	} {
		r := good
		r.Extents = slices.Clone(good.Extents)
		spoil(&r)
		if _, err := s.Reopen(r, nil); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "0123456789abcdef0123456789abcdef"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reopen(Record{File: "0123456789abcdef0123456789abcdef"}, nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("of a folder: %v", err)
	}
	d = reopen(t, s, good, nil)
	want(t, d, noise(100, 1))
	d.Close()
	if err := os.Truncate(filepath.Join(dir, good.File), 99); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reopen(good, nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("of a short file: %v", err)
	}
}

// A record without bytes needs no file.
func TestReopenOfNothing(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	base := &memBase{content: noise(100, 1)}
	d := create(t, s, base)
	r := mustSync(t, d)
	if err := d.Discard(); err != nil {
		t.Fatal(err)
	}
	d = reopen(t, s, r, base)
	want(t, d, base.content)
	write(t, d, []byte("x"), 5)
	if again := mustSync(t, d); again.File == r.File {
		t.Error("a file that was gone is named again")
	}
}

// The start finds what nobody names: empty files go, others are reported and moved away,
// and nothing that is in use or known is touched.
func TestSweepAndQuarantine(t *testing.T) {
	dir, q := t.TempDir(), filepath.Join(t.TempDir(), "quarantine")
	s := openStore(t, dir, nil)
	var lost []string
	for i := range 3 {
		d := create(t, s, nil)
		write(t, d, noise(100, uint64(i)), 0)
		lost = append(lost, filepath.Base(d.Path()))
	}
	empty := create(t, s, nil)
	known := create(t, s, nil)
	s.Close()
	s = openStore(t, dir, nil)
	live := create(t, s, nil)
	if err := os.WriteFile(filepath.Join(dir, "foreign"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unknown, err := s.Sweep(func(name string) bool { return name == lost[0] || name == filepath.Base(known.Path()) })
	if err != nil {
		t.Fatal(err)
	}
	wanted := append([]string{"foreign"}, lost[1:]...)
	slices.Sort(wanted)
	slices.Sort(unknown)
	if !slices.Equal(unknown, wanted) {
		t.Errorf("unknown %v, want %v", unknown, wanted)
	}
	if _, err := os.Stat(empty.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the empty file: %v", err)
	}
	for _, path := range []string{known.Path(), live.Path()} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	write(t, live, []byte("still here"), 0)
	for range 2 { // a name that is taken is not replaced
		if err := os.WriteFile(filepath.Join(dir, lost[1]), noise(100, 1), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Quarantine(lost[1], q); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{lost[1], lost[1] + ".1"} {
		if b, err := os.ReadFile(filepath.Join(q, name)); err != nil || string(b) != string(noise(100, 1)) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	if err := s.Quarantine(filepath.Base(live.Path()), q); !errors.Is(err, ErrInUse) {
		t.Errorf("quarantine of a file in use: %v", err)
	}
	for _, bad := range []string{"", ".", "..", "a/b", "../x"} {
		if err := s.Quarantine(bad, q); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("quarantine of %q: %v", bad, err)
		}
		if err := s.Remove(bad); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("remove of %q: %v", bad, err)
		}
	}
}

func TestRemove(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	d := create(t, s, nil)
	write(t, d, []byte("abc"), 0)
	name := filepath.Base(d.Path())
	if err := s.Remove(name); !errors.Is(err, ErrInUse) {
		t.Errorf("of an open draft: %v", err)
	}
	d.Close()
	for range 2 {
		if err := s.Remove(name); err != nil {
			t.Error(err)
		}
	}
	if names := mustNames(t, s); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
}

// The folder is the user's alone.
func TestFolderMode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "staged")
	d := create(t, openStore(t, dir, nil), nil)
	for path, mode := range map[string]fs.FileMode{dir: 0o700, d.Path(): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// No draft begins in a file whose name may be lost, and what could not be made is not left
// behind.
func TestNamesMustBeDurable(t *testing.T) {
	broken := errors.New("disk broken")
	var fails atomic.Bool
	var syncs atomic.Int64
	s := openStore(t, t.TempDir(), func(_ *Options, tn *tune) {
		tn.batch = 2
		tn.syncDir = func(dir string) error {
			syncs.Add(1)
			if fails.Load() {
				return errors.Join(broken, syscall.ENOSPC)
			}
			return syncDir(dir)
		}
	})
	var drafts []*Draft
	for range 20 {
		drafts = append(drafts, create(t, s, nil))
	}
	if n := syncs.Load(); n < 10 {
		t.Errorf("%d syncs of the folder for 20 drafts of batches of 2", n)
	}
	fails.Store(true)
	var err error
	for range 10 { // some were made ahead
		var d *Draft
		if d, err = s.Create(nil, 0); err != nil {
			break
		}
		drafts = append(drafts, d)
	}
	if !errors.Is(err, broken) || !errors.Is(err, ErrFull) {
		t.Errorf("Create: %v", err)
	}
	s.Close()
	if names := mustNames(t, s); len(names) != len(drafts) {
		t.Errorf("%d files for %d drafts", len(names), len(drafts))
	}
}
