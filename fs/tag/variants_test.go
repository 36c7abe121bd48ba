package tag_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// Variants of tags by the hundred, written and read by mutagen, and read by us. The
// sound is encoded once for each base.

// variant is one file to be made, as testdata/variants.py takes it.
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
	want     tag.Info
}

// words are sets of words to tag with, each with something in it that is known to go wrong.
func words() map[string]tag.Info {
	return map[string]tag.Info{
		"ascii": {Title: "Sinnerman", Artist: "Nina Simone", Album: "Pastel Blues", AlbumArtist: "Simone", Composer: "Trad.", Genre: "Jazz", Track: 3, TrackTotal: 12, Disc: 1, DiscTotal: 2, Date: "2004", Year: 2004},
		"latin": {Title: "Jóga", Artist: "Björk; Sigur Rós", Artists: []string{"Björk", "Sigur Rós"}, Album: "Für Élise", AlbumArtist: "Ñandú", Composer: "Å", Genre: "Électro", Track: 10, TrackTotal: 10, Disc: 2, DiscTotal: 2, Date: "1997-05-17", Year: 1997},
		"wide":  {Title: "さくら", Artist: "坂本龍一; Цой", Artists: []string{"坂本龍一", "Цой"}, Album: "音楽図鑑 𝄞", AlbumArtist: "YMO ✓", Composer: "서태지", Genre: "环境音乐", Track: 99, TrackTotal: 100, Disc: 1, DiscTotal: 1, Date: "1984", Year: 1984},
		"right": {Title: "أنت عمري 🎶", Artist: "أم كلثوم; שלמה ארצי", Artists: []string{"أم كلثوم", "שלמה ארצי"}, Album: "العربية (Live)", AlbumArtist: "فيروز", Composer: "e\u0301 nfd", Genre: "طرب", Track: 7, TrackTotal: 9, Disc: 3, DiscTotal: 4, Date: "1964-02-06", Year: 1964},
		"marks": {Title: strings.Repeat("long ", 60) + "title", Artist: "AC/DC & Me feat. You; X", Album: "1/2; (3) = \"4\"", AlbumArtist: "Tom's, Inc.", Composer: "A/B", Genre: "R&B", Track: 1, TrackTotal: 255, Disc: 11, DiscTotal: 12, Date: "2020-12-31", Year: 2020},
	}
}

// values lays out what in says for a tag.
func values(in tag.Info) map[string][]string {
	artists := in.Artists
	if len(artists) == 0 {
		artists = []string{in.Artist}
	}
	return map[string][]string{
		"title": {in.Title}, "artist": artists, "album": {in.Album}, "albumartist": {in.AlbumArtist}, "composer": {in.Composer}, "genre": {in.Genre},
		"track": {fmt.Sprintf("%d/%d", in.Track, in.TrackTotal)}, "disc": {fmt.Sprintf("%d/%d", in.Disc, in.DiscTotal)}, "date": {in.Date},
	}
}

// bases encodes the tone, and lays down the files made by hand, by the kind of their tag.
func (s *studio) bases() map[string][]string {
	s.t.Helper()
	encode := func(name string, options ...string) string {
		args := append([]string{"-i", s.wav, "-map_metadata", "-1"}, options...)
		s.run("ffmpeg", append(args, s.path(name))...)
		return s.path(name)
	}
	made := func(name string, b []byte) string {
		if err := os.WriteFile(s.path(name), b, 0o600); err != nil {
			s.t.Fatal(err)
		}
		return s.path(name)
	}
	s.run("lame", "--quiet", "-V", "4", s.wav, s.path("vbr.mp3"))
	return map[string][]string{
		"id3": {
			encode("cbr.mp3", "-b:a", "128k", "-id3v2_version", "0"), s.path("vbr.mp3"), encode("mono.mp3", "-b:a", "64k", "-ac", "1", "-ar", "22050"),
			encode("a.wav"), encode("a.aiff"), made("a.dsf", dsf(nil)), encode("front.tta", "-c:a", "tta"),
		},
		"vorbis": {encode("a.flac"), encode("a.ogg", "-c:a", "libvorbis"), encode("a.opus", "-c:a", "libopus"), encode("a.oga", "-c:a", "flac")},
		"mp4":    {encode("aac.m4a", "-c:a", "aac"), encode("alac.m4a", "-c:a", "alac"), encode("fast.m4a", "-c:a", "aac", "-movflags", "+faststart"), encode("book.m4b", "-c:a", "aac")},
		"ape": {
			encode("ape.mp3", "-b:a", "128k", "-id3v2_version", "0"), encode("a.wv", "-c:a", "wavpack"), made("a.ape", monkeys()), made("7.mpc", musepack7()),
			made("8.mpc", musepack8()), made("a.tak", tak()),
		},
		"asf": {encode("2.wma", "-c:a", "wmav2"), encode("1.wma", "-c:a", "wmav1")},
	}
}

// variants crosses bases, words and the ways to lay out a tag.
func (s *studio) variants() []variant {
	s.t.Helper()
	var out []variant
	add := func(v variant, word string, want tag.Info) {
		ext := filepath.Ext(v.Base)
		v.File = s.path(fmt.Sprintf("%s-%s-%d-%d-%d-%d-%t%s", strings.TrimSuffix(filepath.Base(v.Base), ext), word, v.Version, v.Encoding, v.V1, v.Padding, v.Cover != "", ext))
		v.Tags, v.want = values(want), want
		out = append(out, v)
	}
	for kind, bases := range s.bases() {
		for _, base := range bases {
			for word, want := range words() {
				for i, padding := range []int{0, 1 << 10, 70 << 10} {
					v := variant{Base: base, Kind: kind, Padding: padding}
					if i != 1 {
						v.Cover = s.cover
					}
					switch {
					case kind == "ape" && i == 2:
						continue // it has no padding
					case kind == "ape":
						v.V1 = i * 2
						add(v, word, want)
					case kind == "id3":
						for _, layout := range id3Layouts(word) {
							v.Version, v.Encoding, v.V1 = layout[0], layout[1], i
							add(v, word, want)
						}
					default:
						add(v, word, want)
					}
				}
			}
		}
	}
	return out
}

// id3Layouts lists the versions and encodings that can say the words.
func id3Layouts(word string) [][2]int {
	switch word {
	case "ascii":
		return [][2]int{{3, 0}, {4, 0}}
	case "latin":
		return [][2]int{{3, 0}, {4, 2}}
	case "wide":
		return [][2]int{{3, 1}, {4, 1}}
	}
	return [][2]int{{3, 1}, {4, 3}}
}

// mutagen makes the variants, and gives what it reads in each.
func (s *studio) mutagen(all []variant) []map[string]any {
	s.t.Helper()
	in, err := json.Marshal(all)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "testdata/variants.py")
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("python3 with mutagen (Debian's python3-mutagen): %v\n%s", err, stderr.String())
	}
	var out []map[string]any
	for d := json.NewDecoder(&stdout); d.More(); {
		var m map[string]any
		if err := d.Decode(&m); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, m)
	}
	if len(out) != len(all) {
		s.t.Fatalf("mutagen read %d of %d files", len(out), len(all))
	}
	return out
}

// TestVariants holds that of every variant we read what was written, what mutagen
// reads, and how long it plays within 50 ms of mutagen.
func TestVariants(t *testing.T) {
	s := newStudio(t)
	all := s.variants()
	if len(all) < 400 {
		t.Fatalf("only %d variants", len(all))
	}
	cover, err := os.ReadFile(s.cover)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(cover)
	theirs := s.mutagen(all)
	for i, v := range all {
		t.Run(filepath.Base(v.File), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(v.File)
			if err != nil {
				t.Fatal(err)
			}
			in, err := tag.ReadPictures(bytes.NewReader(b), int64(len(b)), v.File)
			if err != nil {
				t.Fatal(err)
			}
			wantTags(t, in, v.want)
			compareMutagen(t, in, theirs[i])
			if len(in.Pictures) != map[bool]int{true: 1}[v.Cover != ""] {
				t.Fatalf("%d pictures, cover %q", len(in.Pictures), v.Cover)
			}
			for _, p := range in.Pictures {
				if p.Hash != hex.EncodeToString(sum[:]) || p.Type != 3 || p.MIME != "image/jpeg" {
					t.Errorf("picture %+v is not the cover", p)
				}
			}
		})
	}
}

// compareMutagen holds that mutagen reads the same. The exception: it counts as sound
// what an encoder other than LAME itself says is to be dropped at the start and end.
func compareMutagen(t *testing.T, in tag.Info, theirs map[string]any) {
	t.Helper()
	numbers := func(n, total int) string { return fmt.Sprintf("%d/%d", n, total) }
	for key, ours := range map[string]string{
		"title": in.Title, "artist": in.Artist, "album": in.Album, "albumartist": in.AlbumArtist, "composer": in.Composer,
		"genre": in.Genre, "date": in.Date, "track": numbers(in.Track, in.TrackTotal), "disc": numbers(in.Disc, in.DiscTotal),
	} {
		if theirs[key] != ours {
			t.Errorf("%s is %q, for mutagen %q", key, ours, theirs[key])
		}
	}
	length := time.Duration(theirs["duration"].(float64) * float64(time.Second))
	if in.Codec == "mp3" && in.Duration < length-50*time.Millisecond {
		length -= time.Duration(in.Delay+in.Padding) * time.Second / time.Duration(in.SampleRate)
	}
	if d := in.Duration - length; d < -50*time.Millisecond || d > 50*time.Millisecond {
		t.Errorf("duration %v, for mutagen %v", in.Duration, length)
	}
}
