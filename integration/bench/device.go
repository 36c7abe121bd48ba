package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// quietly keeps a device from asking for news while it is measured: rows count what
// their work costs and nothing else.
const quietly = "LOCKERFS_POLL=10m"

// noHeads keeps the starts of tracks from being fetched when idle: what is to be read
// for the first time is not here then.
const noHeads = "--heads=0"

// releaseLimit is how long the kernel may take to tell the daemon of a close.
const releaseLimit = time.Second

// device is a state folder and a cache of the locker, driven by the command line.
type device struct {
	lockerfs, store string
	dir, mnt        string
	env             []string
	daemon          *daemon // nil while nothing is mounted
}

func newDevice(dir, lockerfs string, r *rig) (*device, error) {
	d := &device{lockerfs: lockerfs, store: r.store, dir: dir, mnt: filepath.Join(dir, "mnt"), env: r.gateway.Env()}
	return d, os.MkdirAll(d.mnt, 0o755)
}

func (d *device) name() string          { return ours }
func (d *device) path(of string) string { return filepath.Join(d.mnt, of) }

func (d *device) command(args ...string) *exec.Cmd {
	c := exec.Command(d.lockerfs, args...)
	c.Env = append(os.Environ(), "LOCKERFS_STORE="+d.store, "LOCKERFS_STATE="+d.dir+"/state", "LOCKERFS_CACHE="+d.dir+"/cache", quietly,
		"XDG_CONFIG_HOME="+d.dir+"/config", "XDG_DATA_HOME="+d.dir+"/data", "XDG_RUNTIME_DIR="+d.dir+"/run", "HOME="+d.dir)
	c.Env = append(c.Env, d.env...)
	return apart(c)
}

// run runs a command to its end and gives how long it took.
func (d *device) run(ctx context.Context, args ...string) (time.Duration, error) {
	took, _, err := d.output(ctx, args...)
	return took, err
}

// output is run, and gives what the command printed too.
func (d *device) output(ctx context.Context, args ...string) (time.Duration, []byte, error) {
	c := d.command(args...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	start := time.Now()
	if err := c.Start(); err != nil {
		return 0, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Process.Kill() })
	defer stop()
	err := c.Wait()
	took := time.Since(start)
	if ctx.Err() != nil {
		return 0, nil, context.Cause(ctx)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("lockerfs %s: %w\n%s", args[0], err, bytes.TrimSpace(append(out.Bytes(), said.Bytes()...)))
	}
	return took, out.Bytes(), nil
}

// bare mounts a device that knows the names and has none of the bytes, and fetches no
// heads. Scan packs come when they come.
func (d *device) bare(ctx context.Context) (time.Duration, error) { return d.empty(ctx, noHeads) }

// empty mounts a device that knows the names and has none of the bytes.
func (d *device) empty(ctx context.Context, flags ...string) (time.Duration, error) {
	if err := errors.Join(d.unmount(), os.RemoveAll(filepath.Join(d.dir, "cache"))); err != nil {
		return 0, err
	}
	return d.mount(ctx, flags...)
}

// mount mounts the device as it is.
func (d *device) mount(ctx context.Context, flags ...string) (took time.Duration, err error) {
	d.daemon, took, err = startDaemon(ctx, d.command(append([]string{"mount", d.mnt}, flags...)...), d.mnt)
	return took, err
}

func (d *device) unmount() error {
	err := d.daemon.end()
	d.daemon = nil
	return err
}

// sync runs the command of that name. What was closed just now may be open still for the
// daemon, to which the kernel says so later.
func (d *device) sync(ctx context.Context) (time.Time, error) {
	for end := time.Now().Add(releaseLimit); ; {
		_, err := d.run(ctx, "sync")
		if err == nil || !strings.Contains(err.Error(), "a program is still writing") || time.Now().After(end) {
			return time.Now(), err
		}
	}
}

func (d *device) memory() (now, most int64, err error) { return d.daemon.memory() }

// here waits until status says that something it names is on this machine whole:
// packs, of which the store holds so many, or heads. It is false where status knows
// nothing of it, or after limit.
func (d *device) here(ctx context.Context, what string, all int, limit time.Duration) (bool, error) {
	for end := time.Now().Add(limit); ; {
		_, out, err := d.output(ctx, "status", "--json")
		if err != nil {
			return false, err
		}
		known, whole, err := wholeIn(out, what, all)
		if err != nil || !known || whole || time.Now().After(end) {
			return whole, err
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return false, err
		}
	}
}

// wholeIn looks in a status for an object of that name, and in it for "complete", or
// for a "count" that has come to all there are.
func wholeIn(status []byte, what string, all int) (known, whole bool, err error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(status, &parts); err != nil {
		return false, false, fmt.Errorf("the status: %w", err)
	}
	text, known := parts[what]
	if !known {
		return false, false, nil
	}
	var part struct {
		Complete *bool `json:"complete"`
		Count    *int  `json:"count"`
	}
	if err := json.Unmarshal(text, &part); err != nil {
		return false, false, fmt.Errorf("%q in the status: %w", what, err)
	}
	switch {
	case part.Complete != nil:
		return true, *part.Complete, nil
	case part.Count != nil && all > 0:
		return true, *part.Count >= all, nil
	}
	return false, false, nil
}
