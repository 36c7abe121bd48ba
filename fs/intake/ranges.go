package intake

import (
	"errors"
	"io"
	"path"
	"strings"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// maxPicture is how large a picture beside the music may be, in bytes, to be in a scan
// pack: it is there whole, for whoever shows it reads all of it. Covers are smaller, and
// most scans of booklets larger.
const maxPicture = 1 << 20

// Picture tells by its name whether a file is a picture that file managers and players show.
func Picture(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp":
		return true
	}
	return false
}

// Looked gives what programs that look at all files read of one with these tags, nil for
// none: of music what [tag.Info] says, of a small picture all of it; nil where that is nothing.
func Looked(name string, size int64, tags *tag.Info) *tag.Info {
	if tags != nil || size <= 0 || size > maxPicture || !Picture(name) {
		return tags
	}
	whole := tag.Span{Length: size}
	return &tag.Info{Touch: []tag.Span{whole}, Pictures: []tag.Picture{{Span: whole}}}
}

// ScanRanges reads what library scans read of a file of size bytes, as its tags tell;
// nothing where that is too much for a scan pack. It reads into scratch, which holds until
// the next file.
func ScanRanges(tags *tag.Info, size int64, f io.ReaderAt, scratch *[]byte) ([]pack.Range, error) {
	total, plain := int64(0), int64(0)
	for _, s := range tags.Touch {
		if s.Offset < 0 || s.Length <= 0 || s.Offset > size || s.Length > size-s.Offset {
			return nil, nil
		}
		total += s.Length
		plain += s.Length
		for _, p := range tags.Pictures {
			if p.Span.Offset >= s.Offset && p.Span.Length > 0 && p.Span.Length <= s.End()-p.Span.Offset {
				plain -= p.Span.Length
			}
		}
		if total > packMost {
			return nil, nil
		}
	}
	if plain > packPlain {
		return nil, nil
	}
	ranges := make([]pack.Range, 0, len(tags.Touch))
	free := room(scratch, total)
	for _, s := range tags.Touch {
		b := free[:s.Length:s.Length]
		free = free[s.Length:]
		if n, err := f.ReadAt(b, s.Offset); n < len(b) {
			return nil, errors.Join(errChanged, err)
		}
		ranges = append(ranges, pack.Range{Offset: s.Offset, Bytes: b})
	}
	return ranges, nil
}

// SharedSpans are the pictures of a file that other files are likely to have too.
func SharedSpans(tags *tag.Info) (shared []pack.Span) {
	for _, p := range tags.Pictures {
		if p.Span.Length >= sharedFrom {
			shared = append(shared, pack.Span{Offset: p.Span.Offset, Length: p.Span.Length})
		}
	}
	return shared
}
