package intake_test

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestLinksAreNamed: with where they lead; what they lead to comes in where it is.
func TestLinksAreNamed(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), album(t)
	other := filepath.Join(t.TempDir(), "elsewhere")
	wave(t, other+"/x.wav", "Can", "Ege Bamyası", "Vitamin C", "1")
	for name, to := range map[string]string{"file.wav": other + "/x.wav", "folder": other, "nowhere.wav": "/none", "loop": ".", "own.wav": "a.wav"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := d.run(t, intake.Options{}, dir)
	var named []string
	for _, n := range r.Skipped[1:] { // after .DS_Store
		named = append(named, filepath.Base(n.File)+": "+n.What)
	}
	want := []string{"file.wav: a symbolic link, not followed: " + other + "/x.wav", "folder: a symbolic link, not followed: " + other,
		"loop: a symbolic link, not followed: .", "nowhere.wav: a symbolic link, not followed: /none", "own.wav: a symbolic link, not followed: a.wav"}
	if diff := cmp.Diff(want, named); diff != "" || r.Imported != 3 || r.FailedCount != 0 {
		t.Errorf("imported %d, %v\n%s", r.Imported, r.Failed, diff)
	}
}

// TestLinkThatIsNamedIsFollowed: ~/Music is often one.
func TestLinkThatIsNamedIsFollowed(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), album(t)
	link := filepath.Join(t.TempDir(), "Music")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if r := d.run(t, intake.Options{}, link); r.Imported != 3 {
		t.Errorf("report: %+v", r)
	}
	if r := d.run(t, intake.Options{}, link+"/a.wav", dir+"/"); r.Present != 4 {
		t.Errorf("once more: %+v", r)
	}
}

// TestUnreadable: what this user may not read is named, and the rest comes in.
func TestUnreadable(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	top, err := os.MkdirTemp("", "intake")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	src := filepath.Join(top, "in")
	for _, name := range []string{"a/song.mp3", "b/song.mp3", "b/secret.mp3", "c/song.mp3"} {
		write(t, filepath.Join(src, name), []byte(name))
	}
	if err := errors.Join(os.Chmod(top, 0o755), os.Chmod(src+"/b/secret.mp3", 0), os.Chmod(src+"/c", 0)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(src+"/c", 0o755) })
	asNobody(t, filepath.Dir(d.importer.Memory))
	r := d.run(t, intake.Options{}, src)
	var named []string
	for _, n := range r.Failed {
		named = append(named, strings.TrimPrefix(n.File, src)+" "+n.What[strings.LastIndex(n.What, ":")+2:])
	}
	if diff := cmp.Diff([]string{"/b/secret.mp3 permission denied", "/c permission denied"}, named); diff != "" || r.Imported != 2 {
		t.Errorf("imported %d\n%s", r.Imported, diff)
	}
}

// asNobody gives up the rights of root for the test, if it has them; state is a folder
// that is still needed.
func asNobody(t *testing.T, state string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	for dir := state; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chmod(filepath.Join(state, f.Name()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	if err := syscall.Seteuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Seteuid(0); err != nil {
			t.Fatal(err)
		}
	})
}

// TestExcluded: a locker is not taken into itself.
func TestExcluded(t *testing.T) {
	d, home := newDevice(t, remotetest.NewMemory()), t.TempDir()
	wave(t, home+"/Music/1.wav", "Can", "Tago Mago", "Paperhouse", "1")
	wave(t, home+"/Locker/Can/Tago Mago/1.wav", "Can", "Tago Mago", "Mushroom", "2")
	r := d.run(t, intake.Options{Exclude: []string{home + "/Locker"}}, home)
	if diff := cmp.Diff([]string{"Locker: a locker's own folder"}, said(r.Skipped)); diff != "" || r.Imported != 1 {
		t.Errorf("imported %d\n%s", r.Imported, diff)
	}
}

// TestWhatIsNoMusicYet: unfinished downloads and empty files.
func TestWhatIsNoMusicYet(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), album(t)
	for _, name := range []string{"c.mp3.part", "D.flac.crdownload", "e.!ut"} {
		write(t, filepath.Join(dir, name), []byte("half"))
	}
	write(t, dir+"/empty.mp3", nil)
	write(t, dir+"/empty.txt", nil)
	r := d.run(t, intake.Options{}, dir)
	want := []string{".DS_Store: litter of a desktop", "D.flac.crdownload: an unfinished download", "c.mp3.part: an unfinished download",
		"e.!ut: an unfinished download", "empty.mp3: an empty file"}
	if diff := cmp.Diff(want, said(r.Skipped)); diff != "" || r.Imported != 4 {
		t.Errorf("imported %d\n%s", r.Imported, diff)
	}
}

// TestKnownBytesUnderAnotherName: a file is music by its name; that the locker holds
// the same bytes as music, or the other way round, changes nothing.
func TestKnownBytesUnderAnotherName(t *testing.T) {
	d, dir := newDevice(t, remotetest.NewMemory()), album(t)
	write(t, dir+"/a.wav.bak", read(t, dir+"/a.wav"))
	write(t, dir+"/Scans/cover.mp3", read(t, dir+"/cover.jpg"))
	aged(t, dir)
	want := d.run(t, intake.Options{}, dir)
	tree := d.tree(t)
	for range 2 {
		if r := d.run(t, intake.Options{}, dir); r.Present != want.Imported+want.Matched || r.Imported+r.Matched != 0 {
			t.Errorf("again: %+v", r)
		}
	}
	if diff := cmp.Diff(tree, d.tree(t)); diff != "" {
		t.Error(diff)
	}
}

// aged waits until the files below dir can be known again by their times.
func aged(t *testing.T, dir string) {
	t.Helper()
	probe := filepath.Join(dir, "a.wav")
	for !intake.Settled(probe) {
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestCollectionFolder: a folder that has albums below it is none, though tracks lie in
// it: they are filed one by one, and take nothing along.
func TestCollectionFolder(t *testing.T) {
	music := filepath.Join(t.TempDir(), "Music")
	wave(t, music+"/Neil Young - Heart of Gold.wav", "Neil Young", "Harvest", "Heart of Gold", "4")
	wave(t, music+"/spoon.wav", "Can", "Ege Bamyası", "Spoon", "7")
	wave(t, music+"/Rips/Post/1.wav", "Björk", "Post", "Army of Me", "1")
	write(t, music+"/Rips/Post/Scans/1.jpg", []byte("scan"))
	for _, name := range []string{"everything.m3u", "Playlists/best.m3u8", "Covers/a.jpg", "backup.bat"} {
		write(t, filepath.Join(music, name), []byte(name))
	}
	d := newDevice(t, remotetest.NewMemory())
	r := d.run(t, intake.Options{}, music)
	want := []string{"Björk/Post/01 Army of Me.wav", "Björk/Post/Scans/1.jpg", "Can/Ege Bamyası/07 Spoon.wav", "Neil Young/Harvest/04 Heart of Gold.wav"}
	if diff := cmp.Diff(want, paths(d.tree(t))); diff != "" || r.NotAudioCount != 4 {
		t.Errorf("not audio: %v\n%s", said(r.NotAudio), diff)
	}
}

// TestCoverAboveItsTracks: it goes where they went, if the folder's name shows that it
// is theirs.
func TestCoverAboveItsTracks(t *testing.T) {
	music := filepath.Join(t.TempDir(), "Music")
	for _, c := range []struct{ dir, artist, album string }{
		{"Burial - Untrue/FLAC", "Burial", "Untrue"}, {"Burial - Untrue/MP3", "Burial", "Untrue"},
		{"Stereolab - Discography 1992-2010/Dots and Loops", "Stereolab", "Dots and Loops"},
		{"Stereolab - Discography 1992-2010/Switched On", "Stereolab", "Switched On"},
		{"Downloads/Play", "Moby", "Play"}, {"Downloads/18", "Moby", "18"},
	} {
		wave(t, fmt.Sprintf("%s/%s/1.wav", music, c.dir), c.artist, c.album, "Song", "1")
	}
	for _, name := range []string{"Burial - Untrue/cover.jpg", "Burial - Untrue/FLAC/Artwork/back.jpg", "Stereolab - Discography 1992-2010/Stereolab.jpg",
		"Stereolab - Discography 1992-2010/Switched On/Artwork/1.jpg", "Downloads/tax.pdf"} {
		write(t, filepath.Join(music, name), []byte(name))
	}
	for _, layout := range []string{"", "year", "{genre}/{albumartist}/{album}/{title}"} {
		d := newDevice(t, remotetest.NewMemory())
		r := d.run(t, intake.Options{Layout: layout}, music)
		tree := d.tree(t)
		for name, beside := range map[string]string{"cover.jpg": "*.wav", "Stereolab.jpg": "Switched On*/*.wav"} {
			if !besideEach(t, paths(tree), name, beside) {
				t.Errorf("layout %q: %s is not with %s: %q", layout, name, beside, paths(tree))
			}
		}
		if diff := cmp.Diff([]string{"tax.pdf: not music"}, said(r.NotAudio)); diff != "" {
			t.Error(diff)
		}
		if again := d.run(t, intake.Options{Layout: layout}, music); again.Present != int64(len(tree)) || again.Imported+again.Matched != 0 {
			t.Errorf("layout %q, again: %+v", layout, again)
		}
	}
}

// besideEach tells whether the folder of the file with that name has files of a pattern.
func besideEach(t *testing.T, files []string, name, pattern string) bool {
	t.Helper()
	i := slices.IndexFunc(files, func(p string) bool { return path.Base(p) == name })
	return i >= 0 && slices.ContainsFunc(files, func(p string) bool {
		ok, err := path.Match(path.Join(path.Dir(files[i]), pattern), p)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	})
}

// TestKeepLayout keeps folders, and takes all that is in them.
func TestKeepLayout(t *testing.T) {
	music := filepath.Join(t.TempDir(), "Bootlegs")
	wave(t, music+"/1991/Seattle/d1t01.wav", "Nirvana", "Live", "Aneurysm", "1")
	for _, name := range []string{"1991/Seattle/info.txt", "1991/tapers.pdf", "Lists/all.m3u", "README"} {
		write(t, filepath.Join(music, name), []byte(name))
	}
	d := newDevice(t, remotetest.NewMemory())
	r := d.run(t, intake.Options{Layout: "keep"}, music)
	want := []string{"Bootlegs/1991/Seattle/d1t01.wav", "Bootlegs/1991/Seattle/info.txt", "Bootlegs/1991/tapers.pdf", "Bootlegs/Lists/all.m3u", "Bootlegs/README"}
	if diff := cmp.Diff(want, paths(d.tree(t))); diff != "" || r.NotAudioCount != 0 {
		t.Errorf("not audio: %v\n%s", r.NotAudio, diff)
	}
	if again := d.run(t, intake.Options{Layout: "keep"}, music); again.Present != 5 || again.Imported+again.Matched != 0 {
		t.Errorf("again: %+v", again)
	}
}
