package intake

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/fs/library"
)

// reading is a group whose files are being examined.
type reading struct {
	group
	files []examined
	done  chan struct{} // closed when all have been
}

// planAll decides where each group goes, and uploads what the locker lacks.
func (r *run) planAll(ctx context.Context, in <-chan *reading, out chan<- placed) error {
	shelf := newShelf(ctx, r.im.Index)
	pool, pctx := errgroup.WithContext(ctx)
	pool.SetLimit(parallelUploads)
	for rd := range in {
		select {
		case <-rd.done:
		case <-pctx.Done():
			return errors.Join(pool.Wait(), context.Cause(ctx))
		}
		if !rd.audio {
			r.companions(pctx, rd)
		}
		if pctx.Err() != nil { // what was examined after that says nothing
			return errors.Join(pool.Wait(), context.Cause(ctx))
		}
		plans, err := r.plan(shelf, rd)
		if err != nil {
			return errors.Join(err, pool.Wait())
		}
		rd.files = nil // the tags of a large folder are much
		for i, p := range plans {
			plans[i] = placed{}
			r.start(pctx, pool, p, out)
		}
	}
	return pool.Wait()
}

// companions examines files that have no music beside them, if they are in the folder
// of an artist whose albums were below it: they go to the artist's folder, by a source
// path that library.Plan files so. Others are left out, unread.
func (r *run) companions(ctx context.Context, rd *reading) {
	artist, ok := r.artists[rd.dir]
	rd.files = nil
	for _, f := range rd.group.files {
		if !ok {
			r.ledger.leave(f, "not music, and no music beside it")
			continue
		}
		f.source = "in/" + artist + strings.TrimPrefix(f.source, rd.dir)
		rd.files = append(rd.files, r.im.examine(ctx, r.known, f))
	}
}

// plan files one group. It gives the files that are not in their place already.
func (r *run) plan(s *shelf, rd *reading) ([]placed, error) {
	var good []examined
	var sources []library.Source
	for _, x := range rd.files {
		if x.err != nil {
			r.ledger.failed(x.file, x.err)
			continue
		}
		good = append(good, x)
		sources = append(sources, library.Source{Path: x.source, Info: x.tags, ID: contentID(x.hash)})
	}
	places, err := library.Plan(sources, s)
	if err != nil {
		return nil, fmt.Errorf("filing %s: %w", rd.group.files[0].path, err)
	}
	var plans []placed
	for _, place := range places {
		x := good[place.Source]
		r.notice(rd.dir, place.Path)
		there, err := s.has(place.Path, x.hash)
		if err != nil {
			return nil, err
		}
		if there {
			r.ledger.present(placed{examined: x, path: place.Path})
			continue
		}
		if err := s.place(place.Path, x.hash); err != nil {
			return nil, err
		}
		plans = append(plans, placed{examined: x, path: place.Path})
	}
	return plans, nil
}

// notice learns from where a file of an album goes which of the folders above the
// album is its artist's: the one that has the artist's name.
func (r *run) notice(album, to string) {
	artist, _, _ := strings.Cut(to, "/")
	for dir := path.Dir(album); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if r.artists[dir] == "" && library.Fold(library.CleanPart(path.Base(dir))) == library.Fold(artist) {
			r.artists[dir] = artist
		}
	}
}
