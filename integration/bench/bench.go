package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

const (
	// rounds is how often a known device is mounted anew.
	rounds = 3
	// firsts and wholes are how many tracks are begun, and read whole.
	firsts, wholes = 20, 10
	// minTracks leaves each of these a track of its own, and one to warm up.
	minTracks = firsts + wholes + 1
	pings     = 10
)

// bench is one run.
type bench struct {
	settings settings
	dir      string
	news     io.Writer
	music    *collection
	rig      *rig
	report   *report
	devices  []*device
}

// setUp makes the collection and starts the store. After an error nothing is left.
func setUp(ctx context.Context, s settings, news io.Writer) (_ *bench, err error) {
	dir, err := os.MkdirTemp("", "lockerfs-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{settings: s, dir: dir, news: news, report: &report{Machine: machine(), Tracks: s.tracks}}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.takeDown())
		}
	}()
	start := time.Now()
	b.say("making %d tracks with ffmpeg", s.tracks)
	if b.music, err = makeCollection(ctx, dir, s.tracks); err != nil {
		return nil, err
	}
	b.report.Bytes = b.music.bytes
	b.say("%d MB in %.0f s", b.music.bytes/1e6, time.Since(start).Seconds())
	b.rig, err = newRig(ctx, dir, s.versitygw, s.requests != "")
	return b, err
}

// takeDown ends what was started and removes the folder, unless something is
// mounted in it still.
func (b *bench) takeDown() error {
	var errs []error
	for _, d := range b.devices {
		errs = append(errs, d.unmount())
		if mounted(d.mnt) {
			return errors.Join(append(errs, fmt.Errorf("%s is mounted still; the files stay", d.mnt))...)
		}
	}
	if b.rig != nil {
		b.rig.stop()
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.news, "bench: "+format+"\n", args...) }

// device makes a device that has never seen the locker.
func (b *bench) device(name string) (*device, error) {
	d, err := newDevice(filepath.Join(b.dir, name), b.settings.lockerfs, b.rig)
	b.devices = append(b.devices, d)
	return d, err
}

func (b *bench) measure(ctx context.Context) error {
	if err := b.intake(ctx); err != nil {
		return err
	}
	if err := b.fill(ctx); err != nil {
		return err
	}
	for _, rtt := range b.settings.rtts {
		b.rig.link.SetRTT(rtt)
		b.say("measuring at a round trip of %v", rtt)
		if err := b.at(ctx, rtt); err != nil {
			return fmt.Errorf("at %v: %w", rtt, err)
		}
	}
	return nil
}

// fill makes the locker and imports the collection, with no delay.
func (b *bench) fill(ctx context.Context) error {
	d, err := b.device("importer")
	if err != nil {
		return err
	}
	if _, err := d.run(ctx, "init", d.store); err != nil {
		return err
	}
	b.say("importing")
	for _, r := range []row{{Work: "import", bytes: b.music.bytes}, {Work: "import again, nothing new"}} {
		err := b.time(r, func() (time.Duration, error) { return d.run(ctx, "import", b.music.dir) })
		if err != nil {
			return err
		}
	}
	return nil
}

// at measures everything at one round trip.
func (b *bench) at(ctx context.Context, rtt time.Duration) error {
	pings, err := b.rig.roundTrips(ctx, pings)
	if err != nil {
		return err
	}
	b.add(row{Work: "the link and the server by themselves"}.times(pings))
	d, err := b.device("device-" + rtt.String())
	if err != nil {
		return err
	}
	if err := b.newDevice(ctx, d); err != nil {
		return err
	}
	if err := b.knownDevice(ctx, d); err != nil {
		return err
	}
	files := b.shuffled()
	if err := b.firstBytes(ctx, d, files[:firsts], files[firsts]); err != nil {
		return err
	}
	if err := b.whole(ctx, d, "whole track of 2 MB", files[firsts+1:firsts+1+wholes]); err != nil {
		return err
	}
	if err := b.whole(ctx, d, "whole track of 30 MB", b.music.large); err != nil {
		return err
	}
	return d.unmount()
}

// newDevice measures the first use of a locker on a machine.
func (b *bench) newDevice(ctx context.Context, d *device) error {
	err := b.time(row{Work: "new device: init, joins the locker"}, func() (time.Duration, error) { return d.run(ctx, "init", d.store) })
	if err != nil {
		return err
	}
	commits, err := b.rig.commits()
	if err != nil {
		return err
	}
	name, before := "new device: mount and first walk", b.begin("new device: mount and first walk")
	ready, err := d.mount(ctx)
	if err != nil {
		return err
	}
	walked, err := b.walk(d)
	if err != nil {
		return err
	}
	memory, err := d.memory()
	if err != nil {
		return err
	}
	b.add(row{Work: "new device: mount ready"}.times([]time.Duration{ready}))
	b.add(row{Work: name, traffic: b.rig.since(before), Memory: memory, commits: commits}.times([]time.Duration{ready + walked}))
	if err := b.rig.quiet(ctx); err != nil {
		return err
	}
	return d.unmount()
}

// knownDevice measures mounts of a device that has the tree and none of the bytes.
// It leaves the last one mounted.
func (b *bench) knownDevice(ctx context.Context, d *device) error {
	var ready, cold, again []time.Duration
	mounting, walking := new(traffic), new(traffic)
	for i := range rounds {
		if i > 0 {
			if err := d.unmount(); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(d.cache()); err != nil {
			return err
		}
		before := b.begin("known device: mount ready")
		took, err := d.mount(ctx)
		if err != nil {
			return err
		}
		ready = append(ready, took)
		if err := b.rig.quiet(ctx); err != nil {
			return err
		}
		mounting = b.rig.since(before)
		before = b.begin("known device: first walk")
		for _, times := range []*[]time.Duration{&cold, &again} {
			took, err := b.walk(d)
			if err != nil {
				return err
			}
			*times = append(*times, took)
		}
		walking = b.rig.since(before)
	}
	memory, err := d.memory()
	if err != nil {
		return err
	}
	b.add(row{Work: "known device: mount ready", traffic: mounting}.times(ready))
	b.add(row{Work: "known device: first walk", traffic: walking, Memory: memory}.times(cold))
	b.add(row{Work: "known device: second walk", traffic: &traffic{}}.times(again))
	return nil
}

// walk looks at every name and every file's size, as `find -type f -size` does, and
// holds them against the collection: a quick walk that misses files is worth nothing.
func (b *bench) walk(d *device) (time.Duration, error) {
	var files int
	var bytes int64
	start := time.Now()
	err := filepath.WalkDir(d.mnt, func(_ string, e os.DirEntry, err error) error {
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
	if want := len(b.music.tracks) + len(b.music.large); err == nil && (files != want || bytes != b.music.bytes) {
		err = fmt.Errorf("the mount shows %d files of %d bytes, want %d of %d", files, bytes, want, b.music.bytes)
	}
	return took, err
}

// shuffled gives the tracks in an order that no plan could guess, the same in every
// run.
func (b *bench) shuffled() []track {
	files := append([]track(nil), b.music.tracks...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	return files
}

// begin names the work that starts now, and gives what has passed so far.
func (b *bench) begin(work string) traffic {
	b.rig.now(work)
	return b.rig.traffic()
}

// time measures one command as a row.
func (b *bench) time(r row, f func() (time.Duration, error)) error {
	before := b.begin(r.Work)
	took, err := f()
	if err != nil {
		return err
	}
	r.traffic = b.rig.since(before)
	b.add(r.times([]time.Duration{took}))
	return nil
}

func (b *bench) add(r row) {
	r.RTT = float64(b.rig.link.RTT()) / 1e6
	b.report.Rows = append(b.report.Rows, r.judged())
}
