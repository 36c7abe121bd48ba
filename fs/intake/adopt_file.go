package intake

import (
	"context"
	"errors"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

// FileByTags gives the files that the watch of a prefix shows by their keys the places that
// an import would give them, as an Organizer does. Those that stand elsewhere by now stay:
// somebody has put them there, or this has.
func (a *Adopter) FileByTags(ctx context.Context, prefix string, all Watched, opts OrganizeOptions, moved func(Move), progress func(OrganizeProgress)) (OrganizeReport, error) {
	o := &Organizer{Index: a.Index, Commit: a.Commit, Logger: a.Logger, Only: func(at string, e catalog.Entry) bool {
		v := e.Version
		if !v.Object.Foreign || v.Tags == nil && tag.Audio(e.Name) {
			return false
		}
		w, ok := all.Of(v.Object.Key)
		if !ok || w.Prefix != prefix {
			return false
		}
		by, err := keyPath(&w, remote.Object{Key: v.Object.Key, Size: v.Size})
		return err == nil && by == at
	}}
	under := ""
	for _, w := range all {
		if w.Prefix == prefix {
			under = w.Under
		}
	}
	report, err := o.Run(ctx, under, opts, moved, progress)
	if errors.Is(err, catalog.ErrNotFound) {
		return report, nil // nothing came in yet
	}
	return report, err
}
