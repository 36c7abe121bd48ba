package library_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/library"
)

// TestPlanByFolder holds that a collection planned folder by folder, each seeing the
// placements before, ends where one planned at once does, as long as no folder's
// spelling depends on the others.
func TestPlanByFolder(t *testing.T) {
	var all []library.Source
	l, inParts := locker{}, map[string]string{}
	for folder := range 40 {
		var batch []library.Source
		for n := range 5 {
			p := fmt.Sprintf("in/%02d/%d.mp3", folder, n)
			batch = append(batch, audio(p, song(fmt.Sprintf("Artist %d", folder%7), fmt.Sprintf("Album %d", folder%11), n+1, "Song")))
		}
		batch = append(batch, other(fmt.Sprintf("in/%02d/cover.jpg", folder)))
		for from, to := range plan(t, l, batch) {
			l[to] = "id of " + from
			inParts[from] = to
		}
		all = append(all, batch...)
	}
	if len(l) != len(all) {
		t.Fatalf("%d files went to %d places", len(all), len(l))
	}
	for from, to := range plan(t, locker{}, all) {
		if inParts[from] != to {
			t.Errorf("%s: %q by folder, %q at once", from, inParts[from], to)
		}
	}
}

// TestPlanLargeFolder holds that one folder with everything in it is no trouble.
func TestPlanLargeFolder(t *testing.T) {
	var sources []library.Source
	for n := range 20000 {
		sources = append(sources, audio(fmt.Sprintf("in/%05d.mp3", n), song(fmt.Sprintf("Artist %d", n%100), fmt.Sprintf("Album %d", n%500), 0, "Song")))
	}
	start := time.Now()
	plan(t, locker{}, sources)
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("20,000 files in one folder take %v", d)
	}
}

func TestLitter(t *testing.T) {
	for name, want := range map[string]bool{
		"._01 Title.flac": true, ".DS_Store": true, "Thumbs.db": true, ".Trash-1000": true, "desktop.ini": true,
		"Icon\r": true, ".AppleDouble": true, ".picasa.ini": true, ".nomedia": true, ".git": true, ".stfolder": true, ".stversions": true, ".sync": true, "My song.lnk": true, "Icon": false,
		"01 Title.flac": false, "...And Justice": false, ".hack": false, "cover.jpg": false,
	} {
		if got := library.Litter(name); got != want {
			t.Errorf("Litter(%q) = %t", name, got)
		}
	}
}
