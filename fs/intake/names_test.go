package intake_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestNamesFromBeforeUTF8: what tags do not say is taken from the names, as they were
// meant, and with --layout keep they are all there is.
func TestNamesFromBeforeUTF8(t *testing.T) {
	d, music := newDevice(t, remotetest.NewMemory()), filepath.Join(t.TempDir(), "Music")
	in := func(e encoding.Encoding, text string) string {
		b, err := e.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for i, name := range []string{
		in(charmap.Windows1251, "Аквариум/1986 - Десять стрел/01 - Поезд.mp3"),
		in(charmap.Windows1251, "Аквариум/1986 - Десять стрел/cover.jpg"),
		in(japanese.ShiftJIS, "くるり/さよなら/ばらの花.mp3"),
		in(charmap.ISO8859_1, "Björk/Debut/05 Jóga.mp3"),
	} {
		write(t, filepath.Join(music, name), []byte(strings.Repeat("x", i+1)))
	}
	d.run(t, intake.Options{}, music)
	want := []string{"Björk/Debut/05 Jóga.mp3", "Аквариум/Десять стрел/01 Поезд.mp3", "Аквариум/Десять стрел/cover.jpg", "くるり/さよなら/ばらの花.mp3"}
	if diff := cmp.Diff(want, paths(d.tree(t))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFilesOfNoAlbum: what lies beside the tracks of several artists is nobody's, and
// makes no artist's folder of its own.
func TestFilesOfNoAlbum(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), filepath.Join(t.TempDir(), "Phone")
	wave(t, src+"/a.wav", "Can", "Ege Bamyası", "Vitamin C", "1")
	wave(t, src+"/b.wav", "Neu!", "Neu! 75", "Isi", "1")
	write(t, src+"/AlbumArt.jpg", []byte("whose?"))
	write(t, src+"/a.lrc", []byte("words"))
	r := d.run(t, intake.Options{}, src)
	if diff := cmp.Diff([]string{"AlbumArt.jpg: not music"}, said(r.NotAudio)); diff != "" || r.NotAudioCount != 1 {
		t.Errorf("not music (-want +got):\n%s", diff)
	}
	want := []string{"Can/Ege Bamyası/01 Vitamin C.lrc", "Can/Ege Bamyası/01 Vitamin C.wav", "Neu!/Neu! 75/01 Isi.wav"}
	if diff := cmp.Diff(want, paths(d.tree(t))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSoundThatIsNotRead: modules, MIDI and the like are music, and not damaged because
// nothing is known of them.
func TestSoundThatIsNotRead(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), filepath.Join(t.TempDir(), "Music")
	write(t, src+"/Purple Motion/Satellite/Second Reality.s3m", []byte("SCRM"))
	write(t, src+"/Purple Motion/Satellite/canyon.mid", []byte("MThd\xff\xfb\x90\x00"))
	r := d.run(t, intake.Options{}, src)
	want := []string{"Purple Motion/Satellite/Second Reality.s3m", "Purple Motion/Satellite/canyon.mid"}
	if diff := cmp.Diff(want, paths(d.tree(t))); diff != "" || r.DamagedCount != 0 {
		t.Errorf("%d damaged (-want +got):\n%s", r.DamagedCount, diff)
	}
}
