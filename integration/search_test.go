package integration

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exitNothing is the documented code of a search that found nothing.
const exitNothing = 15

// found are searches of the messy collection, and all that they find.
var found = []struct {
	words string
	paths []string
}{
	{"portishead numb", []string{"Portishead/Dummy/07 - Numb.flac"}},
	{"PORTIS NUM", []string{"Portishead/Dummy/07 - Numb.flac"}}, // how words begin
	{"wander", []string{"Portishead/Dummy/05 - Wandering Star.flac"}},
	{"bjork debut", []string{"Björk/Debut/01 Human Behaviour.m4a", "Björk/Debut/02 Crying.m4a"}}, // no accents
	{"bjo\u0308rk crying", []string{"Björk/Debut/02 Crying.m4a"}},                                // accents apart
	{"1997 sehnsucht du", []string{"Rammstein/Sehnsucht/04 Du hast.mp3"}},                        // year, album, title
	{"kapitel 24 calvino", []string{"Italo Calvino/Die unsichtbaren Städte/24 Kapitel 24.mp3"}},
	{"ЗЕМФИРА лондон", []string{"Земфира/Прости меня моя любовь/02 Лондон.mp3"}},
	{"空いろのくれよん", []string{"はっぴいえんど/風街ろまん/02 空いろのくれよん.mp3"}},
	{"portishead folder jpg", []string{"Portishead/Dummy/folder.jpg"}}, // what is no music, by its name
	{"portishead lambchop", nil},
	{"no such music anywhere", nil},
	{`"numb" * dummy`, []string{"Portishead/Dummy/07 - Numb.flac"}}, // syntax of nothing
	{"numb OR lambchop", nil},
}

// searches looks for music without the daemon, and through it.
func searches(t *testing.T, d *device) {
	if diff := cmp.Diff(found[0].paths, d.search(t, found[0].words)); diff != "" {
		t.Errorf("search %q (-want +got):\n%s", found[0].words, diff)
	}
	d.mount()
	for _, f := range found {
		if diff := cmp.Diff(f.paths, d.search(t, f.words)); diff != "" {
			t.Errorf("search %q through the daemon (-want +got):\n%s", f.words, diff)
		}
	}
	// What it prints is for other programs.
	for _, f := range d.search(t, "--real", "portishead", "dummy") {
		if out, err := command(t, "ffprobe", "-v", "error", f); strings.HasSuffix(f, ".flac") && err != nil {
			t.Errorf("%s does not play: %v\n%s", f, err, out)
		} else if !strings.HasPrefix(f, filepath.Join(d.mnt, "Portishead/Dummy")+"/") {
			t.Errorf("search --real gave %s", f)
		}
	}
	d.unmount()
}

// search gives the paths that a search prints.
func (d *device) search(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := d.command(t.Context(), append([]string{"search", "-0"}, args...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitNothing && len(out) == 0 {
		return nil
	}
	if err != nil || len(out) == 0 {
		t.Fatalf("lockerfs search %q: %v, and it printed %q", args, err, out)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}
