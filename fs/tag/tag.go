// Package tag reads what an audio file says about itself: its tags, how long it
// plays, where the sound lies between the tags, where its pictures lie, and which
// bytes the programs that read tags will touch.
//
// It knows audio containers and nothing else: no paths, no catalog, no store. It
// reads through an [io.ReaderAt], which may be a file or ranges of an object far
// away, in a few large pieces, once, and within fixed limits. Everything it reads is
// hostile: it never panics, and no size field is trusted before it was checked
// against the file.
//
// Each container has its own file. All of them put what they find into one set of
// fields under one vocabulary (that of Vorbis comments), and [Info] is filled from
// that set in one place, so a new container needs a walk and a table of names.
package tag

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// What can be wrong with a file. Other errors that Read gives are those of its
// reader: they say nothing about the file.
var (
	// ErrUnknown means the bytes are no container this package knows.
	ErrUnknown = errors.New("not a known audio container")
	// ErrTruncated means the file ends before its own structure does.
	ErrTruncated = errors.New("audio file is cut short")
	// ErrBroken means the structure contradicts itself or exceeds a limit.
	ErrBroken = errors.New("audio file is broken")
)

// Audio tells by its extension whether lockerfs treats a file as audio.
func Audio(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp3", ".mp2", ".mpga", ".flac", ".m4a", ".m4b", ".m4p", ".m4r", ".mp4", ".alac", ".aac", ".aax",
		".ogg", ".oga", ".opus", ".wav", ".wave", ".bwf", ".rf64", ".aif", ".aiff", ".aifc", ".afc",
		".wv", ".ape", ".mpc", ".mp+", ".mpp", ".dsf", ".dff", ".wma", ".asf", ".tta", ".tak", ".spx", ".mka", ".webm", ".weba":
		return true
	}
	return Unread(name)
}

// Unread tells by its extension whether a file is audio whose container Read does not
// know, such as a tracker's module: that it finds nothing is no fault of the file.
func Unread(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".shn", ".mid", ".midi", ".kar", ".mod", ".xm", ".s3m", ".it", ".sid", ".nsf", ".spc", ".ra", ".rm",
		".ac3", ".dts", ".au", ".snd", ".caf", ".amr", ".aa", ".ofr", ".ofs":
		return true
	}
	return false
}

// Read reads the tags of the size bytes at r. The name is used in errors, and its
// extension where the bytes alone do not tell the container.
//
// When the file is damaged the error is ErrTruncated or ErrBroken with what is
// wrong, and Info still holds all that could be known; ErrUnknown comes with what the
// tags at the end say, if any. Any other error is one of r, and then nothing is known.
//
// It reads at most 32 MiB in at most 512 pieces; usually two or three of 64 KiB.
func Read(r io.ReaderAt, size int64, name string) (Info, error) {
	p := &parser{w: newWindow(r, size), fields: fields{}, name: name}
	return p.read()
}

// parser carries one file through the container that its bytes show.
type parser struct {
	w      *window
	name   string
	info   Info
	fields fields
	// headEnd is where the last byte of the leading tags and headers lies.
	headEnd int64
	// extra holds ranges that readers touch besides head and tail.
	extra []Span
	// wrong is the first fault that did not stop the walk.
	wrong error
	// near means that all of the file may be read, if not at once.
	near bool
	// images is how many bytes of pictures may still be read for their hashes.
	images int64
	// latin holds the bytes of texts that were read as Latin-1 and may be none, by what
	// they were read as.
	latin map[string][]byte
	// inflated counts frames that were compressed.
	inflated int
}

func (p *parser) read() (Info, error) {
	err := p.parse()
	p.hashPlain()
	if p.w.failed != nil {
		return Info{}, fmt.Errorf("read tags of %s: %w", p.name, p.w.failed)
	}
	p.finish()
	if err != nil {
		return p.info, fmt.Errorf("read tags of %s: %w", p.name, err)
	}
	return p.info, nil
}

// note keeps the first fault and lets the walk go on.
func (p *parser) note(err error) {
	if p.wrong == nil {
		p.wrong = err
	}
}

func (p *parser) parse() error {
	if p.w.size <= 0 {
		return fmt.Errorf("%w: it is empty", ErrTruncated)
	}
	p.info.Payload = Span{0, p.w.size}
	err := p.container()
	if p.wrong != nil {
		err = p.wrong // the first fault explains the others
	}
	if errors.Is(err, ErrUnknown) && p.info.Container == "" {
		p.unknown()
	}
	return err
}

// unknown reads the tags at the end of a file whose sound is not known, such as
// OptimFROG's: they stand there whatever is before them.
func (p *parser) unknown() {
	if t, err := p.tail(p.info.Payload.Offset); err == nil {
		p.fields.lend(t.ape)
		p.fields.lend(t.v1)
		p.info.Payload.Length = t.start - p.info.Payload.Offset
	}
}

// container finds the container by its first bytes. An ID3v2 tag may stand before
// any of them, though only MPEG audio, ADTS and FLAC are found that way in practice.
func (p *parser) container() error {
	start, err := p.id3v2All(0)
	if err != nil {
		return err
	}
	if start, err = p.apeFront(start); err != nil {
		return err
	}
	p.info.Payload = Span{start, p.w.size - start}
	p.headEnd = start
	magic, err := p.w.upTo(start, 12)
	if err != nil {
		return err
	}
	has := func(at int, s string) bool { return len(magic) >= at+len(s) && string(magic[at:at+len(s)]) == s }
	switch {
	case has(0, "fLaC"):
		return p.flac(start)
	case has(0, "OggS"):
		return p.ogg(start)
	case has(8, "WAVE") && (has(0, "RIFF") || has(0, "RF64") || has(0, "BW64")):
		return p.wave(start)
	case has(0, "FORM") && (has(8, "AIFF") || has(8, "AIFC")):
		return p.aiff(start)
	case has(4, "ftyp") || has(4, "moov") || has(4, "mdat"):
		return p.mp4(start)
	case has(0, "DSD ") && has(4, "\x1c\x00\x00\x00"):
		return p.dsf(start)
	case has(0, "FRM8"):
		return p.dsdiff(start)
	case has(0, "wvpk"):
		return p.wavpack(start)
	case has(0, "MAC "):
		return p.monkeys(start)
	case has(0, "MP+"), has(0, "MPCK"):
		return p.musepack(start, has(0, "MPCK"))
	case has(0, "TTA1"):
		return p.trueAudio(start)
	case has(0, "tBaK"):
		return p.tak(start)
	case has(0, asfHeader[:12]):
		return p.asf(start)
	case has(0, ebmlHead):
		return p.matroska(start)
	}
	if Unread(p.name) {
		return ErrUnknown // any bytes have the look of an MPEG frame somewhere
	}
	return p.mpeg(start)
}

// Sizes of the ranges that tag readers touch, measured on mutagen, TagLib and
// ffprobe: the tags and a little of the sound after them, and the end of the file
// where ID3v1, APEv2 and the last Ogg page lie. They are rounded outward to pages,
// for that is how the kernel asks. VLC looks for the label of a CD's image 32 KiB into
// every file that it opens or only lists, so no head is shorter than that and a page.
const (
	headSlack = 16 << 10
	headLeast = 36 << 10
	tailSize  = 64 << 10
	pageSize  = 4 << 10
)

func (p *parser) finish() {
	p.fields.reread(p.latin)
	p.fields.fill(&p.info)
	in := &p.info
	if in.BitRate == 0 && in.Duration > 0 {
		in.BitRate = int(float64(in.Payload.Length) * 8 / in.Duration.Seconds())
	}
	if p.w.size <= 0 {
		return
	}
	tail := min(p.w.size-tailSize, max(in.Payload.End(), p.headEnd))
	spans := append([]Span{{0, max(p.headEnd+headSlack, headLeast)}, {tail, p.w.size - tail}}, p.extra...)
	in.Touch = mergeSpans(spans, p.w.size)
}

// seconds turns a count of units at a rate into a duration, without overflow.
func seconds(units, rate uint64) time.Duration {
	const most = float64(1 << 62)
	if rate == 0 {
		return 0
	}
	d := float64(units) / float64(rate) * float64(time.Second)
	if d > most {
		return 0
	}
	return time.Duration(d)
}
