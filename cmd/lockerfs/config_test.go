package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestExampleConfig(t *testing.T) {
	c, err := parseConfig("config.example.toml", exampleConfig)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.names(), []string{"music", "vinyl"}; !cmp.Equal(got, want) {
		t.Errorf("lockers: %s", cmp.Diff(want, got))
	}
	music, vinyl := c.Locker["music"], c.Locker["vinyl"]
	if got, want := music.CacheSize, "50GB"; got != want {
		t.Errorf("cache_size: got %q, want %q", got, want)
	}
	if vinyl.UID == nil || *vinyl.UID != 1000 || !vinyl.AllowOther || vinyl.Umask != "022" {
		t.Errorf("vinyl: got %+v", vinyl)
	}
}

func TestExampleConfigNamesEveryKey(t *testing.T) {
	for _, key := range []string{"store", "mount", "cache", "cache_size", "heads", "state", "credentials", "allow_other", "uid", "gid", "umask", "layout", "default"} {
		if !strings.Contains(exampleConfig, "\n"+key+" = ") {
			t.Errorf("the example does not show %q", key)
		}
	}
}

func TestConfigFaults(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":       {"\n[locker.a]\nstore = \"file:///a\"\nmuont = \"x\"\n", `f:4: unknown key "locker.a.muont"`},
		"unknown table":     {"[lockers.a]\nstore = \"file:///a\"\n", `f:1: unknown key "lockers`},
		"wrong type":        {"[locker.a]\nstore = 3\n", "f:2: "},
		"bad size":          {"[locker.a]\nstore = \"file:///a\"\ncache_size = \"big\"\n", `f:1: [locker.a] cache_size: "big"`},
		"bad umask":         {"[locker.a]\nstore = \"file:///a\"\numask = \"9\"\n", "f:1: [locker.a] umask"},
		"bad store":         {"[locker.a]\nstore = \"http://a\"\n", "f:1: [locker.a] store"},
		"bad name":          {"[locker.\"a/b\"]\nstore = \"file:///a\"\n", `f:1: "a/b" cannot name a locker`},
		"default not there": {"\ndefault = \"b\"\n[locker.a]\nstore = \"file:///a\"\n", `f:2: default names "b"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseConfig("f", c.text)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("got %v, want %s…", err, c.want)
			}
			if got, want := diagnose(err, where{}).code, exitUsage; got != want {
				t.Errorf("code: got %d, want %d", got, want)
			}
		})
	}
}

func TestAddLocker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "config.toml")
	for _, step := range []struct {
		name  string
		l     lockerConfig
		added bool
		fault bool
	}{
		{"a", lockerConfig{Store: "file:///a", Mount: "/mnt/a b"}, true, false},
		{"a", lockerConfig{Store: "file:///a"}, false, false},
		{"a", lockerConfig{Store: "file:///other"}, false, true},
		{"b", lockerConfig{Store: `file:///it's "b"`, Credentials: "keys"}, true, false},
	} {
		added, err := addLocker(t.Context(), path, step.name, step.l)
		if added != step.added || (err != nil) != step.fault {
			t.Errorf("%+v: got %v, %v", step, added, err)
		}
	}
	c, err := readConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]lockerConfig{
		"a": {Store: "file:///a", Mount: "/mnt/a b"},
		"b": {Store: `file:///it's "b"`, Credentials: "keys"},
	}
	if diff := cmp.Diff(want, c.Locker); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v, %v, want 0600", info.Mode(), err)
	}
}

// Whatever a config holds, adding a locker keeps its text and the result is read
// back as it was meant.
func TestAddLockerKeepsTheRest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	rapid.Check(t, func(t *rapid.T) {
		comment := rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "comment")
		l := lockerConfig{Store: "file:///store", Mount: "/" + rapid.StringMatching(`[ -~äß☂]{0,20}`).Draw(t, "mount")}
		before := "# " + comment + "\n[locker.old]\nstore = \"file:///old\" # " + comment + "\n"
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := addLocker(context.Background(), path, "new", l); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(after), before) {
			t.Fatalf("got %q, %v, want it to begin with %q", after, err, before)
		}
		c, err := parseConfig(path, string(after))
		if err != nil || !reflect.DeepEqual(c.Locker["new"], l) {
			t.Fatalf("got %+v, %v, want %+v", c.Locker["new"], err, l)
		}
	})
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	file := filepath.Join(dir, "config.toml")
	text := "default = \"b\"\n[locker.a]\nstore = \"file:///a\"\nmount = \"~/A\"\ncache_size = \"2GB\"\n[locker.b]\nstore = \"file:///b\"\ncredentials = \"keys\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		flags                    flags
		name, store, state, keys string
		code                     exitCode
	}{
		"default":         {flags{}, "b", "file:///b", "", filepath.Join(dir, "keys"), exitOK},
		"by name":         {flags{locker: "a"}, "a", "file:///a", "", "", exitOK},
		"by store":        {flags{store: "file:///a"}, "a", "file:///a", "", "", exitOK},
		"a plain path":    {flags{store: "/x/../y"}, "y-" + nameOf("/x/../y")[2:], "file:///y", "", "", exitOK},
		"state by flag":   {flags{locker: "a", state: "/s"}, "a", "file:///a", "/s", "", exitOK},
		"nobody":          {flags{locker: "c"}, "", "", "", "", exitNoLocker},
		"named elsewhere": {flags{locker: "c", store: "file:///c"}, "c", "file:///c", "", "", exitOK},
	} {
		t.Run(name, func(t *testing.T) {
			c.flags.config = file
			a := &app{flags: c.flags}
			p, err := a.place()
			if c.code != exitOK {
				if err == nil || diagnose(err, where{}).code != c.code {
					t.Fatalf("got %+v, %v, want code %d", p, err, c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.store != c.store || c.name != "" && !strings.HasPrefix(p.name, c.name[:1]) || p.credentials != c.keys || c.state != "" && p.state != c.state {
				t.Errorf("got %+v, want %+v", p, c)
			}
		})
	}
}

func TestParseStore(t *testing.T) {
	for in, want := range map[string]string{
		"file:///a/b/":        "file:///a/b",
		"file://localhost/a":  "file:///a",
		"/a b/c":              "file:///a%20b/c",
		"s3://b/p?region=x":   "s3://b/p?region=x",
		"file:relative":       "",
		"file://host/a":       "",
		"file:///a?x=1":       "",
		"s3://":               "",
		"s3://b?nonsense=1":   "",
		"gopher://x":          "",
		"bucket":              "",
		"s3://k:secret@b/p":   "",
		"file:///a%2Fb/../c":  "file:///a/c",
		"file:///hash%23here": "file:///hash%23here",
	} {
		u, err := parseStore(in)
		if want == "" {
			if err == nil {
				t.Errorf("%s: got %s, want an error", in, u)
			} else if strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: the error shows the secret: %v", in, err)
			}
			continue
		}
		if err != nil || u.String() != want {
			t.Errorf("%s: got %v, %v, want %s", in, u, err, want)
		}
	}
}

func TestReadConfigBounds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	if _, err := readConfig(path); err != nil {
		t.Errorf("missing: got %v", err)
	}
	if err := os.WriteFile(path, make([]byte, maxConfig+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readConfig(path); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("too large: got %v", err)
	}
}
