package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Marks stand in the tags of a template where each track has text of its own, of
// the same length, so that no size in any container changes.
const (
	artistMark = "Artist 9999"
	albumMark  = "Album 9999"
	titleMark  = "of 9999"
)

// vary gives the bytes of a template with the marks replaced. FLAC, ID3 and MP4 have
// no checksum over their tags; Ogg has one over every page.
func vary(template []byte, ext string, texts map[string]string) ([]byte, error) {
	b := bytes.Clone(template)
	for mark, text := range texts {
		if len(text) != len(mark) {
			return nil, fmt.Errorf("%q is not as long as %q", text, mark)
		}
		if !bytes.Contains(b, []byte(mark)) {
			return nil, fmt.Errorf("the %s file does not hold the tag %q", ext, mark)
		}
		b = bytes.ReplaceAll(b, []byte(mark), []byte(text))
	}
	if ext == "ogg" || ext == "opus" {
		return b, seal(b)
	}
	return b, nil
}

// seal writes the checksum of every Ogg page anew (RFC 3533, 6): a CRC-32 with the
// polynomial 0x04c11db7, not reflected, over the page with the checksum as zero.
func seal(b []byte) error {
	const fixed, sumAt = 27, 22
	table := oggTable()
	for len(b) > 0 {
		if len(b) < fixed || string(b[:4]) != "OggS" || len(b) < fixed+int(b[fixed-1]) {
			return errors.New("not a row of Ogg pages")
		}
		size := fixed + int(b[fixed-1])
		for _, segment := range b[fixed:size] {
			size += int(segment)
		}
		if size > len(b) {
			return errors.New("the last Ogg page is cut off")
		}
		page := b[:size]
		clear(page[sumAt : sumAt+4])
		var sum uint32
		for _, c := range page {
			sum = sum<<8 ^ table[byte(sum>>24)^c]
		}
		binary.LittleEndian.PutUint32(page[sumAt:], sum)
		b = b[size:]
	}
	return nil
}

func oggTable() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			high := r >> 31
			r = r<<1 ^ high*0x04c11db7
		}
		t[i] = r
	}
	return t
}
