package pending

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// world is a journal on a simulated disk, and what was promised of it.
type world struct {
	t    testing.TB
	disk *simDisk
	j    *journal
	// tried, kept and synced are numbers: each record has its own, and history is
	// the order in which they were given to append.
	history      []uint64
	tried        int // of history, how many were handed to append
	kept, synced int // of history, how many append and sync acknowledged
	last         uint64
	marks        map[int64]int // mark → how many of history it stands for
	aside        map[string][]byte
}

// Records of the tests: a kind, a number, and filler that follows from the number.
const (
	simAdd   = 'a'
	simReset = 'r' // a snapshot begins
)

func simBody(kind byte, n uint64) []byte {
	b := binary.LittleEndian.AppendUint64([]byte{kind}, n)
	for i := range n * 7919 % 1500 {
		b = append(b, byte(n+i))
	}
	return b
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, disk: newSimDisk(), aside: map[string][]byte{}}
	w.note()
	w.open()
	return w
}

// open opens the journal, and checks what it replays against the promises.
func (w *world) open() {
	w.t.Helper()
	before := bytes.Clone(w.disk.now.content("/s/journal/journal"))
	var got []uint64
	j, damaged, err := openJournalOn(w.disk, "/s", slog.New(slog.DiscardHandler), func(b []byte) error {
		kind, n := b[0], binary.LittleEndian.Uint64(b[1:])
		if !bytes.Equal(b, simBody(kind, n)) {
			w.t.Fatalf("a record that was never written: %x", b)
		}
		if got = append(got, n); kind == simReset {
			got = nil
		}
		return nil
	})
	if err != nil {
		w.t.Fatalf("opening: %v", err)
	}
	if len(got) > w.tried || !slices.Equal(got, w.history[:len(got)]) {
		w.t.Fatalf("replayed %v, which does not begin %v", got, w.history[:w.tried])
	}
	if len(got) < w.synced {
		w.t.Fatalf("replayed %d records, and %d were synced", len(got), w.synced)
	}
	for _, q := range damaged {
		rest := w.disk.now.content(q.path)
		if int64(len(rest)) != q.bytes || !bytes.HasSuffix(before, rest) {
			w.t.Fatalf("quarantine holds %d bytes that the journal had not", len(rest))
		}
		w.disk.note(func() { w.aside[q.path] = bytes.Clone(rest) })
		w.aside[q.path] = bytes.Clone(rest)
	}
	w.j, w.history = j, got
	w.tried, w.kept, w.synced = len(got), len(got), len(got)
	w.marks = map[int64]int{j.mark(): len(got)}
	w.note()
}

// note puts the promises as they are now among the calls of the disk.
func (w *world) note() {
	history, tried, kept, synced := w.history, w.tried, w.kept, w.synced
	w.disk.note(func() { w.history, w.tried, w.kept, w.synced = history, tried, kept, synced })
}

func (w *world) append() error {
	w.last++
	w.history = append(w.history[:w.kept:w.kept], w.last)
	w.tried = len(w.history)
	w.note()
	mark, err := w.j.append(simBody(simAdd, w.last))
	if err == nil {
		w.kept = w.tried
		w.marks[mark] = w.kept
	}
	w.note()
	return err
}

func (w *world) sync(mark int64) error {
	err := w.j.sync(context.Background(), mark)
	if err == nil {
		w.synced = max(w.synced, w.marks[mark])
	}
	w.note()
	return err
}

// compact compacts from a mark of the past, or from now, and appends meanwhile.
func (w *world) compact(mark int64, meanwhile int) error {
	known := slices.Clone(w.history[:w.marks[mark]])
	all := w.kept
	err := w.j.compactFrom(mark, func(yield func([]byte) error) error {
		err := yield(simBody(simReset, 0))
		for _, n := range known {
			err = errors.Join(err, yield(simBody(simAdd, n)))
		}
		for range meanwhile {
			if w.append() != nil {
				break
			}
		}
		return err
	})
	if err == nil {
		w.synced = max(w.synced, all)
		maps.DeleteFunc(w.marks, func(m int64, _ int) bool { return m < mark })
	}
	w.note()
	return err
}

// stop ends the goroutine of a journal as kill -9 does: nothing more is written.
func (w *world) stop() {
	w.j.timer.Stop()
	select {
	case <-w.j.done:
	default:
		close(w.j.stop)
		<-w.j.done
	}
}

// kill ends the process; the machine goes on, with all that was written.
func (w *world) kill() {
	w.stop()
	w.synced = w.kept
	w.disk.fault = nil
	w.open()
}

// power cuts the power after the first n calls, and starts again.
func (w *world) power(n, manner int, seed uint64) {
	w.stop()
	w.cutAt(n, manner, seed)
}

func (w *world) cutAt(n, manner int, seed uint64) {
	w.aside = map[string][]byte{}
	s := w.disk.at(n).cut(manner, rand.New(rand.NewPCG(seed, 0)))
	for path, b := range w.aside {
		if !bytes.Equal(s.content(path), b) {
			w.t.Fatalf("the power cut took %s from quarantine", path)
		}
	}
	aside := maps.Clone(w.aside)
	w.disk = &simDisk{base: s, now: s.clone()}
	w.disk.note(func() {
		maps.Copy(w.aside, aside)
	})
	w.note()
	w.open()
}

// TestJournalPower does random things to a journal on a disk that fails and loses
// power in all manners, several times over.
func TestJournalPower(t *testing.T) {
	for range 5 { // rapid's 100 stories are few for this
		rapid.Check(t, func(r *rapid.T) {
			w := newWorld(tb{t, r})
			defer func() { w.stop() }()
			for range rapid.IntRange(1, 60).Draw(r, "steps") {
				w.step(r)
			}
		})
	}
}

// tb lets a world report through rapid, so that it can shrink.
type tb struct {
	testing.TB
	r *rapid.T
}

func (t tb) Helper()                        { t.r.Helper() }
func (t tb) Fatalf(format string, a ...any) { t.r.Fatalf(format, a...) }

func (w *world) step(r *rapid.T) {
	failed := w.j.failure() != nil
	var err error
	switch what := rapid.SampledFrom(simSteps).Draw(r, "step"); what {
	case "append":
		err = w.append()
	case "sync":
		err = w.sync(w.someMark(r))
	case "compact":
		err = w.compact(w.someMark(r), rapid.IntRange(0, 3).Draw(r, "meanwhile"))
	case "kill":
		w.kill()
	case "power":
		n := rapid.IntRange(len(w.disk.log)-30, len(w.disk.log)).Draw(r, "after")
		w.power(max(n, 0), rapid.IntRange(0, cutManners-1).Draw(r, "manner"), rapid.Uint64().Draw(r, "seed"))
	case "fault":
		w.arm(r)
	}
	if failed && err == nil && w.j.failure() != nil {
		_, err := w.j.append([]byte("x"))
		if !errors.Is(err, ErrJournal) {
			w.t.Fatalf("a failed journal took a record: %v", err)
		}
	}
}

var simSteps = []string{"append", "append", "append", "append", "append", "append", "sync", "sync", "compact", "kill", "power", "fault"}

func (w *world) someMark(r *rapid.T) int64 {
	var marks []int64
	for m := range w.marks {
		marks = append(marks, m)
	}
	slices.Sort(marks)
	return rapid.SampledFrom(marks).Draw(r, "mark")
}

// arm makes one of the next calls fail.
func (w *world) arm(r *rapid.T) {
	after := rapid.IntRange(0, 5).Draw(r, "calls before the fault")
	n := rapid.IntRange(0, 1000).Draw(r, "bytes written all the same")
	full := rapid.Bool().Draw(r, "full")
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	w.disk.fault = func(c simCall) (int, error) {
		if after--; after >= 0 {
			return 0, nil
		}
		w.disk.fault = nil
		if full {
			return n, fmt.Errorf("no room: %w", syscall.ENOSPC)
		}
		return n, fmt.Errorf("broken: %w", syscall.EIO)
	}
}

// TestJournalEveryCut cuts the power of one long story at each of its calls, in all
// manners.
func TestJournalEveryCut(t *testing.T) {
	w := newWorld(t)
	for i := range 25 {
		if err := w.append(); err != nil {
			t.Fatal(err)
		}
		if i%6 == 5 {
			if err := w.sync(w.j.mark()); err != nil {
				t.Fatal(err)
			}
		}
		if i%10 == 9 {
			if err := w.compact(w.j.mark(), 2); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.stop()
	story := w.disk
	for n := range len(story.log) + 1 {
		for manner := range cutManners {
			for seed := range uint64(2) {
				w.disk = story
				w.cutAt(n, manner, seed)
				// What is promised now stands, too.
				if err := errors.Join(w.append(), w.sync(w.j.mark())); err != nil {
					t.Fatal(err)
				}
				w.power(len(w.disk.log), manner, seed)
				w.stop()
			}
		}
	}
}
