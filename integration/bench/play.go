package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

const (
	workGap  = "next track in an album, 64 KB at the boundary"
	workThin = "320 kbit/s beside a copy, reads of 16 KB"
	workUp   = "320 kbit/s beside an upload, reads of 16 KB"
	// beginsUpload is how long after a copy everybody's upload is under way.
	beginsUpload = 8 * time.Second
	// gulp is what the player reads at once, lead how far it reads before what sounds,
	// and eager how long before the end of a track it opens the next.
	gulp  = 16 << 10
	lead  = time.Second
	eager = 300 * time.Millisecond
)

// listened is what a player has met.
type listened struct {
	firsts  []time.Duration // for the first 64 KB of each track
	gulps   []time.Duration // for every further read
	stalls  int
	silence time.Duration
}

// listen plays tracks as a player does: it opens a track a moment before it sounds,
// reads as fast as the music runs, and falls silent when a byte comes too late.
func listen(ctx context.Context, s subject, tracks []track) (l listened, err error) {
	var sounds time.Time // when the next track begins to sound
	for _, tr := range tracks {
		if err := until(ctx, sounds.Add(-eager)); err != nil {
			return l, err
		}
		f, err := os.Open(s.path(tr.path))
		if err != nil {
			return l, err
		}
		sounds, err = l.play(ctx, f, tr, sounds)
		if err := errors.Join(err, f.Close()); err != nil {
			return l, fmt.Errorf("playing %s: %w", tr.path, err)
		}
	}
	return l, nil
}

// play reads one track that should begin to sound at a time, zero for the first, and
// gives when it has ended.
func (l *listened) play(ctx context.Context, f *os.File, tr track, sounds time.Time) (time.Time, error) {
	buffer := make([]byte, firstBytes)
	opened := time.Now()
	if _, err := io.ReadFull(f, buffer); err != nil {
		return sounds, err
	}
	l.firsts = append(l.firsts, time.Since(opened))
	if sounds.IsZero() {
		sounds = time.Now()
	}
	l.late(&sounds, sounds)
	err := same(tr, buffer, 0)
	for at := int64(firstBytes); at < tr.size && err == nil; {
		due := sounds.Add(time.Duration(float64(tr.length) * float64(at) / float64(tr.size)))
		if err := until(ctx, due.Add(-lead)); err != nil {
			return sounds, err
		}
		start := time.Now()
		var n int
		if n, err = io.ReadFull(f, buffer[:min(gulp, tr.size-at)]); err != nil {
			return sounds, err
		}
		l.gulps = append(l.gulps, time.Since(start))
		l.late(&sounds, due)
		err = same(tr, buffer[:n], at)
		at += int64(n)
	}
	return sounds.Add(tr.length), err
}

// late counts a stall when what was due has passed, and moves what follows.
func (l *listened) late(sounds *time.Time, due time.Time) {
	const noticed = 5 * time.Millisecond // less is the scheduler's
	if by := time.Since(due); by > noticed {
		l.stalls++
		l.silence += by
		*sounds = sounds.Add(by)
	}
}

// until waits for a time.
func until(ctx context.Context, t time.Time) error {
	if wait := time.Until(t); wait > 0 {
		return pause(ctx, wait)
	}
	return ctx.Err()
}

// gap plays an album.
func (b *bench) gap(ctx context.Context, s subject) error {
	if err := b.ready(ctx, s); err != nil {
		return err
	}
	before := b.begin(workGap)
	l, err := listen(ctx, s, b.music.album)
	if err != nil {
		return err
	}
	f, err := b.costs(s, before, len(b.music.album))
	f.Stalls, f.Silence = &l.stalls, ms(l.silence)
	b.add(s, workGap, f.times(l.firsts[1:]...))
	return err
}

// thinLink plays tracks while another program copies others.
func (b *bench) thinLink(ctx context.Context, s subject) error {
	if err := b.ready(ctx, s); err != nil {
		return err
	}
	copying, err := copyAway(ctx, s, b.shuffled())
	if err != nil {
		return err
	}
	before := b.begin(workThin)
	l, err := listen(ctx, s, b.music.thin)
	if copying() {
		b.note(workThin, "the copy had ended before the music did: it takes more -tracks")
	}
	if err != nil {
		return err
	}
	f, err := b.costs(s, before, len(b.music.thin))
	f.Stalls, f.Silence = &l.stalls, ms(l.silence)
	b.add(s, workThin, f.times(l.gulps...))
	return err
}

// beside plays tracks while an album that was copied in just now is uploaded.
func (b *bench) beside(ctx context.Context, s subject) error {
	if err := b.ready(ctx, s); err != nil {
		return err
	}
	var sounds time.Duration
	for _, tr := range b.music.thin {
		sounds += tr.length
	}
	// White noise is 190 KB a second, and the link takes twice that.
	const files = 8
	f, err := b.newAlbum(ctx, s, files, int(2*sounds.Seconds())/files+2)
	if err != nil {
		return err
	}
	if _, err := f.copy(ctx, s.path(f.path)); err != nil {
		return err
	}
	if err := pause(ctx, beginsUpload); err != nil {
		return err
	}
	before := b.begin(workUp)
	l, err := listen(ctx, s, b.music.thin)
	if err != nil {
		return err
	}
	cost, err := b.costs(s, before, len(b.music.thin))
	cost.Stalls, cost.Silence = &l.stalls, ms(l.silence)
	b.add(s, workUp, cost.times(l.gulps...))
	if err != nil {
		return err
	}
	further, err := b.synced(ctx, s)
	if err == nil && further < time.Second {
		b.note(workUp, "the upload had ended before the music did")
	}
	return errors.Join(err, b.clear(ctx, s, f))
}

// copyAway starts a program that reads files one after the other. What it gives ends
// that program, and tells whether it had come to its end before.
func copyAway(ctx context.Context, s subject, files []track) (end func() bool, err error) {
	args := []string{"--"}
	for _, tr := range files[:min(len(files), 500)] {
		args = append(args, s.path(tr.path))
	}
	c := apart(exec.CommandContext(ctx, "cat", args...))
	if err := c.Start(); err != nil { // what it reads goes to /dev/null
		return nil, err
	}
	return func() bool {
		_ = c.Process.Kill()
		return c.Wait() == nil
	}, nil
}
