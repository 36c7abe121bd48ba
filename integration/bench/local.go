package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"
)

const (
	workDropped          = "here, sequential, from the daemon"
	workWarm             = "here, sequential, from the kernel"
	workWarmRandom       = "here, 4 KiB random, from the kernel"
	workPassedSequential = "here, sequential, passthrough"
	workPassedRandom     = "here, 4 KiB random, passthrough"
)

// reading is one way fio reads a file.
type reading struct {
	work    string
	random  bool
	dropped bool // the kernel forgets the file's pages before
}

// local holds reads of a file that is here against the same of a copy on the local
// file system. A handle from before the file was complete keeps it from passthrough.
func (b *bench) local(ctx context.Context, s subject) error {
	if err := b.ready(ctx, s); err != nil {
		return err
	}
	tr := b.music.mix[0]
	kept, err := os.Open(s.path(tr.path))
	if err != nil {
		return err
	}
	defer kept.Close()
	if _, err := slurp(s, tr); err != nil {
		return err
	}
	if err := b.rig.quiet(ctx); err != nil {
		return err
	}
	for _, r := range []reading{{work: workDropped, dropped: true}, {work: workWarm}, {work: workWarmRandom, random: true}} {
		if err := b.besides(ctx, s, tr, r); err != nil {
			return err
		}
	}
	d, isOurs := s.(*device)
	if !isOurs {
		return nil
	}
	if err := kept.Close(); err != nil {
		return err
	}
	return b.passed(ctx, d, tr)
}

// passed measures passthrough, where the kernel and its rights allow it.
func (b *bench) passed(ctx context.Context, d *device, tr track) error {
	works := []reading{{work: workPassedSequential}, {work: workPassedRandom, random: true}}
	on, err := d.passes(ctx, tr)
	if err != nil {
		return err
	}
	for _, r := range works {
		if !on {
			b.note(r.work, "status does not say that the kernel reads it")
			continue
		}
		if err := b.besides(ctx, d, tr, r); err != nil {
			return err
		}
	}
	return nil
}

// passes tells whether the kernel reads a file by itself when it is opened now.
func (d *device) passes(ctx context.Context, tr track) (bool, error) {
	for end := time.Now().Add(5 * time.Second); ; {
		f, err := os.Open(d.path(tr.path))
		if err != nil {
			return false, err
		}
		_, out, err := d.output(ctx, "status", "--json")
		if closing := f.Close(); err == nil {
			err = closing
		}
		var s struct {
			Passthrough struct {
				Open int64 `json:"open"`
			} `json:"passthrough"`
		}
		if err == nil {
			err = json.Unmarshal(out, &s)
		}
		if err != nil || s.Passthrough.Open > 0 || time.Now().After(end) {
			return s.Passthrough.Open > 0, err
		}
		// A handle that was closed just now may not be released yet.
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return false, err
		}
	}
}

// besides reads by turns through the mount and beside it, and gives the medians.
func (b *bench) besides(ctx context.Context, s subject, tr track, r reading) error {
	before := b.begin(r.work)
	var mount, local []float64 // bytes a second
	for range b.settings.turns {
		through, err := fio(ctx, s.path(tr.path), r, r.dropped)
		if err != nil {
			return err
		}
		beside, err := fio(ctx, tr.source, r, false)
		if err != nil {
			return err
		}
		mount, local = append(mount, through), append(local, beside)
	}
	slices.Sort(mount)
	slices.Sort(local)
	f := figures{Units: 1, traffic: b.rig.since(before), Rate: mount[len(mount)/2] / 1e6, OfLocal: mount[len(mount)/2] / local[len(local)/2]}
	f.Samples = len(mount)
	f.Median = float64(tr.size) / mount[len(mount)/2] * 1e3
	if r.random {
		f.Median = 4096 / mount[len(mount)/2] * 1e3
	}
	f.P95, f.Max = f.Median, f.Median
	b.add(s, r.work, f)
	return nil
}

// fio gives the bytes a second that fio reads.
func fio(ctx context.Context, path string, r reading, drop bool) (float64, error) {
	args := []string{"--name=read", "--filename=" + path, "--readonly", "--ioengine=psync", "--output-format=json", "--thread",
		"--allow_file_create=0", "--invalidate=0", "--bs=128k", "--rw=read", "--loops=8"}
	if r.random {
		args = append(args, "--bs=4k", "--rw=randread", "--loops=1", "--norandommap", "--io_size=256m")
	}
	if drop {
		args = append(args, "--invalidate=1", "--loops=1")
	}
	c := apart(exec.CommandContext(ctx, "fio", args...))
	c.Dir = os.TempDir() // where it may leave a file for its verification
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		return 0, fmt.Errorf("fio %s: %w\n%s", r.work, err, bytes.TrimSpace(said.Bytes()))
	}
	var answer struct {
		Jobs []struct {
			Error int
			Read  struct {
				Rate float64 `json:"bw_bytes"`
			}
		}
	}
	// Notes may stand before the JSON.
	if err := json.Unmarshal(out.Bytes()[max(0, bytes.IndexByte(out.Bytes(), '{')):], &answer); err != nil {
		return 0, fmt.Errorf("fio's answer: %w", err)
	}
	if len(answer.Jobs) != 1 || answer.Jobs[0].Error != 0 || answer.Jobs[0].Read.Rate <= 0 {
		return 0, fmt.Errorf("fio could not read %s", strconv.Quote(path))
	}
	return answer.Jobs[0].Read.Rate, nil
}
