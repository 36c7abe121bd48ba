package tag_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// ebml makes an element: its id in hexadecimal digits, and its content.
func ebml(id uint32, content ...any) []byte {
	b := cat(content...)
	head := binary.BigEndian.AppendUint32(nil, id)
	for head[0] == 0 {
		head = head[1:]
	}
	return cat(head, 0x10|len(b)>>24, len(b)>>16, len(b)>>8, len(b), b)
}

func ebmlFloat(id uint32, v float64) []byte {
	return ebml(id, binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
}

func mkvText(name, value string) []byte {
	return ebml(0x67C8, ebml(0x45A3, name), ebml(0x4487, value))
}

func mkvSeek(id uint32, at int) []byte {
	return ebml(0x4DBB, ebml(0x53AB, be32(int(id))), ebml(0x53AC, be64(at)))
}

// mkvParts are two seconds of FLAC with a title, an artist and a cover, in the order of
// info, tracks, tags, attachment and sound.
func mkvParts() [][]byte {
	info := ebml(0x1549A966, ebml(0x2AD7B1, be32(1e6)), ebmlFloat(0x4489, 2000), ebml(0x7BA9, "T"))
	sound := ebml(0xAE, ebml(0x83, 2), ebml(0x86, "A_FLAC"), ebml(0xE1, ebmlFloat(0xB5, 44100), ebml(0x9F, 2)))
	picture := ebml(0xAE, ebml(0x83, 1), ebml(0x86, "V_VP8"))
	return [][]byte{
		info, ebml(0x1654AE6B, picture, sound),
		ebml(0x1254C367, ebml(0x7373, ebml(0x63C0), mkvText("ARTIST", "A"), mkvText("PART_NUMBER", "3/12"))),
		ebml(0x1941A469, ebml(0x61A7, ebml(0x466E, "cover.jpg"), ebml(0x4660, "image/jpeg"), ebml(0x465C, image()))),
		ebml(0x1F43B675, ebml(0xE7, 0), noise(600)),
	}
}

func mkvFile(parts ...any) []byte {
	return cat(ebml(0x1A45DFA3, ebml(0x4282, "matroska")), ebml(0x18538067, parts...))
}

func mka() []byte {
	p := mkvParts()
	head := ebml(0x114D9B74, mkvSeek(0x1254C367, 0), mkvSeek(0x1254C367, 0))
	at := len(head) + len(p[0]) + len(p[1]) + len(p[3]) + len(p[4])
	head = ebml(0x114D9B74, mkvSeek(0x1254C367, at), mkvSeek(0x1941A469, len(head)+len(p[0])+len(p[1])))
	return mkvFile(head, p[0], p[1], p[3], p[4], p[2])
}

func TestMatroska(t *testing.T) {
	file := mka()
	in := read(t, file, "a.mka")
	wantTags(t, in, tag.Info{Title: "T", Artist: "A", Track: 3, TrackTotal: 12})
	wantPicture(t, file, in, 3, "image/jpeg")
	p := mkvParts()
	wantSound(t, in, "mka", "flac", 44100, 2, 2*time.Second, tag.Span{Offset: int64(len(file) - len(p[2]) - len(p[4])), Length: int64(len(p[4]))})

	// As mkvmerge and others tag an album: a level of its own, with the names of the level.
	album := ebml(0x7373, ebml(0x63C0, ebml(0x68CA, 50)), mkvText("TITLE", "Al"), mkvText("ARTIST", "AA"), mkvText("PART_NUMBER", "1"), mkvText("TOTAL_PARTS", "9"), mkvText("DATE_RELEASED", "2004"))
	track := ebml(0x7373, ebml(0x63C0, ebml(0x68CA, 30), ebml(0x63C5, 1)), mkvText("TITLE", "Tr"), mkvText("ARTIST", "Ar"), mkvText("PART_NUMBER", "3"), ebml(0x67C8, ebml(0x45A3, "X"), mkvText("COMPOSER", "Co")))
	in = read(t, mkvFile(p[0], p[1], ebml(0x1254C367, album, track), p[4]), "a.mka")
	wantTags(t, in, tag.Info{Title: "Tr", Artist: "Ar", Album: "Al", AlbumArtist: "AA", Composer: "Co", Track: 3, TrackTotal: 9, Disc: 1, Date: "2004", Year: 2004})

	for name, tt := range map[string]struct {
		file []byte
		want error
	}{
		"no track of sound":       {mkvFile(p[0], p[4]), tag.ErrBroken},
		"a part beyond its whole": {mkvFile(p[0], p[1], ebml(0x1254C367, 0x73, 0x73, 0x0F, 0xFF, 0xFF)), tag.ErrBroken},
		"cut in its sound":        {mkvFile(p[0], p[1], p[2], p[4])[:500], tag.ErrTruncated},
		"an id of zeros":          {mkvFile(p[0], p[1], zeros(20)), tag.ErrBroken},
	} {
		if in, err := checked(t, tt.file, "a.mka"); !errors.Is(err, tt.want) || in.Title != "T" {
			t.Errorf("%s: title %q, error %v", name, in.Title, err)
		}
	}
}

// TestMatroskaStream holds that sizes which nobody knew when they were written do no harm.
func TestMatroskaStream(t *testing.T) {
	p := mkvParts()
	unknown := cat(0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)
	cluster := cat(0x1F, 0x43, 0xB6, 0x75, 0xFF, noise(99))
	file := cat(ebml(0x1A45DFA3), unknown, p[0], p[1], p[2], cluster)
	in := read(t, file, "a.mka")
	wantTags(t, in, tag.Info{Title: "T", Artist: "A", Track: 3, TrackTotal: 12})
	if in.Payload.End() != int64(len(file)) || in.Payload.Length != int64(len(cluster)) {
		t.Errorf("payload %+v of %d", in.Payload, len(file))
	}
}
