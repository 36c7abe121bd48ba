package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/prefetch"
)

// order knows what comes after a track: in its folder, in a playlist, in a walk.
type order struct {
	index *catalog.Index
	// text gives the bytes of a playlist, if they are on this machine.
	text func(ctx context.Context, v *catalog.Version) ([]byte, error)
	// mount is where the locker is mounted.
	mount string
}

const (
	// maxSorted is how many entries a folder may have to be put in the order of its tags,
	// which takes 20 µs each. Of a larger one the names tell.
	maxSorted = 1000
	// maxSteps bounds how many folders one question may look into.
	maxSteps = 64
)

// Folder is prefetch.Successor's.
func (o order) Folder(ctx context.Context, track prefetch.File, n int) (prefetch.Sequence, error) {
	at, err := o.index.Node(ctx, catalog.ID(track))
	if err != nil {
		return prefetch.Sequence{}, err
	}
	list, err := o.index.Children(ctx, at.Parent, "", maxSorted+1)
	if err != nil {
		return prefetch.Sequence{}, err
	}
	sorted := len(list) <= maxSorted
	if !sorted {
		if list, err = o.index.Children(ctx, at.Parent, at.Name, n); err != nil {
			return prefetch.Sequence{}, err
		}
		list = append([]catalog.Attr{at}, list...)
	}
	tracks, err := o.tracks(ctx, list)
	if err != nil {
		return prefetch.Sequence{}, err
	}
	if sorted {
		byTags(tracks)
	}
	return around(tracks, track, n), nil
}

// numbered is a track with what an album says of it.
type numbered struct {
	track      prefetch.Track
	disc, rank int
}

// tracks gives what is audio among entries.
func (o order) tracks(ctx context.Context, list []catalog.Attr) (tracks []numbered, err error) {
	for _, a := range list {
		if a.Kind != catalog.File {
			continue
		}
		v, err := o.index.Version(ctx, a.Node)
		if errors.Is(err, catalog.ErrNotFound) {
			continue // replaced meanwhile
		}
		if err != nil {
			return nil, err
		}
		if kindOf(v) == prefetch.Audio {
			tracks = append(tracks, numbered{trackOf(v), v.Tags.Disc, v.Tags.Track})
		}
	}
	return tracks, nil
}

// byTags puts tracks in the order of discs and tracks, if all of them have a number.
// Otherwise they stay in the order of their names, which players use then.
func byTags(tracks []numbered) {
	for _, t := range tracks {
		if t.rank == 0 {
			return
		}
	}
	slices.SortStableFunc(tracks, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.disc, b.disc), cmp.Compare(a.rank, b.rank))
	})
}

// around gives at most n tracks, as many before as after the one named.
func around(tracks []numbered, track prefetch.File, n int) (s prefetch.Sequence) {
	at := slices.IndexFunc(tracks, func(t numbered) bool { return t.track.File == track })
	if at < 0 {
		return s
	}
	from := max(0, at-n/2)
	for _, t := range tracks[from:min(from+n, len(tracks))] {
		s.Tracks = append(s.Tracks, t.track)
	}
	s.At = at - from
	return s
}

// Following is prefetch.Walk's.
func (o order) Following(ctx context.Context, track prefetch.File, n int) (tracks []prefetch.Track, err error) {
	at, err := o.index.Node(ctx, catalog.ID(track))
	if err != nil {
		return nil, err
	}
	w := walk{o: o, steps: maxSteps, want: n}
	for w.more() {
		if err := w.folder(ctx, at.Parent, at.Name); err != nil {
			return nil, err
		}
		if at.Parent == catalog.Root {
			break
		}
		if at, err = o.index.Node(ctx, at.Parent); err != nil {
			return nil, err
		}
	}
	return w.tracks, nil
}

// walk collects the tracks that come next.
type walk struct {
	o           order
	steps, want int
	tracks      []prefetch.Track
}

func (w *walk) more() bool { return w.steps > 0 && len(w.tracks) < w.want }

// folder goes through what comes after a name in a folder, and into the folders there.
func (w *walk) folder(ctx context.Context, parent catalog.ID, after string) error {
	for w.more() {
		w.steps--
		list, err := w.o.index.Children(ctx, parent, after, max(w.want, maxSteps))
		if err != nil {
			return err
		}
		for _, a := range list {
			if !w.more() {
				return nil
			}
			if a.Kind == catalog.Dir {
				if err := w.folder(ctx, a.ID, ""); err != nil {
					return err
				}
				continue
			}
			found, err := w.o.tracks(ctx, []catalog.Attr{a})
			if err != nil {
				return err
			}
			for _, t := range found {
				w.tracks = append(w.tracks, t.track)
			}
		}
		if len(list) < max(w.want, maxSteps) {
			return nil
		}
		after = list[len(list)-1].Name
	}
	return nil
}

// Playlist is prefetch.Successor's.
func (o order) Playlist(ctx context.Context, list, track prefetch.File, n int) (s prefetch.Sequence, err error) {
	v, err := o.index.Version(ctx, catalog.ID(list))
	if err != nil {
		return s, err
	}
	here, err := o.index.Node(ctx, catalog.ID(list))
	if err != nil {
		return s, err
	}
	played, err := o.index.Node(ctx, catalog.ID(track))
	if err != nil {
		return s, err
	}
	text, err := o.text(ctx, v)
	if err != nil {
		return s, err
	}
	folder, err := o.index.Path(ctx, here.Parent)
	if err != nil {
		return s, err
	}
	names := playlistNames(text, folder, o.mount)
	for i, name := range names {
		if !strings.HasSuffix(name, played.Name) {
			continue
		}
		if e, err := o.index.Resolve(ctx, name); err != nil || e.ID != played.ID {
			continue
		}
		return o.listed(ctx, names, i, n)
	}
	return s, nil
}

// listed gives the tracks around names[at]. Those that are not in the locker are left out.
func (o order) listed(ctx context.Context, names []string, at, n int) (s prefetch.Sequence, err error) {
	from := max(0, at-n/2)
	for i, name := range names[from:min(from+n, len(names))] {
		e, err := o.index.Resolve(ctx, name)
		if errors.Is(err, catalog.ErrNotFound) || err == nil && (e.Version == nil || kindOf(e.Version) != prefetch.Audio) {
			continue
		}
		if err != nil {
			return s, err
		}
		if from+i == at {
			s.At = len(s.Tracks)
		}
		s.Tracks = append(s.Tracks, trackOf(e.Version))
	}
	return s, nil
}

const (
	// maxPlaylist bounds the playlists that are looked into, in bytes: 10,000 tracks.
	maxPlaylist = 1 << 20
	// playlistWait is how long one may take to be read from this machine.
	playlistWait = 100 * time.Millisecond
)

// errNotHere: a playlist would have to be fetched to be read.
var errNotHere = errors.New("it is not on this machine")

// playlist gives the text of a playlist that a program has read, and so is here.
func (e *engine) playlist(ctx context.Context, v *catalog.Version) ([]byte, error) {
	if v.Size > maxPlaylist {
		return nil, nil
	}
	if e.contents().Present(v) < v.Size {
		return nil, errNotHere
	}
	ctx, cancel := context.WithTimeout(ctx, playlistWait)
	defer cancel()
	h, err := e.contents().Open(ctx, v)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	text := make([]byte, v.Size)
	if _, err := h.ReadAt(ctx, text, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return text, nil
}
