package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// stuck is a mount that ends when it may.
type stuck struct {
	why   error // what unmounting gives until then
	tries atomic.Int64
	free  chan struct{}
}

func (s *stuck) Unmount() error {
	s.tries.Add(1)
	select {
	case <-s.free:
		return nil
	default:
		return s.why
	}
}

// presentFake makes an engine believe that it is mounted.
func presentFake(t *testing.T, e *engine, s *stuck) *presence {
	t.Helper()
	point := e.place.mount
	if err := recordMount(e.place.state, point); err != nil {
		t.Fatal(err)
	}
	e.mounted.Store(&point)
	return &presence{point: point, mounted: s, engine: e, idle: func() {}, gone: make(chan struct{})}
}

// A mount that cannot be unmounted, for whatever reason, stays and is named: it is
// forgotten once it is gone, and not before.
func TestEndForgetsOnlyWhatIsGone(t *testing.T) {
	for name, why := range map[string]error{"in use": fs.ErrBusy, "refused": errors.New("no helper"), "no helper": fs.ErrNoFusermount} {
		t.Run(name, func(t *testing.T) {
			e := open(t, testPlace(t), testGround(remotetest.NewMemory(), io.Discard))
			s := &stuck{why: fmt.Errorf("unmount: %w", why), free: make(chan struct{})}
			p := presentFake(t, e, s)
			there := func(want bool) {
				t.Helper()
				if got := recordedMount(e.place.state) == p.point && e.mounted.Load() != nil; got != want {
					t.Errorf("named: got %v, want %v", got, want)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := p.end(ctx, t.Logf); !errors.Is(err, why) {
				t.Errorf("told not to wait: got %v, want %v", err, why)
			}
			there(true)
			var said bytes.Buffer
			ended := make(chan error, 1)
			go func() { ended <- p.end(t.Context(), func(f string, a ...any) { fmt.Fprintf(&said, f+"\n", a...) }) }()
			await(t, "another try", func() bool { return s.tries.Load() >= 3 })
			there(true)
			close(s.free)
			if err := <-ended; err != nil {
				t.Errorf("got %v", err)
			}
			there(false)
			if got, want := strings.Count(said.String(), "\n"), 1; got != want {
				t.Errorf("said %q, want one line", said.String())
			}
		})
	}
}

// After Ctrl-C a mount in use goes on, and so does the log it shows: another device's
// files still come.
func TestBusyMountFollowsTheLog(t *testing.T) {
	t.Setenv("LOCKERFS_POLL", "10ms")
	store := remotetest.NewMemory()
	mustInit(t, store)
	e := open(t, testPlace(t), testGround(store, io.Discard))
	s := &stuck{why: fs.ErrBusy, free: make(chan struct{})}
	p := presentFake(t, e, s)
	a := &app{out: io.Discard, err: io.Discard}
	ctx, interrupt := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- a.serveMount(ctx, e, p) }()
	interrupt()
	await(t, "the first try to unmount", func() bool { return s.tries.Load() > 0 })
	other := open(t, testPlace(t), testGround(store, io.Discard))
	if _, err := other.Import(t.Context(), []string{music(t)}, intake.Options{}, listener{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the other device's files", func() bool {
		totals, err := e.index.Totals(t.Context())
		return err == nil && totals.Files == 2
	})
	close(s.free)
	if err := <-served; err != nil {
		t.Errorf("got %v", err)
	}
	if e.mounted.Load() != nil || recordedMount(e.place.state) != "" {
		t.Error("an unmounted locker is still named")
	}
}
