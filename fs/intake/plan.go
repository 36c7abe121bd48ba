package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// reading is a group whose files are being examined.
type reading struct {
	group
	files []examined
	done  chan struct{} // closed when all have been
}

// planAll decides where each group goes, and uploads what the locker lacks.
func (r *run) planAll(ctx context.Context, in <-chan *reading, out chan<- placed) error {
	pool, pctx := errgroup.WithContext(ctx)
	pool.SetLimit(parallelUploads)
	for rd := range in {
		select {
		case <-rd.done:
		case <-pctx.Done():
			return errors.Join(pool.Wait(), context.Cause(ctx))
		}
		r.homes.leave(rd.dir)
		if !rd.audio {
			r.companions(pctx, rd)
		}
		if pctx.Err() != nil { // what was examined after that says nothing
			return errors.Join(pool.Wait(), context.Cause(ctx))
		}
		plans, err := r.plan(pctx, rd)
		if err != nil {
			return errors.Join(err, pool.Wait())
		}
		rd.files = nil // the tags of a large folder are much
		for i := range plans {
			if i%packAhead == 0 {
				for _, k := range r.gather(pctx, plans[i:min(i+packAhead, len(plans))], i == 0) {
					pool.Go(func() error { k.send(pctx); return nil })
				}
			}
			p := plans[i]
			plans[i] = placed{}
			if err := r.start(pctx, pool, p, out); err != nil {
				return errors.Join(err, pool.Wait())
			}
		}
	}
	return pool.Wait()
}

// companions examines files that have no music beside them, if it is plain to which
// album or artist below them they belong: their source path then says where they go.
// Others are left out, unread.
func (r *run) companions(ctx context.Context, rd *reading) {
	to, ok := r.homes.of(rd.dir)
	rd.files = nil
	for _, f := range rd.group.files {
		switch {
		case r.layout.Keep():
		case !ok:
			r.ledger.leave(notAudio, f, notMusic)
			continue
		default:
			f.source = to + strings.TrimPrefix(f.source, rd.dir)
		}
		rd.files = append(rd.files, r.examine(ctx, f))
	}
}

// plan files one group: it says of each file what is to be done with it, in the order
// of the locker's paths.
func (r *run) plan(ctx context.Context, rd *reading) ([]placed, error) {
	good, sources := r.good(rd)
	layout := r.layout
	if !rd.audio {
		layout = r.keeping // companions have told where they go
	}
	places, err := library.Plan(layout, sources, r.shelf)
	if err != nil {
		return nil, fmt.Errorf("filing %s: %w", rd.group.files[0].path, err)
	}
	plans := make([]placed, 0, len(places))
	strays := r.strays(rd, good, places)
	for i, place := range places {
		if strays[i] {
			r.ledger.leave(notAudio, good[place.Source].file, noAlbum)
			continue
		}
		p := placed{examined: good[place.Source], path: place.Path, action: Upload}
		if rd.audio && tag.Audio(p.file.path) {
			r.homes.notice(rd.dir, place.Path)
		}
		if err := r.decide(ctx, &p, place.Wanted, good); err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	slices.SortFunc(plans, func(a, b placed) int { return cmp.Compare(a.path, b.path) })
	return plans, nil
}

const noAlbum = "not music, and of no one album of those beside it"

// strays tells which files would stand apart from all the music of their group: the
// folder they lay in is none of the locker's.
func (r *run) strays(rd *reading, good []examined, places []library.Placement) map[int]bool {
	if !rd.audio || r.layout.Keep() {
		return nil
	}
	top := func(p string) string { top, _, _ := strings.Cut(p, "/"); return top }
	music := map[string]bool{}
	for _, place := range places {
		if tag.Audio(good[place.Source].file.path) {
			music[top(place.Path)] = true
		}
	}
	strays := map[int]bool{}
	for i, place := range places {
		strays[i] = len(music) > 0 && !music[top(place.Path)]
	}
	return strays
}

// good gives the files of a group that can come in. When the disk of some went away,
// none do: the rest of an album is not the album.
func (r *run) good(rd *reading) (good []examined, sources []library.Source) {
	lost := slices.ContainsFunc(rd.files, func(x examined) bool { return x.err != nil && rd.root.gone(r.disk, x.err) })
	for _, x := range rd.files {
		if x.err == nil && lost {
			x.err = errGone
		}
		if x.err != nil {
			r.ledger.leave(failed, x.file, x.err.Error())
			continue
		}
		good = append(good, x)
		sources = append(sources, library.Source{Path: x.source, Info: x.tags, ID: contentID(x.hash)})
	}
	return good, sources
}

// decide says what is to be done with a file that was given a place, instead of the one
// wanted if that is not "".
func (r *run) decide(ctx context.Context, p *placed, wanted string, group []examined) error {
	there, ours, err := r.shelf.has(p.path, p.hash)
	if err != nil {
		return err
	}
	if there {
		if p.twin = ours && p.held == nil && !r.opts.DryRun; !p.twin {
			p.action = Present
		}
		return nil
	}
	if err := r.again(ctx, p, group); err != nil || p.action == Present {
		return err
	}
	if p.action == Upload {
		if err := r.collided(p, wanted); err != nil {
			return err
		}
	}
	return r.shelf.place(p.path, p.hash, p.tags, p.file.path, 0)
}
