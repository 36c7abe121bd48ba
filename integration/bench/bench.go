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

// bench is one run.
type bench struct {
	settings settings
	dir      string
	news     io.Writer
	music    *collection
	rig      *rig
	report   *report
	devices  []*device
	device   *device   // that knows the names
	packs    int       // scan packs of what the locker holds
	made     int       // tracks for copying in
	subjects []subject // the device and, where there is one, rclone
}

// setUp makes the collection and starts the store. After an error nothing is left.
func setUp(ctx context.Context, s settings, news io.Writer) (_ *bench, err error) {
	dir, err := os.MkdirTemp("", "lockerfs-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{settings: s, dir: dir, news: news, report: &report{Machine: machine(), Tracks: s.size.tracks}}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.takeDown())
		}
	}()
	start := time.Now()
	b.say("making %d tracks with ffmpeg", s.size.tracks)
	if b.music, err = makeCollection(ctx, dir, s.size); err != nil {
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
	for _, s := range b.mounts() {
		errs = append(errs, s.unmount())
		if mnt := s.path(""); mounted(mnt) {
			return errors.Join(append(errs, fmt.Errorf("%s is mounted still; the files stay", mnt))...)
		}
	}
	if b.rig != nil {
		b.rig.stop()
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}

// mounts gives all that can have something mounted.
func (b *bench) mounts() []subject {
	all := append([]subject(nil), b.subjects...)
	for _, d := range b.devices {
		all = append(all, d)
	}
	return all
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.news, "bench: "+format+"\n", args...) }

// newDevice makes a device that has never seen the locker.
func (b *bench) newDevice(name string) (*device, error) {
	d, err := newDevice(filepath.Join(b.dir, name), b.settings.lockerfs, b.rig)
	b.devices = append(b.devices, d)
	return d, err
}

// measure runs the scenarios. One that fails is named in the end, and the others are
// measured all the same.
func (b *bench) measure(ctx context.Context) error {
	if b.settings.wants("import") {
		if err := b.intake(ctx); err != nil {
			return err
		}
	}
	if err := b.fill(ctx); err != nil {
		return err
	}
	if err := b.takePart(ctx); err != nil {
		return err
	}
	var errs []error
	for _, sc := range scenarios() {
		if sc.run == nil || !b.settings.wants(sc.name) {
			continue
		}
		for _, s := range b.subjects {
			err := b.one(ctx, sc, s)
			if ctx.Err() != nil || errors.Is(err, errWrongBytes) {
				return err
			}
			if err != nil {
				b.say("FAILED: %v", err)
				errs = append(errs, err)
			}
		}
	}
	b.report.judge()
	return errors.Join(errs...)
}

// one runs a scenario with one subject, and leaves nothing mounted.
func (b *bench) one(ctx context.Context, sc scenario, s subject) error {
	b.say("%s: %s, %v", sc.name, s.name(), sc.wire)
	b.rig.set(sc.wire)
	start := time.Now()
	err := sc.run(b, ctx, s)
	err = errors.Join(err, s.unmount())
	if err != nil {
		return fmt.Errorf("%s with %s: %w", sc.name, s.name(), err)
	}
	b.say("%s: %s done in %.0f s", sc.name, s.name(), time.Since(start).Seconds())
	return nil
}

// fill makes the locker and imports the collection, with no delay.
func (b *bench) fill(ctx context.Context) error {
	d, err := b.newDevice("importer")
	if err != nil {
		return err
	}
	if _, err := d.run(ctx, "init", d.store); err != nil {
		return err
	}
	b.say("importing")
	before := b.begin(workImport)
	took, err := d.run(ctx, "import", b.music.dir)
	if err != nil {
		return err
	}
	f := figures{Units: len(b.music.all()), traffic: b.rig.since(before), bytes: b.music.bytes}
	b.add(d, workImport, f.times(took))
	return nil
}

// takePart makes the subjects: a device that knows the names, and rclone.
func (b *bench) takePart(ctx context.Context) (err error) {
	if b.device, err = b.newDevice("device"); err != nil {
		return err
	}
	if _, err := b.device.run(ctx, "init", b.device.store); err != nil {
		return err
	}
	if _, err := b.device.mount(ctx, noHeads); err != nil {
		return err
	}
	if _, err := b.walk(b.device); err != nil {
		return err
	}
	if err := b.device.unmount(); err != nil {
		return err
	}
	if b.packs, err = b.rig.objectsIn("scan"); err != nil {
		return err
	}
	b.subjects = []subject{b.device}
	if b.settings.rclone == "" {
		return nil
	}
	m, err := newRclone(filepath.Join(b.dir, "rclone"), b.settings.rclone, b.rig)
	if err != nil {
		return err
	}
	b.subjects = append(b.subjects, m)
	return nil
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

func (b *bench) add(s subject, work string, f figures) {
	b.report.add(s.name(), work, b.rig.wire(), f)
}

// note says why a row has no figures.
func (b *bench) note(work, text string) { b.report.note(work, b.rig.wire(), text) }
