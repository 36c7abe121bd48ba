package intake

import (
	"errors"
	"io"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/tag"
)

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
