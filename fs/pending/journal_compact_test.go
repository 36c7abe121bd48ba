package pending

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// nothing is a snapshot without records.
func nothing(func([]byte) error) error { return nil }

func TestJournalCompact(t *testing.T) {
	dir := t.TempDir()
	j, _, _ := opened(t, dir)
	for i := range 1000 {
		mustAppend(t, j, "an early record "+strconv.Itoa(i))
	}
	before := j.size()
	err := j.compact(func(yield func([]byte) error) error {
		mustAppend(t, j, "meanwhile") // no lock is held
		return errors.Join(yield([]byte("all of the early")), yield([]byte("in two")))
	})
	if err != nil {
		t.Fatal(err)
	}
	if j.size() >= before/10 || j.durable != j.appended {
		t.Errorf("size %d after %d, durable up to %d of %d", j.size(), before, j.durable, j.appended)
	}
	if err := j.sync(t.Context(), mustAppend(t, j, "later")); err != nil {
		t.Fatal(err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	_, got, damaged := opened(t, dir)
	if want := []string{"all of the early", "in two", "meanwhile", "later"}; !slices.Equal(got, want) || damaged != nil {
		t.Errorf("replayed %q, want %q; damaged %v", got, want, damaged)
	}
}

// TestJournalCompactFails: whatever goes wrong before the files change places, the
// journal is what it was, and the room that was taken is given back.
func TestJournalCompactFails(t *testing.T) {
	no := errors.New("no")
	for _, c := range []struct {
		name     string
		fault    func(c simCall) (int, error)
		snapshot func(yield func([]byte) error) error
		want     error
	}{
		{"the caller gives up", nil, func(yield func([]byte) error) error {
			return errors.Join(yield([]byte("x")), no)
		}, no},
		{"no room for the new file", faultOn("create", syscall.ENOSPC), nothing, syscall.ENOSPC},
		{"no room in the new file", faultOn("write", syscall.ENOSPC), nothing, syscall.ENOSPC},
		{"the new file cannot be written", faultOn("write", syscall.EIO), nothing, syscall.EIO},
		{"the new file cannot be synced", faultOn("sync", syscall.EIO), nothing, syscall.EIO},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.append(); err != nil {
				t.Fatal(err)
			}
			w.disk.fault = c.fault
			if err := w.j.compact(c.snapshot); !errors.Is(err, c.want) || errors.Is(err, ErrJournal) {
				t.Errorf("compact says %v", err)
			}
			w.disk.fault = nil
			if n := len(w.disk.now.content("/s/journal/next")); n != 0 {
				t.Errorf("%d bytes are left of the new file", n)
			}
			if err := errors.Join(w.append(), w.sync(w.j.mark())); err != nil {
				t.Error(err)
			}
			w.power(len(w.disk.log), cutDrops, 1)
			if len(w.history) != 2 {
				t.Errorf("%d records, want 2", len(w.history))
			}
			w.stop()
		})
	}
}

func faultOn(what string, err error) func(simCall) (int, error) {
	return func(c simCall) (int, error) {
		if c.what == what {
			return 3, err
		}
		return 0, nil
	}
}

// TestJournalCompactInDoubt: when it is not known which file a start will find,
// nothing more may be promised, and neither file may be harmed.
func TestJournalCompactInDoubt(t *testing.T) {
	for _, what := range []string{"rename", "syncdir"} {
		for manner := range cutManners {
			w := newWorld(t)
			if err := errors.Join(w.append(), w.append(), w.sync(w.j.mark())); err != nil {
				t.Fatal(err)
			}
			w.disk.fault = faultOn(what, syscall.EIO)
			if err := w.compact(w.j.mark(), 1); !errors.Is(err, ErrJournal) {
				t.Errorf("%s: compact says %v", what, err)
			}
			w.disk.fault = nil
			if err := w.append(); !errors.Is(err, ErrJournal) {
				t.Errorf("%s: append says %v", what, err)
			}
			w.j.close()
			w.power(len(w.disk.log), manner, uint64(manner))
			w.stop()
		}
	}
}

func TestJournalCompactFromThePast(t *testing.T) {
	w := newWorld(t)
	defer func() { w.stop() }()
	first := w.j.mark()
	// The records after first stay what they are, so this may be done again.
	if err := errors.Join(w.append(), w.compact(first, 1), w.append(), w.compact(first, 1)); err != nil {
		t.Fatal(err)
	}
	if err := w.compact(w.j.mark(), 0); err != nil {
		t.Fatal(err)
	}
	if err := w.j.compactFrom(first, nothing); err == nil {
		t.Error("compacted from before what the journal has as a snapshot")
	}
	if err := w.append(); err != nil {
		t.Error(err)
	}
	w.kill()
	if len(w.history) != 5 {
		t.Errorf("%d records, want 5", len(w.history))
	}
}

// watchedDisk does something before each fdatasync of a new file, and each rename.
type watchedDisk struct {
	*simDisk
	syncing, renaming func()
}

func (d watchedDisk) create(path string) (journalFile, error) {
	f, err := d.simDisk.create(path)
	return heldFile{f, d.syncing}, err
}

func (d watchedDisk) rename(from, to string) error {
	d.renaming()
	return d.simDisk.rename(from, to)
}

// TestJournalCompactLate: what is appended while the new file is synced is in it, and
// while the files change places nobody writes or syncs.
func TestJournalCompactLate(t *testing.T) {
	w := newWorld(t)
	appended, renamed := 0, 0
	w.j.disk = watchedDisk{w.disk, func() {
		if appended++; appended == 1 {
			if err := w.append(); err != nil {
				t.Error(err)
			}
		}
	}, func() {
		renamed++
		if w.j.flushing.TryLock() || w.j.order.TryLock() {
			t.Error("the files change places while others write or sync")
		}
	}}
	if err := errors.Join(w.append(), w.compact(w.j.mark(), 0), w.append()); err != nil {
		t.Fatal(err)
	}
	w.kill()
	if len(w.history) != 3 || appended != 2 || renamed != 1 {
		t.Errorf("%d records, want 3; %d fdatasyncs, %d renames", len(w.history), appended, renamed)
	}
	w.stop()
}

// ledger is a caller as the journal expects it: its state and the journal change
// under one lock.
type ledger struct {
	mu    sync.Mutex
	j     *journal
	lines []string
}

func (l *ledger) add(line string) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mark, err := l.j.append([]byte(line))
	if err == nil {
		l.lines = append(l.lines, line)
	}
	return mark, err
}

func (l *ledger) compact() error {
	l.mu.Lock()
	lines, mark := slices.Clone(l.lines), l.j.mark()
	l.mu.Unlock()
	return l.j.compactFrom(mark, func(yield func([]byte) error) error {
		return yield([]byte("all:" + strings.Join(lines, "\n")))
	})
}

// replay is what the ledger makes of a record.
func (l *ledger) replay(b []byte) error {
	if all, ok := strings.CutPrefix(string(b), "all:"); ok {
		if l.lines = nil; all != "" {
			l.lines = strings.Split(all, "\n")
		}
		return nil
	}
	l.lines = append(l.lines, string(b))
	return nil
}

// TestJournalMany appends, syncs and compacts from many goroutines.
func TestJournalMany(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	var l ledger
	var err error
	if l.j, _, err = openJournal(dir, slog.New(slog.DiscardHandler), l.replay); err != nil {
		t.Fatal(err)
	}
	var writers, compactors sync.WaitGroup
	over := make(chan struct{})
	for g := range 16 {
		writers.Go(func() {
			for i := range 60 {
				mark, err := l.add(fmt.Sprintf("%d/%d", g, i))
				if err == nil && rand.IntN(3) > 0 {
					err = l.j.sync(t.Context(), mark)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	compactions := 0
	compactors.Go(func() {
		for ; ; compactions++ {
			if err := l.compact(); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-over:
				return
			default:
			}
		}
	})
	writers.Wait()
	close(over)
	compactors.Wait()
	if err := l.j.close(); err != nil {
		t.Fatal(err)
	}
	after := ledger{}
	j, damaged, err := openJournal(dir, slog.New(slog.DiscardHandler), after.replay)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(after.lines, l.lines) || len(l.lines) != 16*60 || damaged != nil {
		t.Errorf("%d lines of %d after the start, damaged %v", len(after.lines), len(l.lines), damaged)
	}
	t.Logf("%d compactions", compactions)
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
}
