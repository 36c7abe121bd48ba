package tag_test

import (
	"fmt"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// What encoders write with the tags they know to write.

// wording is one set of words to tag with.
type wording struct{ title, artist, album, albumArtist string }

func wordings() map[string]wording {
	return map[string]wording{
		"ascii":    {"Sinnerman", "Nina Simone", "Pastel Blues", "Simone"},
		"latin1":   {"Jóga", "Björk", "Für Élise", "Sigur Rós"},
		"japanese": {"さくら", "坂本龍一", "音楽図鑑", "YMO"},
	}
}

// ffmpeg encodes the tone with tags.
func (s *studio) ffmpeg(name string, w wording, cover bool, options ...string) variant {
	s.t.Helper()
	args := []string{"-map", "0:a"}
	if cover {
		args = append(args, "-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic")
	}
	for _, pair := range []string{
		"title=" + w.title, "artist=" + w.artist, "album=" + w.album, "album_artist=" + w.albumArtist,
		"track=3/12", "disc=1/2", "date=2004", "genre=Rock", "composer=Com Poser",
	} {
		args = append(args, "-metadata", pair)
	}
	v := variant{File: s.encode(name, append(args, options...)...), want: &tag.Info{
		Title: w.title, Artist: w.artist, Album: w.album, AlbumArtist: w.albumArtist, Composer: "Com Poser", Genre: "Rock",
		Track: 3, TrackTotal: 12, Disc: 1, DiscTotal: 2, Date: "2004", Year: 2004,
	}}
	if cover {
		v.covers = 1
	}
	return v
}

// encoded makes what every encoder makes of every wording.
func (s *studio) encoded() []variant {
	s.t.Helper()
	var out []variant
	for words, w := range wordings() {
		for _, version := range []string{"3", "4"} {
			for _, v1 := range []string{"0", "1"} {
				name := fmt.Sprintf("%s-%s-v1=%s.mp3", words, version, v1)
				out = append(out, s.ffmpeg(name, w, v1 == "1", "-id3v2_version", version, "-write_id3v1", v1, "-b:a", "128k"))
			}
		}
		for _, flags := range []string{"+faststart", "-faststart", "+frag_keyframe+empty_moov", "+dash"} {
			for _, codec := range []string{"aac", "alac"} {
				out = append(out, s.ffmpeg(fmt.Sprintf("%s-%s%s.m4a", words, codec, flags), w, codec == "aac" && flags[1] == 'f' && flags[2] == 'a', "-c:a", codec, "-movflags", flags))
			}
		}
		out = append(out,
			s.ffmpeg(words+".flac", w, true), s.ffmpeg(words+"-96k.flac", w, false, "-ar", "96000"),
			s.ffmpeg(words+".ogg", w, false, "-c:a", "libvorbis"), s.ffmpeg(words+".opus", w, false, "-c:a", "libopus"),
			s.ffmpeg(words+"-40ms.opus", w, false, "-c:a", "libopus", "-frame_duration", "40"), s.ffmpeg(words+".spx", w, false, "-c:a", "libspeex", "-ar", "16000"),
			s.ffmpeg(words+".wv", w, false), s.ffmpeg(words+".wma", w, false, "-c:a", "wmav2"), s.ffmpeg(words+".tta", w, false),
			s.ffmpeg(words+".m4b", w, true, "-c:a", "aac"), s.ffmpeg(words+"-96k.wv", w, false, "-ar", "96000", "-ac", "1"),
			s.ffmpeg(words+".oga", w, false, "-c:a", "flac"), s.ffmpeg(words+".aiff", w, true, "-write_id3v2", "1"),
			s.ffmpeg(words+"-id3.aac", w, false, "-c:a", "aac", "-write_id3v2", "1"),
		)
		for _, codec := range []string{"flac", "libvorbis", "libopus", "aac", "libmp3lame", "pcm_s16le"} {
			out = append(out, s.ffmpeg(words+"-"+codec+".mka", w, false, "-c:a", codec))
		}
		for _, rf64 := range []string{"never", "always"} {
			e := s.ffmpeg(words+"-"+rf64+".wav", w, false, "-rf64", rf64)
			// LIST INFO as ffmpeg writes it has no place for these.
			e.want.AlbumArtist, e.want.Composer, e.want.Disc, e.want.DiscTotal = "", "", 0, 0
			out = append(out, e)
		}
		out = append(out, s.byTheirOwn(words, w)...)
	}
	s.made()
	return out
}

// byTheirOwn uses the encoders that formats are known by.
func (s *studio) byTheirOwn(words string, w wording) []variant {
	s.t.Helper()
	want := tag.Info{Title: w.title, Artist: w.artist, Album: w.album, Track: 3, Date: "2004", Year: 2004}
	flac, opus, vorbis := s.path(words+"-own.flac"), s.path(words+"-own.opus"), s.path(words+"-own.ogg")
	comments := []string{"TITLE=" + w.title, "ARTIST=" + w.artist, "ARTIST=Second", "ALBUM=" + w.album, "TRACKNUMBER=3", "DATE=2004"}
	args := []string{"-s", "-f", "--picture=" + s.cover, "-o", flac}
	oggFLAC := []string{"-s", "-f", "--ogg", "--picture=" + s.cover, "-o", s.path(words + "-own.oga")}
	for _, c := range comments {
		args, oggFLAC = append(args, "-T", c), append(oggFLAC, "-T", c)
	}
	s.run("flac", append(args, s.wav)...)
	s.run("flac", append(oggFLAC, s.wav)...)
	s.run("opusenc", "--quiet", "--picture", s.cover, "--title", w.title, "--artist", w.artist, "--artist", "Second", "--album", w.album, "--comment", "TRACKNUMBER=3", "--date", "2004", s.wav, opus)
	s.run("oggenc", "-Q", "-t", w.title, "-a", w.artist, "-l", w.album, "-N", "3", "-d", "2004", "-o", vorbis, s.wav)
	two := want
	two.Artist, two.Artists = w.artist+"; Second", []string{w.artist, "Second"}
	out := []variant{
		{File: flac, want: &two, covers: 1}, {File: s.path(words + "-own.oga"), want: &two, covers: 1},
		{File: opus, want: &two, covers: 1}, {File: vorbis, want: &want},
	}
	encoding := []string{"--id3v2-utf16"}
	if words == "ascii" {
		encoding = []string{"--id3v2-latin1"}
	}
	for name, options := range map[string][]string{
		"cbr": {"-b", "192"}, "cbr-no-header": {"-b", "192", "-t"}, "vbr": {"-V", "4"}, "abr": {"--abr", "140"}, "vbr-no-header": {"-V", "2", "-t"},
		"mono": {"-m", "m"}, "22k": {"--resample", "22.05"}, "8k": {"--resample", "8", "-b", "16"}, "v1-too": {"--add-id3v2"}, "peak": {"--replaygain-accurate"},
	} {
		file := s.path(words + "-lame-" + name + ".mp3")
		args := append([]string{"--quiet", "--tt", w.title, "--ta", w.artist, "--tl", w.album, "--tn", "3", "--ty", "2004"}, encoding...)
		s.run("lame", append(append(args, options...), s.wav, file)...)
		out = append(out, variant{File: file, want: &want})
	}
	return out
}
