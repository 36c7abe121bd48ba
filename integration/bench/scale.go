package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/integration/scale"
)

// scaleName is the scenario of a large catalog. It is measured alone and only when it is
// asked for: its store holds no audio, and any number of tracks.
const scaleName = "scale"

const (
	workScaleRoot   = "large catalog, new device: the root listed, mount included"
	workScaleFolder = "and an album, at once"
	workScaleWhole  = "and all of it here"
	workScaleReady  = "large catalog, known device: mount ready"
	workScaleFind   = "find, first"
	workScaleAgain  = "find, again"
	workScaleStat   = "a file's size by its path, first"
	workScaleCrowd  = "a folder with 50,000 files, listed"
	workScaleCommit = "a small file copied in, until it is in the store"
	crowdTracks     = 50_000
	scaleCommits    = 100
	scaleStats      = 500
	scaleLimit      = 30 * time.Minute
)

// large is the scenario's state.
type large struct {
	*bench
	music  *scale.Collection
	device *device
}

// scale makes a large catalog and measures it.
func (s settings) scale(ctx context.Context, out, news io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "lockerfs-bench-")
	if err != nil {
		return err
	}
	b := &bench{settings: s, dir: dir, news: news, report: &report{Machine: machine(), Tracks: s.size.tracks}}
	defer func() {
		if left := b.takeDown(); err == nil {
			err = left
		}
	}()
	if b.rig, err = newRig(ctx, dir, s.versitygw, s.requests != ""); err != nil {
		return err
	}
	l := &large{bench: b}
	if err := l.write(ctx); err != nil {
		return orInterrupted(ctx, err)
	}
	b.rig.set(wire{50 * time.Millisecond, 50e6})
	for _, step := range []func(context.Context) error{l.newcomer, l.known, l.crowd, l.commits} {
		if err := step(ctx); err != nil {
			return orInterrupted(ctx, errors.Join(err, l.device.unmount()))
		}
	}
	b.report.judgeScale(s.size.tracks)
	b.report.print(out)
	return b.write()
}

// write makes the catalog, past the link.
func (l *large) write(ctx context.Context) error {
	g := l.rig.gateway
	keys := filepath.Join(l.dir, "credentials")
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", g.AccessKey, g.SecretKey)
	if err := os.WriteFile(keys, []byte(text), 0o600); err != nil {
		return err
	}
	start := time.Now()
	l.music = scale.NewCollection(l.settings.size.tracks, crowdTracks)
	if err := scale.WriteS3(ctx, g.URL(bucket, prefix), keys, l.dir, l.music, scaleCommits); err != nil {
		return fmt.Errorf("writing the catalog: %w", err)
	}
	l.say("a catalog of %d tracks in %d folders written in %.0f s", l.music.Tracks(), l.music.Folders(), time.Since(start).Seconds())
	return nil
}

// newcomer measures the first contact of a device: the root, an album that nobody has
// asked for, all.
func (l *large) newcomer(ctx context.Context) (err error) {
	if l.device, err = l.newDevice("large"); err != nil {
		return err
	}
	d := l.device
	if _, err := d.run(ctx, "init", d.store); err != nil {
		return err
	}
	before := l.begin(workScaleRoot)
	ready, err := d.mount(ctx, noHeads)
	if err != nil {
		return err
	}
	start := time.Now()
	names, err := os.ReadDir(d.mnt)
	if err != nil {
		return err
	}
	listed := time.Since(start)
	album := time.Now()
	if err := l.anAlbum(names[len(names)/2].Name()); err != nil {
		return err
	}
	listedAlbum := time.Since(album)
	f := figures{Units: 1, traffic: l.rig.since(before)}
	l.add(d, workScaleRoot, f.times(ready+listed))
	l.add(d, workScaleFolder, f.times(listedAlbum))
	if err := l.synced(ctx); err != nil {
		return err
	}
	whole := ready + time.Since(start)
	if f, err = l.costs(d, before, 1); err != nil {
		return err
	}
	l.add(d, workScaleWhole, f.times(whole))
	l.say("a new device: the root after %.1f s, an album %.1f s later, all after %.1f s", (ready + listed).Seconds(), listedAlbum.Seconds(), whole.Seconds())
	return l.index()
}

// anAlbum lists an album of an artist.
func (l *large) anAlbum(artist string) error {
	albums, err := os.ReadDir(l.device.path(artist))
	if err != nil {
		return err
	}
	tracks, err := os.ReadDir(filepath.Join(l.device.path(artist), albums[0].Name()))
	if err == nil && len(tracks) == 0 {
		err = fmt.Errorf("%s/%s is empty", artist, albums[0].Name())
	}
	return err
}

// synced waits until the device says that it holds the whole tree.
func (l *large) synced(ctx context.Context) error {
	for end := time.Now().Add(scaleLimit); time.Now().Before(end); {
		_, out, err := l.device.output(ctx, "status", "--json")
		if err != nil {
			return err
		}
		var s struct{ Synced bool }
		if err := json.Unmarshal(out, &s); err != nil || s.Synced {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("the catalog is not here after %v", scaleLimit)
}

// index tells the size of the index.
func (l *large) index() error {
	info, err := os.Stat(filepath.Join(l.device.dir, "state", "index.db"))
	if err == nil {
		l.say("the index has %d MB, %d bytes a track", info.Size()/1e6, info.Size()/int64(l.music.Tracks()))
	}
	return err
}

// known measures a device that knows the names. What it does by itself after the first
// sync is over when a search has been answered.
func (l *large) known(ctx context.Context) error {
	d := l.device
	took, err := d.run(ctx, "search", "love")
	if err != nil {
		return err
	}
	l.say("the first search took %.0f s", took.Seconds())
	var readies []time.Duration
	for range rounds {
		if err := d.unmount(); err != nil {
			return err
		}
		ready, err := d.mount(ctx, noHeads)
		if err != nil {
			return err
		}
		readies = append(readies, ready)
	}
	l.add(d, workScaleReady, figures{Units: 1}.times(readies...))
	if err := l.stats(ctx); err != nil {
		return err
	}
	for _, work := range []string{workScaleFind, workScaleAgain} {
		before := l.begin(work)
		took, err := l.find(ctx)
		if err != nil {
			return err
		}
		f, err := l.costs(d, before, 1)
		if err != nil {
			return err
		}
		l.add(d, work, f.times(took))
	}
	return nil
}

// find runs `find` over all and counts what it prints.
func (l *large) find(ctx context.Context) (time.Duration, error) {
	c := exec.CommandContext(ctx, "find", l.device.mnt, "-type", "f", "-printf", "x")
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	start := time.Now()
	err := c.Run()
	took := time.Since(start)
	if err == nil && out.Len() != l.music.Tracks() {
		err = fmt.Errorf("find saw %d files of %d", out.Len(), l.music.Tracks())
	}
	return took, err
}
