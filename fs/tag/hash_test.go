package tag_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// withPicture makes files of many containers that hold one picture.
func withPicture(img []byte) map[string][]byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(cat(0, "image/jpeg\x00", 3, 0, img))
	z.Close()
	big := func(id string, flags int, content []byte) []byte {
		return cat(id, syncsafe(len(content)), 0, flags, content)
	}
	apic := big("APIC", 0, cat(0, "image/jpeg\x00", 3, 0, img))
	tagged := id3(4, 0, apic)
	wideName := cat(1, "image/jpeg\x00", 3, 0xFF, 0xFE, "C\x00", 0, 0, img)
	plain3 := cat("APIC", be32(len(wideName)), 0, 0, wideName)
	comment := "METADATA_BLOCK_PICTURE=" + base64.StdEncoding.EncodeToString(flacPicture("image/jpeg", img))
	apeBody := cat(le32(len(img)+6), le32(2), "Cover Art (Front)", 0, "a.jpg", 0, img)
	ape := cat(apeBody, "APETAGEX", le32(2000), le32(len(apeBody)+32), le32(1), le32(0), zeros(8))
	return map[string][]byte{
		"plain.mp3":        cat(tagged, mpeg(3)),
		"unsync 2.3.mp3":   cat(id3(3, 0x80, unsync(plain3)), mpeg(3)),
		"unsync 2.4.mp3":   cat(id3(4, 0x80, big("APIC", 2, unsync(wideName))), mpeg(3)),
		"compressed.mp3":   cat(id3(4, 0, big("APIC", 9, cat(zeros(4), packed.Bytes()))), mpeg(3)),
		"a.flac":           cat("fLaC", flacBlock(0, false, streamInfo(44100, 2, 88200)), flacBlock(6, true, flacPicture("image/jpeg", img)), zeros(99)),
		"comment.flac":     cat("fLaC", flacBlock(0, false, streamInfo(44100, 2, 88200)), flacBlock(4, true, vorbisComment("TITLE=T", comment, "ARTIST=A")), zeros(99)),
		"a.opus":           opus("TITLE=T", comment, "ARTIST=A"),
		"cut in pages.ogg": vorbis("TITLE=T", comment, "ARTIST=A"),
		"old.ogg":          vorbis("COVERART=" + base64.StdEncoding.EncodeToString(img)),
		"a.m4a":            cat(ftyp(), atom("mdat", zeros(9)), moov(atom("covr", datum(13, img)))),
		"a.wav":            wave(wavFormat(), riffChunk("data", zeros(400)), riffChunk("id3 ", tagged)),
		"a.wv":             wavpack(ape),
		"a.dsf":            dsf(tagged),
		"a.wma":            asf(asfObject(guidExtension, zeros(18), le32(0), asfObject(guidLibrary, asfList(asfEntry("WM/Picture", 1, cat(3, le32(len(img)), wide("image/jpeg"), wide(""), img)))))),
	}
}

// TestPictureHashes holds that one picture has one hash wherever it lies.
func TestPictureHashes(t *testing.T) {
	for _, size := range []int{142, 3000, 200_000} {
		img := bytes.Repeat(image(), size/len(image())+1)
		sum := sha256.Sum256(img)
		want := hex.EncodeToString(sum[:])
		for name, b := range withPicture(img) {
			in, err := tag.ReadPictures(bytes.NewReader(b), int64(len(b)), name)
			if err != nil || len(in.Pictures) != 1 {
				t.Errorf("%s: %d pictures, error %v", name, len(in.Pictures), err)
				continue
			}
			if in.Pictures[0].Hash != want {
				t.Errorf("%s, %d bytes: hash %s, want %s", name, len(img), in.Pictures[0].Hash, want)
			}
			plain := read(t, b, name)
			if diff := cmp.Diff(plain, in, cmpopts.IgnoreFields(tag.Picture{}, "Hash")); diff != "" || plain.Pictures[0].Hash != "" {
				t.Errorf("%s: Read and ReadPictures differ: %s", name, diff)
			}
		}
	}
}

// TestPictureHashBounds holds that large pictures, and many, are left without a hash,
// and that all else is known all the same.
func TestPictureHashBounds(t *testing.T) {
	block := func(n int) []byte { return flacBlock(6, false, flacPicture("image/jpeg", zeros(n))) }
	end := flacBlock(4, true, vorbisComment("TITLE=T"))
	bomb := deflate(cat(0, "image/jpeg\x00", 3, 0, zeros(17<<20)))
	bombFrame := cat("APIC", syncsafe(len(bomb)+4), 0, 9, zeros(4), bomb)
	for name, tt := range map[string]struct {
		file   []byte
		hashed []bool
	}{
		"each in bounds.flac":   {cat("fLaC", flacBlock(0, false, streamInfo(44100, 2, 88200)), block(10<<20), block(13<<20), end, zeros(99)), []bool{true, true}},
		"too many bytes.flac":   {cat("fLaC", flacBlock(0, false, streamInfo(44100, 2, 88200)), block(10<<20), block(15<<20), block(100), end, zeros(99)), []bool{true, false, true}},
		"one too large.m4a":     {cat(ftyp(), moov(atom("\xa9nam", datum(1, "T")), atom("covr", datum(13, zeros(16<<20+1)))), atom("mdat", zeros(9))), []bool{false}},
		"grows on decoding.mp3": {cat(id3(4, 0, bombFrame, frame("TIT2", 3, "T")), mpeg(3)), []bool{false}},
		"not base64.opus":       {opus("METADATA_BLOCK_PICTURE=*****************", "COVERART=", "COVERART=*", "TITLE=T"), []bool{false, false}},
	} {
		r := &counting{r: bytes.NewReader(tt.file), good: 1000}
		in, err := tag.ReadPictures(r, int64(len(tt.file)), name)
		if err != nil || in.Title != "T" {
			t.Errorf("%s: title %q, error %v", name, in.Title, err)
		}
		var hashed []bool
		for _, p := range in.Pictures {
			hashed = append(hashed, p.Hash != "")
		}
		if diff := cmp.Diff(tt.hashed, hashed); diff != "" {
			t.Errorf("%s: hashed (-want +got):\n%s", name, diff)
		}
		if r.bytes > 32<<20 || r.reads > 512 {
			t.Errorf("%s: %d reads of %d MiB", name, r.reads, r.bytes>>20)
		}
	}
}

func TestPictureHashReaderErrors(t *testing.T) {
	for name, b := range withPicture(bytes.Repeat(image(), 3000)) {
		for good := range 6 {
			r := &counting{r: bytes.NewReader(b), good: good}
			in, err := tag.ReadPictures(r, int64(len(b)), name)
			if r.reads > good && (!errors.Is(err, errDisk) || len(in.Pictures) > 0) {
				t.Errorf("%s, %d reads well: %+v, error %v", name, good, in.Pictures, err)
			}
		}
	}
}
