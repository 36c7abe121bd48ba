package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Bounds of text before it is read, because a list that takes two bytes an element as text
// can take a hundred in memory.
const (
	// maxLine is the longest line of a commit, a manifest or a segment, in bytes: a
	// Condemn with as many keys as there may be.
	maxLine = 4 << 20
	// maxLineParts is how many commas a line has at most.
	maxLineParts = 4 * MaxKeys
	// maxParts is the same for a commit: 20 for each operation, and some.
	maxParts = 1 << 20
)

// lines are JSON values out of the store, one a line.
type lines struct{ rest []byte }

// next reads a line into v. After the last it gives io.EOF.
func (l *lines) next(v any) error {
	for len(l.rest) > 0 {
		line, rest, _ := bytes.Cut(l.rest, []byte{'\n'})
		l.rest = rest
		if len(line) == 0 {
			continue
		}
		if !lineFits(line) {
			return fmt.Errorf("a line of %d bytes", len(line))
		}
		if err := json.Unmarshal(line, v); err != nil {
			return fmt.Errorf("%.200v", err) // it may repeat all of what it could not read
		}
		return nil
	}
	return io.EOF
}

func lineFits(line []byte) bool {
	return len(line) <= maxLine && bytes.Count(line, []byte{','}) <= maxLineParts
}

// linesFit tells whether the text of a commit keeps within the bounds.
func linesFit(text []byte) bool {
	for line := range bytes.Lines(text) {
		if !lineFits(line) {
			return false
		}
	}
	return bytes.Count(text, []byte{','}) <= maxParts
}
