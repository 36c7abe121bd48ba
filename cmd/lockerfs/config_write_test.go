package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Lockers that are added at the same time are all there in the end.
func TestAddLockersAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	const many = 12
	var adding sync.WaitGroup
	for i := range many {
		adding.Go(func() {
			name := fmt.Sprintf("l%d", i)
			if added, err := addLocker(t.Context(), path, name, lockerConfig{Store: "file:///" + name}); err != nil || !added {
				t.Errorf("%s: got %v, %v", name, added, err)
			}
		})
	}
	adding.Wait()
	c, err := readConfig(path)
	if err != nil || len(c.Locker) != many {
		t.Errorf("got %v, %v, want %d lockers", c.names(), err, many)
	}
}

// A config file that cannot be added to stays as it is, and says what to do.
func TestConfigIsLeftUntouched(t *testing.T) {
	for name, text := range map[string]string{
		"does not parse":  "[locker.a]\nstore = \n# a note\n",
		"unknown key":     "[locker.a]\nstroe = \"file:///a\"\n",
		"inline table":    "locker = {a = {store = \"file:///a\"}} # mine\n",
		"inline in table": "default = \"a\"\nlocker.a = {store = \"file:///a\"}\nlocker.b.store = \"file:///b\"\n[locker.\"new\"]\nstore = \"file:///other\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "config.toml")
			if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
				t.Fatal(err)
			}
			added, err := addLocker(t.Context(), path, "new", lockerConfig{Store: "file:///new"})
			if f := diagnose(err, where{}); added || err == nil || f.code != exitUsage || f.next == "" {
				t.Errorf("got %v, %v, want a fault of the config file", added, err)
			}
			got, err := os.ReadFile(path)
			if err != nil || string(got) != text {
				t.Errorf("got %q, %v, want it as it was: %q", got, err, text)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("mode: got %v, %v", info.Mode(), err)
			}
			left, err := filepath.Glob(filepath.Join(dir, ".lockerfs-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// Lockers of an inline table can be used, though none can be added.
func TestInlineConfigIsRead(t *testing.T) {
	c, err := parseConfig("f", "default = \"b\"\nlocker = {a = {store = \"file:///a\", mount = \"~/A\"}, b = {store = \"file:///b\"}}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]lockerConfig{"a": {Store: "file:///a", Mount: "~/A"}, "b": {Store: "file:///b"}}
	if diff := cmp.Diff(want, c.Locker); diff != "" {
		t.Error(diff)
	}
}

// A relative path of the config file starts at its folder, wherever the command
// runs; one of a flag at the working folder.
func TestRelativePaths(t *testing.T) {
	dir, home, elsewhere := t.TempDir(), t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	text := "[locker.a]\nstore = \"./music\"\nstate = \"st/a\"\ncache = \"../ca\"\nmount = \"mnt\"\ncredentials = \"keys/a\"\n"
	file := filepath.Join(dir, "c", "config.toml")
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := place{name: "a", store: "file://" + dir + "/c/music", state: dir + "/c/st/a", cache: dir + "/ca", mount: dir + "/c/mnt", credentials: dir + "/c/keys/a"}
	for name, c := range map[string]struct {
		wd    string
		flags flags
		want  func(p *place)
	}{
		"from elsewhere":   {elsewhere, flags{config: file}, func(*place) {}},
		"from beside it":   {dir, flags{config: "c/config.toml"}, func(*place) {}},
		"by its store":     {filepath.Join(dir, "c"), flags{config: "config.toml", store: "./music"}, func(*place) {}},
		"by another":       {elsewhere, flags{config: file, store: "./music"}, func(p *place) { *p = place{} }},
		"with a flag":      {elsewhere, flags{config: file, state: "st"}, func(p *place) { p.state = elsewhere + "/st" }},
		"with a flag of ~": {elsewhere, flags{config: file, cache: "~/ca"}, func(p *place) { p.cache = home + "/ca" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(c.wd)
			got, err := (&app{flags: c.flags}).place()
			if err != nil {
				t.Fatal(err)
			}
			want := want
			if c.want(&want); want.name == "" {
				if got.name == "a" || got.state == dir+"/c/st/a" {
					t.Errorf("taken for the locker of the config: %+v", got)
				}
				return
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(place{}, ownership{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A config file that already holds the locker need not be writable, and however its
// paths are written they are known again.
func TestAddLockerThatIsThere(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	dir := t.TempDir()
	path := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte("[locker.a]\nstore = \"./m\"\nmount = \"~/A\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	added, err := addLocker(t.Context(), path, "a", lockerConfig{Store: "file://" + dir + "/m", Mount: home + "/A"})
	if added || err != nil {
		t.Errorf("got %v, %v, want it known", added, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want nothing written", entries, err)
	}
}

// Who waits for a config file that another one writes gives up when it is told to.
func TestLockConfigEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	err := lockConfig(t.Context(), path, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := lockConfig(ctx, path, func() error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of its time", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := lockConfig(t.Context(), path, func() error { return nil }); err != nil {
		t.Errorf("after it: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(left) > 0 && !strings.HasSuffix(left[0], ".lock") {
		t.Errorf("left: %v", left)
	}
}
