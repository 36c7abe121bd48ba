package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

// versions gives the overlay the bytes under what is edited, and the cache those that were
// written here.
type versions struct {
	contents
	near *nearby
	log  *slog.Logger
}

var _ pending.Versions = versions{}

// Open is pending.Versions'.
func (v versions) Open(ctx context.Context, of *catalog.Version) (pending.Content, error) {
	return v.contents.Open(ctx, of)
}

// Fetch is pending.Versions'. What is not here in the end is fetched when it is read.
func (v versions) Fetch(of *catalog.Version) {
	if v.pins.has(of) {
		return
	}
	v.cache.Wish(objectOf(of), remote.Pin, cache.Span{Offset: 0, Length: of.Size})
}

// keepPiece is how much of a file is handed to the cache at a time, in bytes.
const keepPiece = 1 << 20

// Keep is pending.Versions'. The cache fetches the version as any other, from the file
// instead of the store, within its limits. What it does not keep costs a download.
func (v versions) Keep(of *catalog.Version, path string) {
	if v.pins.take(context.Background(), of, path) {
		return
	}
	if err := v.keep(of, path); err != nil {
		v.log.Warn("what was written here will be fetched again", "key", of.Object.Key, "error", err)
	}
}

func (v versions) keep(of *catalog.Version, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	defer v.near.offer(of, file)()
	h, err := v.cache.Acquire(context.Background(), objectOf(of))
	if err != nil {
		return err
	}
	defer h.Release()
	buf := make([]byte, min(keepPiece, of.Size))
	for off := int64(0); off < of.Size; off += keepPiece {
		n := min(keepPiece, of.Size-off)
		if _, err := h.ReadAt(context.Background(), buf[:n], off); err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}

// nearby is a store for the cache that has some objects on this machine.
type nearby struct {
	cache.Fetcher
	mu    sync.Mutex // guards files; no I/O under it
	files map[catalog.Ref]*os.File
}

// offer has an object read from a file until the function it gives is called.
func (n *nearby) offer(v *catalog.Version, file *os.File) (over func()) {
	ref := catalog.Ref{Key: v.Object.Key, ETag: v.Object.ETag}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.files[ref] = file
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.files, ref)
	}
}

// Get is cache.Fetcher's.
func (n *nearby) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	n.mu.Lock()
	file := n.files[catalog.Ref{Key: key, ETag: ifMatch}]
	n.mu.Unlock()
	if file == nil {
		return n.Fetcher.Get(ctx, key, r, ifMatch)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, remote.Object{}, err
	}
	length, err := r.Within(info.Size())
	if err != nil {
		return nil, remote.Object{}, err
	}
	obj := remote.Object{Key: key, Size: info.Size(), ETag: ifMatch, ModTime: info.ModTime()}
	return io.NopCloser(io.NewSectionReader(file, r.Offset, length)), obj, nil
}

// openOverlay takes up what was changed here.
func (e *engine) openOverlay() (err error) {
	e.overlay, err = pending.Open(pending.Options{Dir: e.place.state, Index: e.index, Versions: versions{e.contents(), e.near, e.log("cache")},
		Device: e.device.Name, Changed: e.announce, Log: e.log("pending")})
	if err != nil {
		return err
	}
	e.pins.over(e.overlay)
	e.uploads = pending.NewUploader(e.overlay, e.store, e.writer, describe)
	e.uploads.Pack = e.packWritten
	if e.bell = newBell(e.place, e.uploads.Waiting, e.log("bell")); e.bell != nil {
		e.uploads.Parked = e.bell.parked
	}
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

// longWait is from when on people are told how long something has waited.
const longWait = 2 * time.Minute

// sinceText says how long what waits longest has waited, if that is long.
func sinceText(oldest int64, now time.Time) string {
	if age := now.Sub(time.Unix(0, oldest)); oldest > 0 && age >= longWait {
		return ", the first for " + humanDuration(age)
	}
	return ""
}

// statusOfWrites adds what is not in the store yet.
func (e *engine) statusOfWrites(ctx context.Context, s *status) error {
	if e.overlay == nil {
		return nil
	}
	w := e.uploads.Waiting(ctx)
	s.Waiting = &w
	if w.Files > 0 {
		s.Unsafe = append(s.Unsafe, fmt.Sprintf("%s (%s) to upload%s", count(int64(w.Files), "file", "files"), humanSize(w.Bytes), sinceText(w.Oldest, time.Now())))
		if len(w.Failed) > 0 {
			s.Unsafe = append(s.Unsafe, fmt.Sprintf("%d failed", len(w.Failed)))
		}
	}
	if names := w.Changes - w.Files; names > 0 {
		s.Unsafe = append(s.Unsafe, count(int64(names), "change of names", "changes of names"))
	}
	return nil
}
