package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// copySegments writes all files to a file, as segments ordered by folder and name, and
// after them the past, in the order it happened.
func (s *snapshot) copySegments(ctx context.Context, file io.Writer) ([]copiedSegment, error) {
	w := segmentWriter{file: file}
	err := s.each(ctx, "WHERE e.kind = 2 ORDER BY e.parent, e.name", func(e Entry) error {
		return w.addFile(&e)
	})
	if err == nil {
		err = w.flush()
	}
	for _, part := range []func(context.Context, *segmentWriter) error{s.past, s.condemned, s.ignored} {
		if err == nil {
			err = part(ctx, &w)
		}
		if err == nil {
			err = w.flush()
		}
	}
	return w.segments, err
}

func (s *snapshot) past(ctx context.Context, w *segmentWriter) error {
	rows, err := s.tx.QueryContext(ctx, "SELECT n, at, parent, body FROM past ORDER BY n, id, node")
	if err != nil {
		return err
	}
	defer rows.Close()
	last := int64(0)
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
		// What is forgotten later goes with whole segments.
		if p.N/pastCommits != last/pastCommits {
			if err := w.flush(); err != nil {
				return err
			}
		}
		last = p.N
		if err := w.add(ID(parent), segmentLine{Past: &p}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// pastCommits is of how many commits a segment holds the past.
const pastCommits = 1024

// segmentSize is where a segment is cut at the latest, in bytes of text.
const segmentSize = 8 << 20

// segmentWriter writes lines as segments, one after the other. Text goes through the
// compressor as it comes: a segment is never whole in memory.
type segmentWriter struct {
	file     io.Writer
	at       int64
	size     int64 // of the present segment, compressed
	text     int   // and as text
	sum      hash.Hash
	zstd     *zstd.Encoder
	ref      segmentRef
	segments []copiedSegment
}

// Write takes what the compressor makes.
func (w *segmentWriter) Write(b []byte) (int, error) {
	w.sum.Write(b)
	w.size += int64(len(b))
	return w.file.Write(b)
}

func (w *segmentWriter) begin() (err error) {
	if w.zstd == nil {
		w.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	}
	w.sum, w.size, w.text = sha256.New(), 0, 0
	if err == nil {
		w.zstd.Reset(w)
	}
	return err
}

// addFile adds a file, in a segment of its own after some folders.
func (w *segmentWriter) addFile(e *Entry) error {
	if e.Parent != w.ref.Last && w.ref.Last&cutMask == 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	return w.add(e.Parent, segmentLine{Entry: e})
}

func (w *segmentWriter) add(parent ID, line segmentLine) error {
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if w.text+len(b) >= segmentSize {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if w.ref.Lines == 0 {
		if err := w.begin(); err != nil {
			return err
		}
		w.ref.First = parent
	}
	w.ref.Last = parent
	w.ref.Lines++
	w.ref.Other = line.Entry == nil
	w.text += len(b) + 1
	_, err = w.zstd.Write(append(b, '\n'))
	return err
}

func (w *segmentWriter) flush() error {
	if w.ref.Lines == 0 {
		return nil
	}
	if err := w.zstd.Close(); err != nil {
		return err
	}
	w.ref.Hash = hex.EncodeToString(w.sum.Sum(nil))
	w.segments = append(w.segments, copiedSegment{w.ref, w.at, w.size})
	w.at += w.size
	w.ref = segmentRef{}
	return nil
}
