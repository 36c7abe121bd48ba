package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

const (
	firstBytes = 64 << 10
	// gulp is how much a reader asks for at once.
	gulp = 128 << 10
	// warmReads is how often a warm file is read; the median counts.
	warmReads = 5
)

// errWrongBytes ends the run: no figure matters then.
var errWrongBytes = errors.New("WRONG BYTES, others than were imported")

// firstBytes measures how soon a track that was never seen begins, over a connection
// that is open: warm is read before.
func (b *bench) firstBytes(ctx context.Context, d *device, files []track, warm track) error {
	buffer := make([]byte, firstBytes)
	if _, err := begin(filepath.Join(d.mnt, warm.path), buffer); err != nil {
		return err
	}
	if err := b.rig.quiet(ctx); err != nil {
		return err
	}
	const work = "first 64 KB of a track never seen"
	before := b.begin(work)
	var times []time.Duration
	for _, f := range files {
		took, err := begin(filepath.Join(d.mnt, f.path), buffer)
		if err != nil {
			return err
		}
		times = append(times, took)
		if err := same(f.source, buffer); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		// What the read set off must not stand in the way of the next.
		if err := b.rig.quiet(ctx); err != nil {
			return err
		}
	}
	b.add(row{Work: work, traffic: b.rig.since(before)}.times(times))
	return nil
}

// begin opens a file, fills the buffer from its start, and closes it.
func begin(path string, buffer []byte) (time.Duration, error) {
	start := time.Now()
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	_, err = io.ReadFull(f, buffer)
	took := time.Since(start)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return 0, fmt.Errorf("the start of %s: %w", path, err)
	}
	return took, nil
}

// same holds the start of a file against what was read.
func same(source string, got []byte) error {
	want := make([]byte, len(got))
	if _, err := begin(source, want); err != nil {
		return err
	}
	if !bytes.Equal(want, got) {
		return errWrongBytes
	}
	return nil
}

// sameWhole holds a file of the mount against what was imported.
func sameWhole(d *device, f track) error {
	got, err := os.ReadFile(filepath.Join(d.mnt, f.path))
	if err != nil {
		return err
	}
	want, err := os.ReadFile(f.source)
	if err != nil {
		return err
	}
	if !bytes.Equal(want, got) {
		return fmt.Errorf("%s: %w", f.path, errWrongBytes)
	}
	return nil
}

// whole measures sequential reads of files from the store, from the local cache, and
// from the kernel's memory, each beside a copy on the local file system.
func (b *bench) whole(ctx context.Context, d *device, work string, files []track) error {
	cold, err := b.cold(ctx, d, work, files)
	if err != nil {
		return err
	}
	b.add(cold)
	for _, from := range []struct {
		name string
		drop bool
	}{{"from the cache", true}, {"from the kernel", false}} {
		before := b.begin(work + " again, " + from.name)
		warm, local, err := beside(d, files, from.drop)
		if err != nil {
			return err
		}
		r := row{Work: work + " again, " + from.name, traffic: b.rig.since(before), bytes: total(files)}.times(warm)
		r.OfLocal = sum(local).Seconds() / sum(warm).Seconds()
		b.add(r)
	}
	return nil
}

func (b *bench) cold(ctx context.Context, d *device, work string, files []track) (row, error) {
	r := row{Work: work, bytes: total(files)}
	before := b.begin(work)
	var times []time.Duration
	for _, f := range files {
		took, err := slurp(filepath.Join(d.mnt, f.path), f.size, false)
		if err != nil {
			return r, err
		}
		times = append(times, took)
		if err := errors.Join(b.rig.quiet(ctx), sameWhole(d, f)); err != nil {
			return r, err
		}
	}
	r.traffic = b.rig.since(before)
	return r.times(times), nil
}

// beside reads each file through the mount and from the source, several times, and
// gives the medians.
func beside(d *device, files []track, drop bool) (warm, local []time.Duration, err error) {
	for _, f := range files {
		var mount, source []time.Duration
		for range warmReads {
			for _, side := range []struct {
				path  string
				drop  bool
				times *[]time.Duration
			}{{filepath.Join(d.mnt, f.path), drop, &mount}, {f.source, false, &source}} {
				took, err := slurp(side.path, f.size, side.drop)
				if err != nil {
					return nil, nil, err
				}
				*side.times = append(*side.times, took)
			}
		}
		warm, local = append(warm, median(mount)), append(local, median(source))
	}
	return warm, local, nil
}

// slurp reads a file from start to end. drop makes the kernel forget its pages
// before.
func slurp(path string, size int64, drop bool) (time.Duration, error) {
	buffer := make([]byte, gulp)
	start := time.Now()
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if drop {
		if err := dropPages(f); err != nil {
			return 0, fmt.Errorf("dropping the pages of %s: %w", path, err)
		}
		start = time.Now()
	}
	var n int64
	for {
		m, err := f.Read(buffer)
		n += int64(m)
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	if n != size {
		return 0, fmt.Errorf("%s has %d bytes, want %d", path, n, size)
	}
	return time.Since(start), nil
}

func total(files []track) (n int64) {
	for _, f := range files {
		n += f.size
	}
	return n
}
