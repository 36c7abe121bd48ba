package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// stats asks for single files, each in a folder where nobody has been.
func (l *large) stats(ctx context.Context) error {
	artists, err := os.ReadDir(l.device.mnt)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	var times []time.Duration
	for range scaleStats {
		path, err := l.someFile(artists[r.IntN(len(artists))].Name())
		if err != nil {
			return err
		}
		start := time.Now()
		if _, err := os.Lstat(path); err != nil {
			return err
		}
		times = append(times, time.Since(start))
	}
	l.add(l.device, workScaleStat, figures{Units: len(times)}.times(times...))
	return ctx.Err()
}

// someFile gives the path of a track of an artist, without a look at the track.
func (l *large) someFile(artist string) (path string, err error) {
	err = filepath.WalkDir(l.device.path(artist), func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			path, err = p, fs.SkipAll
		}
		return err
	})
	return path, err
}

// crowd lists the one folder with very many files.
func (l *large) crowd(ctx context.Context) error {
	var times []time.Duration
	for range rounds {
		start := time.Now()
		f, err := os.Open(l.device.path(l.music.Crowd()))
		if err != nil {
			return err
		}
		names, err := f.Readdirnames(-1)
		if err = errors.Join(err, f.Close()); err == nil && len(names) != crowdTracks {
			err = fmt.Errorf("%d names of %d", len(names), crowdTracks)
		}
		if err != nil {
			return err
		}
		times = append(times, time.Since(start))
	}
	l.add(l.device, workScaleCrowd, figures{Units: 1}.times(times...))
	return ctx.Err()
}

// commits copies small files in, one after the other.
func (l *large) commits(ctx context.Context) error {
	var times []time.Duration
	before := l.begin(workScaleCommit)
	for i := range rounds {
		if err := os.WriteFile(l.device.path(fmt.Sprintf("note %d.txt", i)), []byte("a small file"), 0o644); err != nil {
			return err
		}
		start := time.Now()
		end, err := l.device.sync(ctx)
		if err != nil {
			return err
		}
		times = append(times, end.Sub(start))
	}
	f, err := l.costs(l.device, before, rounds)
	if err != nil {
		return err
	}
	l.add(l.device, workScaleCommit, f.times(times...))
	return nil
}

// judgeScale holds the rows against their budgets, which are for a number of tracks.
func (r *report) judgeScale(tracks int) {
	million := tracks > 100_000
	pick := func(small, large float64) float64 {
		if million {
			return large
		}
		return small
	}
	for _, b := range []budget{
		{work: workScaleRoot, median: 2000, requests: -1, stalls: -1},
		{work: workScaleWhole, median: 60e3, requests: -1, stalls: -1},
		{work: workScaleReady, median: pick(100, 300), requests: -1, stalls: -1},
		{work: workScaleFind, median: 30e3, requests: -1, stalls: -1, memory: int64(pick(150e6, 300e6))},
		{work: workScaleAgain, median: 12e3, requests: -1, stalls: -1, memory: int64(pick(150e6, 300e6))},
	} {
		for _, x := range r.Rows {
			if x.Work == b.work {
				x.Budget, x.Missed = b.hold(x.Lockerfs)
				x.Limit = b.median
			}
		}
	}
}
