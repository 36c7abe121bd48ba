package sched

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// send uploads n bytes and tells how long it took.
func send(ctx context.Context, t *testing.T, s *Store, class remote.Class, n int64) time.Duration {
	start := time.Now()
	body := io.NewSectionReader(bytes.NewReader(make([]byte, n)), 0, n)
	ctx = remote.WithTicket(ctx, remote.NewTicket(class))
	if _, err := s.Put(ctx, "up", body, remote.PutOptions{}); err != nil {
		t.Errorf("put: %v", err)
	}
	return time.Since(start)
}

// Music of 320 kbit/s plays from a thin link of which uploads would take all: every piece
// comes before the one before it has sounded.
func TestMusicPlaysWhileUploading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(newLink(3*mbit, 50*time.Millisecond))
		ctx, cancel := context.WithCancel(t.Context())
		var uploads sync.WaitGroup
		for range 8 {
			uploads.Go(func() {
				body := io.NewSectionReader(bytes.NewReader(make([]byte, 20*mib)), 0, 20*mib)
				_, err := s.Put(remote.WithTicket(ctx, remote.NewTicket(remote.Upload)), "up", body, remote.PutOptions{})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("upload: %v", err)
				}
			})
		}
		time.Sleep(5 * time.Second)
		const piece = 256 << 10
		sounds := time.Duration(float64(piece) / (320e3 / 8) * float64(time.Second))
		for range 10 {
			took := fetch(t, s, remote.NewTicket(remote.ReadAhead), "music", piece)
			if took > sounds/4 {
				t.Errorf("a piece that sounds for %v came after %v", sounds, took)
			}
			time.Sleep(sounds - took)
		}
		cancel()
		uploads.Wait()
	})
}

// With nothing more urgent there, an upload has the link; beside a copy that does not end
// it still comes through, in the share that it keeps.
func TestUploadComesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(8*mbit, 50*time.Millisecond)
		s := New(l)
		alone := send(t.Context(), t, s, remote.Upload, 4*mib)
		if want := 4 * mib * time.Second / (8 * mbit); alone > want*5/4 {
			t.Errorf("alone: %v, the link takes %v", alone, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var reader sync.WaitGroup
		reader.Go(func() {
			for ctx.Err() == nil {
				fetch(t, s, remote.NewTicket(remote.ReadAhead), "copy", mib)
			}
		})
		time.Sleep(time.Second)
		const n = mib
		beside := send(t.Context(), t, s, remote.Upload, n)
		cancel()
		reader.Wait()
		least, most := n*time.Second/(8*mbit), n*time.Second/leastHeld
		if beside < least*3 || beside > most*3/2 {
			t.Errorf("beside a copy: %v, alone it takes %v and the least share gives %v", beside, least, most)
		}
	})
}

// What is small, or waited for, is not held back.
func TestCommitsAreNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(newLink(8*mbit, 0))
		hold := &pass{class: remote.Demand, admitted: make(chan struct{})}
		s.queue.mu.Lock()
		s.queue.waiting[remote.Demand] = append(s.queue.waiting[remote.Demand], hold) // somebody waits for ever
		s.queue.mu.Unlock()
		if took := send(t.Context(), t, s, remote.Upload, small); took > 50*time.Millisecond {
			t.Errorf("a small one took %v", took)
		}
		if took := send(t.Context(), t, s, remote.Demand, mib); took > 1100*time.Millisecond {
			t.Errorf("one that is waited for took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		body := io.NewSectionReader(bytes.NewReader(make([]byte, mib)), 0, mib)
		_, err := s.Put(remote.WithTicket(ctx, remote.NewTicket(remote.Upload)), "up", body, remote.PutOptions{})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an upload that is given up while it is held: %v", err)
		}
	})
}

// A limit holds in each second and in each direction, for what is waited for too, and can
// be changed while bytes are on their way.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(newLink(80*mbit, 10*time.Millisecond))
		s.Limit(Limits{Up: 1 << 20, Down: 2 << 20})
		for class := range remote.Class(remote.Classes) {
			down := fetch(t, s, remote.NewTicket(class), "k", 4*mib)
			if down < 1700*time.Millisecond || down > 3*time.Second {
				t.Errorf("class %d: 4 MiB at 2 MiB/s came in %v", class, down)
			}
			time.Sleep(time.Second)
		}
		if up := send(t.Context(), t, s, remote.Demand, 4*mib); up < 3700*time.Millisecond || up > 5*time.Second {
			t.Errorf("4 MiB at 1 MiB/s went in %v", up)
		}
		time.AfterFunc(time.Second, func() { s.Limit(Limits{}) })
		if took := fetch(t, s, remote.NewTicket(remote.Demand), "k", 8*mib); took > 2500*time.Millisecond {
			t.Errorf("a limit that was lifted after a second: %v", took)
		}
		if s.Limits() != (Limits{}) {
			t.Errorf("limits are %+v", s.Limits())
		}
	})
}
