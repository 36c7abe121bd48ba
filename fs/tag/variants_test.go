package tag_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// Variants of tags by the hundred, written by mutagen. The sound is encoded once for
// each base.

// words are sets of words to tag with, each with something in it that is known to go wrong.
func words() map[string]tag.Info {
	return map[string]tag.Info{
		"ascii": {Title: "Sinnerman", Artist: "Nina Simone", Album: "Pastel Blues", AlbumArtist: "Simone", Composer: "Trad.", Genre: "Jazz", Track: 3, TrackTotal: 12, Disc: 1, DiscTotal: 2, Date: "2004", Year: 2004},
		"latin": {Title: "Jóga", Artist: "Björk; Sigur Rós", Artists: []string{"Björk", "Sigur Rós"}, Album: "Für Élise", AlbumArtist: "Ñandú", Composer: "Å", Genre: "Électro", Track: 10, TrackTotal: 10, Disc: 2, DiscTotal: 2, Date: "1997-05-17", Year: 1997},
		"wide":  {Title: "さくら", Artist: "坂本龍一; Цой", Artists: []string{"坂本龍一", "Цой"}, Album: "音楽図鑑 𝄞", AlbumArtist: "YMO ✓", Composer: "서태지", Genre: "环境音乐", Track: 99, TrackTotal: 100, Disc: 1, DiscTotal: 1, Date: "1984", Year: 1984},
		"right": {Title: "أنت عمري 🎶", Artist: "أم كلثوم; שלמה ארצי", Artists: []string{"أم كلثوم", "שלמה ארצי"}, Album: "العربية (Live)", AlbumArtist: "فيروز", Composer: "e\u0301 nfd", Genre: "طرب", Track: 7, TrackTotal: 9, Disc: 3, DiscTotal: 4, Date: "1964-02-06", Year: 1964},
		"marks": {Title: strings.Repeat("long ", 48) + "title", Artist: "AC/DC & Me feat. You; X", Album: "1/2; (3) = \"4\"", AlbumArtist: "Tom's, Inc.", Composer: "A/B", Genre: "R&B", Track: 1, TrackTotal: 255, Disc: 11, DiscTotal: 12, Date: "2020-12-31", Year: 2020},
		"full": {
			Title: "The Title", Artist: "The Artist", Album: "The Album", AlbumArtist: "The Band", Composer: "Some Body", Genre: "Folk", Track: 4, TrackTotal: 8, Disc: 2, DiscTotal: 3, Date: "2011-11-11", Year: 2011,
			TitleSort: "Title, The", ArtistSort: "Artist, The", AlbumSort: "Album, The", AlbumArtistSort: "Band, The", ComposerSort: "Body, Some", OriginalDate: "1969-07-20", Compilation: true,
			ReleaseID: "f5093c06-23e3-404f-aeaa-40f72885ee3a", TrackID: "a2b0d6e7-0000-4000-8000-000000000001", RecordingID: "b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d", ReleaseGroupID: "0da580f2-6768-498f-af9d-2becaddf15e0",
			ArtistIDs: []string{"83d91898-7763-47d7-b03b-b92132375c47"}, AlbumArtistIDs: []string{"89ad4ac3-39f7-470e-963a-56509c546377"},
			Gain: &tag.Gain{Track: -7.03, TrackPeak: 0.988553, Album: -6.5, AlbumPeak: 1},
		},
	}
}

// values lays out what in says for a tag.
func values(in tag.Info) map[string][]string {
	artists := in.Artists
	if len(artists) == 0 {
		artists = []string{in.Artist}
	}
	out := map[string][]string{
		"title": {in.Title}, "artist": artists, "album": {in.Album}, "albumartist": {in.AlbumArtist}, "composer": {in.Composer}, "genre": {in.Genre},
		"track": {fmt.Sprintf("%d/%d", in.Track, in.TrackTotal)}, "disc": {fmt.Sprintf("%d/%d", in.Disc, in.DiscTotal)}, "date": {in.Date},
	}
	for key, text := range map[string]string{
		"titlesort": in.TitleSort, "artistsort": in.ArtistSort, "albumsort": in.AlbumSort, "albumartistsort": in.AlbumArtistSort, "composersort": in.ComposerSort,
		"originaldate": in.OriginalDate, "mb_release": in.ReleaseID, "mb_track": in.TrackID, "mb_recording": in.RecordingID, "mb_releasegroup": in.ReleaseGroupID,
		"mb_artists": strings.Join(in.ArtistIDs, ""), "mb_albumartists": strings.Join(in.AlbumArtistIDs, ""),
	} {
		if text != "" {
			out[key] = []string{text}
		}
	}
	if in.Compilation {
		out["compilation"] = []string{"1"}
	}
	if g := in.Gain; g != nil {
		out["track_gain"], out["track_peak"] = []string{fmt.Sprintf("%+.2f dB", g.Track)}, []string{fmt.Sprint(g.TrackPeak)}
		out["album_gain"], out["album_peak"] = []string{fmt.Sprintf("%+.2f dB", g.Album)}, []string{fmt.Sprint(g.AlbumPeak)}
	}
	return out
}

// bases encodes the tone, and lays down the files made by hand, by the kind of their tag.
// Those of hand have no sound in them.
func (s *studio) bases() map[string][]string {
	s.t.Helper()
	s.run("lame", "--quiet", "-V", "4", s.wav, s.path("vbr.mp3"))
	bases := map[string][]string{
		"id3": {
			s.encode("cbr.mp3", "-b:a", "128k", "-id3v2_version", "0"), s.path("vbr.mp3"), s.encode("mono.mp3", "-b:a", "64k", "-ac", "1", "-ar", "22050"),
			s.encode("a.wav"), s.encode("a.aiff"), s.lay("a.dsf", dsdTone()), s.encode("front.tta", "-c:a", "tta"),
		},
		"vorbis": {s.encode("a.flac"), s.encode("a.ogg", "-c:a", "libvorbis"), s.encode("a.opus", "-c:a", "libopus"), s.encode("a.oga", "-c:a", "flac")},
		"mp4":    {s.encode("aac.m4a", "-c:a", "aac"), s.encode("alac.m4a", "-c:a", "alac"), s.encode("fast.m4a", "-c:a", "aac", "-movflags", "+faststart"), s.encode("book.m4b", "-c:a", "aac")},
		"ape": {
			s.encode("ape.mp3", "-b:a", "128k", "-id3v2_version", "0"), s.encode("a.wv", "-c:a", "wavpack"), s.lay("mute.ape", monkeys()), s.lay("mute7.mpc", musepack7()),
			s.lay("a.mpc", s.load("testdata/tone.mpc")), s.lay("mute.tak", tak()),
		},
		"asf": {s.encode("2.wma", "-c:a", "wmav2"), s.encode("1.wma", "-c:a", "wmav1")},
	}
	s.made()
	return bases
}

// dsdTone is a quarter of a second of silence in DSF.
func dsdTone() []byte {
	const samples, block, channels = 2822400 / 4, 4096, 2
	blocks := (samples/8 + block - 1) / block * channels
	sound := bytes.Repeat([]byte{0x69}, blocks*block)
	format := cat("fmt ", le64(52), le32(1), le32(0), le32(2), le32(channels), le32(2822400), le32(1), le64(samples), le32(block), le32(0))
	return cat("DSD ", le64(28), le64(28+52+12+len(sound)), le64(0), format, "data", le64(12+len(sound)), sound)
}

// dffTone is a quarter of a second of silence in DSDIFF.
func dffTone(meta []byte) []byte {
	prop := dffChunk("PROP", "SND ", dffChunk("FS  ", be32(2822400)), dffChunk("CHNL", be16(2), "SLFTSRGT"), dffChunk("CMPR", "DSD ", 14, "not compressed", zeros(1)))
	body := cat("DSD ", dffChunk("FVER", be32(0x01050000)), prop, dffChunk("DSD ", bytes.Repeat([]byte{0x69}, 2822400/4/8*2)), dffChunk("ID3 ", meta))
	return cat("FRM8", be64(len(body)), body)
}

// tagged crosses bases, words and the ways to lay out a tag.
func (s *studio) tagged() []variant {
	s.t.Helper()
	var out []variant
	for kind, bases := range s.bases() {
		for _, base := range bases {
			for word, want := range words() {
				for _, v := range layouts(kind, word) {
					v.Base, v.Kind = base, kind
					v.mute = strings.HasPrefix(filepath.Base(base), "mute")
					if v.covers > 0 {
						v.Cover = s.cover
					}
					ext := filepath.Ext(base)
					v.File = s.path(fmt.Sprintf("%s-%s-%d-%d-%d-%d-%d%s", strings.TrimSuffix(filepath.Base(base), ext), word, v.Version, v.Encoding, v.V1, v.Padding, v.covers, ext))
					v.Tags = values(want)
					said := want
					v.want = &said
					out = append(out, v)
				}
			}
		}
	}
	return out
}

// layouts lists the ways to lay out a tag of some kind that can say the words.
func layouts(kind, word string) []variant {
	var out []variant
	for i, padding := range []int{0, 1 << 10, 70 << 10} {
		v := variant{Padding: padding, covers: (i + 1) % 2}
		switch {
		case kind == "ape" && i == 2: // it has no padding
		case kind == "ape":
			v.V1 = i * 2
			out = append(out, v)
		case kind == "id3":
			for _, layout := range id3Layouts(word) {
				v.Version, v.Encoding, v.V1 = layout[0], layout[1], i
				out = append(out, v)
			}
		default:
			out = append(out, v)
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
