package intake_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestArtistFolder: what lies in an artist's folder comes along, what lies between
// artists does not.
func TestArtistFolder(t *testing.T) {
	music := filepath.Join(t.TempDir(), "Music")
	wave(t, music+"/Rock/björk/1997 - Homogenic/1.wav", "Björk", "Homogenic", "Hunter", "1")
	wave(t, music+"/Rock/björk/1995 - Post/1.wav", "Björk", "Post", "Army of Me", "1")
	wave(t, music+"/Rock/Mixes/1.wav", "Can", "Mixes", "Spoon", "1")
	wave(t, music+"/loose.wav", "Moby", "Play", "Porcelain", "9")
	for _, name := range []string{"Rock/björk/artist.jpg", "Rock/björk/Photos/1.jpg", "Rock/björk/.DS_Store", "Rock/charts.pdf", "notes.txt"} {
		write(t, music+"/"+name, []byte(name))
	}
	d := newDevice(t, remotetest.NewMemory())
	r := d.run(t, intake.Options{}, music)
	want := []string{"Björk/Homogenic/01 Hunter.wav", "Björk/Photos/1.jpg", "Björk/Post/01 Army of Me.wav", "Björk/artist.jpg",
		"Can/Mixes/01 Spoon.wav", "Moby/Play/09 Porcelain.wav"}
	if diff := cmp.Diff(want, paths(d.tree(t))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"charts.pdf: not music", "notes.txt: not music"}, said(r.NotAudio)); diff != "" || r.NotAudioCount != 2 {
		t.Error(r.NotAudioCount, diff)
	}
	if diff := cmp.Diff([]string{".DS_Store: litter of a desktop"}, said(r.Skipped)); diff != "" {
		t.Error(diff)
	}
	if again := d.run(t, intake.Options{}, music); again.Present != 6 || again.Imported+again.Matched != 0 {
		t.Errorf("the second time: %+v", again)
	}
}

func paths(tree map[string]string) []string {
	var out []string
	for p := range tree {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// TestEqualContentIsSentOnce: copies, hard links and empty files.
func TestEqualContentIsSentOnce(t *testing.T) {
	src := filepath.Join(t.TempDir(), "in")
	for _, name := range []string{"a/one.mp3", "b/two.mp3"} {
		write(t, src+"/"+name, []byte("the same"))
	}
	for _, name := range []string{"a/empty.jpg", "b/empty.jpg", "b/empty.txt"} {
		write(t, src+"/"+name, nil)
	}
	if err := os.Link(src+"/a/one.mp3", src+"/a/three.mp3"); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string]intake.Options{"for real": {}, "dry": {DryRun: true}} {
		d := newDevice(t, remotetest.NewMemory())
		r := d.run(t, opts, src)
		if r.Imported != 2 || r.ImportedBytes != 8 || r.Matched != 4 || r.MatchedBytes != 16 || len(r.Failed) != 0 {
			t.Errorf("%s: %+v", name, r)
		}
		if got, want := d.objects(t), 2; got != want && !opts.DryRun {
			t.Errorf("%d objects for two contents", got)
		}
		if got := len(d.tree(t)); got != 6 && !opts.DryRun {
			t.Errorf("%d files in the locker", got)
		}
	}
}

// TestDryRunSaysWhatItWouldDo: with locker paths, of all files.
func TestDryRunSaysWhatItWouldDo(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), album(t)
	d.run(t, intake.Options{}, dir)
	picture, err := os.ReadFile(dir + "/cover.jpg")
	if err != nil {
		t.Fatal(err)
	}
	wave(t, dir+"/CD2/c.wav", "Björk", "Homogenic", "Pluto", "1")
	write(t, dir+"/back.jpg", picture)
	n, applied := d.objects(t), d.index.Applied()
	r := d.run(t, intake.Options{DryRun: true}, dir)
	want := []intake.Note{
		{File: "Björk/Homogenic/01 Hunter.wav", What: "present"}, {File: "Björk/Homogenic/02 Jóga.wav", What: "present"},
		{File: "Björk/Homogenic/2-01 Pluto.wav", What: "upload"},
		{File: "Björk/Homogenic/back.jpg", What: "match"}, {File: "Björk/Homogenic/cover.jpg", What: "present"},
	}
	if diff := cmp.Diff(want, r.Placed); diff != "" {
		t.Error(diff)
	}
	if d.objects(t) != n || d.index.Applied() != applied {
		t.Error("a dry run changed something")
	}
}

// TestHugeTags: a catalog would not take them, and the music is what counts.
func TestHugeTags(t *testing.T) {
	src := filepath.Join(t.TempDir(), "in")
	comments := []string{"TITLE=Song", "ALBUM=Album", "ARTIST=Artist"}
	for i := range 64 {
		comments = append(comments, "ARTISTS="+strings.Repeat("ä", 2000)+fmt.Sprint(i))
	}
	write(t, src+"/song.flac", flac(comments))
	d := newDevice(t, remotetest.NewMemory())
	r := d.run(t, intake.Options{}, src)
	if r.Imported != 1 || len(r.Damaged) != 1 || !strings.HasPrefix(r.Damaged[0].What, "tags cut: ") || len(d.tree(t)) != 1 {
		t.Errorf("report: %+v", r)
	}
	if again := d.run(t, intake.Options{}, src); again.Present != 1 {
		t.Errorf("the second time: %+v", again)
	}
}

// flac makes a FLAC file of nothing but comments
// (https://www.rfc-editor.org/rfc/rfc9639#section-8).
func flac(comments []string) []byte {
	var list bytes.Buffer
	binary.Write(&list, binary.LittleEndian, uint32(0)) // vendor
	binary.Write(&list, binary.LittleEndian, uint32(len(comments)))
	for _, c := range comments {
		binary.Write(&list, binary.LittleEndian, uint32(len(c)))
		list.WriteString(c)
	}
	var b bytes.Buffer
	b.WriteString("fLaC")
	binary.Write(&b, binary.BigEndian, uint32(34))
	b.Write([]byte{16, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x42, 0xf0, 0, 0, 0, 0})
	b.Write(make([]byte, 16))
	binary.Write(&b, binary.BigEndian, uint32(0x84<<24|list.Len()))
	b.Write(list.Bytes())
	return b.Bytes()
}

// TestImportIsPaced: at a byte a second no file is whole in this test's time, and giving up
// does not wait for it.
func TestImportIsPaced(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), filepath.Join(t.TempDir(), "in")
	for _, name := range []string{"a", "b", "c"} {
		write(t, src+"/"+name+"/song.mp3", bytes.Repeat([]byte(name), 100_000))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r, err := d.importer.Run(ctx, []string{src}, intake.Options{Bandwidth: 1}, nil)
	if !errors.Is(err, context.DeadlineExceeded) || r.Imported != 0 || d.objects(t) != 0 {
		t.Errorf("imported %d, %d objects, %v", r.Imported, d.objects(t), err)
	}
}

func TestImportLeavesNoGoroutines(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), songs(t, 200)
	d.importer.SetBatch(50)
	before := goleak.IgnoreCurrent()
	if r := d.run(t, intake.Options{}, src); r.Imported != 200 {
		t.Errorf("imported %d", r.Imported)
	}
	goleak.VerifyNone(t, before)
	if got := len(d.tree(t)); got != 200 {
		t.Errorf("%d files in the locker", got)
	}
}
