package integration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// track is a file of the music that makeMusic makes, and where it belongs.
type track struct {
	source, artist, albumArtist, album, title, disc, number string
	path                                                    string // in the locker
}

// tracks is the collection: every format, two discs, a compilation, names that
// folders do not like.
var tracks = []track{
	{"FLAC/one.flac", "Sigur Rós", "", "( )", "Untitled #1", "", "1", "Sigur Rós/( )/01 Untitled #1.flac"},
	{"FLAC/two.flac", "Sigur Rós", "", "( )", "Untitled #2", "", "2", "Sigur Rós/( )/02 Untitled #2.flac"},
	{"MP3s/a.mp3", "Björk", "", "Homogenic", "Hunter", "", "1", "Björk/Homogenic/01 Hunter.mp3"},
	{"MP3s/b.mp3", "Björk", "", "Homogenic", "Jóga", "", "2", "Björk/Homogenic/02 Jóga.mp3"},
	{"m4a/x.m4a", "宇多田ヒカル", "", "First Love", "Automatic", "", "1", "宇多田ヒカル/First Love/01 Automatic.m4a"},
	{"ogg/x.ogg", "The Necks", "", "Drive By", "Drive By", "", "1", "The Necks/Drive By/01 Drive By.ogg"},
	{"opus/x.opus", "Low", "", "Double Negative", "Quorum", "", "1", "Low/Double Negative/01 Quorum.opus"},
	{"wav/x.wav", "Field", "", "Tapes", "Rain", "", "1", "Field/Tapes/01 Rain.wav"},
	{"Wall/CD1/1.flac", "Pink Floyd", "", "The Wall", "In the Flesh?", "1/2", "1", "Pink Floyd/The Wall/1-01 In the Flesh_.flac"},
	{"Wall/CD2/1.flac", "Pink Floyd", "", "The Wall", "Hey You", "2/2", "1", "Pink Floyd/The Wall/2-01 Hey You.flac"},
}

// makeMusic encodes the collection with ffmpeg, each track its own two seconds of
// tones, FLAC, MP3 and M4A with a picture inside.
func makeMusic(dir string) error {
	cover := dir + "-cover.jpg"
	if err := ffmpeg("-f", "lavfi", "-i", "testsrc=size=500x500", "-frames:v", "1", cover); err != nil {
		return err
	}
	for i, tr := range tracks {
		file := filepath.Join(dir, tr.source)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		args := []string{"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=%d:duration=2:sample_rate=44100", 200+37*i)}
		ext := filepath.Ext(file)
		if ext == ".flac" || ext == ".mp3" || ext == ".m4a" {
			args = append(args, "-i", cover, "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
		}
		if ext == ".opus" {
			args = append(args, "-c:a", "libopus")
		}
		for key, value := range map[string]string{"artist": tr.artist, "album_artist": tr.albumArtist, "album": tr.album, "title": tr.title, "disc": tr.disc, "track": tr.number} {
			if value != "" {
				args = append(args, "-metadata", key+"="+value)
			}
		}
		if err := ffmpeg(append(args, file)...); err != nil {
			return err
		}
	}
	for name, content := range map[string]string{"MP3s/cover.jpg": "not really a picture", "FLAC/booklet.pdf": "%PDF", "MP3s/._a.mp3": "litter"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// ffmpeg runs ffmpeg to its end.
func ffmpeg(args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", append([]string{"-nostdin", "-v", "error"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ffmpeg (run `make setup` if it is missing) %q: %w\n%s", args, err, out)
	}
	return nil
}

// places gives where every source file belongs in the locker.
func places() map[string]string {
	m := map[string]string{"MP3s/cover.jpg": "Björk/Homogenic/cover.jpg", "FLAC/booklet.pdf": "Sigur Rós/( )/booklet.pdf"}
	for _, tr := range tracks {
		m[tr.source] = tr.path
	}
	return m
}

// wanted gives the SHA-256 of what must stand at each path of the locker.
func wanted(t *testing.T) map[string]string {
	t.Helper()
	m := map[string]string{}
	for source, path := range places() {
		m[path] = sum(t, filepath.Join(built.music, source))
	}
	return m
}

// sums reads a tree and gives the SHA-256 of every file in it, by path.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			m[strings.TrimPrefix(path, dir+"/")] = sum(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sum(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}
