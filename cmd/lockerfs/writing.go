package main

import (
	"context"
	"fmt"
	"io"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

// versions gives the overlay the bytes under what is edited.
type versions struct{ contents }

var _ pending.Versions = versions{}

// Open is pending.Versions'.
func (v versions) Open(ctx context.Context, of *catalog.Version) (pending.Content, error) {
	return v.contents.Open(ctx, of)
}

// Fetch is pending.Versions'. What is not here in the end is fetched when it is read.
func (v versions) Fetch(of *catalog.Version) {
	v.cache.Wish(objectOf(of), remote.Pin, cache.Span{Offset: 0, Length: of.Size})
}

// Keep is pending.Versions'.
func (v versions) Keep(of *catalog.Version, path string) {}

// openOverlay takes up what was changed here.
func (e *engine) openOverlay() (err error) {
	e.overlay, err = pending.Open(pending.Options{Dir: e.place.state, Index: e.index, Versions: versions{contents{e.cache, e.packs}},
		Device: e.device.Name, Changed: e.announce, Log: e.log("pending")})
	if err != nil {
		return err
	}
	e.uploads = pending.NewUploader(e.overlay, e.store, e.writer, describe)
	e.uploads.New = durationOf("LOCKERFS_QUIET", e.uploads.New)
	e.uploads.Edited = durationOf("LOCKERFS_QUIET", e.uploads.Edited)
	return nil
}

// describe reads the tags of what was written.
func describe(file io.ReaderAt, size int64, name string, v *catalog.Version) {
	if !tag.Audio(name) {
		return
	}
	if found, err := tag.ReadPictures(file, size, name); err == nil || found.Container != "" {
		v.Tags = &found
	}
}

// fit has the overlay follow a commit, and gives what programs see otherwise now.
func (e *engine) fit(a catalog.Applied) []catalog.Change {
	e.mu.Lock()
	own := e.committer != nil && e.committer.Planned(a)
	e.mu.Unlock()
	changes, err := e.overlay.Applied(context.Background(), a, own)
	if err != nil {
		e.log("pending").Error("what was changed here does not fit to a commit", "commit", a.N, "error", err)
		return a.Changes
	}
	return changes
}

// announce tells the kernel of changes.
func (e *engine) announce(changes []catalog.Change) {
	if f := e.files.Load(); f != nil && len(changes) > 0 {
		f.Changed(changes)
	}
}

// names is the tree as programs see it.
func (e *engine) names() interface {
	Children(ctx context.Context, parent catalog.ID, after string, limit int) ([]catalog.Attr, error)
	Resolve(ctx context.Context, path string) (catalog.Entry, error)
} {
	if e.overlay != nil {
		return e.overlay
	}
	return e.index
}

// access says whether the mount can be written to.
func (e *engine) access() string {
	if e.place.readOnly {
		return "read-only"
	}
	return "read-write"
}

// statusOfWrites adds what is not in the store yet.
func (e *engine) statusOfWrites(ctx context.Context, s *status) error {
	if e.overlay == nil {
		return nil
	}
	w := e.uploads.Waiting(ctx)
	s.Waiting = &w
	if w.Files > 0 {
		s.Unsafe = append(s.Unsafe, fmt.Sprintf("%s (%s) to upload", count(int64(w.Files), "file", "files"), humanSize(w.Bytes)))
	}
	if names := w.Changes - w.Files; names > 0 {
		s.Unsafe = append(s.Unsafe, count(int64(names), "change of names", "changes of names"))
	}
	return nil
}
