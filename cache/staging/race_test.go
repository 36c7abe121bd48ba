package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"
)

// Readers see each write whole or not at all, while others fill, sync and settle.
func TestReadersBesideWriters(t *testing.T) {
	const cell, cells, rounds = 3000, 40, 300
	base := &memBase{content: make([]byte, cell*cells)}
	d := create(t, openStore(t, t.TempDir(), func(_ *Options, tn *tune) { tn.open, tn.maxSpans = 0, 8 }), base)
	for i := range base.content {
		base.content[i] = byte(1 + i/cell)
	}
	var g errgroup.Group
	var over atomic.Bool
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Add(1)
		g.Go(func() error {
			defer writers.Done()
			for i := range rounds {
				c := (i*7 + w*13) % cells
				if _, err := d.WriteAt(bytes.Repeat([]byte{byte(1 + (c+i+w)%250)}, cell), int64(c*cell)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	g.Go(func() error { writers.Wait(); over.Store(true); return nil })
	for r := range 2 {
		g.Go(func() error {
			p := make([]byte, 3*cell)
			for i := r; !over.Load(); i++ {
				first := i % (cells - 2)
				if _, err := d.ReadAt(context.Background(), p, int64(first*cell)); err != nil {
					return err
				}
				for c := range 3 {
					one := p[c*cell : (c+1)*cell]
					if n := bytes.Count(one, one[:1]); n != cell || one[0] == 0 {
						return fmt.Errorf("cell %d has %d bytes of one write", first+c, n)
					}
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		for !over.Load() {
			r, err := d.Sync()
			if err != nil {
				return err
			}
			d.Settle(r)
			if err := d.Complete(context.Background()); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// A base that takes long holds up nobody who does not need it; what is written meanwhile
// wins over what it gives, for a read and for Complete.
func TestWritesWinOverASlowBase(t *testing.T) {
	for _, act := range []string{"read", "complete"} {
		base := &memBase{content: noise(100_000, 1), gate: make(chan struct{}), reached: make(chan struct{})}
		d := create(t, openStore(t, t.TempDir(), nil), base)
		p := make([]byte, 100_000)
		done := make(chan error, 1)
		go func() {
			if act == "complete" {
				done <- d.Complete(context.Background())
				return
			}
			_, err := d.ReadAt(context.Background(), p, 0)
			done <- err
		}()
		<-base.reached
		wanted := bytes.Clone(base.content)
		write(t, d, noise(5000, 2), 20_000)
		copy(wanted[20_000:], noise(5000, 2))
		if err := d.Zero(50_000, 10, true); err != nil {
			t.Fatal(err)
		}
		clear(wanted[50_000:50_010])
		if err := errors.Join(d.Truncate(90_000), d.Truncate(100_000)); err != nil {
			t.Fatal(err)
		}
		clear(wanted[90_000:])
		mustSync(t, d)
		q := make([]byte, 5000)
		if _, err := d.ReadAt(t.Context(), q, 20_000); err != nil || !bytes.Equal(q, noise(5000, 2)) {
			t.Errorf("%s: a read beside it: %v", act, err)
		}
		close(base.gate)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if act == "read" {
			if !bytes.Equal(p, wanted) {
				t.Errorf("the read differs at byte %d", differ(p, wanted))
			}
			continue
		}
		got, err := os.ReadFile(d.Path())
		if err != nil || !bytes.Equal(got, wanted) || !d.Whole() {
			t.Errorf("the file differs at byte %d, %v", differ(got, wanted), err)
		}
	}
}

// A read whose missing part is written or cut off while the base fails needs no base.
func TestBaseFailsTooLate(t *testing.T) {
	base := &memBase{content: noise(1000, 1), gate: make(chan struct{}), reached: make(chan struct{})}
	base.fails.Store(true)
	d := create(t, openStore(t, t.TempDir(), nil), base)
	p := make([]byte, 1000)
	type answer struct {
		n   int
		err error
	}
	done := make(chan answer, 1)
	go func() {
		n, err := d.ReadAt(context.Background(), p, 0)
		done <- answer{n, err}
	}()
	<-base.reached
	write(t, d, noise(600, 2), 0)
	if err := d.Truncate(600); err != nil {
		t.Fatal(err)
	}
	close(base.gate)
	if a := <-done; a.n != 600 || a.err != io.EOF || !bytes.Equal(p[:600], noise(600, 2)) {
		t.Errorf("%d, %v", a.n, a.err)
	}
}

// Whoever waits for a slow base can give up.
func TestCancel(t *testing.T) {
	base := &memBase{content: noise(1000, 1), gate: make(chan struct{}), reached: make(chan struct{}, 9)}
	d := create(t, openStore(t, t.TempDir(), nil), base)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Complete(ctx) }()
	<-base.reached
	waiting, stop := context.WithCancel(t.Context())
	stop()
	if err := d.Complete(waiting); !errors.Is(err, context.Canceled) {
		t.Errorf("a second one: %v", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := d.ReadAt(waiting, make([]byte, 10), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
}

// Syncs at the same time share the work.
func TestSyncsShare(t *testing.T) {
	var syncs atomic.Int64
	gate, reached := make(chan struct{}), make(chan struct{}, 100)
	d := create(t, openStore(t, t.TempDir(), func(_ *Options, tn *tune) {
		tn.sync = func(*os.File) error { syncs.Add(1); reached <- struct{}{}; <-gate; return nil }
	}), nil)
	write(t, d, []byte("a"), 0)
	var g errgroup.Group
	sync := func(least int64) {
		g.Go(func() error {
			r, err := d.Sync()
			if err == nil && r.Size < least {
				err = fmt.Errorf("record of %d bytes, want %d", r.Size, least)
			}
			return err
		})
	}
	sync(1)
	<-reached
	write(t, d, []byte("b"), 1)
	for range 20 {
		sync(2)
	}
	close(gate)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := syncs.Load(); n != 2 {
		t.Errorf("%d syncs, want 2", n)
	}
	if d.Dirty() {
		t.Error("still dirty")
	}
}

// A record that is being made when the file starts afresh keeps its bytes.
func TestTruncateDuringSync(t *testing.T) {
	dir := t.TempDir()
	gate, reached := make(chan struct{}), make(chan struct{}, 9)
	s := openStore(t, dir, func(_ *Options, tn *tune) {
		tn.sync = func(*os.File) error { reached <- struct{}{}; <-gate; return nil }
	})
	d := create(t, s, nil)
	write(t, d, noise(5000, 1), 0)
	got := make(chan Record, 1)
	go func() {
		r, err := d.Sync()
		if err != nil {
			t.Error(err)
		}
		got <- r
	}()
	<-reached
	if err := d.Truncate(0); err != nil {
		t.Fatal(err)
	}
	write(t, d, noise(4000, 2), 0)
	close(gate)
	r := <-got
	if !d.Dirty() {
		t.Error("clean with a write after the record")
	}
	d.Settle(r)
	want(t, reopen(t, openStore(t, copyDir(t, dir), nil), r, nil), noise(5000, 1))
	want(t, d, noise(4000, 2))
}

// Sweeps and creations at the same time do not get in each other's way.
func TestSweepBesideCreate(t *testing.T) {
	s := openStore(t, t.TempDir(), func(_ *Options, tn *tune) { tn.batch = 2 })
	var g errgroup.Group
	var over atomic.Bool
	g.Go(func() error {
		for !over.Load() {
			if unknown, err := s.Sweep(nil); err != nil || len(unknown) > 0 {
				return fmt.Errorf("unknown %v, %w", unknown, err)
			}
		}
		return nil
	})
	g.Go(func() error {
		defer over.Store(true)
		for range 300 {
			d, err := s.Create(nil, 0)
			if err != nil {
				return err
			}
			if _, err := d.WriteAt([]byte("a"), 0); err != nil {
				return err
			}
			if err := d.Discard(); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}
