package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	mountLimit   = 30 * time.Second
	unmountLimit = 20 * time.Second
	// poll keeps a device from asking for news while it is measured: rows count
	// what their work costs and nothing else.
	poll = "LOCKERFS_POLL=10m"
)

// device is a state folder and a cache of the locker, driven by the command line.
type device struct {
	lockerfs, store string
	dir, mnt        string
	env             []string

	daemon *exec.Cmd // nil while nothing is mounted
	ended  chan struct{}
	said   *bytes.Buffer // read only after ended
}

func newDevice(dir, lockerfs string, r *rig) (*device, error) {
	d := &device{lockerfs: lockerfs, store: r.store, dir: dir, mnt: filepath.Join(dir, "mnt"), env: r.gateway.Env()}
	return d, os.MkdirAll(d.mnt, 0o755)
}

func (d *device) cache() string { return filepath.Join(d.dir, "cache") }

func (d *device) command(args ...string) *exec.Cmd {
	c := exec.Command(d.lockerfs, args...)
	c.Env = append(os.Environ(), "LOCKERFS_STORE="+d.store, "LOCKERFS_STATE="+d.dir+"/state", "LOCKERFS_CACHE="+d.cache(), poll,
		"XDG_CONFIG_HOME="+d.dir+"/config", "XDG_DATA_HOME="+d.dir+"/data", "XDG_RUNTIME_DIR="+d.dir+"/run", "HOME="+d.dir)
	c.Env = append(c.Env, d.env...)
	// Ctrl-C on the terminal is for the bench, which then ends this in order.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
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

// mount starts the daemon and gives how long it took until the mount's root
// answered.
func (d *device) mount(ctx context.Context) (time.Duration, error) {
	bare, err := volume(d.mnt)
	if err != nil {
		return 0, err
	}
	c, said, ended := d.command("mount", d.mnt), new(bytes.Buffer), make(chan struct{})
	c.Stdout, c.Stderr = said, said
	start := time.Now()
	if err := c.Start(); err != nil {
		return 0, err
	}
	d.daemon, d.said, d.ended = c, said, ended
	// A measurement that waits in the kernel for this daemon ends with it.
	stop := context.AfterFunc(ctx, func() { _ = c.Process.Kill() })
	go func() {
		defer close(ended)
		defer stop()
		_ = c.Wait() // what it said tells more
	}()
	for {
		// Another volume answers here as soon as the mount does.
		if now, err := volume(d.mnt); err == nil && now != bare {
			return time.Since(start), nil
		}
		select {
		case <-ended:
			d.daemon = nil
			return 0, fmt.Errorf("lockerfs mount ended: %s", strings.TrimSpace(said.String()))
		default:
		}
		if time.Since(start) > mountLimit {
			return 0, fmt.Errorf("no mount after %v", mountLimit)
		}
		if err := pause(ctx, time.Millisecond/2); err != nil {
			return 0, err
		}
	}
}

// unmount ends the daemon as Ctrl-C does, and by force where that does not help.
// Afterwards nothing is mounted, or the error says what is.
func (d *device) unmount() error {
	if d.daemon == nil {
		return nil
	}
	_ = d.daemon.Process.Signal(os.Interrupt) // it may have ended
	var err error
	select {
	case <-d.ended:
	case <-time.After(unmountLimit):
		err = fmt.Errorf("lockerfs mount did not end within %v of SIGINT and was killed", unmountLimit)
		_ = d.daemon.Process.Kill()
		<-d.ended
	}
	d.daemon = nil
	if left := mounted(d.mnt); left {
		err = errors.Join(err, fmt.Errorf("the mount at %s outlived its daemon", d.mnt), detach(d.mnt))
	}
	return err
}

// memory gives the daemon's resident memory in bytes.
func (d *device) memory() (int64, error) { return residentMemory(d.daemon.Process.Pid) }
