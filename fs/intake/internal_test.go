package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// put makes a file, and finds it as the walk does.
func put(t *testing.T, path, content string) file {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return file{path: path, source: "in/" + filepath.Base(path), info: info}
}

// TestReadTakesOnlyWhatWasFound: what has taken the file's place since is refused, and
// nothing of it is read.
func TestReadTakesOnlyWhatWasFound(t *testing.T) {
	for name, swap := range map[string]func(path string) error{
		"pipe":   func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"link":   func(p string) error { return os.Symlink(p+".old", p) },
		"folder": func(p string) error { return os.Mkdir(p, 0o700) },
		"copy": func(p string) error {
			info, err := os.Stat(p + ".old")
			return errors.Join(err, os.WriteFile(p, []byte("bytes"), 0o600), os.Chtimes(p, info.ModTime(), info.ModTime()))
		},
		"longer": func(p string) error { return os.WriteFile(p, []byte("bytes and bytes"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			x := examined{file: put(t, filepath.Join(t.TempDir(), "a.jpg"), "bytes")}
			if err := errors.Join(os.Rename(x.path, x.path+".old"), swap(x.path)); err != nil {
				t.Fatal(err)
			}
			r := run{disk: osDisk{}}
			if err := r.read(t.Context(), &x); err == nil || x.hash.Known() {
				t.Errorf("read gives %v and the hash %s", err, x.hash)
			}
		})
	}
}

// endless is a file that grows as fast as it is read.
type endless struct{ read int64 }

func (e *endless) ReadAt(p []byte, at int64) (int, error) {
	e.read = max(e.read, at+int64(len(p)))
	return len(p), nil
}

func TestReadingAGrowingFileEnds(t *testing.T) {
	var e endless
	if _, err := new(passes).begin(&e).sum(t.Context(), 5); !errors.Is(err, errChanged) || e.read > 6 {
		t.Errorf("sum gives %v after %d bytes of 5", err, e.read)
	}
}

// TestBodyRemembersTheFilesErrors: and only those.
func TestBodyRemembersTheFilesErrors(t *testing.T) {
	for name, c := range map[string]struct {
		file io.ReaderAt
		want error
	}{
		"whole":  {strings.NewReader("0123456789"), nil},
		"longer": {strings.NewReader("0123456789 and more"), nil},
		"short":  {strings.NewReader("01234"), errChanged},
		"broken": {failing{syscall.EIO}, syscall.EIO},
	} {
		b := &body{file: c.file, size: 10}
		_, err := io.Copy(io.Discard, io.NewSectionReader(b, 0, b.size))
		if !errors.Is(err, c.want) || !errors.Is(b.failure(), c.want) {
			t.Errorf("%s: reading gives %v, remembered is %v, want %v", name, err, b.failure(), c.want)
		}
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestMemoryWithAnyPath(t *testing.T) {
	for _, name := range []string{"plain", "who? #1 100% %41 a b", "ü"} {
		path := filepath.Join(t.TempDir(), name, "known.db")
		f := put(t, filepath.Join(filepath.Dir(path), "song"), "x")
		want := catalog.Hash{1}
		k := open(t, path)
		if err := k.learn(t.Context(), f.path, f.info, want); err != nil {
			t.Fatal(err)
		}
		k.close()
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		if got, _ := open(t, path).recall(t.Context(), f.path, f.info); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}

func open(t *testing.T, path string) *known {
	t.Helper()
	k, err := openKnown(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.close() })
	return k
}

// TestMemoryIsBegunAnewOnlyWhenDamaged: it is worth reading all files again.
func TestMemoryIsBegunAnewOnlyWhenDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known.db")
	f := put(t, path+".song", "x")
	k := open(t, path)
	if err := k.learn(t.Context(), f.path, f.info, catalog.Hash{1}); err != nil {
		t.Fatal(err)
	}
	k.close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := openKnown(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	k = open(t, path)
	if h, _ := k.recall(t.Context(), f.path, f.info); !h.Known() {
		t.Error("an ended context made the memory forget")
	}
	k.close()
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if h, _ := open(t, path).recall(t.Context(), f.path, f.info); h.Known() {
		t.Error("a damaged memory remembers")
	}
	if _, err := openKnown(t.Context(), filepath.Join(path, "below a file")); err == nil {
		t.Error("a memory in no folder was opened")
	}
}

// TestWalkGoesOnPastFolders: one that cannot be read, here because it has just gone,
// is named, and the others are walked.
func TestWalkGoesOnPastFolders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in")
	for _, name := range []string{"a", "b", "c"} {
		put(t, filepath.Join(dir, name, "song.mp3"), name)
	}
	var found, wrong []string
	w := walker{ctx: t.Context(), disk: osDisk{},
		note: func(list noteList, path, _ string) {
			if list == failed {
				wrong = append(wrong, path)
			}
		},
		emit: func(g group) error {
			found = append(found, g.dir)
			return os.RemoveAll(filepath.Join(dir, "b"))
		}}
	if err := w.walk(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"in/a", "in/c"}, found); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "b")}, wrong); diff != "" {
		t.Error(diff)
	}
	info, err := os.Lstat(dir)
	if _, ok := w.regular(dir, info); ok || err != nil {
		t.Errorf("a folder is taken for a file, %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "b")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestPacerSpreadsUploads(t *testing.T) {
	now := time.Unix(0, 0)
	var slept []time.Duration
	p := newPacer(1000)
	p.now = func() time.Time { return now }
	p.sleep = func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		return nil
	}
	for _, n := range []int{2000, 500, 0, 1000} {
		if err := remote.WaitPace(p.of(t.Context()), n); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Minute) // idle time is not saved up
	for range 2 {
		if err := remote.WaitPace(p.of(t.Context()), 1000); err != nil {
			t.Fatal(err)
		}
	}
	want := []time.Duration{0, 2 * time.Second, 2500 * time.Millisecond, 0, time.Second}
	if diff := cmp.Diff(want, slept); diff != "" {
		t.Error(diff)
	}
	slept = nil
	p.rate = 0
	if err := remote.WaitPace(p.of(t.Context()), 1<<40); err != nil || slept != nil {
		t.Errorf("without a limit: %v, slept %v", err, slept)
	}
}

func TestPacerEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	p := newPacer(1)
	p.book(1 << 20)
	if err := remote.WaitPace(p.of(ctx), 1); !errors.Is(err, why) {
		t.Errorf("wait gives %v", err)
	}
}

// TestFreshFilesAreNotRemembered: what was written a moment ago may be written again
// within the same tick of the clock.
func TestFreshFilesAreNotRemembered(t *testing.T) {
	f := put(t, filepath.Join(t.TempDir(), "song"), "x")
	if settled(f.info) {
		t.Error("a file just written counts as settled")
	}
	old, err := os.Stat("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	if !settled(old) {
		t.Error("an old file does not")
	}
}

// TestNotesAreBounded and their counts exact.
func TestNotesAreBounded(t *testing.T) {
	const files = MaxNotes + 7
	var l ledger
	for i := range files {
		name := fmt.Sprintf("%04d", (i*7919)%files)
		for list := range noteLists {
			l.note(list, name, "")
		}
	}
	r := l.result()
	for name, list := range map[string]struct {
		notes []Note
		count int64
	}{"renamed": {r.Renamed, r.RenamedCount}, "not audio": {r.NotAudio, r.NotAudioCount}, "skipped": {r.Skipped, r.SkippedCount},
		"damaged": {r.Damaged, r.DamagedCount}, "failed": {r.Failed, r.FailedCount}} {
		sorted := slices.IsSortedFunc(list.notes, func(a, b Note) int { return strings.Compare(a.File, b.File) })
		if len(list.notes) != MaxNotes || list.count != files || !sorted {
			t.Errorf("%s: %d notes (sorted %t), count %d, of %d files", name, len(list.notes), sorted, list.count, files)
		}
	}
}
