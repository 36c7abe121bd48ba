package tag_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"unicode/utf16"
)

// Files of the containers that only a tag at the end or a header of their own tells
// about: no sound in them, but headers for two seconds of it.

func le64(n int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

// noise is bytes in which no marker occurs.
func noise(n int) []byte {
	r, b := rand.New(rand.NewPCG(1, 2)), make([]byte, min(n, 4<<10))
	for i := range b {
		b[i] = byte(r.IntN(64))
	}
	return bytes.Repeat(b, n/(4<<10)+1)[:n]
}

// wavpackBlock makes a block; total -1 is unknown.
func wavpackBlock(total, index, samples, flags int, body ...any) []byte {
	b := cat(body...)
	return cat("wvpk", le32(24+len(b)), le16(0x410), 0, 0, le32(total), le32(index), le32(samples), le32(flags), le32(0), b)
}

const wavpack44k = 9<<23 | 0x1800 | 1 // first and last block of its samples

func wavpack(tags ...[]byte) []byte {
	return cat(wavpackBlock(88200, 0, 44100, wavpack44k, noise(500)), wavpackBlock(88200, 44100, 44100, wavpack44k, noise(500)), slices.Concat(tags...))
}

func monkeys(tags ...[]byte) []byte {
	descriptor := cat("MAC ", le16(3990), le16(0), le32(52), le32(24), le32(4), le32(44), le32(600), le32(0), le32(0), zeros(16))
	header := cat(le16(2000), le16(0), le32(73728), le32(88200-73728), le32(2), le16(16), le16(2), le32(44100))
	return cat(descriptor, header, le32(124), noise(644), slices.Concat(tags...))
}

// oldMonkeys is of a version that did not say how long a frame is.
func oldMonkeys(version, compression, perFrame int, tags ...[]byte) []byte {
	return cat("MAC ", le16(version), le16(compression), le16(0), le16(2), le32(44100), le32(0), le32(0), le32(3), le32(88200-2*perFrame), noise(600), slices.Concat(tags...))
}

// musepack7 has 77 frames, the last of 648 samples.
func musepack7(tags ...[]byte) []byte {
	return cat("MP+", 7, le32(77), le32(0), le32(0), le32(0), le32(1<<31|648<<20), noise(600), slices.Concat(tags...))
}

func musepack8(tags ...[]byte) []byte {
	number := []byte{0x85, 0xB2, 0x08} // 88328 in seven bits each, of which 128 are silence
	sh := cat(zeros(4), 8, number, 0x81, 0, 0x1B, 0x1B)
	packet := func(name string, body []byte) []byte { return cat(name, 3+len(body), body) }
	return cat("MPCK", packet("RG", zeros(9)), packet("SH", sh), packet("AP", noise(90)), packet("SE", nil), slices.Concat(tags...))
}

func trueAudio(tags ...[]byte) []byte {
	return cat("TTA1", le16(1), le16(2), le16(16), le32(44100), le32(88200), le32(0), le32(600), le32(0), noise(600), slices.Concat(tags...))
}

// tak has two seconds at 44.1 kHz, stereo of 16 bits.
func tak(tags ...[]byte) []byte {
	rate := uint64(44100 - 6000)
	low, high := 2|88200<<14|rate<<52, rate>>12|8<<6|1<<11
	info := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, low), high)[:10]
	return cat("tBaK", 4, 2, 0, 0, zeros(2), 1, 13, 0, 0, info, zeros(3), 0, zeros(3), noise(600), slices.Concat(tags...))
}

// dsf has two seconds of DSD64 by its word, though few bytes of it.
func dsf(meta []byte) []byte {
	const sound = 512
	at := 28 + 52 + 12 + sound
	format := cat("fmt ", le64(52), le32(1), le32(0), le32(2), le32(2), le32(2822400), le32(1), le64(5644800), le32(4096), le32(0))
	return cat("DSD ", le64(28), le64(at+len(meta)), le64(at), format, "data", le64(12+sound), noise(sound), meta)
}

func dffChunk(id string, content ...any) []byte {
	b := cat(content...)
	return cat(id, be64(len(b)), b, zeros(len(b)&1))
}

// dff has 2 ms of DSD64: 705600 bytes a second.
func dff(meta []byte) []byte {
	prop := dffChunk("PROP", "SND ", dffChunk("FS  ", be32(2822400)), dffChunk("CHNL", be16(2), "SLFTSRGT"), dffChunk("CMPR", "DSD ", 14, "not compressed", zeros(1)))
	body := cat("DSD ", dffChunk("FVER", be32(0x01050000)), prop, dffChunk("DSD ", noise(1411)), dffChunk("ID3 ", meta))
	return cat("FRM8", be64(len(body)), body)
}

// namedDFF has a title and an artist in chunks of the format itself.
func namedDFF() []byte {
	b := dff(nil)
	names := dffChunk("DIIN", dffChunk("DIAR", be32(1), "A"), dffChunk("DITI", be32(5), "Title"))
	return cat("FRM8", be64(len(b)-12+len(names)), b[12:16], names, b[16:])
}

// GUIDs of ASF, as they stand in files.
const (
	guidHeader    = "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
	guidData      = "\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
	guidFile      = "\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65"
	guidStream    = "\x91\x07\xdc\xb7\xb7\xa9\xcf\x11\x8e\xe6\x00\xc0\x0c\x20\x53\x65"
	guidSound     = "\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b"
	guidContent   = "\x33\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
	guidExtended  = "\x40\xa4\xd0\xd2\x07\xe3\xd2\x11\x97\xf0\x00\xa0\xc9\x5e\xa8\x50"
	guidExtension = "\xb5\x03\xbf\x5f\x2e\xa9\xcf\x11\x8e\xe3\x00\xc0\x0c\x20\x53\x65"
	guidLibrary   = "\x94\x1c\x23\x44\x98\x94\xd1\x49\xa1\x41\x1d\x13\x4e\x45\x70\x54"
	guidUnknown   = "sixteen bytes..."
)

func wide(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s + "\x00")) {
		out = append(out, le16(int(u))...)
	}
	return out
}

func asfObject(guid string, content ...any) []byte {
	b := cat(content...)
	return cat(guid, le64(24+len(b)), b)
}

// asfField makes a value of the extended content description.
func asfField(name string, kind int, value []byte) []byte {
	return cat(le16(len(wide(name))), wide(name), le16(kind), le16(len(value)), value)
}

// asfEntry makes a value of the metadata library.
func asfEntry(name string, kind int, value []byte) []byte {
	return cat(le16(0), le16(0), le16(len(wide(name))), le16(kind), le32(len(value)), wide(name), value)
}

func asfList(entries ...[]byte) []byte { return cat(le16(len(entries)), slices.Concat(entries...)) }

func asfPicture() []byte {
	return cat(3, le32(len(image())), wide("image/jpeg"), wide("Cover"), image())
}

// asf makes two seconds of WMA, with these objects in its header.
func asf(objects ...[]byte) []byte {
	file := asfObject(guidFile, zeros(16), zeros(24), le64(50_000_000), le64(0), le64(3000), zeros(16))
	stream := asfObject(guidStream, guidSound, zeros(38), le16(0x161), le16(2), le32(44100), zeros(8))
	all := cat(le32(2+len(objects)), 1, 2, file, stream, slices.Concat(objects...))
	return cat(asfObject(guidHeader, all), asfObject(guidData, zeros(26), noise(600)), asfObject(guidUnknown, zeros(9)))
}

// adts makes n frames of AAC, 44.1 kHz, stereo, each with sizes of their own.
func adts(n int) []byte {
	var out []byte
	for i := range n {
		size := 7 + 300 + i*13%200
		out = append(out, cat(0xFF, 0xF1, 0x50, 0x80|size>>11, size>>3, size<<5&0xE0|0x1F, 0xFC, zeros(size-7))...)
	}
	return out
}

// oggFLAC is FLAC in Ogg with a title and a cover.
func oggFLAC() []byte {
	first := cat("\x7fFLAC", 1, 0, be16(2), "fLaC", flacBlock(0, false, streamInfo(44100, 2, 88200)))
	return ogg(7, 1, 88200, first, flacBlock(4, false, vorbisComment("TITLE=T")), flacBlock(6, true, flacPicture("image/jpeg", image())), zeros(700))
}

// indexedMP4 is fragments that tell when they start, and an index of them.
func indexedMP4() []byte {
	head := fragmented()
	at, entries := len(head), []byte{}
	for i := range 4 {
		f := timedFragment(i*5*1024, 300)
		entries = cat(entries, be32(i*5*1024), be32(at), 1, 1, 1)
		head, at = cat(head, f), at+len(f)
	}
	tfra := atom("tfra", zeros(4), be32(2), zeros(4), be32(4), entries)
	return cat(head, atom("mfra", tfra, atom("mfro", zeros(4), be32(8+len(tfra)+16))))
}

// timedFragment is five samples of 1024 that start at some time.
func timedFragment(start, size int) []byte {
	traf := atom("traf", atom("tfhd", zeros(4), be32(2)), atom("tfdt", 1, zeros(3), be64(start)), run(0, 5))
	return cat(atom("moof", atom("mfhd", zeros(8)), traf), atom("mdat", noise(size)))
}
