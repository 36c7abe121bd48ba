package tag_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
)

// Other tags in files that encoders made.

// retagFLAC gives the file with these comments instead of its own.
func retagFLAC(file []byte, comments ...string) []byte {
	out := bytes.Clone(file[:4])
	for at := 4; ; {
		kind, size := file[at], int(file[at+1])<<16|int(file[at+2])<<8|int(file[at+3])
		next := at + 4 + size
		if kind&0x7F != 4 {
			out = append(out, file[at:next]...)
			out[len(out)-4-size] &= 0x7F
		}
		if at = next; kind&0x80 != 0 {
			return cat(out, flacBlock(4, true, vorbisComment(comments...)), file[at:])
		}
	}
}

// retag gives an Ogg of two header pages with these comments: the pages that follow stay
// as they are.
func retag(file []byte, comments ...string) []byte {
	second := oggPageLen(file)
	third := second + oggPageLen(file[second:])
	tags := ogg(int(binary.LittleEndian.Uint32(file[14:])), 255, 0, cat("OpusTags", vorbisComment(comments...)))
	tags[18] = 1 // the second page
	binary.LittleEndian.PutUint32(tags[22:], oggSum(tags))
	return cat(file[:second], tags, file[third:])
}

func oggPageLen(page []byte) int {
	n := 27 + int(page[26])
	for _, s := range page[27 : 27+int(page[26])] {
		n += int(s)
	}
	return n
}

// oggSum is the checksum of a page whose own field is zero.
func oggSum(page []byte) uint32 {
	sum := uint32(0)
	for _, b := range page {
		sum ^= uint32(b) << 24
		for range 8 {
			sum = sum<<1 ^ 0x04C11DB7*(sum>>31)
		}
	}
	return sum
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	z, _ := zlib.NewWriterLevel(&out, zlib.BestSpeed)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// relist gives an MP4 whose moov is the last box with these entries in its list.
func relist(file, entries []byte) []byte {
	at := bytes.LastIndex(file, []byte("moov")) - 4
	moov := file[at+8:]
	if i := bytes.LastIndex(moov, []byte("udta")); i > 0 {
		moov = moov[:i-4]
	}
	list := atom("meta", zeros(4), atom("hdlr", zeros(8), "mdirappl", zeros(9)), atom("ilst", entries))
	return cat(file[:at], atom("moov", moov, atom("udta", list)))
}
