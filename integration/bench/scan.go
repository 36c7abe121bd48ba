package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	workScan     = "scan with mutagen, a track, packs not here"
	workScanHere = "scan with mutagen, a track, packs here"
	notHere      = "status does not say that they are here"
)

// mutagen reads the tags of every file named on its input and answers with a line.
const mutagen = `
import sys, mutagen
mutagen.File(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    name = line.rstrip("\n")
    f = mutagen.File(name)
    print("tagged" if f is not None and f.tags and f.info.length > 1 else "NO TAGS: " + name, flush=True)
`

// python3 is Debian's, which has the mutagen of `make setup`, or else the one on PATH.
func python3() string {
	if _, err := os.Stat("/usr/bin/python3"); err == nil {
		return "/usr/bin/python3"
	}
	return "python3"
}

// scan measures a tag reader over the whole library.
func (b *bench) scan(ctx context.Context, s subject) error {
	if _, err := s.bare(ctx); err != nil {
		return err
	}
	f, err := b.scanned(ctx, s, workScan)
	if err != nil {
		return err
	}
	b.add(s, workScan, f)
	d, isOurs := s.(*device)
	if !isOurs { // it has no packs
		b.add(s, workScanHere, f)
		return nil
	}
	whole, err := b.mountedWith(ctx, d, packs)
	if err != nil {
		return err
	}
	if !whole {
		b.note(workScanHere, notHere)
		return nil
	}
	if f, err = b.scanned(ctx, d, workScanHere); err != nil {
		return err
	}
	b.add(d, workScanHere, f)
	return nil
}

// ready mounts a subject as it is when its first minute is over: with scan packs, where
// there are some, and no byte of a file else.
func (b *bench) ready(ctx context.Context, s subject) error {
	if d, isOurs := s.(*device); isOurs {
		_, err := b.mountedWith(ctx, d, packs)
		return err
	}
	_, err := s.bare(ctx)
	return err
}

// What status names that comes here by itself.
const (
	packs = "packs"
	heads = "heads"
)

// mountedWith mounts a device and waits until its packs are here, or its heads too,
// over a link without limits. It is false where that does not come.
func (b *bench) mountedWith(ctx context.Context, d *device, what string) (bool, error) {
	w := b.rig.wire()
	b.rig.set(wire{})
	defer b.rig.set(w)
	flag := noHeads
	if what == heads { // all of them, however little of the disk is free
		flag = "--heads=1T"
	}
	if _, err := d.empty(ctx, flag); err != nil {
		return false, err
	}
	whole, err := d.here(ctx, packs, b.packs, b.settings.patience)
	if err == nil && what == heads {
		whole, err = d.here(ctx, heads, 0, b.settings.patience)
	}
	if !whole { // and will hardly come the next time
		b.settings.patience = min(b.settings.patience, time.Second)
	}
	return whole, errors.Join(err, b.rig.quiet(ctx))
}

// scanned has mutagen read one track after the other, and gives what a track cost.
// After the limit of the settings it ends with what it has.
func (b *bench) scanned(ctx context.Context, s subject, work string) (figures, error) {
	paths := make([]string, len(b.music.tracks))
	for i, tr := range b.music.tracks {
		paths[i] = s.path(tr.path)
	}
	slices.Sort(paths)
	c := apart(exec.Command(python3(), "-c", mutagen, b.music.tracks[0].source))
	var said bytes.Buffer
	c.Stderr = &said
	in, err := c.StdinPipe()
	if err != nil {
		return figures{}, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return figures{}, err
	}
	if err := c.Start(); err != nil {
		return figures{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Process.Kill() })
	defer stop()
	f, err := b.conversed(s, work, paths, in, bufio.NewReader(out))
	if err != nil {
		_ = c.Process.Kill()
	}
	if waited := c.Wait(); ctx.Err() != nil {
		return f, context.Cause(ctx)
	} else if err != nil || waited != nil {
		return f, fmt.Errorf("mutagen: %w\n%s", errors.Join(err, waited), bytes.TrimSpace(said.Bytes()))
	}
	return f, nil
}

// conversed names file after file to mutagen and takes its answers.
func (b *bench) conversed(s subject, work string, paths []string, in io.WriteCloser, out *bufio.Reader) (figures, error) {
	if line, err := out.ReadString('\n'); err != nil || line != "ready\n" {
		return figures{}, fmt.Errorf("it is not ready: %q, %w", line, err)
	}
	before, start, done := b.begin(work), time.Now(), 0
	for _, path := range paths {
		if time.Since(start) > b.settings.limit {
			break
		}
		if _, err := io.WriteString(in, path+"\n"); err != nil {
			return figures{}, err
		}
		if line, err := out.ReadString('\n'); err != nil || line != "tagged\n" {
			return figures{}, errors.Join(errors.New(strings.TrimSpace(line)), err)
		}
		done++
	}
	took := time.Since(start)
	f, err := b.costs(s, before, done)
	return f.each(took), errors.Join(err, in.Close())
}
