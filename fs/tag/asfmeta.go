package tag

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// Types of a value.
const (
	asfText = iota
	asfBytes
	asfBool
	asfWord32
	asfWord64
	asfWord16
)

// asfValue is the head of one value: its name, its type, and how many bytes follow.
type asfValue struct {
	name string
	kind uint16
	size int64
}

// metadata reads a list of names and values: the extended content description, or
// the lists that replaced it, which tell a language and a stream for each.
func (a *asfWalk) metadata(b *block, list int) error {
	n, err := b.take(2)
	if err != nil {
		return err
	}
	for range min(binary.LittleEndian.Uint16(n), maxASFMetadata) {
		v, err := asfValueHead(b, list != inExtended)
		if err != nil {
			return err
		}
		next := b.at + v.size
		if v.name == "WM/Picture" && v.kind == asfBytes {
			err = a.picture(b, v.size)
		} else {
			err = a.value(b, list, v)
		}
		if err != nil {
			return err
		}
		if err := b.skip(next - b.at); err != nil {
			return err
		}
	}
	return nil
}

// asfValueHead reads what stands before a value.
func asfValueHead(b *block, library bool) (asfValue, error) {
	if !library {
		h, err := b.take(2)
		if err != nil {
			return asfValue{}, err
		}
		name, err := b.take(int(binary.LittleEndian.Uint16(h)))
		if err != nil {
			return asfValue{}, err
		}
		h, err = b.take(4)
		if err != nil {
			return asfValue{}, err
		}
		return asfValue{asfName(name), binary.LittleEndian.Uint16(h), int64(binary.LittleEndian.Uint16(h[2:]))}, nil
	}
	h, err := b.take(12)
	if err != nil {
		return asfValue{}, err
	}
	name, err := b.take(int(binary.LittleEndian.Uint16(h[4:])))
	return asfValue{asfName(name), binary.LittleEndian.Uint16(h[6:]), int64(binary.LittleEndian.Uint32(h[8:]))}, err
}

func asfName(b []byte) string { return clean(utf16Text(b, unicode.LittleEndian, unicode.IgnoreBOM)) }

// value reads one value of a field that is kept.
func (a *asfWalk) value(b *block, list int, v asfValue) error {
	field := asfField(v.name)
	first := 0
	if strings.EqualFold(v.name, "WM/Track") { // of old: it counts from 0
		field, first = second+trackNumber, 1
	}
	if field == "" || v.size == 0 || v.size > maxText {
		return nil
	}
	raw, err := b.take(int(v.size))
	if err != nil {
		return err
	}
	switch {
	case v.kind == asfText:
		text := utf16Text(raw, unicode.LittleEndian, unicode.IgnoreBOM)
		if field == genre {
			for _, g := range genres(clean(text)) {
				a.put(list, field, g)
			}
			return nil
		}
		if n, err := strconv.Atoi(clean(text)); err == nil && first > 0 {
			text = strconv.Itoa(n + first)
		}
		a.put(list, field, text)
	case v.kind == asfBool && len(raw) >= 2, v.kind == asfWord16 && len(raw) >= 2:
		a.put(list, field, strconv.Itoa(int(binary.LittleEndian.Uint16(raw))+first))
	case v.kind == asfWord32 && len(raw) >= 4:
		a.put(list, field, strconv.FormatUint(uint64(binary.LittleEndian.Uint32(raw))+uint64(first), 10))
	case v.kind == asfWord64 && len(raw) >= 8:
		a.put(list, field, strconv.FormatUint(binary.LittleEndian.Uint64(raw), 10))
	}
	return nil
}

// asfField gives the field for a name as Windows Media Player, Picard and ffmpeg write it.
func asfField(name string) string {
	switch strings.ToUpper(name) {
	case "AUTHOR":
		return artist
	case "WM/ARTISTS":
		return artists
	case "WM/ALBUMTITLE":
		return album
	case "WM/ALBUMARTIST":
		return albumArtist
	case "WM/TRACKNUMBER":
		return trackNumber
	case "WM/PARTOFSET":
		return discNumber
	case "WM/YEAR":
		return date
	case "WM/ORIGINALRELEASETIME", "WM/ORIGINALRELEASEYEAR":
		return originalDate
	case "WM/GENRE":
		return genre
	case "WM/COMPOSER":
		return composer
	case "WM/ISCOMPILATION":
		return compilation
	case "WM/TITLESORTORDER":
		return titleSort
	case "WM/ARTISTSORTORDER":
		return artistSort
	case "WM/ALBUMSORTORDER":
		return albumSort
	case "WM/ALBUMARTISTSORTORDER":
		return albumArtistSort
	case "WM/COMPOSERSORTORDER":
		return composerSort
	}
	return canonical(name)
}

// picture finds where a picture lies: a type, its length, a MIME type and a
// description in UTF-16 stand before it.
func (a *asfWalk) picture(b *block, size int64) error {
	h, err := b.w.upTo(b.at, int(min(size, b.end-b.at, 1<<10)))
	if err != nil || len(h) < 5 || len(a.info.Pictures) >= maxPictures {
		return err
	}
	mime, rest, ok := cutText(encUTF16, h[5:])
	if !ok {
		return nil
	}
	_, rest, ok = cutText(encUTF16, rest)
	head := int64(len(h) - len(rest))
	length := int64(binary.LittleEndian.Uint32(h[1:]))
	if !ok || length > min(size, b.end-b.at)-head {
		return nil
	}
	a.info.Pictures = append(a.info.Pictures, Picture{
		Type: int(h[0]), MIME: imageMIME(string(bytes.ReplaceAll(mime, []byte{0}, nil))), Span: Span{b.at + head, length},
	})
	return nil
}
