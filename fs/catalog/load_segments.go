package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// segments reads all that is missing, while first is run: nothing is written before that.
func (l *loader) segments(ctx context.Context, first func() error) error {
	g, ctx := errgroup.WithContext(ctx)
	room := make(chan struct{}, decodedSegments)
	ready := make(chan *decoded)
	var fetching sync.WaitGroup
	for lane := range parallelSegments + 1 {
		next := l.arrivals.next
		if lane == parallelSegments {
			next = l.arrivals.nextWanted // what is asked for does not wait for a free one
		}
		fetching.Add(1)
		g.Go(func() error {
			defer fetching.Done()
			return l.fetch(ctx, next, room, ready)
		})
	}
	g.Go(func() error {
		fetching.Wait()
		close(ready)
		return nil
	})
	g.Go(func() error {
		if err := first(); err != nil {
			return err
		}
		return l.write(ctx, ready)
	})
	return g.Wait()
}

// fetch reads one segment after the other.
func (l *loader) fetch(ctx context.Context, next func(context.Context) *awaited, room chan struct{}, ready chan<- *decoded) error {
	for m := next(ctx); m != nil; m = next(ctx) {
		body, err := get(ctx, l.from, segmentPrefix+m.Hash, maxSegmentBody)
		if err != nil {
			return err
		}
		release, err := l.arrivals.enter(ctx, m, room)
		if err != nil {
			return err
		}
		d, err := l.decode(m, body)
		if err != nil {
			return fmt.Errorf("segment %.16s: %w", m.Hash, err)
		}
		d.release = release
		select {
		case ready <- d:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// minLine is less than any line of a segment has, in bytes.
const minLine = 64

// buffer gives memory for the text of a segment, and spare takes it back.
func (l *loader) buffer() []byte {
	select {
	case b := <-l.buffers:
		return b
	default:
		return make([]byte, 0, segmentSize)
	}
}

func (l *loader) spare(b []byte) {
	select {
	case l.buffers <- b:
	default:
	}
}

// decoded is a segment ready for the index.
type decoded struct {
	*awaited
	lines   []decodedLine
	release func() // makes room for another
}

type decodedLine struct {
	segmentLine
	version, xattrs []byte // of a file, as JSON
}

func (l *loader) decode(m *awaited, body []byte) (*decoded, error) {
	if bodyHash(body) != m.Hash {
		return nil, fmt.Errorf("it is not what its name says: %w", ErrCorrupt)
	}
	buf := l.buffer()
	text, err := unpackInto(buf, body, maxSegmentText)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrCorrupt)
	}
	defer l.spare(text) // nothing of what is decoded refers to it
	// The number of lines is a claim.
	d := &decoded{awaited: m, lines: make([]decodedLine, 0, max(0, min(m.Lines, len(text)/minLine)))}
	err = readLines(&lines{text}, m.Lines, func(line *segmentLine) (err error) {
		one := decodedLine{segmentLine: *line}
		if e := line.Entry; e != nil {
			if one.version, err = json.Marshal(e.Version); err == nil {
				one.xattrs, err = e.xattrsJSON()
			}
			if failed := l.checkFile(m, e, len(one.version)); failed != nil {
				return failed
			}
			e.Version.Tags = nil // they are in the JSON
		}
		d.lines = append(d.lines, one)
		return err
	})
	return d, err
}

// checkFile holds a file against the rules that commits are held against. It must be where
// its segment says: else a folder might be listed before all of it is here.
func (l *loader) checkFile(m *awaited, e *Entry, version int) error {
	if err := checkSized(e, version); err != nil || e.Kind != File {
		return fmt.Errorf("entry %s, a %s: %v: %w", e.ID, e.Kind, err, ErrCorrupt)
	}
	if !e.ID.valid() || !e.Version.ID.valid() {
		return fmt.Errorf("entry %s: id out of range: %w", e.ID, ErrCorrupt)
	}
	if bare, ok := l.folders[e.Parent]; !ok || bare || !m.holds(e.Parent) {
		return fmt.Errorf("entry %s in %s, which is no folder of this segment: %w", e.ID, e.Parent, ErrCorrupt)
	}
	return nil
}

// write takes segments into the index as they come, several at once unless somebody waits.
func (l *loader) write(ctx context.Context, ready <-chan *decoded) error {
	for d := range ready {
		var came []*awaited
		err := l.update(func(st *txState) error {
			until := time.Now().Add(loadSpell)
			for lines := 0; d != nil; d = more(ctx, ready) {
				if err := st.restoreSegment(d); err != nil {
					return fmt.Errorf("segment %.16s: %w", d.Hash, err)
				}
				d.release()
				came, lines = append(came, d.awaited), lines+len(d.lines)
				if lines > loadLines || time.Now().After(until) || l.arrivals.urgent(d.awaited) {
					return nil
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
		l.arrivals.came(came)
	}
	return ctx.Err()
}

// more gives the next segment, or nil when it does not come soon.
func more(ctx context.Context, ready <-chan *decoded) *decoded {
	timer := time.NewTimer(loadPause)
	defer timer.Stop()
	select {
	case d := <-ready:
		return d
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}
