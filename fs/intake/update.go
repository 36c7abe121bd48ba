package intake

import (
	"context"
	"errors"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// stands says what the locker has of a file that this device imported from the same
// path before.
type stands int

const (
	anew     stands = iota // nothing, or nothing sure: it is filed like any other
	asItIs                 // its entry, with this very content, wherever it stands now
	retagged               // its entry, as it was imported then, and the file has new tags
)

// before tells what became of the entry that an earlier import of the same path made.
// Only what is certain counts, for an update puts one content in another's place:
//
//   - the entry holds what was imported from this path, so nobody has changed it;
//   - the file is new to the locker: names that were exchanged are no new tags;
//   - it is the same recording: another disk may be where the first one was, and a
//     recorder gives out its names again.
func (r *run) before(ctx context.Context, x *examined) (stands, error) {
	if x.past.entry == 0 {
		return anew, nil
	}
	e, err := r.im.Index.Entry(ctx, x.past.entry)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && e.Version == nil {
		return anew, nil
	}
	if err != nil {
		return anew, err
	}
	now := e.Version.SHA256
	if h, ok := r.flight.updated(e.ID); ok {
		now = h
	}
	switch {
	case now == x.hash:
		return asItIs, nil
	case now == x.past.hash && x.held == nil && (x.tags == nil || x.sound != sound{} && x.sound == x.past.sound):
		return retagged, nil
	}
	return anew, nil
}

// sure tells whether a group's folder is one that was imported before: some track in
// it shows it. What is not audio has no recording to be known by, and counts as
// imported before only in such a folder.
func (r *run) sure(ctx context.Context, files []examined) (bool, error) {
	for i := range files {
		if files[i].tags == nil {
			continue
		}
		if was, err := r.before(ctx, &files[i]); err != nil || was != anew {
			return err == nil, err
		}
	}
	return false, nil
}

// again makes p the same file as the one that an earlier import of its path made, if
// there is one for certain. group is what it was found with.
func (r *run) again(ctx context.Context, p *placed, group []examined) error {
	was, err := r.before(ctx, &p.examined)
	if err == nil && was != anew && p.tags == nil {
		var sure bool
		if sure, err = r.sure(ctx, group); !sure {
			was = anew
		}
	}
	if err != nil || was == anew {
		return err
	}
	if p.path, err = r.im.Index.Path(ctx, p.past.entry); err != nil {
		return err
	}
	p.entry, p.action = p.past.entry, Present
	if was == retagged {
		p.action = Update
	}
	return nil
}
