package staging

import (
	"fmt"
	"slices"
)

// Record is what must be known to find a draft's bytes again. It is safe to be kept as
// JSON.
type Record struct {
	File    string `json:"file"` // the local file, by name
	Size    int64  `json:"size"`
	BaseEnd int64  `json:"base,omitempty"` // bytes below it that are in no extent are the base's
	Extents []Span `json:"ext,omitempty"`
	// Gen is the draft's generation then.
	Gen uint64 `json:"gen,omitempty"`
	// Former are local files that this record replaces; Reopen removes them.
	Former []string `json:"former,omitempty"`
}

// NeedsBase tells whether bytes are only in the base.
func (r Record) NeedsBase() bool { return !spans(r.Extents).covers(Span{0, r.BaseEnd}) }

// check tells what a draft must not be made of.
func (r Record) check(maxSize int64, base Base) error {
	e := spans(r.Extents)
	switch {
	case !validName(r.File), r.Size < 0, r.Size > maxSize, r.BaseEnd < 0, r.BaseEnd > r.Size,
		!e.valid(), e.end() > r.Size, slices.Contains(r.Former, r.File):
		return fmt.Errorf("record of %.70q: %w", r.File, ErrDamaged)
	case base == nil && r.NeedsBase():
		return fmt.Errorf("record of %s needs its base: %w", r.File, ErrDamaged)
	}
	return nil
}

// done is the newest record whose bytes are safe.
type done struct {
	record Record
	stamp  uint64
	ok     bool
}

// Sync makes what the draft is now safe, or what it is a little later, and gives the record
// of it. The record keeps telling the truth but where recorded bytes are overwritten. Syncs
// at the same time share the work; one of a draft that did not change is free. An error is
// final for the local file: only a truncation to nothing, which begins a fresh one, mends
// it. Errors: ErrClosed, ErrFull, and those of the disk.
func (d *Draft) Sync() (Record, error) {
	d.mu.RLock()
	want, closed := d.stamp, d.closed
	gen := d.gen
	d.mu.RUnlock()
	if closed {
		return Record{}, ErrClosed
	}
	d.syncing.Lock()
	defer d.syncing.Unlock()
	if d.done.ok && d.done.stamp >= want && d.done.record.Gen >= gen {
		return d.clean(), nil
	}
	d.mu.Lock()
	r, stamp, file := d.record(), d.stamp, d.file
	if d.closed {
		d.mu.Unlock()
		return Record{}, ErrClosed
	}
	if len(r.Extents) == 0 { // the name is durable already, and there is nothing else
		d.finish(r, stamp)
		d.mu.Unlock()
		return d.clean(), nil
	}
	d.recorded = true
	f, err := d.s.files.borrow(file, false)
	d.mu.Unlock()
	if err != nil {
		return Record{}, fmt.Errorf("sync staged file: %w", err)
	}
	err = d.s.files.sync(file, f)
	d.s.files.giveBack(file)
	if err != nil {
		return Record{}, fmt.Errorf("sync staged file: %w", err)
	}
	d.mu.Lock()
	d.finish(r, stamp)
	d.mu.Unlock()
	return d.clean(), nil
}

// record is what the draft is. With d.mu held.
func (d *Draft) record() Record {
	r := Record{File: d.file.name, Size: d.size, BaseEnd: d.baseEnd,
		Extents: slices.Clone(d.spans), Gen: d.gen}
	for _, l := range d.former {
		r.Former = append(r.Former, l.name)
	}
	return r
}

// finish notes a record whose bytes are safe. With d.syncing and d.mu held.
func (d *Draft) finish(r Record, stamp uint64) {
	d.done = done{record: r, stamp: stamp, ok: true}
	d.synced = r.Gen
}

// clean gives the newest record to a caller of its own. With d.syncing held.
func (d *Draft) clean() Record {
	r := d.done.record
	r.Extents, r.Former = slices.Clone(r.Extents), slices.Clone(r.Former)
	return r
}

// Settle says that r, which Sync gave, is durable in the journal: no older record will be
// reopened. Local files of older ones go.
func (d *Draft) Settle(r Record) {
	d.mu.Lock()
	d.settled = max(d.settled, r.Gen)
	keep := slices.IndexFunc(d.former, func(l *local) bool { return l.name == r.File })
	if d.file.name == r.File {
		keep = len(d.former)
	}
	var gone []*local
	if keep > 0 && !d.closed {
		gone = slices.Clone(d.former[:keep])
		d.former = slices.Clone(d.former[keep:])
	}
	d.mu.Unlock()
	for _, l := range gone {
		d.s.files.forget(l)
		if err := d.s.unlink(l.name); err != nil {
			d.s.log.Warn("former staged file cannot be removed", "file", l.name, "err", err)
		}
	}
}
