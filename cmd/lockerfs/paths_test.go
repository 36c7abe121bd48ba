package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTarget(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	mnt := filepath.Join(root, "mnt")
	for _, dir := range []string{"mnt/Artist", "other", "real"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"link": "mnt/Artist", "absolute": mnt, "other/up": "../mnt", "loop": "loop", "chain": "link",
		// A link inside the mount is never followed: that would ask the mount.
		"mnt/inner": "/etc",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	for arg, want := range map[string][2]string{
		mnt:                {mnt, ""},
		mnt + "/Artist/":   {mnt, "Artist"},
		"mnt/Artist/x.mp3": {mnt, "Artist/x.mp3"},
		"./mnt/../mnt/a":   {mnt, "a"},
		"link/Album":       {mnt, "Artist/Album"},
		"chain/Album":      {mnt, "Artist/Album"},
		"absolute/a":       {mnt, "a"},
		"other/up/a":       {mnt, "a"},
		"mnt/inner/passwd": {mnt, "inner/passwd"},
		"Artist":           {"", "Artist"},
		"/Artist/Album/":   {"", "Artist/Album"},
		"":                 {"", ""},
		"/":                {"", ""},
		mnt + "2/a":        {"", strings.TrimPrefix(mnt, "/") + "2/a"},
		"../../..":         {"", ""},
	} {
		point, at, err := target(arg, []string{mnt})
		if err != nil || point != want[0] || at != want[1] {
			t.Errorf("%q: got %q, %q, %v, want %q", arg, point, at, err, want)
		}
	}
	if _, _, err := target("loop/x", []string{mnt}); err == nil {
		t.Error("a loop of links has no end")
	}
	t.Chdir(filepath.Join(mnt, "Artist"))
	if point, at, err := target("../Other", []string{mnt}); point != mnt || at != "Other" || err != nil {
		t.Errorf("from inside: got %q, %q, %v", point, at, err)
	}
}

func TestSplitTakesTheInnermost(t *testing.T) {
	if point, rest := split("/a/b/c", []string{"/a", "/a/b", "/"}); point != "/a/b" || rest != "c" {
		t.Errorf("got %q, %q", point, rest)
	}
}

func TestMountRecord(t *testing.T) {
	dir := t.TempDir()
	if got := recordedMount(dir); got != "" {
		t.Errorf("none: got %q", got)
	}
	if err := recordMount(dir, "/a b/ü"); err != nil {
		t.Fatal(err)
	}
	if got, want := recordedMount(dir), "/a b/ü"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for range 2 {
		if err := forgetMount(dir); err != nil {
			t.Error(err)
		}
	}
}

func TestRclone(t *testing.T) {
	text := "# comment\n[a b]\ntype = s3\nprovider = AWS\nenv_auth = true\naccess_key_id = ignored\nregion = eu-west-1\n\n" +
		"[keys]\ntype=s3\nprovider = Minio\nendpoint = minio.lan:9000\naccess_key_id = K\nsecret_access_key = S=/+\nsession_token = T\nforce_path_style = false\n" +
		"[none]\ntype = s3\nprovider = Wasabi\n[drive]\ntype = drive\n"
	remotes, err := parseRclone(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ bucket, url string }{
		"a b":   {"music/home/", "s3://music/home?region=eu-west-1"},
		"keys":  {"music", "s3://music?endpoint=https%3A%2F%2Fminio.lan%3A9000&path_style=false"},
		"none":  {"music", ""},
		"drive": {"music", ""},
	} {
		got, err := remotes[name].storeURL(c.bucket)
		if got != c.url || (err != nil) != (c.url == "") {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, c.url)
		}
	}
	if remotes["a b"].hasKeys() || !remotes["keys"].hasKeys() {
		t.Error("env_auth means that the keys are elsewhere")
	}
	want := "[default]\naws_access_key_id = K\naws_secret_access_key = S=/+\naws_session_token = T\n"
	if diff := cmp.Diff(want, remotes["keys"].credentials()); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"RCLONE_ENCRYPT_V0:\nabc", "key = before any section\n", "[a]\nnot a pair\n"} {
		if _, err := parseRclone(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func FuzzParseRclone(f *testing.F) {
	f.Add("[a]\ntype = s3\n;x\n")
	f.Add("[\n]")
	f.Add("[")
	f.Fuzz(func(t *testing.T, text string) {
		remotes, err := parseRclone(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, r := range remotes {
			if u, err := r.storeURL("bucket/prefix"); err == nil && !strings.HasPrefix(u, "s3://bucket/prefix") {
				t.Errorf("got %q", u)
			}
		}
	})
}
