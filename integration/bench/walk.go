package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	workImport = "import"
	workReady  = "mount ready, known device"
	workKnown  = "walk, known device"
	workNew    = "walk, new device, mount included"
	rounds     = 3 // of mounting a known device anew
)

// walking measures the first walk of the tree: with rclone there is no known device,
// every mount lists everything.
func (b *bench) walking(ctx context.Context, s subject) error {
	d, isOurs := s.(*device)
	if !isOurs {
		ready, walked, f, err := b.walked(ctx, s, workKnown)
		if err != nil {
			return err
		}
		b.add(s, workKnown, f.times(walked))
		b.add(s, workNew, f.times(ready+walked))
		return nil
	}
	if err := b.newcomer(ctx); err != nil {
		return err
	}
	var readies, walks []time.Duration
	var last figures
	for range min(rounds, b.settings.turns) {
		ready, walked, f, err := b.walked(ctx, d, workKnown)
		if err != nil {
			return err
		}
		readies, walks, last = append(readies, ready), append(walks, walked), f
	}
	b.add(d, workReady, figures{Units: 1}.times(readies...))
	b.add(d, workKnown, last.times(walks...))
	return nil
}

// walked mounts, waits until nothing passes, and walks.
func (b *bench) walked(ctx context.Context, s subject, work string) (ready, walked time.Duration, f figures, err error) {
	if ready, err = s.bare(ctx); err != nil {
		return 0, 0, f, err
	}
	if err := b.rig.quiet(ctx); err != nil {
		return 0, 0, f, err
	}
	before := b.begin(work)
	if walked, err = b.walk(s); err != nil {
		return 0, 0, f, err
	}
	f, err = b.costs(s, before, 1)
	return ready, walked, f, err
}

// newcomer measures the first mount and walk of a device that has never seen the
// locker.
func (b *bench) newcomer(ctx context.Context) error {
	d, err := b.newDevice("newcomer")
	if err != nil {
		return err
	}
	if _, err := d.run(ctx, "init", d.store); err != nil {
		return err
	}
	commits, err := b.rig.objectsIn("log")
	if err != nil {
		return err
	}
	before := b.begin(workNew)
	ready, err := d.mount(ctx, noHeads)
	if err != nil {
		return err
	}
	walked, err := b.walk(d)
	if err != nil {
		return err
	}
	f, err := b.costs(d, before, 1)
	if err != nil {
		return err
	}
	f.commits = commits
	b.add(d, workNew, f.times(ready+walked))
	return d.unmount()
}

// costs gives what has passed since before, for so many units, and what the subject
// holds in memory now.
func (b *bench) costs(s subject, before traffic, units int) (figures, error) {
	f := figures{Units: units, traffic: b.rig.since(before)}
	var err error
	f.Memory, f.MostMemory, err = s.memory()
	return f, err
}

// walk looks at every name and every file's size, as `find -type f -size` does, and
// holds them against the collection: a quick walk that misses files is worth nothing.
func (b *bench) walk(s subject) (time.Duration, error) {
	var files int
	var bytes int64
	start := time.Now()
	err := filepath.WalkDir(s.path(""), func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		files++
		bytes += info.Size()
		return nil
	})
	took := time.Since(start)
	if want := len(b.music.all()); err == nil && (files != want || bytes != b.music.bytes) {
		err = fmt.Errorf("the mount shows %d files of %d bytes, want %d of %d", files, bytes, want, b.music.bytes)
	}
	return took, err
}
