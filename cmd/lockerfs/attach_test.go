package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// A state folder in use for one store is never taken for another's, whatever the
// flags put beside it.
func TestAttachToAnotherStore(t *testing.T) {
	store := remotetest.NewMemory()
	mustInit(t, store)
	e := open(t, testPlace(t), testGround(store, io.Discard))
	s, err := serve(e, e.place.where(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	opened := false
	a := &app{out: io.Discard, err: io.Discard, openStore: func(context.Context, *url.URL, string) (remote.Store, error) {
		opened = true
		return store, nil
	}}
	other := e.place
	other.store = "s3://bucket/else"
	_, err = a.attach(t.Context(), other, false)
	if f := diagnose(err, where{}); err == nil || f.code != exitInUse || !strings.Contains(f.cause, "in use for the locker at "+e.place.store) || f.next == "" {
		t.Errorf("got %v, want that it serves %s", err, e.place.store)
	}
	if opened {
		t.Error("the other store was opened")
	}
	l, err := a.attach(t.Context(), e.place, false)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, ok := l.(*client); !ok {
		t.Errorf("got %T, want a client", l)
	}
}

// listenSilently puts a socket at the owner's place that takes connections and never
// answers, as of a process that was stopped.
func listenSilently(t *testing.T, state string) {
	t.Helper()
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(state, "control.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

// An owner that takes connections and does not answer is waited for so long and no
// longer, and named.
func TestSilentOwner(t *testing.T) {
	t.Setenv("LOCKERFS_ANSWER", "50ms")
	p := testPlace(t)
	listenSilently(t, p.state)
	if err := os.WriteFile(lockPath(p.state), []byte("4711\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{out: io.Discard, err: io.Discard}
	for name, ask := range map[string]func() error{
		"attach": func() error { _, err := a.attach(t.Context(), p, false); return err },
		"own":    func() error { _, err := a.own(t.Context(), p, false, mountedAlready); return err },
		"umount": func() error { return awaitFree(t.Context(), p.state, "/mnt") },
	} {
		err := ask()
		f := diagnose(err, where{})
		if !errors.Is(err, errSilent) || f.code != exitInUse || !strings.Contains(f.cause, "process 4711") || !strings.Contains(f.next, "kill -CONT 4711") {
			t.Errorf("%s: got %+v, want who does not answer and what to do", name, f)
		}
	}
	t.Setenv("LOCKERFS_ANSWER", "")
	c, ok := dial(t.Context(), p.state)
	if !ok || c.answer != answerTime {
		t.Fatalf("got %v, %v, want %v by itself", c, ok, answerTime)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v", err)
	}
}
