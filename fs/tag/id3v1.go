package tag

import (
	"bytes"
	"strconv"
)

const (
	id3v1Size    = 128
	enhancedSize = 227 // "TAG+", before an ID3v1
	tailProbe    = 8 << 10
)

// tailTags is what the tags at the end of a file say. APEv2 outranks ID3v1, which is
// cut at 30 bytes.
type tailTags struct {
	start   int64 // where the first of them begins
	ape, v1 fields
}

// tail reads the tags at the end of a file without chunks of its own: ID3v1, APEv2
// and Lyrics3, in any order that occurs.
func (p *parser) tail(start int64) (tailTags, error) {
	t := tailTags{start: p.w.size, ape: fields{}, v1: fields{}}
	if n := min(t.start-start, tailProbe); n > 0 {
		if _, err := p.w.bytes(t.start-n, int(n)); err != nil { // one read for all below
			return t, err
		}
	}
	for range 4 {
		n, err := p.tailTag(start, t.start, t.ape, t.v1)
		if err != nil {
			return t, err
		}
		if n == 0 {
			break
		}
		t.start -= n
	}
	return t, nil
}

// apeTagged ends the walk of a container whose own tag is the APEv2 at its end: the
// sound lies between start and that. An ID3v2 before it and an ID3v1 behind it are
// lower in rank.
func (p *parser) apeTagged(start int64) error {
	t, err := p.tail(start)
	if err != nil {
		return err
	}
	stray := p.fields
	p.fields = t.ape
	p.fields.lend(stray)
	p.fields.lend(t.v1)
	p.info.Payload, p.headEnd = Span{start, t.start - start}, start
	return nil
}

// tailTag gives the length of the tag that ends at end, or 0.
func (p *parser) tailTag(start, end int64, ape, v1 fields) (int64, error) {
	if b, err := p.before(start, end, id3v1Size); err != nil || b != nil && string(b[:3]) == "TAG" {
		if err == nil {
			v1.lend(p.id3v1(b))
		}
		return id3v1Size, err
	}
	if b, err := p.before(start, end, enhancedSize); err != nil || b != nil && string(b[:4]) == "TAG+" {
		return enhancedSize, err
	}
	if n, err := p.ape(start, end, ape); err != nil || n > 0 {
		return n, err
	}
	if n, err := p.id3Footer(start, end, ape); err != nil || n > 0 {
		return n, err
	}
	return p.lyrics3(start, end)
}

// id3Footer reads an ID3v2.4 tag that ends at end: its last ten bytes are its header
// again, with 3DI for ID3.
func (p *parser) id3Footer(start, end int64, f fields) (int64, error) {
	b, err := p.before(start, end, id3HeaderSize)
	if err != nil || b == nil || string(b[:4]) != "3DI\x04" {
		return 0, err
	}
	size, ok := syncsafe(b[6:])
	total := size + 2*id3HeaderSize
	if !ok || total > end-start {
		return 0, nil
	}
	at, found, err := p.id3v2(end-total, end)
	if err != nil || at != end {
		return 0, err
	}
	f.lend(found)
	return total, nil
}

// before gives the n bytes that end at end, or nil when start is in the way.
func (p *parser) before(start, end int64, n int) ([]byte, error) {
	if end-start < int64(n) {
		return nil, nil
	}
	return p.w.bytes(end-int64(n), n)
}

// id3v1 reads the 128 bytes of ID3v1 or 1.1 (https://id3.org/ID3v1).
func (p *parser) id3v1(b []byte) fields {
	f := fields{}
	text := func(from, to int) string {
		s, _, _ := bytes.Cut(b[from:to], []byte{0})
		return p.latin1(s)
	}
	f.add(title, text(3, 33))
	f.add(artist, text(33, 63))
	f.add(album, text(63, 93))
	f.add(date, text(93, 97))
	if b[125] == 0 && b[126] != 0 { // 1.1: the end of the comment is the track
		f.add(trackNumber, strconv.Itoa(int(b[126])))
	}
	f.add(genre, genreName(int(b[127])))
	return f
}

// lyrics3 gives the length of a Lyrics3v2 tag (https://id3.org/Lyrics3v2): its last 15
// bytes are six digits, the length before them, and a name. The first version has no
// length, but at most 5100 bytes of text between its two names.
func (p *parser) lyrics3(start, end int64) (int64, error) {
	const footer, oldMost = 15, 11 + 5100 + 9
	b, err := p.before(start, end, footer)
	if err != nil || b == nil {
		return 0, err
	}
	if string(b[6:]) == "LYRICSEND" {
		from := max(start, end-oldMost)
		b, err := p.w.bytes(from, int(end-from))
		if i := bytes.LastIndex(b, []byte("LYRICSBEGIN")); err == nil && i >= 0 {
			return end - from - int64(i), nil
		}
		return 0, err
	}
	if string(b[6:]) != "LYRICS200" {
		return 0, nil
	}
	n, err := strconv.ParseUint(string(b[:6]), 10, 32)
	if err != nil || int64(n)+footer > end-start {
		return 0, nil
	}
	return int64(n) + footer, nil
}
