package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lockerfs": main})
}

func TestScripts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("the scripts mount file systems of their own: run them as root")
	}
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		Setup:              setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"wav": scriptWAV, "gateway": scriptGateway, "tmpfs": scriptTmpfs,
			"mounted": scriptMounted, "until": scriptUntil, "code": scriptCode,
		},
	})
}

func setUpScript(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	for _, v := range [][2]string{{"HOME", home}, {"XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, "run")}, {"LOCKERFS_POLL", "50ms"},
		// Scripts are about what is answered; the machine may be slow.
		{"LOCKERFS_COMPLETION", deadline.String()},
		// Under the race detector every process would sleep a second at its end.
		{"GORACE", "atexit_sleep_ms=0"}} {
		env.Setenv(v[0], v[1])
	}
	// A script that fails must leave no mount behind.
	env.Defer(func() {
		list := liveMounts()
		slices.Reverse(list)
		for _, point := range list {
			if strings.HasPrefix(point, env.WorkDir+"/") {
				_ = unix.Unmount(point, unix.MNT_DETACH)
			}
		}
	})
	return os.MkdirAll(home, 0o755)
}

// scriptCode runs a command that must end with an exit code: code N COMMAND...
func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND [ARG...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		got = -1
		if exit, ok := err.(*exec.ExitError); ok {
			got = exit.ExitCode()
		}
	}
	// mount is a daemon, and may have logged before it failed.
	if args[1] == "lockerfs" && !slices.Contains(args, "mount") {
		said := strings.Split(strings.TrimSuffix(ts.ReadFile("stderr"), "\n"), "\n")
		if len(said) > 2 || !strings.HasPrefix(said[0], "lockerfs: ") || len(said) == 2 && !strings.HasPrefix(said[1], "next: ") {
			ts.Fatalf("want a cause in one line and a next step in another, got %q", said)
		}
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("%s ended with code %d (%v), want %s", strings.Join(args[1:], " "), got, err, want)
	}
}

// scriptWAV makes a tagged WAV file: wav FILE ARTIST ALBUM TITLE TRACK [KILOBYTES].
func scriptWAV(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 {
		ts.Fatalf("usage: wav FILE ARTIST ALBUM TITLE TRACK [KILOBYTES]")
	}
	size := 64
	if len(args) > 5 {
		n, err := strconv.Atoi(args[5])
		ts.Check(err)
		size = n
	}
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	ts.Check(os.WriteFile(path, wavFile(args[1], args[2], args[3], args[4], size<<10), 0o644))
}

// scriptGateway starts an S3 server with one bucket and sets S3 to its URL, and the
// credentials of the AWS chain.
func scriptGateway(ts *testscript.TestScript, _ bool, _ []string) {
	g, err := remotetest.RunGateway(context.Background(), remotetest.GatewayOptions{Folder: ts.MkAbs("gateway-" + strconv.Itoa(rand.IntN(1e6)))})
	ts.Check(err)
	ts.Defer(g.Stop)
	ts.Check(g.MakeBucket("crates"))
	ts.Setenv("S3", g.URL("crates", "home"))
	ts.Setenv("ENDPOINT", g.Endpoint)
	ts.Setenv("BUCKET", g.BucketFolder("crates"))
	for _, pair := range g.Env() {
		name, value, _ := strings.Cut(pair, "=")
		ts.Setenv(name, value)
	}
}

// scriptTmpfs mounts a small disk: tmpfs DIR SIZE.
func scriptTmpfs(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: tmpfs DIR SIZE")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
}

// scriptMounted waits until a folder is, or with ! is not, a mount of lockerfs.
func scriptMounted(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] mounted DIR")
	}
	dir := ts.MkAbs(args[0])
	poll(ts, func() bool { return inside(dir, liveMounts()) == !neg })
}

// scriptUntil runs a command until its output matches: until REGEXP COMMAND...
func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND [ARG...]")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	poll(ts, func() bool {
		_ = ts.Exec(args[1], args[2:]...) // its output is what counts
		return want.MatchString(ts.ReadFile("stdout")) || want.MatchString(ts.ReadFile("stderr"))
	})
}

func poll(ts *testscript.TestScript, done func() bool) {
	for end := time.Now().Add(deadline); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("it did not come to be within %v", deadline)
		}
	}
}
