package pin

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func reopen(t *testing.T, dir string) (*Rules, string) {
	t.Helper()
	r, aside, err := OpenRules(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r, aside
}

func TestRules(t *testing.T) {
	dir := t.TempDir()
	r, aside := reopen(t, dir)
	if r.Any() || aside != "" {
		t.Errorf("rules %v, aside %q in an empty folder", r.List(), aside)
	}
	want := []Rule{{ID: 5, Path: "Björk/Homogenic", Since: time.Unix(1e9, 0).UTC()}, {ID: 7, List: true, Path: "run.m3u8", Since: time.Unix(2e9, 0).UTC()}}
	for _, w := range want {
		if err := r.Change(func(l []Rule) []Rule { return append(l, w) }); err != nil {
			t.Fatal(err)
		}
	}
	again, _ := reopen(t, dir)
	if !slices.Equal(again.List(), want) || !again.Has(5) || again.Has(6) {
		t.Errorf("after a restart %v", again.List())
	}
	// What a crash leaves of a change that did not come to its end does not count.
	if err := os.WriteFile(filepath.Join(dir, ".pins-123"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, aside := reopen(t, dir); len(again.List()) != 2 || aside != "" {
		t.Errorf("a leftover made it %v, aside %q", again.List(), aside)
	}
	err := r.Change(func(l []Rule) []Rule { l[0].Path = strings.Repeat("x", maxRules); return l })
	if err == nil || !slices.Equal(r.List(), want) {
		t.Errorf("rules without end were taken: %v", err)
	}
}

func TestDamagedRulesArePutAside(t *testing.T) {
	for _, text := range []string{"", "{", `{"format": 2, "pins": []}`, `{"format": 1, "pins": [{"id": 0}]}`, "\x00\x00\x00", strings.Repeat(" ", maxRules+1)} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "pins"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, aside := reopen(t, dir)
		if got, err := os.ReadFile(aside); err != nil || string(got) != text {
			t.Errorf("%.20q is not aside: %v", text, err)
		}
		if r.Any() || !slices.Equal(r.Aside(), []string{aside}) {
			t.Errorf("rules %v, aside %v", r.List(), r.Aside())
		}
		if err := r.Change(func(l []Rule) []Rule { return append(l, Rule{ID: 1}) }); err != nil {
			t.Fatal(err)
		}
		if again, now := reopen(t, dir); !again.Has(1) || now != "" || len(again.Aside()) != 1 {
			t.Errorf("after a restart %v, aside %q", again.List(), now)
		}
	}
}

func TestStampsTellApart(t *testing.T) {
	sum := [32]byte{0xff, 0xff, 0xff, 0xff}
	at := stamp("a", sum)
	if at.Unix() < 0 || at.Unix() > 1<<31-1 {
		t.Errorf("%v is a time that not all disks keep", at)
	}
	if stamp("b", sum).Equal(at) || stamp("a", [32]byte{1}).Equal(at) {
		t.Error("two files have one stamp")
	}
}
