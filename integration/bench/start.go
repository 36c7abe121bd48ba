package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	workPing      = "a request of nothing, by itself"
	workStart     = "first 64 KB of a cold track"
	workStartHere = "first 64 KB where the head is here"
	workSeek      = "seek in a playing track, 64 KB"
	workSeekHere  = "the same when the rest has arrived"
	firstBytes    = 64 << 10
	starts        = 20
)

// errWrongBytes ends the run: no figure matters then.
var errWrongBytes = errors.New("WRONG BYTES, others than were imported")

// start measures how soon a track begins, over a connection that is open: one is
// begun before.
func (b *bench) start(ctx context.Context, s subject) error {
	if err := b.ready(ctx, s); err != nil {
		return err
	}
	files := b.shuffled()[:b.settings.starts+1]
	if _, err := b.begun(ctx, s, files[:1]); err != nil {
		return err
	}
	if err := b.ping(ctx, s); err != nil {
		return err
	}
	before := b.begin(workStart)
	times, err := b.begun(ctx, s, files[1:])
	if err != nil {
		return err
	}
	f := figures{Units: len(times), traffic: b.rig.since(before)}.times(times...)
	b.add(s, workStart, f)
	d, isOurs := s.(*device)
	if !isOurs {
		b.add(s, workStartHere, f)
		return nil
	}
	whole, err := b.mountedWith(ctx, d, heads)
	if err != nil {
		return err
	}
	if !whole {
		b.note(workStartHere, notHere)
		return nil
	}
	before = b.begin(workStartHere)
	if times, err = b.begun(ctx, d, files); err != nil {
		return err
	}
	b.add(d, workStartHere, figures{Units: len(times), traffic: b.rig.since(before)}.times(times...))
	return nil
}

// ping measures what the link and the server take by themselves.
func (b *bench) ping(ctx context.Context, s subject) error {
	if s.name() != ours {
		return nil
	}
	times, err := b.rig.roundTrips(ctx, b.settings.starts)
	if err != nil {
		return err
	}
	b.add(s, workPing, figures{Units: len(times)}.times(times...))
	return nil
}

// begun reads the start of each track, and waits after each until what that set off
// is over.
func (b *bench) begun(ctx context.Context, s subject, files []track) (times []time.Duration, err error) {
	buffer := make([]byte, firstBytes)
	for _, tr := range files {
		start := time.Now()
		f, err := os.Open(s.path(tr.path))
		if err != nil {
			return nil, err
		}
		_, err = io.ReadFull(f, buffer)
		times = append(times, time.Since(start))
		if err := errors.Join(err, f.Close(), same(tr, buffer, 0), b.rig.quiet(ctx)); err != nil {
			return nil, fmt.Errorf("the start of %s: %w", tr.path, err)
		}
	}
	return times, nil
}

// same holds what was read at an offset against what was imported.
func same(tr track, got []byte, at int64) error {
	f, err := os.Open(tr.source)
	if err != nil {
		return err
	}
	defer f.Close()
	want := make([]byte, len(got))
	if _, err := f.ReadAt(want, at); err != nil {
		return err
	}
	if !bytes.Equal(want, got) {
		return fmt.Errorf("%s: %w", tr.path, errWrongBytes)
	}
	return nil
}

// seek measures jumps to where a track has not been, each a moment after the track
// was begun, and one to its end when all of it has arrived.
func (b *bench) seek(ctx context.Context, s subject) error {
	if err := b.ready(ctx, s); err != nil {
		return err
	}
	if _, err := b.begun(ctx, s, b.music.tracks[:1]); err != nil {
		return err
	}
	var jumps, later []time.Duration
	var spent, spentLater traffic
	for _, tr := range b.music.large {
		before := b.begin(workSeek)
		f, err := os.Open(s.path(tr.path))
		if err != nil {
			return err
		}
		jumped, err := b.jumps(ctx, f, tr)
		spent.more(b.rig.since(before))
		if err == nil {
			before = b.begin(workSeekHere)
			var took time.Duration
			took, err = jump(f, tr, 0.9)
			later = append(later, took)
			spentLater.more(b.rig.since(before))
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		jumps = append(jumps, jumped...)
	}
	b.add(s, workSeek, figures{Units: len(jumps), traffic: &spent}.times(jumps...))
	b.add(s, workSeekHere, figures{Units: len(later), traffic: &spentLater}.times(later...))
	return nil
}

// jumps begins a track, jumps twice, plays on a little, and waits until nothing passes
// any more.
func (b *bench) jumps(ctx context.Context, f *os.File, tr track) (times []time.Duration, err error) {
	const listen, gulps, further = 300 * time.Millisecond, 4, 10 // 3 s
	if _, err := io.CopyN(io.Discard, f, gulps*firstBytes); err != nil {
		return nil, err
	}
	var at int64
	for _, to := range []float64{0.6, 0.35} {
		if err := pause(ctx, listen); err != nil {
			return nil, err
		}
		took, err := jump(f, tr, to)
		if err != nil {
			return nil, err
		}
		times, at = append(times, took), int64(float64(tr.size)*to)
	}
	buffer := make([]byte, firstBytes)
	for range further {
		if at += firstBytes; at > tr.size*8/10 {
			break
		}
		if _, err := f.ReadAt(buffer, at); err != nil {
			return nil, err
		}
		if err := errors.Join(same(tr, buffer, at), pause(ctx, listen)); err != nil {
			return nil, err
		}
	}
	return times, b.rig.quiet(ctx)
}

// jump reads 64 KB at a share of the track.
func jump(f *os.File, tr track, to float64) (time.Duration, error) {
	buffer := make([]byte, firstBytes)
	at := min(int64(float64(tr.size)*to), tr.size-firstBytes)
	start := time.Now()
	if _, err := f.ReadAt(buffer, at); err != nil {
		return 0, err
	}
	return time.Since(start), same(tr, buffer, at)
}
