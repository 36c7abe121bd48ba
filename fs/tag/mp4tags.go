package tag

import (
	"encoding/binary"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// iTunes' metadata list. Apple never described it; this is what iTunes, mutagen and
// TagLib write (https://mutagen.readthedocs.io/en/latest/api/mp4.html).

// Types of a data box.
const (
	dataUTF8  = 1
	dataUTF16 = 2
	dataJPEG  = 13
	dataPNG   = 14
	dataBMP   = 27
)

// ilstField gives the field of a text in the list.
func ilstField(kind string) string {
	switch kind {
	case "\xa9nam":
		return title
	case "\xa9ART":
		return artist
	case "aART":
		return albumArtist
	case "\xa9alb":
		return album
	case "\xa9day":
		return date
	case "\xa9gen":
		return genre
	case "\xa9wrt":
		return composer
	case "sonm":
		return titleSort
	case "soar":
		return artistSort
	case "soal":
		return albumSort
	case "soaa":
		return albumArtistSort
	case "soco":
		return composerSort
	}
	return ""
}

// ilst visits one entry of the list: a box named by its meaning with data boxes in it.
func (m *mp4Walk) ilst(b box, depth int) error {
	name := ilstField(b.kind)
	return m.walk(b.body, b.end, depth+1, func(inner box, _ int) error {
		switch {
		case b.kind == "----" && inner.kind == "name":
			h, err := m.content(inner, 4+256)
			if len(h) > 4 {
				name = canonical(string(h[4:]))
			}
			return err
		case inner.kind == "data":
			return m.datum(b.kind, name, inner)
		}
		return nil
	})
}

// datum reads one data box: four bytes of type, four of locale, then the value.
func (m *mp4Walk) datum(kind, field string, b box) error {
	if kind == "covr" {
		return m.cover(b)
	}
	if field == "" && !strings.Contains("trkn disk cpil gnre", kind) {
		return nil
	}
	h, err := m.content(b, 8+maxText)
	if err != nil || len(h) <= 8 {
		return err
	}
	of, v := binary.BigEndian.Uint32(h)&0xFFFFFF, h[8:]
	switch kind {
	case "trkn":
		m.pair(trackNumber, trackTotal, v)
	case "disk":
		m.pair(discNumber, discTotal, v)
	case "cpil":
		m.tags.add(compilation, strconv.Itoa(int(v[len(v)-1])))
	case "gnre": // counts from 1
		if len(v) >= 2 {
			m.tags.add(genre, genreName(int(binary.BigEndian.Uint16(v))-1))
		}
	default:
		m.tags.add(field, m.dataText(of, v))
	}
	return nil
}

// pair reads a number and a total, 16 bits each after two bytes.
func (m *mp4Walk) pair(number, total string, v []byte) {
	put := func(key string, at int) {
		if len(v) >= at+2 {
			if n := binary.BigEndian.Uint16(v[at:]); n > 0 {
				m.tags.add(key, strconv.Itoa(int(n)))
			}
		}
	}
	put(number, 2)
	put(total, 4)
}

// dataText reads a text, whatever its type claims: type 0 holds UTF-8 in practice.
func (m *mp4Walk) dataText(of uint32, v []byte) string {
	if of == dataUTF16 {
		return utf16Text(v, unicode.BigEndian, unicode.UseBOM)
	}
	return m.latin1(v)
}

// cover notes where a cover lies. iTunes has no types: the first is the front.
func (m *mp4Walk) cover(b box) error {
	h, err := m.content(b, 8)
	if err != nil || len(h) < 8 || b.end-b.body <= 8 || len(m.info.Pictures) >= maxPictures {
		return err
	}
	p := Picture{Span: Span{b.body + 8, b.end - b.body - 8}}
	switch binary.BigEndian.Uint32(h) & 0xFFFFFF {
	case dataJPEG:
		p.MIME = "image/jpeg"
	case dataPNG:
		p.MIME = "image/png"
	case dataBMP:
		p.MIME = "image/bmp"
	}
	if len(m.info.Pictures) == 0 {
		p.Type = 3
	}
	m.info.Pictures = append(m.info.Pictures, p)
	return nil
}
