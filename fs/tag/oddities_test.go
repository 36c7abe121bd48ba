package tag_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// What is found in real collections and no encoder of today writes: tags made by hand,
// before and behind real sound.

// odd is one such file.
type odd struct {
	name string
	file []byte
	want tag.Info
}

// oddities makes all of them.
func (s *studio) oddities() []variant {
	s.t.Helper()
	out := s.sounds()
	bare := func(name string, options ...string) []byte {
		file := s.encode("bare-"+name, append([]string{"-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"}, options...)...)
		s.made()
		return s.load(file)
	}
	mp3 := bare("a.mp3", "-b:a", "128k", "-id3v2_version", "0")
	wav := bare("a.wav")
	flac, ogg, opus := bare("a.flac"), bare("a.ogg", "-c:a", "libvorbis"), bare("a.opus", "-c:a", "libopus")
	var all []odd
	all = append(all, oddID3(mp3)...)
	all = append(all, oddTails(mp3)...)
	all = append(all, oddFronts(wav, flac, mp3)...)
	all = append(all, oddWAV(wav)...)
	all = append(all, oddComments(flac)...)
	all = append(all, oddAIFF(bare("a.aiff"))...)
	all = append(all, odd{"odd-id3.dff", dffTone(id3(4, 0, text("TIT2", "T"), text("TPE1", "A"))), tag.Info{Title: "T", Artist: "A"}})
	all = append(all, odd{"odd-chain.ogg", cat(ogg, bare("b.ogg", "-c:a", "libvorbis", "-serial_offset", "7")), tag.Info{}}, odd{"odd-r128.opus", retag(opus, "R128_TRACK_GAIN=-512", "R128_ALBUM_GAIN=256", "TITLE=T"), tag.Info{Title: "T", Gain: &tag.Gain{Track: 3, Album: 6}}})
	for _, o := range all {
		want := o.want
		out = append(out, variant{File: s.lay(o.name, o.file), want: &want, covers: -1})
	}
	for name, file := range map[string][]byte{"mute-front.ape": monkeys(apeTag("Title", "T")), "mute-front.mpc": musepack7(apeTag("Title", "T"))} {
		front := id3(3, 0, text("TIT2", "Front"), text("TPE1", "Artist"))
		out = append(out, variant{File: s.lay(name, cat(front, file)), want: &tag.Info{Title: "T", Artist: "Artist"}, mute: true})
	}
	return append(append(out, s.oddMP4()...), s.large()...)
}

// sounds are codecs in containers, without tags.
func (s *studio) sounds() []variant {
	s.t.Helper()
	var out []variant
	add := func(name string, options ...string) {
		out = append(out, variant{File: s.encode("sound-"+name, append([]string{"-map_metadata", "-1"}, options...)...)})
	}
	for _, codec := range []string{"pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav", "libmp3lame"} {
		add(codec+".wav", "-c:a", codec)
	}
	for _, codec := range []string{"pcm_s16le", "pcm_s24be", "pcm_f32be", "pcm_mulaw", "adpcm_ima_qt", "pcm_s8"} {
		add(codec+".aif", "-c:a", codec)
	}
	for _, codec := range []string{"flac", "libvorbis", "libopus", "aac", "wavpack", "tta", "alac", "ac3"} {
		add(codec+".mka", "-c:a", codec)
	}
	add("libopus.webm", "-c:a", "libopus")
	for _, ext := range []string{"flac", "wav", "wv", "m4a", "ogg", "opus", "aiff", "tta"} {
		add("mono."+ext, "-ac", "1")
		add("5.1."+ext, "-ac", "6")
	}
	for _, rate := range []string{"8000", "22050", "48000"} {
		add(rate+".mp3", "-ar", rate)
		add(rate+".m4a", "-ar", rate)
		add(rate+".flac", "-ar", rate)
	}
	add("a.mp2", "-c:a", "mp2")
	add("a.aac", "-c:a", "aac")
	add("flac.m4a", "-c:a", "flac", "-strict", "-2", "-f", "mp4")
	add("opus.m4a", "-c:a", "libopus", "-strict", "-2", "-f", "mp4")
	add("mp3.m4a", "-c:a", "libmp3lame", "-f", "mp4")
	add("ac3.m4a", "-c:a", "ac3")
	add("alac24.m4a", "-c:a", "alac", "-sample_fmt", "s32p")
	add("float.wv", "-c:a", "wavpack", "-sample_fmt", "fltp")
	add("24.flac", "-c:a", "flac", "-sample_fmt", "s32")
	add("fragments.m4a", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "20000")
	add("fragments-alac.m4a", "-c:a", "alac", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "200000")
	add("sidx.m4a", "-c:a", "aac", "-movflags", "+dash+global_sidx", "-frag_duration", "200000")
	add("cbr-no-header.mp3", "-b:a", "96k", "-write_xing", "0")
	add("vbr-no-header.mp3", "-q:a", "3", "-write_xing", "0")
	s.made()
	joined := cat(s.load(s.path("sound-48000.mp3")), s.load(s.path("sound-48000.mp3")))
	return append(out, variant{File: s.lay("sound-joined.mp3", joined)})
}

func text(id, value string) []byte { return frame(id, 0, value) }

func txxx(name, value string) []byte { return frame("TXXX", 0, name, 0, value) }

// oddID3 has every way to lay out an ID3v2 tag.
func oddID3(mp3 []byte) []odd {
	long := strings.Repeat("long ", 40) + "title"
	apic := cat(0, "image/jpeg\x00", 3, "\x00", image())
	crc := cat("ID3", 3, 0, 0x40, syncsafe(14+len(text("TIT2", "T"))), be32(10), 0x80, 0, be32(0), be32(0x1234), text("TIT2", "T"))
	extended4 := cat("ID3", 4, 0, 0x40, syncsafe(6+len(text("TIT2", "T"))), syncsafe(6), 1, 0, text("TIT2", "T"))
	footed := id3(4, 0x10, text("TIT2", "T"))
	footed = cat(footed, "3DI", footed[3:10])
	unsynced := cat(text("TIT2", "T\xFF\xE0"), frame("APIC", apic))
	body := unsync(unsynced)
	of := func(major int, frames ...[]byte) []byte { return cat(id3(major, 0, frames...), mp3) }
	return []odd{
		{"odd-v24-plain-sizes.mp3", of(4, text("TIT2", long), frame("APIC", apic), text("TALB", "Al")), tag.Info{Title: long, Album: "Al"}},
		{"odd-two-v2.mp3", cat(id3(3, 0, text("TIT2", "T")), id3(4, 0, text("TIT2", "U"), text("TALB", "Al")), mp3), tag.Info{Title: "T", Album: "Al"}},
		{"odd-padding-between.mp3", cat(id3(3, 0, text("TIT2", "T"), zeros(300)), mp3), tag.Info{Title: "T"}},
		{"odd-footer.mp3", cat(footed, mp3), tag.Info{Title: "T"}},
		{"odd-extended-v23.mp3", cat(crc, mp3), tag.Info{Title: "T"}},
		{"odd-extended-v24.mp3", cat(extended4, mp3), tag.Info{Title: "T"}},
		{"odd-unsync-v23.mp3", cat("ID3", 3, 0, 0x80, syncsafe(len(body)), body, mp3), tag.Info{Title: "Tÿà"}},
		{"odd-unsync-v24.mp3", of(4, frame4("TIT2", 3, syncsafe(4), unsync(cat(0, "T\xFF\xE0"))), text("TALB", "Al")), tag.Info{Title: "Tÿà", Album: "Al"}},
		{"odd-compressed.mp3", of(4, frame4("TIT2", 9, syncsafe(2), deflate(cat(0, "T"))), text("TALB", "Al")), tag.Info{Title: "T", Album: "Al"}},
		{"odd-v22.mp3", cat(id3(2, 0, frame2("TT2", 0, "T"), frame2("TP1", 0, "A"), frame2("TSP", 0, "As"), frame2("TCP", 0, "1"), frame2("TRK", 0, "3/9"), frame2("TCO", 0, "(17)"), frame2("PIC", 0, "JPG", 3, 0, image())), mp3),
			tag.Info{Title: "T", Artist: "A", ArtistSort: "As", Compilation: true, Track: 3, TrackTotal: 9, Genre: "Rock"}},
		{"odd-genre-brackets.mp3", of(3, text("TCON", "(17)(Rock)")), tag.Info{Genre: "Rock"}},
		{"odd-genre-twice.mp3", of(3, text("TCON", "(17)Rock")), tag.Info{Genre: "Rock"}},
		{"odd-genre-refined.mp3", of(3, text("TCON", "(4)Eurodisco")), tag.Info{Genre: "Disco; Eurodisco"}},
		{"odd-genre-remix.mp3", of(3, text("TCON", "(RX)(CR)")), tag.Info{Genre: "Remix; Cover"}},
		{"odd-genre-number.mp3", of(4, text("TCON", "17\x0051\x00Something")), tag.Info{Genre: "Rock; Techno-Industrial; Something"}},
		{"odd-values-nul.mp3", of(4, frame("TPE1", 3, "A\x00B\x00C")), tag.Info{Artist: "A; B; C", Artists: []string{"A", "B", "C"}}},
		{"odd-values-slash.mp3", of(3, text("TPE1", "AC/DC/Bj\xf6rk")), tag.Info{Artist: "AC/DC/Björk"}},
		{"odd-utf8-as-latin1.mp3", of(3, text("TPE1", "Björk")), tag.Info{Artist: "Björk"}},
		{"odd-values-semicolon.mp3", of(3, text("TPE1", "A; B")), tag.Info{Artist: "A; B"}},
		{"odd-date-full.mp3", of(4, text("TDRC", "2004-05-06T12:30:00")), tag.Info{Date: "2004-05-06T12:30:00", Year: 2004}},
		{"odd-date-zero.mp3", of(4, text("TDRC", "0000")), tag.Info{}},
		{"odd-date-two.mp3", of(3, text("TYER", "2004/2005")), tag.Info{Date: "2004/2005", Year: 2004}},
		{"odd-date-day.mp3", of(3, text("TYER", "2004"), text("TDAT", "0605")), tag.Info{Date: "2004-05-06", Year: 2004}},
		{"odd-date-release.mp3", of(4, text("TDRL", "2004")), tag.Info{Date: "2004", Year: 2004}},
		{"odd-track-letter.mp3", of(3, text("TRCK", "A1")), tag.Info{}},
		{"odd-track-zeros.mp3", of(3, text("TRCK", "001/012"), text("TPOS", "01/02")), tag.Info{Track: 1, TrackTotal: 12, Disc: 1, DiscTotal: 2}},
		{"odd-track-sign.mp3", of(3, text("TRCK", "#8")), tag.Info{Track: 8}},
		{"odd-track-of.mp3", of(3, text("TRCK", "01 of 12")), tag.Info{Track: 1, TrackTotal: 12}},
		{"odd-track-no-number.mp3", of(3, text("TRCK", "/12")), tag.Info{TrackTotal: 12}},
		{"odd-names-case.mp3", of(3, txxx("musicbrainz album id", "f5093c06-23e3-404f-aeaa-40f72885ee3a"), txxx("ReplayGain_Track_Gain", "-7.03 dB"), txxx("replaygain_track_peak", "0.98")), tag.Info{ReleaseID: "f5093c06-23e3-404f-aeaa-40f72885ee3a", Gain: &tag.Gain{Track: -7.03, TrackPeak: 0.98}}},
		{"odd-album-artist.mp3", of(3, txxx("ALBUM ARTIST", "Two"), text("TPE2", "One")), tag.Info{AlbumArtist: "One"}},
		{"odd-sort.mp3", of(3, text("TSOP", "As"), text("TSO2", "AAs"), text("TCMP", "1"), text("TSOC", "Cs")), tag.Info{ArtistSort: "As", AlbumArtistSort: "AAs", ComposerSort: "Cs", Compilation: true}},
		{"odd-rva2.mp3", of(4, frame("RVA2", "track\x00", 1, be16(-2048&0xFFFF), 16, be16(0x4000))), tag.Info{Gain: &tag.Gain{Track: -4, TrackPeak: 0.5}}},
	}
}

// oddTails has tags behind the sound of an MP3.
func oddTails(mp3 []byte) []odd {
	lyrics := "LYRICSBEGININD00002 0LYR00002la"
	lyrics2 := cat(lyrics, string(cat("0000", '0'+len(lyrics)/10, '0'+len(lyrics)%10)), "LYRICS200")
	foot := cat("3DI", 4, 0, 0x10, syncsafe(len(text("TIT2", "T"))))
	appended := cat("ID3", foot[3:], text("TIT2", "T"), foot)
	binaryItem := cat(le32(4), le32(2), "Binary", 0, 0, 1, 2, 3)
	link := cat(le32(11), le32(4), "Related", 0, "http://a.b/")
	title := cat(le32(3), le32(0), "TITLE", 0, "T\x00U")
	gain := cat(le32(8), le32(0), "replaygain_track_gain", 0, "-7.03 dB")
	items := cat(binaryItem, link, title, gain)
	end := func(flags uint32) []byte {
		return cat("APETAGEX", le32(2000), le32(len(items)+32), le32(4), binary.LittleEndian.AppendUint32(nil, flags), zeros(8))
	}
	ape := cat(end(0xA0000000), items, end(0x80000000))
	v1 := id3v1("Old", "Older", 3)
	v1Info := tag.Info{Title: "Old", Artist: "Older", Album: "Album", Date: "1977", Year: 1977, Track: 3, Genre: "Rock"}
	windows := id3v1("\xcf\xf0\xe8\xe2\xe5\xf2", "\xc0\xeb\xeb\xe0 \xcf\xf3\xe3\xe0\xf7\xe5\xe2\xe0", 0) // Russian in Windows-1251
	apeOver := v1Info
	apeOver.Title = "T"
	front := v1Info
	front.Title = "New"
	return []odd{
		{"odd-v1.mp3", cat(mp3, v1), v1Info},
		{"odd-v1-russian.mp3", cat(mp3, windows), tag.Info{Title: "Привет", Artist: "Алла Пугачева", Album: "Album", Date: "1977", Year: 1977, Genre: "Rock"}},
		{"odd-v2-russian.mp3", cat(id3(3, 0, frame("TIT2", 0, "\xcc\xfb \xe2\xec\xe5\xf1\xf2\xe5"), frame("TPE1", 0, "\xc4\xc4\xd2"), frame("TALB", 0, "\xc0\xea\xf2\xf0\xe8\xf1\xe0 \xc2\xe5\xf1\xed\xe0"), frame("TCOM", 0, "M\xf6tley")), mp3),
			tag.Info{Title: "Мы вместе", Artist: "ДДТ", Album: "Актриса Весна", Composer: "Mötley"}},
		{"odd-v2-koi8.mp3", cat(id3(3, 0, frame("TIT2", 0, "\xeb\xd2\xd9\xcc\xd8\xd1"), frame("TPE1", 0, "\xee\xc1\xd5\xd4\xc9\xcc\xd5\xd3 \xf0\xcf\xcd\xd0\xc9\xcc\xc9\xd5\xd3")), mp3),
			tag.Info{Title: "Крылья", Artist: "Наутилус Помпилиус"}},
		{"odd-utf16-russian.mp3", cat(id3(3, 0, frame("TIT2", 1, "\xff\xfe", wide("Ìû âìåñòå")), frame("TPE1", 1, "\xff\xfe", wide("Àëèñà")), frame("TALB", 1, "\xff\xfe", wide("Ýíåðãèÿ")), frame("TCOM", 1, "\xff\xfe", wide("Mötley\u0085Crüe"))), mp3),
			tag.Info{Title: "Мы вместе", Artist: "Алиса", Album: "Энергия", Composer: "Mötley\u0085Crüe"}},
		{"odd-ape-russian.mp3", cat(mp3, apeTag("Title", "\xcc\xfb \xe2\xec\xe5\xf1\xf2\xe5", "Artist", "\xc0\xeb\xe8\xf1\xe0", "Album", "\xdd\xed\xe5\xf0\xe3\xe8\xff")),
			tag.Info{Title: "Мы вместе", Artist: "Алиса", Album: "Энергия"}},
		{"odd-v2-kanji.mp3", cat(id3(3, 0, frame("TIT2", 0, "\x93\x8c\x8b\x9e"), frame("TPE1", 0, "\x83\x58\x83\x73\x83\x62\x83\x63"), frame("TALB", 0, "\x82\xa0\x82\xa0")), mp3),
			tag.Info{Title: "東京", Artist: "スピッツ", Album: "ああ"}},
		{"odd-twice.mp3", cat(id3(4, 0, frame("TIT2", 3, "Ð\u0093Ñ\u0080Ð°Ð¶Ð´Ð°Ð½Ð¸Ð½")), mp3), tag.Info{Title: "Гражданин"}},
		{"odd-lyrics3.mp3", cat(mp3, lyrics2, v1), v1Info},
		{"odd-lyrics1.mp3", cat(mp3, "LYRICSBEGINla la laLYRICSEND", v1), v1Info},
		{"odd-appended.mp3", cat(mp3, appended), tag.Info{Title: "T"}},
		{"odd-ape-binary.mp3", cat(mp3, ape), tag.Info{Title: "T", Gain: &tag.Gain{Track: -7.03}}},
		{"odd-ape-v1.mp3", cat(mp3, apeTag("Title", "T"), v1), apeOver},
		{"odd-v2-ape-v1.mp3", cat(id3(3, 0, text("TIT2", "New")), mp3, apeTag("Title", "T"), v1), front},
		{"odd-ape-front.mp3", cat(apeTag("Title", "T", "Artist", "A"), mp3), tag.Info{Title: "T", Artist: "A"}},
	}
}

// oddFronts has ID3v2 before what has tags of its own.
func oddFronts(wav, flac, mp3 []byte) []odd {
	front := id3(3, 0, text("TIT2", "Front"), text("TPE1", "Artist"))
	return []odd{
		{"odd-front.flac", cat(front, retagFLAC(flac, "TITLE=T")), tag.Info{Title: "T", Artist: "Artist"}},
		{"odd-front.wav", cat(front, wav), tag.Info{Title: "Front", Artist: "Artist"}},
		{"odd-front.mp3", cat(front, mp3, apeTag("Title", "T", "Album", "Al")), tag.Info{Title: "Front", Artist: "Artist", Album: "Al"}},
		{"odd-behind.flac", cat(retagFLAC(flac, "TITLE=T"), id3v1("Old", "Older", 3)), tag.Info{Title: "T", Artist: "Older", Album: "Album", Date: "1977", Year: 1977, Track: 3, Genre: "Rock"}},
	}
}

// oddAIFF has texts of its own chunks beside an ID3v2 tag.
func oddAIFF(aiff []byte) []odd {
	chunks := cat(aiff[12:], aiffChunk("NAME", "Name"), aiffChunk("AUTH", "Author"))
	form := func(b []byte) []byte { return cat("FORM", be32(len(b)+4), "AIFF", b) }
	return []odd{
		{"odd-name.aiff", form(chunks), tag.Info{Title: "Name", Artist: "Author"}},
		{"odd-name-id3.aiff", form(cat(chunks, aiffChunk("ID3 ", id3(3, 0, text("TIT2", "Tag"))))), tag.Info{Title: "Tag", Artist: "Author"}},
	}
}

// oddWAV has both kinds of tags of a WAV, in both orders.
func oddWAV(wav []byte) []odd {
	list := riffChunk("LIST", "INFO", riffChunk("INAM", "List\x00"), riffChunk("IART", "Liszt\x00"), riffChunk("ICRD", "2004\x00"), riffChunk("ITRK", "3\x00"))
	id3v2 := riffChunk("id3 ", id3(3, 0, text("TIT2", "Tag"), text("TALB", "Al")))
	both := tag.Info{Title: "Tag", Album: "Al", Artist: "Liszt", Date: "2004", Year: 2004, Track: 3}
	bext := riffChunk("bext", "Description", zeros(602-11))
	body := wav[12:]
	return []odd{
		{"odd-list.wav", wave(body, list), tag.Info{Title: "List", Artist: "Liszt", Date: "2004", Year: 2004, Track: 3}},
		{"odd-list-id3.wav", wave(body, list, id3v2), both},
		{"odd-id3-list.wav", wave(id3v2, bext, list, body), both},
	}
}

// oddComments has Vorbis comments of several programs in one file.
func oddComments(flac []byte) []odd {
	of := func(comments ...string) []byte { return retagFLAC(flac, comments...) }
	return []odd{
		{"odd-albumartist.flac", of("ALBUM ARTIST=One", "ALBUMARTIST=One"), tag.Info{AlbumArtist: "One"}},
		{"odd-albumartists.flac", of("ALBUM ARTIST=Two", "ALBUMARTIST=One"), tag.Info{AlbumArtist: "One"}},
		{"odd-album-artist.flac", of("album artist=Two"), tag.Info{AlbumArtist: "Two"}},
		{"odd-year-date.flac", of("YEAR=2004", "DATE=2004-05-06"), tag.Info{Date: "2004-05-06", Year: 2004}},
		{"odd-date-digits.flac", of("DATE=20040506"), tag.Info{Date: "20040506", Year: 2004}},
		{"odd-totals.flac", of("TRACKNUMBER=3/12", "TOTALTRACKS=13", "DISCNUMBER=1", "DISCTOTAL=2", "TOTALDISCS=2"), tag.Info{Track: 3, TrackTotal: 13, Disc: 1, DiscTotal: 2}},
		{"odd-same-twice.flac", of("ARTIST=A", "ARTIST=A", "ARTIST=B"), tag.Info{Artist: "A; B", Artists: []string{"A", "B"}}},
		{"odd-artists.flac", of("ARTIST=A feat. B", "ARTISTS=A", "ARTISTS=B"), tag.Info{Artist: "A feat. B", Artists: []string{"A", "B"}}},
		{"odd-picture-comment.flac", of("METADATA_BLOCK_PICTURE="+base64.StdEncoding.EncodeToString(flacPicture("image/jpeg", image())), "TITLE=T"), tag.Info{Title: "T"}},
	}
}

// oddMP4 has entries of iTunes' list that mutagen does not write, in the place of those of
// a real file, and pictures of 20 MB.
func (s *studio) oddMP4() []variant {
	s.t.Helper()
	file := s.encode("bare.m4a", "-c:a", "aac", "-map_metadata", "-1")
	s.made()
	m4a := s.load(file)
	var out []variant
	for name, o := range map[string]struct {
		entries []byte
		want    tag.Info
	}{
		"gnre":     {atom("gnre", datum(0, be16(18))), tag.Info{Genre: "Rock"}},
		"two-data": {atom("\xa9ART", datum(1, "A"), datum(1, "B")), tag.Info{Artist: "A; B", Artists: []string{"A", "B"}}},
		"freeform": {cat(freeform("ALBUM ARTISTS", "x"), freeform("ARTISTS", "A", "B"), freeform("MusicBrainz Album Id", "f5093c06-23e3-404f-aeaa-40f72885ee3a"), freeform("iTunNORM", " 00000")), tag.Info{Artist: "A; B", Artists: []string{"A", "B"}, ReleaseID: "f5093c06-23e3-404f-aeaa-40f72885ee3a"}},
		"cpil":     {cat(atom("cpil", datum(21, 1)), atom("trkn", datum(0, be16(0), be16(3), be16(12), be16(0)))), tag.Info{Compilation: true, Track: 3, TrackTotal: 12}},
		"utf16":    {atom("\xa9nam", datum(2, 0x30, 0x55, 0x30, 0x4f)), tag.Info{Title: "さく"}},
	} {
		want := o.want
		out = append(out, variant{File: s.lay("odd-"+name+".m4a", relist(m4a, o.entries)), want: &want})
	}
	return out
}

// large has pictures of 20 MB, which are more than is read for a hash, and one of 15 MB:
// a block of FLAC holds no more.
func (s *studio) large() []variant {
	s.t.Helper()
	cover := s.load(s.cover)
	large, less := s.lay("large.jpg", cat(cover, bytes.Repeat([]byte{7}, 20<<20))), s.lay("less.jpg", cat(cover, bytes.Repeat([]byte{7}, 15<<20)))
	var out []variant
	for _, base := range []struct{ file, kind string }{{"bare-a.mp3", "id3"}, {"bare.m4a", "mp4"}} {
		want := words()["ascii"]
		out = append(out, variant{Base: s.path(base.file), File: s.path("odd-large-" + base.file), Kind: base.kind, Version: 4, Encoding: 3, Cover: large, Tags: values(want), want: &want, covers: -1})
	}
	opus, flac := s.path("odd-large.opus"), s.path("odd-less.flac")
	s.run("opusenc", "--quiet", "--picture", large, "--title", "T", s.wav, opus)
	s.run("flac", "-s", "-f", "--picture="+less, "-T", "TITLE=T", "-o", flac, s.wav)
	want := tag.Info{Title: "T"}
	return append(out, variant{File: opus, want: &want, covers: -1}, variant{File: flac, want: &want, covers: -1})
}
