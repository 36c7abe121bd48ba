package tag_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dhowden "github.com/dhowden/tag"
	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// What real encoders write, read by us, by ffmpeg and by dhowden/tag.

// wording is one set of words to tag with.
type wording struct{ title, artist, album, albumArtist string }

func wordings() map[string]wording {
	return map[string]wording{
		"ascii":    {"Sinnerman", "Nina Simone", "Pastel Blues", "Simone"},
		"latin1":   {"Jóga", "Björk", "Für Élise", "Sigur Rós"},
		"japanese": {"さくら", "坂本龍一", "音楽図鑑", "YMO"},
	}
}

// encoded is one file made by an encoder.
type encoded struct {
	file  string
	want  tag.Info // of tags
	cover bool
}

// studio makes files of one tone in one folder.
type studio struct {
	t          *testing.T
	dir        string
	wav, cover string
}

func newStudio(t *testing.T) *studio {
	t.Helper()
	s := &studio{t: t, dir: t.TempDir()}
	s.wav, s.cover = s.path("tone.wav"), s.path("cover.jpg")
	s.run("ffmpeg", "-f", "lavfi", "-i", "sine=440:duration=1.3", "-ac", "2", "-ar", "44100", "-map_metadata", "-1", "-fflags", "+bitexact", s.wav)
	s.run("ffmpeg", "-f", "lavfi", "-i", "testsrc=size=320x320:duration=1", "-frames:v", "1", s.cover)
	return s
}

func (s *studio) path(name string) string { return filepath.Join(s.dir, name) }

func (s *studio) run(name string, args ...string) []byte {
	s.t.Helper()
	if name == "ffmpeg" {
		args = append([]string{"-v", "error", "-y"}, args...)
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

// ffmpeg encodes the tone with tags; ext chooses the container.
func (s *studio) ffmpeg(name string, w wording, cover bool, options ...string) encoded {
	s.t.Helper()
	args := []string{"-i", s.wav}
	if cover {
		args = append(args, "-i", s.cover, "-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic")
	}
	for _, pair := range []string{
		"title=" + w.title, "artist=" + w.artist, "album=" + w.album, "album_artist=" + w.albumArtist,
		"track=3/12", "disc=1/2", "date=2004", "genre=Rock", "composer=Com Poser",
	} {
		args = append(args, "-metadata", pair)
	}
	s.run("ffmpeg", append(append(args, options...), s.path(name))...)
	return encoded{file: s.path(name), cover: cover, want: tag.Info{
		Title: w.title, Artist: w.artist, Album: w.album, AlbumArtist: w.albumArtist, Composer: "Com Poser", Genre: "Rock",
		Track: 3, TrackTotal: 12, Disc: 1, DiscTotal: 2, Date: "2004", Year: 2004,
	}}
}

// all makes every variant.
func (s *studio) all() []encoded {
	s.t.Helper()
	var out []encoded
	for words, w := range wordings() {
		for _, version := range []string{"3", "4"} {
			for _, v1 := range []string{"0", "1"} {
				name := fmt.Sprintf("%s-%s-v1=%s.mp3", words, version, v1)
				out = append(out, s.ffmpeg(name, w, v1 == "1", "-id3v2_version", version, "-write_id3v1", v1, "-b:a", "128k"))
			}
		}
		for _, flags := range []string{"+faststart", "-faststart"} {
			for _, codec := range []string{"aac", "alac"} {
				out = append(out, s.ffmpeg(fmt.Sprintf("%s-%s%s.m4a", words, codec, flags), w, codec == "aac", "-c:a", codec, "-movflags", flags))
			}
		}
		out = append(out,
			s.ffmpeg(words+".flac", w, true), s.ffmpeg(words+"-96k.flac", w, false, "-ar", "96000"),
			s.ffmpeg(words+".ogg", w, false, "-c:a", "libvorbis"), s.ffmpeg(words+".opus", w, false, "-c:a", "libopus"),
			s.ffmpeg(words+".wv", w, false), s.ffmpeg(words+".wma", w, false, "-c:a", "wmav2"), s.ffmpeg(words+".tta", w, false),
			s.ffmpeg(words+".m4b", w, true, "-c:a", "aac"), s.ffmpeg(words+"-96k.wv", w, false, "-ar", "96000", "-ac", "1"),
			s.ffmpeg(words+".oga", w, false, "-c:a", "flac"), s.ffmpeg(words+".aiff", w, true, "-write_id3v2", "1"),
		)
		for _, rf64 := range []string{"never", "always"} {
			e := s.ffmpeg(words+"-"+rf64+".wav", w, false, "-rf64", rf64)
			// LIST INFO as ffmpeg writes it has no place for these.
			e.want.AlbumArtist, e.want.Composer, e.want.Disc, e.want.DiscTotal = "", "", 0, 0
			out = append(out, e)
		}
		out = append(out, s.byTheirOwn(words, w)...)
	}
	return out
}

// byTheirOwn uses the encoders that formats are known by.
func (s *studio) byTheirOwn(words string, w wording) []encoded {
	s.t.Helper()
	want := tag.Info{Title: w.title, Artist: w.artist, Album: w.album, Track: 3, Date: "2004", Year: 2004}
	flac, opus, vorbis := s.path(words+"-own.flac"), s.path(words+"-own.opus"), s.path(words+"-own.ogg")
	comments := []string{"TITLE=" + w.title, "ARTIST=" + w.artist, "ARTIST=Second", "ALBUM=" + w.album, "TRACKNUMBER=3", "DATE=2004"}
	args := []string{"-s", "-f", "--picture=" + s.cover, "-o", flac}
	for _, c := range comments {
		args = append(args, "-T", c)
	}
	s.run("flac", append(args, s.wav)...)
	s.run("opusenc", "--quiet", "--picture", s.cover, "--title", w.title, "--artist", w.artist, "--artist", "Second", "--album", w.album, "--comment", "TRACKNUMBER=3", "--date", "2004", s.wav, opus)
	s.run("oggenc", "-Q", "-t", w.title, "-a", w.artist, "-l", w.album, "-N", "3", "-d", "2004", "-o", vorbis, s.wav)
	two := want
	two.Artist, two.Artists = w.artist+"; Second", []string{w.artist, "Second"}
	out := []encoded{{file: flac, want: two, cover: true}, {file: opus, want: two, cover: true}, {file: vorbis, want: want}}
	encoding := []string{"--id3v2-utf16"}
	if words == "ascii" {
		encoding = []string{"--id3v2-latin1"}
	}
	for name, options := range map[string][]string{
		"cbr": {"-b", "192"}, "cbr-no-header": {"-b", "192", "-t"}, "vbr": {"-V", "4"}, "abr": {"--abr", "140"},
		"mono": {"-m", "m"}, "22k": {"--resample", "22.05"}, "8k": {"--resample", "8", "-b", "16"}, "v1-too": {"--add-id3v2"},
	} {
		file := s.path(words + "-lame-" + name + ".mp3")
		args := append([]string{"--quiet", "--tt", w.title, "--ta", w.artist, "--tl", w.album, "--tn", "3", "--ty", "2004"}, encoding...)
		s.run("lame", append(append(args, options...), s.wav, file)...)
		out = append(out, encoded{file: file, want: want})
	}
	return out
}

func TestEncoders(t *testing.T) {
	s := newStudio(t)
	for _, e := range s.all() {
		t.Run(filepath.Base(e.file), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(e.file)
			if err != nil {
				t.Fatal(err)
			}
			in := read(t, b, e.file)
			wantTags(t, in, e.want)
			if (len(in.Pictures) == 1) != e.cover {
				t.Errorf("%d pictures, cover %t", len(in.Pictures), e.cover)
			}
			for _, p := range in.Pictures {
				cover, _ := os.ReadFile(s.cover)
				if p.MIME != "image/jpeg" || !p.Encoded && !bytes.Equal(b[p.Span.Offset:p.Span.End()], cover) {
					t.Errorf("picture %+v is not the cover", p)
				}
			}
			compareFFmpeg(t, e.file, in)
			compareDhowden(t, e.file, b, in)
		})
	}
}

// compareFFmpeg holds that tags agree with ffprobe, and the duration with what ffmpeg
// decodes, within 50 ms.
func compareFFmpeg(t *testing.T, file string, in tag.Info) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", "-select_streams", "a", file).Output()
	if err != nil {
		t.Fatalf("ffprobe: %v", err)
	}
	var probe struct {
		Format  struct{ Tags map[string]string }
		Streams []struct {
			Tags       map[string]string
			SampleRate string `json:"sample_rate"`
			Channels   int
			Codec      string `json:"codec_name"`
		}
	}
	if err := json.Unmarshal(out, &probe); err != nil || len(probe.Streams) != 1 {
		t.Fatalf("ffprobe: %v in %s", err, out)
	}
	theirs := map[string]string{}
	for _, tags := range []map[string]string{probe.Format.Tags, probe.Streams[0].Tags} {
		for k, v := range tags {
			theirs[strings.ToLower(k)] = v
		}
	}
	for key, ours := range map[string]string{
		"title": in.Title, "artist": strings.ReplaceAll(in.Artist, "; ", ";"), "album": in.Album, "album_artist": in.AlbumArtist,
		"genre": in.Genre, "composer": in.Composer, "date": in.Date,
	} {
		if theirs[key] != "" && theirs[key] != ours {
			t.Errorf("%s is %q, for ffprobe %q", key, ours, theirs[key])
		}
	}
	sound := probe.Streams[0]
	if fmt.Sprint(in.SampleRate) != sound.SampleRate || in.Channels != sound.Channels {
		t.Errorf("%d Hz × %d, for ffprobe %s Hz × %d", in.SampleRate, in.Channels, sound.SampleRate, sound.Channels)
	}
	if sound.Codec != in.Codec && (in.Codec != "pcm" || !strings.HasPrefix(sound.Codec, "pcm_")) {
		t.Errorf("codec %s, for ffprobe %s", in.Codec, sound.Codec)
	}
	pcm, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-map", "0:a", "-f", "s16le", "-ac", "1", "-ar", "8000", "-").Output()
	if err != nil {
		t.Fatalf("ffmpeg: %v", err)
	}
	decoded := time.Duration(len(pcm)) * time.Second / 16000
	if d := in.Duration - decoded; d < -50*time.Millisecond || d > 50*time.Millisecond {
		t.Errorf("duration %v, decoded %v", in.Duration, decoded)
	}
}

// compareDhowden holds that dhowden/tag reads the same where it is known to be right.
// The exceptions: it knows no WAV, AIFF, FLAC in Ogg, WavPack, True Audio nor ASF; of several values of a
// Vorbis comment it takes the last, and of "3/12" there it makes no number.
func compareDhowden(t *testing.T, file string, b []byte, in tag.Info) {
	t.Helper()
	switch filepath.Ext(file) {
	case ".wav", ".aiff", ".oga", ".wv", ".tta", ".wma":
		return
	}
	m, err := dhowden.ReadFrom(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("dhowden/tag: %v", err)
	}
	track, tracks := m.Track()
	disc, discs := m.Disc()
	theirs := tag.Info{
		Title: m.Title(), Artist: m.Artist(), Album: m.Album(), AlbumArtist: m.AlbumArtist(),
		Track: track, TrackTotal: tracks, Disc: disc, DiscTotal: discs, Year: m.Year(),
	}
	ours := tag.Info{
		Title: in.Title, Artist: in.Artist, Album: in.Album, AlbumArtist: in.AlbumArtist,
		Track: in.Track, TrackTotal: in.TrackTotal, Disc: in.Disc, DiscTotal: in.DiscTotal, Year: in.Year,
	}
	if track == 0 && disc == 0 && m.Format() == dhowden.VORBIS {
		ours.Track, ours.TrackTotal, ours.Disc, ours.DiscTotal = 0, 0, 0, 0
	}
	if len(in.Artists) > 0 {
		ours.Artist = in.Artists[len(in.Artists)-1]
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("tags (-dhowden/tag +ours):\n%s", diff)
	}
}

// TestFragments holds that an MP4 in fragments has its tags, whatever their number.
func TestFragments(t *testing.T) {
	s := newStudio(t)
	e := s.ffmpeg("a.m4a", wordings()["latin1"], false, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "20000")
	b, err := os.ReadFile(e.file)
	if err != nil {
		t.Fatal(err)
	}
	once := read(t, b, e.file)
	compareFFmpeg(t, e.file, once)
	fragments := b[bytes.Index(b, []byte("moof"))-4:]
	for range 700 / bytes.Count(fragments, []byte("moof")) {
		b = append(b, fragments...)
	}
	r := &counting{r: bytes.NewReader(b), good: 1000}
	in, err := tag.Read(r, int64(len(b)), e.file)
	if err != nil || r.reads > 12 || in.Duration < 10*once.Duration {
		t.Errorf("%d reads, %v, error %v", r.reads, in.Duration, err)
	}
	wantTags(t, in, e.want)
	if in.Payload.Length < int64(len(b))-4096 || in.Payload.End() != int64(len(b)) || in.Codec != "aac" {
		t.Errorf("payload %+v of %d, codec %s", in.Payload, len(b), in.Codec)
	}
}
