package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
)

// copySegments writes all files to a file, as segments ordered by folder and name, and
// after them the past, in the order it happened.
func (s *snapshot) copySegments(ctx context.Context, file io.Writer) ([]copiedSegment, error) {
	w := segmentWriter{file: file}
	err := s.each(ctx, "WHERE e.kind = 2 ORDER BY e.parent, e.name", func(e Entry) error {
		if e.Parent != w.ref.Last && w.ref.Last&cutMask == 0 {
			if err := w.flush(); err != nil {
				return err
			}
		}
		return w.add(e.Parent, segmentLine{Entry: &e})
	})
	if err == nil {
		err = w.flush()
	}
	if err == nil {
		err = s.past(ctx, &w)
	}
	if err == nil {
		err = w.flush()
	}
	return w.segments, err
}

func (s *snapshot) past(ctx context.Context, w *segmentWriter) error {
	rows, err := s.tx.QueryContext(ctx, "SELECT n, at, parent, body FROM past ORDER BY n, id, node")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p Past
		var parent int64
		var body []byte
		if err := rows.Scan(&p.N, &p.At, &parent, &body); err != nil {
			return err
		}
		if err := json.Unmarshal(body, &p.Entry); err != nil {
			return err
		}
		if err := w.add(ID(parent), segmentLine{Past: &p}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// segmentSize is where a segment is cut at the latest, in bytes of text.
const segmentSize = 8 << 20

// segmentWriter collects lines and writes them as segments, one after the other.
type segmentWriter struct {
	file     io.Writer
	at       int64
	text     bytes.Buffer
	ref      segmentRef
	segments []copiedSegment
}

func (w *segmentWriter) add(parent ID, line segmentLine) error {
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if w.text.Len()+len(b) >= segmentSize {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if w.ref.Lines == 0 {
		w.ref.First = parent
	}
	w.ref.Last = parent
	w.ref.Lines++
	w.text.Write(append(b, '\n'))
	return nil
}

func (w *segmentWriter) flush() error {
	if w.ref.Lines == 0 {
		return nil
	}
	body, err := pack(w.text.Bytes())
	if err != nil {
		return err
	}
	if _, err := w.file.Write(body); err != nil {
		return err
	}
	w.ref.Hash = bodyHash(body)
	w.segments = append(w.segments, copiedSegment{w.ref, w.at, int64(len(body))})
	w.at += int64(len(body))
	w.ref = segmentRef{}
	w.text.Reset()
	return nil
}
