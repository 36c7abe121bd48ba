package pending

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// opened opens the journal in dir, closes it when the test is over, and gives what it
// replayed.
func opened(t testing.TB, dir string) (*journal, []string, []quarantined) {
	t.Helper()
	var got []string
	j, damaged, err := openJournal(dir, slog.New(slog.DiscardHandler), func(b []byte) error {
		got = append(got, string(b))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.close() })
	return j, got, damaged
}

func mustAppend(t testing.TB, j *journal, bodies ...string) (mark int64) {
	t.Helper()
	for _, b := range bodies {
		var err error
		if mark, err = j.append([]byte(b)); err != nil {
			t.Fatal(err)
		}
	}
	return mark
}

// written gives the bytes of a journal with these records.
func written(t testing.TB, bodies ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	j, _, _ := opened(t, dir)
	mustAppend(t, j, bodies...)
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "journal", "journal"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestJournalReplays(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	var want []string
	for i := range 5 {
		j, got, damaged := opened(t, dir)
		if !slices.Equal(got, want) || damaged != nil {
			t.Fatalf("opening %d replayed %q, want %q; damaged %v", i, got, want, damaged)
		}
		last := j.mark()
		for k := range 3 {
			want = append(want, fmt.Sprintf("record %d of %d", k, i))
			before := j.size()
			mark := mustAppend(t, j, want[len(want)-1])
			if mark <= last || j.size() <= before {
				t.Fatalf("mark %d after %d, size %d after %d", mark, last, j.size(), before)
			}
			last = mark
		}
		if err := j.sync(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		st, err := os.Stat(j.path("journal"))
		if err != nil || st.Size() != j.size() || st.Mode().Perm() != 0o600 {
			t.Fatalf("%v, %v; size says %d", st, err, j.size())
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestJournalQuarantine damages files in all manners: what was written before the
// damage is replayed, and the rest is put aside, whole.
func TestJournalQuarantine(t *testing.T) {
	good := written(t, "one", "two", "three", "four")
	at := []int{headerBytes}
	for _, s := range []string{"one", "two", "three", "four"} {
		at = append(at, at[len(at)-1]+prefixBytes+len(s))
	}
	last := binary.LittleEndian.Uint32(good[at[3]+4:])
	other := written(t, "one", "two", "three", "four")
	with := func(off int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[off:], b)
		return c
	}
	reheaded := func(f func(b []byte)) []byte {
		c := bytes.Clone(good)
		f(c)
		binary.LittleEndian.PutUint32(c[28:], crc32.Checksum(c[:28], castagnoli))
		return c
	}
	for _, c := range []struct {
		name string
		file []byte
		good int // how many records stand; -1 when not even the header does
	}{
		{"the last one torn in its body", good[:len(good)-1], 3},
		{"the last one torn in its length", good[:at[3]+3], 3},
		{"the last one without its body", good[:at[3]+prefixBytes], 3},
		{"a byte of the first", with(at[0]+prefixBytes, 'O'), 0},
		{"a byte of the third", with(at[2]+prefixBytes+1, 'H'), 2},
		{"the length of the second", with(at[1], 99), 1},
		{"an enormous length", with(at[1], 0xff, 0xff, 0xff, 0xff), 1},
		{"the CRC of the second", with(at[1]+4, 1, 2, 3, 4), 1},
		{"zeros from the third on", append(good[:at[2]:at[2]], make([]byte, 5000)...), 2},
		{"zeros after the last", append(bytes.Clone(good), make([]byte, 4096)...), 4},
		{"a record of nothing", append(binary.LittleEndian.AppendUint32(append(bytes.Clone(good), 0, 0, 0, 0), chain(last, nil)), 'x'), 4},
		{"the second is missing", slices.Concat(good[:at[1]], good[at[2]:]), 1},
		{"the second twice", slices.Concat(good[:at[2]], good[at[1]:]), 2},
		{"the rest is of another file", slices.Concat(good[:at[2]], other[at[2]:]), 2},
		{"the header is of another file", slices.Concat(other[:headerBytes], good[headerBytes:]), 0},
		{"a newer format", reheaded(func(b []byte) { b[8] = 2 }), -1},
		{"another kind of file", reheaded(func(b []byte) { b[0] = 'X' }), -1},
		{"a damaged header", with(13, ^good[13]), -1},
		{"half a header", good[:20], -1},
		{"only zeros", make([]byte, 100), -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			rest := c.file
			if c.good >= 0 {
				rest = c.file[at[c.good]:]
			}
			checkQuarantine(t, c.file, []string{"one", "two", "three", "four"}[:max(c.good, 0)], rest)
		})
	}
}

func checkQuarantine(t *testing.T, file []byte, want []string, rest []byte) {
	t.Helper()
	dir := t.TempDir()
	place(t, dir, file)
	var logged bytes.Buffer
	var got []string
	j, damaged, err := openJournal(dir, slog.New(slog.NewTextHandler(&logged, nil)), func(b []byte) error {
		got = append(got, string(b))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("replayed %q, want %q", got, want)
	}
	if len(damaged) != 1 || damaged[0].bytes != int64(len(rest)) {
		t.Fatalf("told of %v, want %d bytes", damaged, len(rest))
	}
	if b, err := os.ReadFile(damaged[0].path); err != nil || !bytes.Equal(b, rest) {
		t.Errorf("quarantine holds %q (%v), want %q", b, err, rest)
	}
	if filepath.Dir(damaged[0].path) != filepath.Join(dir, "quarantine") || !strings.Contains(logged.String(), damaged[0].path) {
		t.Errorf("%s is not in quarantine, or not in the log: %s", damaged[0].path, logged.String())
	}
	mustAppend(t, j, "later")
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	_, got, damaged = opened(t, dir)
	if !slices.Equal(got, append(want, "later")) || damaged != nil {
		t.Errorf("then replayed %q, damaged %v", got, damaged)
	}
}

// place puts a journal file into a state folder.
func place(t testing.TB, dir string, file []byte) {
	t.Helper()
	err := errors.Join(os.MkdirAll(filepath.Join(dir, "journal"), 0o700),
		os.WriteFile(filepath.Join(dir, "journal", "journal"), file, 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

func TestJournalUnknownRecord(t *testing.T) {
	dir := t.TempDir()
	file := written(t, "one", "two", "new kind", "four")
	place(t, dir, file)
	var got []string
	j, damaged, err := openJournal(dir, slog.New(slog.DiscardHandler), func(b []byte) error {
		if string(b) == "new kind" {
			return fmt.Errorf("kind 7: %w", errUnknownRecord)
		}
		got = append(got, string(b))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	rest := file[headerBytes+2*(prefixBytes+3):]
	if len(damaged) != 1 || damaged[0].bytes != int64(len(rest)) {
		t.Fatalf("told of %v, want %d bytes", damaged, len(rest))
	}
	if b, err := os.ReadFile(damaged[0].path); err != nil || !bytes.Equal(b, rest) {
		t.Errorf("quarantine holds %q (%v)", b, err)
	}
	if _, again, _ := opened(t, dir); !slices.Equal(got, []string{"one", "two"}) || !slices.Equal(again, got) {
		t.Errorf("replayed %q, then %q", got, again)
	}
}

// TestJournalReplayFails: an error of the caller changes nothing on the disk.
func TestJournalReplayFails(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	file := written(t, "one", "two")[:headerBytes+prefixBytes+3+5]
	place(t, dir, file)
	no := errors.New("no")
	_, _, err := openJournal(dir, slog.New(slog.DiscardHandler), func([]byte) error { return no })
	if !errors.Is(err, no) {
		t.Fatalf("opening: %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "journal", "journal")); err != nil || !bytes.Equal(b, file) {
		t.Errorf("the journal was changed: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "quarantine")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something went to quarantine: %v", err)
	}
}

func TestJournalLimits(t *testing.T) {
	dir := t.TempDir()
	j, _, _ := opened(t, dir)
	for _, n := range []int{0, maxRecord + 1} {
		if _, err := j.append(make([]byte, n)); err == nil || errors.Is(err, ErrJournal) {
			t.Errorf("a record of %d bytes: %v", n, err)
		}
	}
	large := strings.Repeat("x", maxRecord)
	mustAppend(t, j, "a", large, "b")
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if _, got, damaged := opened(t, dir); !slices.Equal(got, []string{"a", large, "b"}) || damaged != nil {
		t.Errorf("replayed %d records, damaged %v", len(got), damaged)
	}
}

// TestJournalBoundedMemory: a small file that speaks of large records costs no memory.
func TestJournalBoundedMemory(t *testing.T) {
	file := binary.LittleEndian.AppendUint32(written(t, "one"), maxRecord)
	file = append(file, make([]byte, 1000)...)
	dir := t.TempDir()
	place(t, dir, file)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	opened(t, dir)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
		t.Errorf("opening %d bytes took %d bytes of memory", len(file), n)
	}
}

func TestJournalClosed(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	j, _, _ := opened(t, t.TempDir())
	mark := mustAppend(t, j, "one")
	if err := errors.Join(j.close(), j.close()); err != nil {
		t.Fatal(err)
	}
	if err := j.sync(t.Context(), mark); err != nil {
		t.Errorf("close made it durable, and sync says %v", err)
	}
	_, err := j.append([]byte("two"))
	compacted := j.compact(func(func([]byte) error) error { return nil })
	if !errors.Is(err, ErrJournal) || !errors.Is(err, os.ErrClosed) || !errors.Is(compacted, ErrJournal) {
		t.Errorf("closed, append says %v and compact %v", err, compacted)
	}
}
