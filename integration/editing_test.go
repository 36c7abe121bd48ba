package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// editor sets the title of all files of an album on the mount.
type editor struct {
	name string
	edit func(s *studio, dir, title string)
}

func editors() []editor {
	return []editor{
		{"kid3", func(s *studio, dir, title string) {
			s.must("kid3-cli", append([]string{"-c", "select all", "-c", `set title "` + title + `"`}, album(dir)...)...)
		}},
		{"mutagen", func(s *studio, dir, title string) {
			s.must("mid3v2", "-t", title, filepath.Join(dir, "a.mp3"))
			s.titles(title, album(dir)[1:]...)
		}},
		{"ffmpeg and mv", func(s *studio, dir, title string) {
			for _, file := range album(dir) {
				next := filepath.Join(dir, "next"+filepath.Ext(file))
				s.must("ffmpeg", "-nostdin", "-v", "error", "-i", file, "-map", "0", "-codec", "copy", "-metadata", "title="+title, "-metadata:s:a:0", "title="+title, next)
				s.must("mv", next, file)
			}
		}},
		{"metaflac and vorbiscomment", func(s *studio, dir, title string) {
			// The picture makes the file larger: it is written anew.
			s.must("metaflac", "--remove-tag=TITLE", "--set-tag=TITLE="+title, "--import-picture-from="+built.music+"-cover.jpg", filepath.Join(dir, "b.flac"))
			s.must("vorbiscomment", "-w", "-t", "TITLE="+title, filepath.Join(dir, "d.ogg"))
			s.titles(title, filepath.Join(dir, "a.mp3"), filepath.Join(dir, "c.m4a"), filepath.Join(dir, "e.opus"))
		}},
		{"rsync --inplace", func(s *studio, dir, title string) {
			s.rsync(s.titled(title), dir, "--inplace")
		}},
		{"rsync", func(s *studio, dir, title string) {
			s.rsync(s.titled(title), dir)
		}},
	}
}

// rsync copies an album over another; asked again, it finds nothing to do.
func (s *studio) rsync(from, to string, options ...string) {
	s.t.Helper()
	args := append([]string{"-a"}, options...)
	s.must("rsync", append(args, from+"/", to+"/")...)
	out, err := command(s.t, "rsync", append(args, "-n", "-i", from+"/", to+"/")...)
	if err != nil || out != "" {
		s.t.Errorf("rsync again: %v\n%s", err, out)
	}
}

// TestEditors has real editors write to files of the locker, whose bytes are not here at
// first: tags read back right, here and on another device, the audio stays as it was, every
// file is uploaded once, and nothing else is left.
func TestEditors(t *testing.T) {
	need(t, "kid3-cli", "mid3v2", "metaflac", "vorbiscomment", "ffmpeg", "rsync", "/usr/bin/python3")
	s := newStudio(t)
	before := s.link.Traffic().Down
	for i, e := range editors() {
		ok := t.Run(e.name, func(t *testing.T) {
			s.t = t
			title := "by " + e.name
			e.edit(s, filepath.Join(s.a.mnt, "Artist/Album"), title)
			if fresh := s.uploaded(); len(fresh) != len(edited) {
				t.Errorf("%d files were uploaded as %q", len(edited), fresh)
			}
			// However many reads and writes it took, the files came here once.
			if came := s.link.Traffic().Down - before; i == 0 && came > s.size()+1<<20 {
				t.Errorf("to edit %d bytes, %d came", s.size(), came)
			}
			s.holds("Artist/Album", title, len(edited))
			s.alike()
		})
		if !ok {
			t.Logf("the daemon said\n%s", s.a.out)
		}
	}
	s.t = t
	if list := musicIn(t, s.a.mnt); len(list) != len(edited) {
		t.Errorf("the locker holds %q", list)
	}
	s.a.unmount()
	s.b.unmount()
}

// bringer brings a local album into a folder of the mount that is not there yet.
type bringer struct {
	name  string
	bring func(s *studio, from, to string)
	moves bool // the local files are gone afterwards
	times bool // they keep their times
}

func bringers() []bringer {
	return []bringer{
		{"cp", func(s *studio, from, to string) { s.must("cp", "-a", from, to) }, false, true},
		{"mv", func(s *studio, from, to string) { s.must("mv", from, to) }, true, true},
		{"rsync", func(s *studio, from, to string) { s.rsync(from, to) }, false, true},
		{"unzip", func(s *studio, from, to string) {
			s.must("sh", "-c", `cd "$1" && zip -q -r ../album.zip .`, "sh", from)
			s.must("unzip", "-q", from+"/../album.zip", "-d", to)
		}, false, false},
		{"beet import", func(s *studio, from, to string) {
			config := filepath.Join(s.a.dir, "beets.yaml")
			said := strings.Join([]string{"directory: " + to, "library: " + filepath.Join(s.a.dir, "beets.db"), "plugins: []", "import:", "  move: yes", "  write: yes", ""}, "\n")
			if err := os.WriteFile(config, []byte(said), 0o644); err != nil {
				s.t.Fatal(err)
			}
			s.must("beet", "-c", config, "import", "-A", "-q", from)
		}, true, false},
	}
}

// TestBringingMusic has the programs with which people bring music to a drive do that on the
// mount: all of it is there, on another device too, each file uploaded once.
func TestBringingMusic(t *testing.T) {
	need(t, "rsync", "zip", "unzip", "beet", "/usr/bin/python3")
	s := newStudio(t)
	for i, b := range bringers() {
		t.Run(b.name, func(t *testing.T) {
			s.t = t
			from, folder := s.titled("by "+b.name), "New "+b.name
			want := map[string]bool{} // hashes, with times where they are kept
			for _, file := range album(from) {
				want[fingerprint(t, file, b.times)] = true
			}
			b.bring(s, from, filepath.Join(s.a.mnt, folder))
			if fresh := s.uploaded(); len(fresh) != len(edited) {
				t.Errorf("%d files were uploaded as %q", len(edited), fresh)
			}
			s.holds(folder, "by "+b.name, len(edited))
			for _, file := range musicIn(t, filepath.Join(s.b.mnt, folder)) {
				if !want[fingerprint(t, file, b.times)] {
					t.Errorf("%s is not as it was", file)
				}
			}
			if left := album(from); b.moves && exists(left[0]) {
				t.Errorf("%s was not moved", left[0])
			}
			s.alike()
			if list := musicIn(t, s.a.mnt); len(list) != (i+2)*len(edited) {
				t.Errorf("the locker holds %q", list)
			}
		})
	}
	s.t = t
	s.a.unmount()
	s.b.unmount()
}

// fingerprint is what of a file must stay: its bytes, and its time where that is kept.
func fingerprint(t *testing.T, file string, times bool) string {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if times {
		return sum(t, file) + info.ModTime().UTC().String()
	}
	return sum(t, file)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
