package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/lockerfs/lockerfs/fs/intake"
)

// placedInMemory is how many files of a dry run are kept in memory; more go to disk.
const placedInMemory = 50_000

// placements keeps where the files of a dry run would stand, and gives them in the
// order of a tree: an import meets its albums in the order of their source.
type placements struct {
	most int
	here []intake.Placed
	runs []*os.File // in order each, and without a name already
	err  error      // the first; nothing is kept after it
}

func newPlacements() *placements { return &placements{most: placedInMemory} }

func (p *placements) add(x intake.Placed) {
	if p.err != nil {
		return
	}
	if p.here = append(p.here, x); len(p.here) >= p.most {
		p.err = p.spill()
	}
}

// spill writes what is in memory to a temporary file.
func (p *placements) spill() error {
	p.sort()
	f, err := os.CreateTemp("", "lockerfs-*")
	if err != nil {
		return err
	}
	p.runs = append(p.runs, f)
	if err := os.Remove(f.Name()); err != nil { // it lives for as long as it is open
		return err
	}
	out := bufio.NewWriter(f)
	lines := json.NewEncoder(out)
	for _, x := range p.here {
		if err := lines.Encode(x); err != nil {
			return err
		}
	}
	p.here = p.here[:0]
	return out.Flush()
}

func (p *placements) sort() { slices.SortStableFunc(p.here, comparePlaced) }

// each gives all in order. It may be called again.
func (p *placements) each(f func(intake.Placed) error) error {
	if p.err != nil {
		return p.err
	}
	p.sort()
	sources := []*placedSource{{rest: p.here}}
	for _, run := range p.runs {
		if _, err := run.Seek(0, io.SeekStart); err != nil {
			return err
		}
		sources = append(sources, &placedSource{lines: json.NewDecoder(bufio.NewReader(run))})
	}
	return merge(sources, f)
}

// merge gives what several sources hold, each in order, in one order.
func merge(sources []*placedSource, f func(intake.Placed) error) error {
	for _, s := range sources {
		if err := s.next(); err != nil {
			return err
		}
	}
	for {
		var least *placedSource
		for _, s := range sources { // few: one for each placedInMemory files
			if !s.end && (least == nil || comparePlaced(s.head, least.head) < 0) {
				least = s
			}
		}
		if least == nil {
			return nil
		}
		if err := f(least.head); err != nil {
			return err
		}
		if err := least.next(); err != nil {
			return err
		}
	}
}

// placedSource is a list in memory, or the lines of a file.
type placedSource struct {
	rest  []intake.Placed
	lines *json.Decoder
	head  intake.Placed
	end   bool
}

func (s *placedSource) next() error {
	if s.lines == nil {
		if s.end = len(s.rest) == 0; !s.end {
			s.head, s.rest = s.rest[0], s.rest[1:]
		}
		return nil
	}
	s.head = intake.Placed{}
	err := s.lines.Decode(&s.head)
	if s.end = errors.Is(err, io.EOF); s.end {
		return nil
	}
	return err
}

func (p *placements) close() {
	for _, f := range p.runs {
		_ = f.Close() // nobody needs it any more
	}
}

// comparePlaced puts what brings a file before what only finds it there.
func comparePlaced(a, b intake.Placed) int {
	there := func(p intake.Placed) int {
		if p.Action == intake.Present {
			return 1
		}
		return 0
	}
	return cmp.Or(comparePaths(a.Path, b.Path), cmp.Compare(there(a), there(b)), cmp.Compare(a.Source, b.Source))
}

// comparePaths orders paths as a walk of the tree comes by them: what is in a folder
// stays together.
func comparePaths(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == b[i]:
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		default:
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}
