package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// testGround makes engines over a store in memory. notes takes what is said.
func testGround(s remote.Store, notes io.Writer) ground {
	a := &app{out: io.Discard, err: notes, openStore: func(context.Context, *url.URL, string) (remote.Store, error) { return s, nil }}
	g := a.ground()
	g.log = func(string) *slog.Logger { return slog.New(slog.DiscardHandler) }
	return g
}

func testPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	return place{name: "music", store: "s3://bucket/prefix", state: filepath.Join(dir, "state"), cache: filepath.Join(dir, "cache"), mount: filepath.Join(dir, "mnt"), cacheSize: 10 << 20}
}

// open opens an engine that ends with the test.
func open(t *testing.T, p place, g ground) *engine {
	t.Helper()
	e, err := openEngine(t.Context(), p, true, g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// music makes a folder with two tracks.
func music(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "src")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"One", "Two"} {
		if err := os.WriteFile(filepath.Join(dir, title+".wav"), wavFile("Alpha", "First", title, "1", 5000), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mustInit(t *testing.T, s remote.Store) {
	t.Helper()
	if _, _, err := catalog.CreateFormat(t.Context(), s, ""); err != nil {
		t.Fatal(err)
	}
}

func TestEngineOpensWithoutTheStore(t *testing.T) {
	g := testGround(nil, io.Discard)
	g.open = func(context.Context, *url.URL, string) (remote.Store, error) { return nil, remote.ErrOffline }
	e := open(t, testPlace(t), g)
	s, err := e.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Network != linkOffline || s.Synced || s.Trouble == "" {
		t.Errorf("got %+v, want offline, not synced, and why", s)
	}
	if err := e.List(t.Context(), "", false, func(listed) error { return nil }); !errors.Is(err, remote.ErrOffline) {
		t.Errorf("list: got %v, want offline: an index never read must not look empty", err)
	}
	if _, err := openEngine(t.Context(), e.place, true, g); !errors.Is(err, errLocked) || diagnose(err, where{}).code != exitInUse {
		t.Errorf("a second engine: got %v, want errLocked", err)
	}
}

func TestEngineAnswersFromTheIndexWhenOffline(t *testing.T) {
	store := remotetest.NewFaulty(remotetest.NewMemory())
	mustInit(t, store)
	p, notes := testPlace(t), &bytes.Buffer{}
	e, err := openEngine(t.Context(), p, false, testGround(store, notes))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Import(t.Context(), []string{music(t)}, intake.Options{}, listener{}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []error{remote.ErrOffline, remote.ErrDenied, remote.ErrNoStore} {
		store.Break(kind)
		notes.Reset()
		e, err := openEngine(t.Context(), p, false, testGround(store, notes))
		if err != nil {
			t.Fatal(err)
		}
		files := 0
		err = e.List(t.Context(), "/", true, func(l listed) error {
			if l.Kind == catalog.File {
				files++
			}
			return nil
		})
		if err != nil || files != 2 || !bytes.Contains(notes.Bytes(), []byte("answering from what this device knew last")) {
			t.Errorf("%v: got %d files, %v, said %q", kind, files, err, notes)
		}
		if _, err := e.Import(t.Context(), []string{music(t)}, intake.Options{}, listener{}); !errors.Is(err, kind) {
			t.Errorf("%v: import gave %v", kind, err)
		}
		e.Close()
	}
}

func TestEngineFollows(t *testing.T) {
	store := remotetest.NewFaulty(remotetest.NewMemory())
	mustInit(t, store)
	e := open(t, testPlace(t), testGround(store, io.Discard))
	ctx, stop := context.WithCancel(t.Context())
	e.following.Store(true)
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		e.follow(ctx, 10*time.Millisecond, nil)
	}()
	network := func(want string) func() bool {
		return func() bool {
			s, err := e.Status(t.Context())
			return err == nil && s.Network == want
		}
	}
	await(t, "online", network(linkOnline))
	store.Break(remote.ErrOffline)
	await(t, "offline", network(linkOffline))
	store.Break(nil)
	other := open(t, testPlace(t), testGround(store, io.Discard))
	if _, err := other.Import(t.Context(), []string{music(t)}, intake.Options{}, listener{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the other device's files", func() bool {
		s, err := e.Status(t.Context())
		return err == nil && s.Totals.Files == 2 && s.Change != nil && s.Change.Device == other.device.Name
	})
	stop()
	<-followed
}

func TestStoreThatCannotBeShared(t *testing.T) {
	store := remotetest.NewMemory()
	store.Treat(remote.Conditions{Create: remote.Ignored, Replace: remote.Ignored, Read: remote.Enforced})
	a := &app{out: io.Discard, err: io.Discard, openStore: func(context.Context, *url.URL, string) (remote.Store, error) { return store, nil }}
	first, second := testPlace(t), testPlace(t)
	done, err := join(t.Context(), first, false, a)
	if err != nil || !done.Created || done.Shared {
		t.Fatalf("got %+v, %v, want a locker that cannot be shared", done, err)
	}
	src := music(t)
	take := func(p place) error {
		e, err := openEngine(t.Context(), p, false, a.ground())
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		_, err = e.Import(t.Context(), []string{src}, intake.Options{}, listener{})
		return err
	}
	if err := take(first); err != nil {
		t.Errorf("its maker: %v", err)
	}
	if _, err := join(t.Context(), first, false, a); err != nil {
		t.Fatal(err)
	}
	if err := take(first); err != nil {
		t.Errorf("its maker, after another init: %v", err)
	}
	if done, err = join(t.Context(), second, false, a); err == nil {
		t.Fatalf("a second device joins a store that cannot be shared: %+v", done)
	}
	if err := take(second); err == nil {
		t.Error("a second device may write to a store that cannot be shared")
	}
	if _, err := join(t.Context(), second, true, a); err != nil {
		t.Fatal(err)
	}
	if err := take(second); err != nil {
		t.Errorf("asserted to be the only one: %v", err)
	}
}

func TestProbedIsOfOneStore(t *testing.T) {
	dir := t.TempDir()
	if _, err := probeStore(t.Context(), remotetest.NewMemory(), dir, "s3://a", false); err != nil {
		t.Fatal(err)
	}
	if p, ok := readProbed(dir, "s3://a"); !ok || p.mayCommit() != nil {
		t.Errorf("got %+v, %v", p, ok)
	}
	if _, ok := readProbed(dir, "s3://b"); ok {
		t.Error("what one store enforces is taken for another's")
	}
	if err := os.WriteFile(conditionsPath(dir), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := readProbed(dir, "s3://a"); ok {
		t.Error("a damaged record is believed")
	}
}

func TestLazyStoreTriesAgain(t *testing.T) {
	tries := 0
	l := newLazyStore(func(context.Context) (remote.Store, error) {
		if tries++; tries == 1 {
			return nil, remote.ErrNoStore
		}
		return remotetest.NewMemory(), nil
	})
	if _, err := l.Head(t.Context(), "k"); !errors.Is(err, remote.ErrNoStore) {
		t.Errorf("got %v, want ErrNoStore", err)
	}
	for range 2 {
		if _, err := l.Head(t.Context(), "k"); !errors.Is(err, remote.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	}
	if tries != 2 {
		t.Errorf("opened %d times, want 2", tries)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stuck := newLazyStore(nil)
	stuck.turn <- struct{}{}
	if _, err := stuck.Head(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for a stuck open: got %v", err)
	}
}
