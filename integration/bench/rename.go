package main

import (
	"context"
	"errors"
	"os"
	"time"
)

const (
	workRename = "rename an album of 21 files"
	workDelete = "delete an album of 21 files"
	renames    = 2 // for each turn: there and back
)

// rename renames an album and back again. What it costs counts until the store knows.
func (b *bench) rename(ctx context.Context, s subject) error {
	f, err := b.newAlbum(ctx, s, albumTracks, b.settings.size.play)
	if err != nil {
		return err
	}
	if err := b.lay(ctx, s, f); err != nil {
		return err
	}
	from, to := s.path(f.path), s.path(f.path+" renamed")
	if _, err := os.ReadDir(from); err != nil { // as who renames it has
		return err
	}
	before := b.begin(workRename)
	var times []time.Duration
	for range renames * b.settings.turns {
		start := time.Now()
		err := os.Rename(from, to)
		times = append(times, time.Since(start))
		if err != nil {
			return err
		}
		if _, err := b.synced(ctx, s); err != nil {
			return err
		}
		from, to = to, from
	}
	costs, err := b.costs(s, before, len(times))
	if err != nil {
		return err
	}
	b.add(s, workRename, costs.times(times...))
	if err := os.Rename(from, to); err != nil { // to see that it is there under another name
		return err
	}
	if _, err := b.synced(ctx, s); err != nil {
		return err
	}
	return b.renamed(ctx, s, f)
}

// renamed makes sure that the album is in the store under its other name, and takes it
// away.
func (b *bench) renamed(ctx context.Context, s subject, f folder) error {
	old := f.path
	f.path += " renamed"
	for i := range f.files {
		f.files[i].path = f.path + f.files[i].path[len(old):]
	}
	err := b.kept(ctx, s, f)
	if _, stat := os.Stat(s.path(old)); err == nil && !errors.Is(stat, os.ErrNotExist) {
		err = errors.New("the album is there under its old name too")
	}
	return errors.Join(err, b.clear(ctx, s, f))
}

// remove deletes albums, file by file, as rm -r does. What it costs counts until the
// store knows.
func (b *bench) remove(ctx context.Context, s subject) error {
	albums := make([]folder, b.settings.turns)
	for i := range albums {
		var err error
		if albums[i], err = b.newAlbum(ctx, s, albumTracks, b.settings.size.play); err != nil {
			return err
		}
	}
	if err := b.lay(ctx, s, albums...); err != nil {
		return err
	}
	before := b.begin(workDelete)
	var times []time.Duration
	for _, f := range albums {
		start := time.Now()
		err := os.RemoveAll(s.path(f.path))
		times = append(times, time.Since(start))
		if err != nil {
			return err
		}
		if _, err := b.synced(ctx, s); err != nil {
			return err
		}
	}
	costs, err := b.costs(s, before, len(times))
	if err != nil {
		return err
	}
	b.add(s, workDelete, costs.times(times...))
	if _, err := s.bare(ctx); err != nil {
		return err
	}
	for _, f := range albums {
		if _, err := os.Stat(s.path(f.path)); !errors.Is(err, os.ErrNotExist) {
			return errors.New(f.path + " is back after a remount")
		}
		if err := f.remove(); err != nil {
			return err
		}
	}
	return nil
}
