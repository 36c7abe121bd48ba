package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	workColdTrack = "whole track of 30 MB, cold"
	workCold      = "whole file of 120 MB, cold"
	workStreams   = "64 tracks at once, cold"
	streams       = 64
	readSize      = 128 << 10
)

// cold measures sequential reads of whole files from the store, one at a time, as
// shares of what the link carries.
func (b *bench) cold(ctx context.Context, s subject) error {
	for _, from := range []struct {
		work  string
		files []track
	}{{workColdTrack, b.music.large}, {workCold, b.music.mix}} {
		if err := b.ready(ctx, s); err != nil {
			return err
		}
		if _, err := b.begun(ctx, s, b.music.tracks[:1]); err != nil { // opens a connection
			return err
		}
		before := b.begin(from.work)
		var times []time.Duration
		for _, tr := range from.files {
			took, err := slurp(s, tr)
			if err != nil {
				return err
			}
			times = append(times, took)
		}
		f, err := b.costs(s, before, len(from.files))
		if err != nil {
			return err
		}
		f.bytes = total(from.files)
		f = f.times(times...)
		f.OfLink = f.Rate * 8e6 / float64(b.rig.wire().rate)
		b.add(s, from.work, f)
	}
	return nil
}

// streams reads many tracks at once, for what that takes of memory.
func (b *bench) streams(ctx context.Context, s subject) error {
	if err := b.ready(ctx, s); err != nil {
		return err
	}
	files := b.shuffled()
	files = files[:min(streams, len(files))]
	before := b.begin(workStreams)
	times := make([]time.Duration, len(files))
	var g errgroup.Group
	for i, tr := range files {
		g.Go(func() (err error) {
			times[i], err = slurp(s, tr)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	f, err := b.costs(s, before, len(files))
	b.add(s, workStreams, f.times(times...))
	return err
}

// slurp reads a file from start to end, and holds its hash against what was imported.
func slurp(s subject, tr track) (time.Duration, error) {
	start := time.Now()
	got, err := hashed(s.path(tr.path), tr.size)
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	want, err := hashed(tr.source, tr.size)
	if err == nil && got != want {
		err = fmt.Errorf("%s: %w", tr.path, errWrongBytes)
	}
	return took, err
}

func hashed(path string, size int64) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, readSize))
	if err == nil && n != size {
		err = fmt.Errorf("%s has %d bytes, want %d", path, n, size)
	}
	copy(sum[:], h.Sum(nil))
	return sum, err
}

func total(files []track) (n int64) {
	for tr := range slices.Values(files) {
		n += tr.size
	}
	return n
}
