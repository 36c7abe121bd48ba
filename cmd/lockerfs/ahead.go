package main

import (
	"context"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/prefetch"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/sched"
)

// ahead has fetched what programs will read soon: it tells the planner what they do, and
// the cache what the planner wants.
type ahead struct {
	planner *prefetch.Planner
	cache   *cache.Cache
	index   *catalog.Index
	packed  func(v *catalog.Version) bool // its scan pack is here
	bucket  *bucket
	kept    func(v *catalog.Version) bool // it is pinned and here
	traffic interface{ Stats() sched.Stats }
	log     *slog.Logger

	// wishes are what the planner wants now. Only its Tick uses them.
	wishes map[wanted]*cache.Wish
}

// wanted is what the planner names when it changes its mind.
type wanted struct {
	file  prefetch.File
	class prefetch.Class
}

var (
	_ fs.Watcher         = (*ahead)(nil)
	_ fs.FolderWatcher   = (*ahead)(nil)
	_ prefetch.Warmer    = (*ahead)(nil)
	_ prefetch.Successor = order{}
	_ prefetch.Walk      = order{}
)

func newAhead(e *engine, mount string) *ahead {
	a := &ahead{cache: e.cache, index: e.index, bucket: e.bucket, traffic: e.store.queue, log: e.log("prefetch"), wishes: map[wanted]*cache.Wish{},
		packed: func(v *catalog.Version) bool { return e.packs.bytes(v) > 0 }, kept: e.pins.has}
	o := order{index: e.index, text: e.playlist, mount: mount}
	a.planner = prefetch.New(a, o, o, prefetch.Options{})
	return a
}

// keptWhole is how large a track that is played may be to be kept whole, in bytes. More of
// a mix of hours than what is heard costs too much.
const keptWhole = 64 << 20

// retune is how often the planner is told what the link carries.
const retune = 2 * time.Second

// run plans until ctx ends.
func (a *ahead) run(ctx context.Context) {
	tuning := time.NewTicker(retune)
	defer tuning.Stop()
	tuned := make(chan struct{})
	go func() {
		defer close(tuned)
		for {
			select {
			case <-ctx.Done():
				return
			case <-tuning.C:
				a.planner.Tune(depthFor(a.traffic.Stats()))
			}
		}
	}()
	a.planner.Run(ctx, wallClock{})
	<-tuned
	for _, w := range a.wishes {
		w.End()
	}
}

// depthFor gives what is fetched ahead of a scan, in files, and of a copy, in bytes: twice
// and four times what the link has under way, but no less than usual, which is for links
// that nobody has filled yet.
func depthFor(s sched.Stats) (depth int, window int64) {
	const perFile, usualDepth, usualWindow = 512 << 10, 4, 8 << 20
	under := s.Rate * int64(s.FirstByte) / int64(time.Second)
	return max(int(2*under/perFile)+2, usualDepth), max(4*under, usualWindow)
}

// wallClock is the planner's time.
type wallClock struct{}

func (wallClock) Now() time.Time                         { return time.Now() }
func (wallClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Opened is fs.Watcher's.
func (a *ahead) Opened(handle uint64, thread uint32, v *catalog.Version) (scans bool) {
	o := prefetch.Opened{Handle: handle, Process: processOf(thread), Kind: kindOf(v), Track: trackOf(v)}
	a.log.Debug("opened", "node", v.ID, "by", o.Process.Name, "pid", o.Process.ID, "handle", handle)
	at := time.Now()
	scans = a.planner.Scans(o.Process, at)
	a.planner.Open(o, at)
	return scans
}

// Asked is fs.Watcher's.
func (a *ahead) Asked(handle uint64, off, n int64) remote.Class {
	at := time.Now()
	a.planner.Read(handle, off, n, at)
	if a.planner.Copies(handle, at) {
		return remote.Copy
	}
	return remote.Demand
}

// Answered is fs.Watcher's.
func (a *ahead) Answered(handle uint64) { a.planner.Served(handle, time.Now()) }

// Listed is fs.FolderWatcher's.
func (a *ahead) Listed(folder catalog.ID) { a.bucket.Listed(folder) }

// Closed is fs.Watcher's.
func (a *ahead) Closed(handle uint64) { a.planner.Flush(handle, time.Now()) }

// Ended is fs.Watcher's.
func (a *ahead) Ended(handle uint64) { a.planner.Release(handle, time.Now()) }

// Want is prefetch.Warmer's.
func (a *ahead) Want(file prefetch.File, class prefetch.Class, ranges []prefetch.Range) {
	a.log.Debug("wanted", "node", file, "class", class, "ranges", ranges)
	key := wanted{file, class}
	before := a.wishes[key]
	delete(a.wishes, key)
	if w := a.wish(file, class, ranges); w != nil {
		a.wishes[key] = w
		if before != nil {
			before.Yield(w)
		}
	} else if before != nil {
		before.End()
	}
}

// wish begins to fetch; it gives nil where there is nothing to be fetched.
func (a *ahead) wish(file prefetch.File, class prefetch.Class, ranges []prefetch.Range) *cache.Wish {
	if len(ranges) == 0 {
		return nil
	}
	v, err := a.index.Version(context.Background(), catalog.ID(file))
	if err != nil || a.kept(v) {
		return nil
	}
	spans := make([]cache.Span, len(ranges))
	for i, r := range ranges {
		if class == prefetch.ScanAhead && r.From > 0 && a.packed(v) {
			continue // what a scan reads of the end is in the pack
		}
		spans[i] = cache.Span{Offset: r.From, Length: r.Len()}
	}
	to := a.classOf(file, class)
	if to == remote.ReadAhead && v.Size <= keptWhole {
		// What the player read so far may have come from a pack. The kernel can read the
		// file by itself once all of it is in the cache.
		spans = append(spans, cache.Span{Length: v.Size})
	}
	return a.cache.Wish(objectOf(v), to, spans...)
}

// classOf gives the class that a request for what is wanted of a file has in the queue.
func (a *ahead) classOf(file prefetch.File, c prefetch.Class) remote.Class {
	switch {
	case c == prefetch.ReadAhead && a.planner.Plays(file):
		return remote.ReadAhead
	case c == prefetch.NextTrack:
		return remote.NextTrack
	default: // heads of the rest of the album too: on a thin link what comes next comes first
		return remote.Copy
	}
}

// trackOf tells the planner of a version.
func trackOf(v *catalog.Version) prefetch.Track {
	t := prefetch.Track{File: prefetch.File(v.ID), Size: v.Size}
	if i := v.Tags; i != nil {
		t.Duration, t.Format = i.Duration, i.Container
		t.AudioFrom, t.AudioTo = i.Payload.Offset, i.Payload.Offset+i.Payload.Length
	}
	return t
}

// kindOf tells what a version is: by its tags, or by the ending of its object's key, which
// is that of its first name.
func kindOf(v *catalog.Version) prefetch.Kind {
	switch {
	case v.Tags != nil && v.Tags.Codec != "":
		return prefetch.Audio
	case isPlaylist(v.Object.Key):
		return prefetch.Playlist
	}
	return prefetch.Other
}

func isPlaylist(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".m3u", ".m3u8", ".pls":
		return true
	}
	return false
}
