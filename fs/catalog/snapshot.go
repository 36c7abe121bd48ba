package catalog

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"strconv"

	"github.com/lockerfs/lockerfs/remote"
)

// snapshot is the index as it was at one commit, while later ones are applied.
type snapshot struct {
	tx *sql.Tx
	n  int64
}

func (x *Index) snapshot(ctx context.Context) (*snapshot, error) {
	tx, err := x.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	var applied string
	// The first read fixes what the transaction sees.
	err = tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'applied'").Scan(&applied)
	if err != nil {
		tx.Rollback()
		return nil, err
	}
	n, err := strconv.ParseInt(applied, 10, 64)
	if err != nil {
		tx.Rollback()
		return nil, err
	}
	return &snapshot{tx, n}, nil
}

func (s *snapshot) close() { s.tx.Rollback() }

// each calls f for every row of entryColumns that the query gives.
func (s *snapshot) each(ctx context.Context, where string, f func(Entry) error) error {
	rows, err := s.tx.QueryContext(ctx, "SELECT "+entryColumns+" FROM entry e LEFT JOIN content c ON c.node = e.node "+where)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r entryRow
		if err := rows.Scan(r.dest()...); err != nil {
			return err
		}
		e, err := r.entry()
		if err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
	return rows.Err()
}

// folders gives all folders, the root among them, ordered by id.
func (s *snapshot) folders(ctx context.Context) ([]Entry, error) {
	var list []Entry
	err := s.each(ctx, "WHERE e.kind = 1 ORDER BY e.id", func(e Entry) error {
		list = append(list, e)
		return nil
	})
	return list, err
}

// writeSegments writes all files, ordered by folder and name, and after them the
// past, in the order it happened.
func (s *snapshot) writeSegments(ctx context.Context, to remote.Store) ([]segmentRef, error) {
	w := segmentWriter{ctx: ctx, to: to}
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
	return w.refs, err
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

// segmentWriter collects lines and writes them as segments.
type segmentWriter struct {
	ctx  context.Context // of the one checkpoint it writes
	to   remote.Store
	text bytes.Buffer
	ref  segmentRef
	refs []segmentRef
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
	if w.ref.Hash, err = putSegment(w.ctx, w.to, body); err != nil {
		return err
	}
	w.refs = append(w.refs, w.ref)
	w.ref = segmentRef{}
	w.text.Reset()
	return nil
}
