package tag_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// variant is one file of the differential test. Those with tags are made by
// testdata/variants.py, which reads this as JSON, from their base.
type variant struct {
	Base     string              `json:"base"`
	File     string              `json:"file"`
	Kind     string              `json:"kind"` // of tag
	Version  int                 `json:"version"`
	Encoding int                 `json:"encoding"`
	V1       int                 `json:"v1"`
	Padding  int                 `json:"padding"`
	Cover    string              `json:"cover"`
	Tags     map[string][]string `json:"tags"`
	// want is what the tags say, nil where only others judge.
	want *tag.Info
	// covers is how often the cover is in it, and no other picture; -1 is not looked at.
	covers int
	// mute means that there is no sound in it that could be decoded.
	mute bool
}

func (v variant) name() string { return filepath.Base(v.File) }

// studio makes files of one tone in one folder.
type studio struct {
	t          *testing.T
	dir        string
	wav, cover string
	coverSum   string
	outputs    []string // of ffmpeg, not made yet
	waiting    int
}

func newStudio(t *testing.T) *studio {
	t.Helper()
	s := &studio{t: t, dir: t.TempDir()}
	s.wav, s.cover = s.path("tone.wav"), s.path("cover.jpg")
	s.run("ffmpeg", "-f", "lavfi", "-i", "sine=440:duration=1.3", "-ac", "2", "-ar", "44100", "-map_metadata", "-1", "-fflags", "+bitexact", s.wav)
	s.run("ffmpeg", "-f", "lavfi", "-i", "testsrc=size=320x320:duration=1", "-frames:v", "1", s.cover)
	cover := s.load(s.cover)
	sum := sha256.Sum256(cover)
	s.coverSum = hex.EncodeToString(sum[:])
	return s
}

func (s *studio) path(name string) string { return filepath.Join(s.dir, name) }

func (s *studio) load(file string) []byte {
	s.t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// lay writes a file made by hand.
func (s *studio) lay(name string, b []byte) string {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), b, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.path(name)
}

func (s *studio) run(name string, args ...string) []byte {
	s.t.Helper()
	if name == "ffmpeg" {
		args = append([]string{"-v", "error", "-nostdin", "-y"}, args...)
	}
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return out
}

// encode has ffmpeg encode the tone, at the latest when made is called: one process
// makes many files. The extension of name chooses the container.
func (s *studio) encode(name string, options ...string) string {
	s.t.Helper()
	if len(options) == 0 || options[0] != "-map" {
		options = append([]string{"-map", "0:a"}, options...)
	}
	s.outputs = append(append(s.outputs, options...), s.path(name))
	if s.waiting++; s.waiting == 40 {
		s.made()
	}
	return s.path(name)
}

// made makes what encode was asked for.
func (s *studio) made() {
	s.t.Helper()
	if s.waiting > 0 {
		s.run("ffmpeg", append([]string{"-i", s.wav, "-i", s.cover}, s.outputs...)...)
	}
	s.outputs, s.waiting = nil, 0
}
