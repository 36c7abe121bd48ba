package pending

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// failing opens a journal on a disk that fails the calls of one kind while on, as
// fault says.
func failing(t *testing.T, what string, fault error) (w *world, on *bool) {
	t.Helper()
	w = newWorld(t)
	t.Cleanup(func() { w.stop() })
	on = new(bool)
	w.disk.fault = func(c simCall) (int, error) {
		if *on && c.what == what {
			return 5, fmt.Errorf("%s: %w", what, fault)
		}
		return 0, nil
	}
	return w, on
}

func TestJournalFull(t *testing.T) {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		w, on := failing(t, "write", full)
		for i := range 6 {
			*on = i%2 == 1
			err := w.append()
			if *on && (!errors.Is(err, full) || errors.Is(err, ErrJournal)) || !*on && err != nil {
				t.Fatalf("append %d: %v", i, err)
			}
		}
		if n := int64(len(w.disk.now.content("/s/journal/journal"))); n != w.j.size() {
			t.Errorf("the file has %d bytes, should have %d", n, w.j.size())
		}
		w.kill() // checks what is replayed
		if len(w.history) != 3 || len(w.aside) != 0 {
			t.Errorf("%d records after the start, %d files in quarantine", len(w.history), len(w.aside))
		}
	}
}

func TestJournalFailsForGood(t *testing.T) {
	for _, c := range []struct {
		name, what string
		fault      error
	}{
		{"write", "write", syscall.EIO},
		{"fdatasync", "sync", syscall.EIO},
		{"fdatasync on a full disk", "sync", syscall.ENOSPC},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, on := failing(t, c.what, c.fault)
			if err := errors.Join(w.append(), w.sync(w.j.mark())); err != nil {
				t.Fatal(err)
			}
			safe := w.j.mark()
			*on = true
			err := w.append()
			if err == nil {
				err = w.sync(w.j.mark())
			}
			if !errors.Is(err, ErrJournal) || !errors.Is(err, c.fault) {
				t.Fatalf("the first to see it is told %v", err)
			}
			*on = false
			if err := w.append(); !errors.Is(err, ErrJournal) {
				t.Errorf("append says %v", err)
			}
			if c.what == "sync" {
				if err := w.sync(w.j.mark()); !errors.Is(err, ErrJournal) {
					t.Errorf("sync says %v", err)
				}
			}
			if err := w.sync(safe); err != nil {
				t.Errorf("what was durable before is so still, and sync says %v", err)
			}
			if err := w.compact(w.j.mark(), 0); !errors.Is(err, ErrJournal) {
				t.Errorf("compact says %v", err)
			}
			w.tried = w.kept + 1
			if err := w.j.close(); !errors.Is(err, c.fault) {
				t.Errorf("close says %v", err)
			}
			if err := w.sync(w.j.mark()); c.what == "sync" && !errors.Is(err, ErrJournal) {
				t.Errorf("after close sync says %v", err)
			}
			w.kill()
		})
	}
}

// TestJournalCannotCutBack: when a part of a record stays behind, nothing may follow.
func TestJournalCannotCutBack(t *testing.T) {
	w := newWorld(t)
	w.disk.fault = func(c simCall) (int, error) {
		if c.what == "write" {
			return 3, syscall.ENOSPC
		}
		return 0, syscall.EIO
	}
	if err := w.append(); !errors.Is(err, ErrJournal) {
		t.Errorf("append says %v", err)
	}
	w.kill()
	if len(w.aside) != 1 {
		t.Errorf("%d files in quarantine, want the torn record", len(w.aside))
	}
	w.stop()
}

// TestJournalOpensOnFullDisk: there is no room to write the journal anew, and names
// are not to be refused for that.
func TestJournalOpensOnFullDisk(t *testing.T) {
	w := newWorld(t)
	if err := errors.Join(w.append(), w.append()); err != nil {
		t.Fatal(err)
	}
	w.stop()
	w.disk.fault = func(c simCall) (int, error) {
		if c.path == "/s/journal/next" {
			return 0, syscall.ENOSPC
		}
		return 0, nil
	}
	w.open()
	// A torn record does not change that, if there is room to put it aside.
	if _, err := w.j.tail.file.WriteAt(make([]byte, 2000), w.j.tail.end); err != nil {
		t.Fatal(err)
	}
	w.stop()
	w.open()
	w.disk.fault = nil
	if err := errors.Join(w.append(), w.sync(w.j.mark())); err != nil {
		t.Fatal(err)
	}
	w.power(len(w.disk.log), cutDrops, 1)
	if len(w.history) != 3 || len(w.aside) != 1 {
		t.Errorf("%d records, want 3; %d files in quarantine, want 1", len(w.history), len(w.aside))
	}
	w.stop()
}

// TestJournalFlushesUnasked: a record waits no longer than flushEvery for its
// fdatasync, and a journal at rest does nothing.
func TestJournalFlushesUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		syncs := func() (n int) {
			for _, c := range w.disk.log {
				if c.what == "sync" {
					n++
				}
			}
			return n
		}
		before := syncs()
		for range 3 {
			if err := errors.Join(w.append(), w.append()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(flushEvery)
			synctest.Wait()
			if w.j.durable != w.j.appended {
				t.Fatal("not durable in time")
			}
			time.Sleep(time.Hour)
		}
		if n := syncs() - before; n != 3 {
			t.Errorf("%d fdatasyncs, want 3", n)
		}
		if err := w.j.close(); err != nil {
			t.Error(err)
		}
	})
}

// TestJournalSyncShares: all who come while an fdatasync runs share the next one,
// and who loses patience can go.
func TestJournalSyncShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		syncs, hold := 0, make(chan struct{})
		w.disk.fault = nil
		disk := w.disk
		w.j.tail.file = heldFile{w.j.tail.file, func() { syncs++; <-hold }}
		const closers = 64
		done := make(chan error, closers)
		for range closers {
			go func() {
				mark, err := w.j.append([]byte("x"))
				done <- errors.Join(err, w.j.sync(t.Context(), mark))
			}()
			synctest.Wait()
		}
		impatient, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		cancel(gone)
		if err := w.j.sync(impatient, w.j.mark()); !errors.Is(err, gone) {
			t.Errorf("sync without patience says %v", err)
		}
		close(hold)
		for range closers {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if syncs != 2 {
			t.Errorf("%d fdatasyncs for %d closers, want 2", syncs, closers)
		}
		if err := w.j.close(); err != nil {
			t.Error(err)
		}
		w.disk = disk
	})
}

// heldFile does something before each fdatasync.
type heldFile struct {
	journalFile
	before func()
}

func (f heldFile) datasync() error {
	f.before()
	return f.journalFile.datasync()
}
