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
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// serving gives a client of l through a socket in a fresh state folder.
func serving(t *testing.T, l locker, state string) *client {
	t.Helper()
	s, err := serve(l, where{state: state}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	c, ok := dial(t.Context(), state)
	if !ok {
		t.Fatal("nobody answers")
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// The engine and a client of it give the same answers and the same faults.
func TestClientAnswersAsTheEngine(t *testing.T) {
	store := remotetest.NewMemory()
	mustInit(t, store)
	e := open(t, testPlace(t), testGround(store, io.Discard))
	c := serving(t, e, e.place.state)
	src := music(t)
	for name, ask := range map[string]func(locker) (any, error){
		"status": func(l locker) (any, error) { return l.Status(t.Context()) },
		"list": func(l locker) (any, error) {
			var all []listed
			err := l.List(t.Context(), "/", true, func(x listed) error { all = append(all, x); return nil })
			return all, err
		},
		"list of nothing":   func(l locker) (any, error) { return nil, l.List(t.Context(), "/no", true, nil) },
		"info of a file":    func(l locker) (any, error) { return l.Info(t.Context(), "Alpha/First/01 One.wav") },
		"info of a folder":  func(l locker) (any, error) { return l.Info(t.Context(), "/Alpha/") },
		"info of nothing":   func(l locker) (any, error) { return l.Info(t.Context(), "Alpha/ä?&%") },
		"search":            func(l locker) (any, error) { return l.Search(t.Context(), "alpha one", 10) },
		"search of nothing": func(l locker) (any, error) { return l.Search(t.Context(), "nowhere & else", 10) },
		"search for too much": func(l locker) (any, error) {
			return l.Search(t.Context(), strings.Repeat("ab cd ", 40), 10)
		},
		"dry run":                 func(l locker) (any, error) { return dryRun(t, l, src) },
		"organize, dry":           func(l locker) (any, error) { return organizing(t, l, "", "year") },
		"organize of nothing":     func(l locker) (any, error) { return organizing(t, l, "/no", "") },
		"organize of a file":      func(l locker) (any, error) { return organizing(t, l, "Alpha/First/01 One.wav", "") },
		"organize with keep":      func(l locker) (any, error) { return organizing(t, l, "", "keep") },
		"organize by a template":  func(l locker) (any, error) { return organizing(t, l, "Alpha", "{album}/{title}") },
		"organize by no template": func(l locker) (any, error) { return organizing(t, l, "Alpha", "{x}") },
		"import of present":       func(l locker) (any, error) { return l.Import(t.Context(), []string{src}, intake.Options{}, listener{}) },
		"import of nothing": func(l locker) (any, error) {
			return l.Import(t.Context(), []string{src + "/none"}, intake.Options{DryRun: true}, listener{})
		},
	} {
		if _, err := e.Import(t.Context(), []string{src}, intake.Options{}, listener{}); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			want, wantErr := ask(e)
			got, gotErr := ask(c)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(info{}), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(intake.Report{}, "Elapsed"), cmpopts.IgnoreFields(intake.OrganizeReport{}, "Elapsed")); diff != "" {
				t.Error(diff)
			}
			if (wantErr == nil) != (gotErr == nil) {
				t.Fatalf("got %v, want %v", gotErr, wantErr)
			}
			if wantErr == nil {
				return
			}
			w, g := diagnose(wantErr, e.place.where()), diagnose(gotErr, where{})
			if g.code != w.code || g.next != w.next {
				t.Errorf("got fault %+v, want %+v", g, w)
			}
		})
	}
}

// dryRun gives where the files of an import would stand.
func dryRun(t *testing.T, l locker, src string) (any, error) {
	var all []intake.Placed
	opts := intake.Options{DryRun: true, Layout: "{album}/{track} {title}"}
	report, err := l.Import(t.Context(), []string{src}, opts, listener{placed: func(p intake.Placed) { all = append(all, p) }})
	if err == nil && len(all) == 0 {
		t.Error("nothing is placed")
	}
	return []any{all, report}, err
}

// organizing gives what would move.
func organizing(t *testing.T, l locker, at, layout string) (any, error) {
	var all []intake.Move
	opts := intake.OrganizeOptions{DryRun: true, Layout: layout}
	report, err := l.Organize(t.Context(), at, opts, organizeListener{moved: func(m intake.Move) { all = append(all, m) }})
	return []any{all, report}, err
}

// fake is a locker whose Import tells that it has begun and waits for its end.
type fake struct {
	locker
	begun chan struct{}
}

func (f *fake) Import(ctx context.Context, _ []string, _ intake.Options, l listener) (intake.Report, error) {
	l.progress(intake.Progress{Found: 7})
	close(f.begun)
	<-ctx.Done()
	return intake.Report{Imported: 3}, ctx.Err()
}

func (f *fake) List(_ context.Context, _ string, _ bool, emit func(listed) error) error {
	for range 3 {
		if err := emit(listed{Path: "x"}); err != nil {
			return err
		}
	}
	return errors.New("in the middle")
}

// Ending an import through the socket ends it there, and its report arrives.
func TestClientEndsItsImport(t *testing.T) {
	f := &fake{begun: make(chan struct{})}
	c := serving(t, f, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-f.begun
		cancel()
	}()
	seen := int64(0)
	report, err := c.Import(ctx, nil, intake.Options{}, listener{progress: func(p intake.Progress) { seen = p.Found }})
	if report.Imported != 3 || seen != 7 {
		t.Errorf("got %+v and progress %d, want 3 imported and 7", report, seen)
	}
	if got, want := diagnose(err, where{}).code, exitInterrupted; got != want {
		t.Errorf("got code %d (%v), want %d", got, err, want)
	}
}

// A client that dies ends its import too.
func TestServerEndsTheImportOfALostClient(t *testing.T) {
	f := &fake{begun: make(chan struct{})}
	ended := make(chan struct{})
	l := &watched{f, ended}
	state := t.TempDir()
	serving(t, l, state)
	path, err := findSocketPath(state)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"id":"x"}`
	if _, err := io.WriteString(conn, "POST "+pathImport+" HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	<-f.begun
	conn.Close()
	select {
	case <-ended:
	case <-time.After(deadline):
		t.Fatal("the import goes on")
	}
}

type watched struct {
	*fake
	ended chan struct{}
}

func (w *watched) Import(ctx context.Context, p []string, o intake.Options, l listener) (intake.Report, error) {
	defer close(w.ended)
	return w.fake.Import(ctx, p, o, l)
}

func TestClientListEndsWithTheFault(t *testing.T) {
	c := serving(t, &fake{}, t.TempDir())
	n := 0
	err := c.List(t.Context(), "", false, func(listed) error { n++; return nil })
	if n != 3 || err == nil || err.Error() != "in the middle" {
		t.Errorf("got %d entries, %v", n, err)
	}
	stop := errors.New("enough")
	if err := c.List(t.Context(), "", false, func(listed) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want what emit gave", err)
	}
}

func TestServerRefusesNonsense(t *testing.T) {
	state := t.TempDir()
	c := serving(t, &fake{}, state)
	for _, path := range []string{pathImport, pathOrganize} {
		for _, body := range []any{"text", importRequest{}} {
			if _, err := c.do(t.Context(), "POST", path, nil, body); err == nil || diagnose(err, where{}).code != exitUsage {
				t.Errorf("%s of %v: got %v", path, body, err)
			}
		}
	}
	large := map[string]string{"id": strings.Repeat("x", maxRequest)}
	if _, err := c.do(t.Context(), "POST", pathImport, nil, large); err == nil || diagnose(err, where{}).code != exitUsage {
		t.Errorf("too large: got %v", err)
	}
	if _, err := c.do(t.Context(), "GET", pathSearch, url.Values{"limit": {"x"}}, nil); err == nil || diagnose(err, where{}).code != exitUsage {
		t.Errorf("search: got %v", err)
	}
	if _, err := c.do(t.Context(), "GET", "/v1/else", nil, nil); err == nil {
		t.Error("an unknown path is answered")
	}
}

// A long path of the state folder does not keep the socket from being found, and
// no socket is ever open to others.
func TestSocketPath(t *testing.T) {
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	for name, state := range map[string]string{"short": t.TempDir(), "long": filepath.Join(t.TempDir(), strings.Repeat("long/", 30))} {
		t.Run(name, func(t *testing.T) {
			if err := os.MkdirAll(state, 0o755); err != nil {
				t.Fatal(err)
			}
			if _, ok := dial(t.Context(), state); ok {
				t.Fatal("somebody answers before anybody listens")
			}
			c := serving(t, &fake{}, state)
			_ = c
			path, err := findSocketPath(state)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != 0o600 || len(path) > maxSocketPath {
				t.Errorf("%s: got %v, %v", path, info, err)
			}
			if name == "long" != strings.HasPrefix(path, runtime) {
				t.Errorf("the socket is at %s", path)
			}
		})
	}
}

func TestSocketPathOfAnotherUser(t *testing.T) {
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	if err := os.Mkdir(filepath.Join(runtime, "lockerfs"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(runtime, "lockerfs"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := makeSocketPath(strings.Repeat("/long", 40)); err == nil {
		t.Error("a folder that others can write to is used")
	}
}

// After a restart of the machine the runtime folder may be anybody's: what a pointer
// leads to is spoken to only in a folder of ours alone.
func TestPointerIntoAFolderOfOthers(t *testing.T) {
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	state := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	if err := os.MkdirAll(state, 0o755); err != nil {
		t.Fatal(err)
	}
	serving(t, &fake{}, state)
	dir := filepath.Join(runtime, "lockerfs")
	answers := func(want bool, when string) {
		t.Helper()
		if c, ok := dial(t.Context(), state); ok != want {
			t.Errorf("%s: got %v, %v, want %v", when, c, ok, want)
		}
	}
	change := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	answers(true, "ours")
	change(os.Chmod(dir, 0o755))
	answers(false, "others may look in")
	change(os.Chmod(dir, 0o700))
	answers(true, "ours again")
	if os.Getuid() == 0 {
		change(os.Chown(dir, 12345, -1))
		answers(false, "another's")
		change(os.Chown(dir, 0, -1))
	}
	change(os.Rename(dir, dir+"-real"))
	change(os.Symlink(dir+"-real", dir))
	answers(false, "a link")
	change(os.Remove(dir))
	change(os.Rename(dir+"-real", dir))
	for _, p := range []string{"", "control.sock", "\n", strings.Repeat("/x", 60)} {
		change(os.WriteFile(pointerPath(state), []byte(p), 0o600))
		answers(false, p)
	}
}

// What an earlier owner left at the socket's place is no obstacle.
func TestServeAfterACrash(t *testing.T) {
	state := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(state, "control.sock"))
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	if _, ok := dial(t.Context(), state); ok {
		t.Error("a dead socket answers")
	}
	serving(t, &fake{}, state)
}

// Completion gives up on a process that does not answer.
func TestCompletionIsBounded(t *testing.T) {
	p := testPlace(t)
	if err := os.MkdirAll(p.state, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(p.state, "control.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a := &app{out: io.Discard, err: io.Discard, flags: flags{store: p.store, state: p.state, cache: p.cache}}
	cmd := a.lsCommand()
	cmd.SetContext(t.Context())
	t.Setenv("LOCKERFS_COMPLETION", "50ms")
	done := make(chan []string, 1)
	go func() {
		found, _ := a.completePaths(cmd, nil, "")
		done <- found
	}()
	select {
	case found := <-done:
		if len(found) > 0 {
			t.Errorf("got %v", found)
		}
	case <-time.After(deadline):
		t.Error("it waits on")
	}
}
