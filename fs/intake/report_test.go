package intake_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestDryRunStreams: where files would stand is told as it is found, not listed.
func TestDryRunStreams(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), album(t)
	d.run(t, intake.Options{}, dir)
	write(t, dir+"/back.jpg", read(t, dir+"/cover.jpg"))
	wave(t, dir+"/c.wav", "Björk", "Homogenic", "Unravel", "3")
	var got []intake.Placed
	d.importer.Placed = func(p intake.Placed) { got = append(got, p) }
	r := d.run(t, intake.Options{DryRun: true}, dir)
	size := func(name string) int64 { return int64(len(read(t, filepath.Join(dir, name)))) }
	want := []intake.Placed{
		{Path: "Björk/Homogenic/01 Hunter.wav", Action: intake.Present, Source: dir + "/a.wav", Size: size("a.wav")},
		{Path: "Björk/Homogenic/02 Jóga.wav", Action: intake.Present, Source: dir + "/b.wav", Size: size("b.wav")},
		{Path: "Björk/Homogenic/03 Unravel.wav", Action: intake.Upload, Source: dir + "/c.wav", Size: size("c.wav")},
		{Path: "Björk/Homogenic/back.jpg", Action: intake.Match, Source: dir + "/back.jpg", Size: size("back.jpg")},
		{Path: "Björk/Homogenic/cover.jpg", Action: intake.Present, Source: dir + "/cover.jpg", Size: size("cover.jpg")},
	}
	if d := diff.Diff(want, got); d != "" || r.Placed != nil {
		t.Errorf("%d in the report\n%s", len(r.Placed), d)
	}
	if r := d.run(t, intake.Options{}, dir); len(got) != len(want) || r.Imported != 1 {
		t.Errorf("an import for real told of %d places more; report: %+v", len(got)-len(want), r)
	}
}

// TestCollisionsAreNamed: with who wanted the name, and who has it.
func TestCollisionsAreNamed(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), filepath.Join(t.TempDir(), "in")
	for _, name := range []string{"a", "b"} {
		wave(t, src+"/"+name+".wav", "Can", "Tago Mago", "Mushroom", "2")
	}
	wave(t, src+"/c.wav", "Can", "Tago Mago", "Mushroom (2)", "3") // that is its name
	wave(t, src+"/d.wav", "Can", "Tago Mago", "Mushroom", "3")
	for _, dry := range []bool{true, false} {
		r := d.run(t, intake.Options{DryRun: dry}, src)
		want := []intake.Note{{File: "Can/Tago Mago/02 Mushroom (2).wav",
			What: "from " + src + "/b.wav; " + src + `/a.wav has the name "02 Mushroom.wav"`}}
		if d := diff.Diff(want, r.Renamed); d != "" || r.RenamedCount != 1 {
			t.Error(d)
		}
	}
	wave(t, src+"/a.wav", "Can", "Tago Mago", "Mushroom", "2")
	r := d.run(t, intake.Options{}, src)
	if len(r.Renamed) != 1 || !strings.HasSuffix(r.Renamed[0].What, `; a file that was in the locker has the name "02 Mushroom.wav"`) {
		t.Errorf("renamed: %v", r.Renamed)
	}
}

// TestTwinComesInWhenTheOtherFails: two sources, equal to the byte, want one place. The
// second must not be called present while the first may still fail.
func TestTwinComesInWhenTheOtherFails(t *testing.T) {
	src := t.TempDir()
	wave(t, src+"/a/1.wav", "Can", "Tago Mago", "Mushroom", "2")
	write(t, src+"/b/1.wav", read(t, src+"/a/1.wav"))
	d := newDevice(t, remotetest.NewMemory())
	d.importer.Store = &before{Store: d.store, f: func() {
		if err := os.Truncate(src+"/a/1.wav", 1); err != nil {
			t.Error(err)
		}
	}}
	r := d.run(t, intake.Options{}, src)
	if r.Imported != 1 || r.FailedCount != 1 || len(d.tree(t)) != 1 {
		t.Errorf("%d files in the locker; report: %+v", len(d.tree(t)), r)
	}
	write(t, src+"/a/1.wav", read(t, src+"/b/1.wav"))
	d = newDevice(t, remotetest.NewMemory())
	if r := d.run(t, intake.Options{}, src); r.Imported != 1 || r.Present != 1 || d.objects(t) != 1 {
		t.Errorf("without a fault: %+v", r)
	}
}

// TestBadLayoutStartsNothing: not even to recover a commit.
func TestBadLayoutStartsNothing(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), album(t)
	d.importer.Commit = unrecovering{d.importer.Commit}
	_, err := d.importer.Run(t.Context(), []string{dir}, intake.Options{Layout: "{no such field}/{"}, nil)
	if err == nil || errors.Is(err, errUndecided) {
		t.Errorf("a bad layout gives %v", err)
	}
	if _, err := os.Stat(d.importer.Memory); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its memory was made: %v", err)
	}
}
