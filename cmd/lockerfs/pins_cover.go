package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/lockerfs/lockerfs/cache/pin"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// cover works out what a rule covers. The rule comes back with the path that its entry has
// now. What was replaced by another of the same name is taken for the same. An error beside
// a set says that there may be more.
func (p *pins) cover(ctx context.Context, r pin.Rule) (pin.Rule, *pinSet, error) {
	e, err := p.overlay.Entry(ctx, catalog.ID(r.ID))
	if errors.Is(err, catalog.ErrNotFound) {
		e, err = p.overlay.Resolve(ctx, r.Path)
		if errors.Is(err, catalog.ErrNotFound) {
			return r, &pinSet{gone: true}, nil
		}
		if err == nil && p.rules.Has(int64(e.ID)) {
			return r, &pinSet{gone: true}, nil // that is pinned by itself
		}
	}
	if err != nil {
		return r, nil, err
	}
	set, err := p.coverEntry(ctx, e, r.List)
	at, pathErr := p.overlay.Path(ctx, e.ID)
	if pathErr == nil {
		r.ID, r.Path = int64(e.ID), at
	}
	return r, set, err
}

// coverEntry works out what pinning an entry covers. An error beside a set says that there
// may be more.
func (p *pins) coverEntry(ctx context.Context, e catalog.Entry, list bool) (*pinSet, error) {
	set := &pinSet{}
	if e.Kind == catalog.Dir {
		return set, p.coverFolder(ctx, set, e.ID, listDepth)
	}
	if err := p.coverFile(ctx, set, e.Attr()); err != nil || !list {
		return set, err
	}
	set.listed = map[catalog.ID]bool{}
	if err := p.coverList(ctx, set, e); err != nil {
		set.unread = true
		return set, fmt.Errorf("playlist %q: %w", e.Name, err)
	}
	return set, nil
}

// coverFolder adds all files below a folder.
func (p *pins) coverFolder(ctx context.Context, set *pinSet, folder catalog.ID, depth int) error {
	if depth == 0 {
		return nil // no path leads there
	}
	tracks := set.tracks
	inside := 0 // tracks of folders in it
	for after := ""; ; {
		page, err := p.overlay.Children(ctx, folder, after, listPage)
		if err != nil {
			return err
		}
		for _, a := range page {
			if a.Kind != catalog.Dir {
				if err := p.coverFile(ctx, set, a); err != nil {
					return err
				}
				continue
			}
			before := set.tracks
			if err := p.coverFolder(ctx, set, a.ID, depth-1); err != nil {
				return err
			}
			inside += set.tracks - before
		}
		if len(page) < listPage {
			break
		}
		after = page[len(page)-1].Name
	}
	if set.tracks-tracks > inside {
		set.albums = append(set.albums, folder)
	}
	return ctx.Err()
}

// coverFile adds one file. What is not in the store yet is here; under it may lie what is.
func (p *pins) coverFile(ctx context.Context, set *pinSet, a catalog.Attr) error {
	v, err := p.overlay.Version(ctx, a.Node)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	set.files, set.bytes = set.files+1, set.bytes+v.Size
	if tag.Audio(a.Name) {
		set.tracks++
	}
	if v.Object.Key != "" {
		set.objects = append(set.objects, objectOf(v))
		return nil
	}
	set.waiting, set.waitingBytes = set.waiting+1, set.waitingBytes+v.Size
	base, err := p.index.Entry(ctx, a.ID)
	if err == nil && base.Version != nil {
		set.objects = append(set.objects, objectOf(base.Version))
	}
	if errors.Is(err, catalog.ErrNotFound) {
		return nil
	}
	return err
}

// coverList adds the files that a playlist names.
func (p *pins) coverList(ctx context.Context, set *pinSet, list catalog.Entry) error {
	text, err := p.read(ctx, list)
	if err != nil {
		return err
	}
	folder, err := p.overlay.Path(ctx, list.ID)
	if err != nil {
		return err
	}
	for _, name := range playlistNames(text, path.Dir("/"+folder), p.mount()) {
		e, err := p.overlay.Resolve(ctx, name)
		if errors.Is(err, catalog.ErrNotFound) || err == nil && (e.Kind == catalog.Dir || set.listed[e.ID]) {
			continue
		}
		if err != nil {
			return err
		}
		set.listed[e.ID] = true
		if err := p.coverFile(ctx, set, e.Attr()); err != nil {
			return err
		}
	}
	return nil
}

// playlistText gives the text of a playlist, if that is on this machine.
func (e *engine) playlistText(ctx context.Context, list catalog.Entry) ([]byte, error) {
	staged, ok := e.overlay.Open(list.Version.ID)
	if !ok {
		return e.playlist(ctx, list.Version)
	}
	defer staged.Release()
	if list.Version.Size > maxPlaylist {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, playlistWait)
	defer cancel()
	text := make([]byte, list.Version.Size)
	n, err := staged.ReadAt(ctx, text, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return text[:n], err
}
