package tag

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// APEv2, by https://wiki.hydrogenaud.io/index.php?title=APEv2_specification.

const (
	apeFooter   = 32
	maxAPEItems = 1024
)

// ape reads the APE tag that ends at end into f and gives its length, or 0.
func (p *parser) ape(start, end int64, f fields) (int64, error) {
	foot, err := p.before(start, end, apeFooter)
	if err != nil || foot == nil || string(foot[:8]) != "APETAGEX" {
		return 0, err
	}
	size := int64(binary.LittleEndian.Uint32(foot[12:])) // of the fields and the footer
	fieldCount := int(binary.LittleEndian.Uint32(foot[16:]))
	total := size
	if binary.LittleEndian.Uint32(foot[20:])&(1<<31) != 0 {
		total += apeFooter // a header stands in front
	}
	if size < apeFooter || total > end-start {
		return 0, nil
	}
	off, stop := end-size, end-apeFooter
	for range min(fieldCount, maxAPEItems) {
		next, err := p.apeField(off, stop, f)
		if err != nil {
			return 0, err
		}
		if next == 0 {
			break
		}
		off = next
	}
	return total, nil
}

// apeFront reads an APEv2 tag that stands before the sound, and gives where it ends.
// Nobody should write one there, but some did.
func (p *parser) apeFront(start int64) (int64, error) {
	head, err := p.w.upTo(start, apeFooter)
	if err != nil || len(head) < apeFooter || string(head[:8]) != "APETAGEX" {
		return start, err
	}
	end := start + apeFooter + int64(binary.LittleEndian.Uint32(head[12:]))
	if end > p.w.size {
		return start, nil
	}
	f := fields{}
	if n, err := p.ape(start, end, f); err != nil || n != end-start {
		return start, err
	}
	p.fields.lend(f)
	return end, nil
}

// apeField reads the field at off and gives where the next one is, or 0 when the
// fields end there.
func (p *parser) apeField(off, stop int64, f fields) (int64, error) {
	const head = 8
	h, err := p.w.upTo(off, int(min(head+256, max(stop-off, 0)))) // names have at most 255 bytes
	if err != nil || len(h) < head+2 {
		return 0, err
	}
	size, flags := int64(binary.LittleEndian.Uint32(h)), binary.LittleEndian.Uint32(h[4:])
	name, _, ok := bytes.Cut(h[head:], []byte{0})
	body := off + head + int64(len(name)) + 1
	if !ok || size > stop-body {
		return 0, nil
	}
	kind, next := flags>>1&3, body+size
	if kind == 1 && strings.HasPrefix(strings.ToLower(string(name)), "cover art") {
		p.apePicture(string(name), body, size)
		return next, nil
	}
	key := canonical(string(name))
	if kind != 0 || key == "" || size > maxText {
		return next, nil
	}
	b, err := p.w.bytes(body, int(size))
	if err != nil {
		return 0, err
	}
	for _, v := range bytes.Split(b, []byte{0}) {
		f.add(key, p.latin1(v)) // UTF-8, by its letter
	}
	return next, nil
}

// apePicture notes a picture: a file name and a NUL stand before its bytes.
func (p *parser) apePicture(name string, body, size int64) {
	b, err := p.w.bytes(body, int(min(size, 256)))
	if err != nil || len(p.info.Pictures) >= maxPictures {
		return
	}
	file, _, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return
	}
	pic := Picture{Span: Span{body + int64(len(file)) + 1, size - int64(len(file)) - 1}}
	if strings.EqualFold(name, "Cover Art (Front)") {
		pic.Type = 3
	}
	if dot := bytes.LastIndexByte(file, '.'); dot >= 0 {
		pic.MIME = imageMIME("image/" + string(file[dot+1:]))
	}
	p.info.Pictures = append(p.info.Pictures, pic)
}
