package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	mountLimit   = 30 * time.Second
	unmountLimit = 40 * time.Second // a mount may wait 20 s for what was written
)

// daemon is a running program that shows a mount at mnt.
type daemon struct {
	mnt   string
	c     *exec.Cmd
	ended chan struct{}
	said  *bytes.Buffer // read only after ended
}

// apart keeps Ctrl-C on the terminal for the bench, which then ends what it started
// in order.
func apart(c *exec.Cmd) *exec.Cmd {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
}

// startDaemon starts c and gives how long it took until the root of its mount
// answered. Nothing runs after an error.
func startDaemon(ctx context.Context, c *exec.Cmd, mnt string) (*daemon, time.Duration, error) {
	bare, err := volume(mnt)
	if err != nil {
		return nil, 0, err
	}
	d := &daemon{mnt: mnt, c: apart(c), ended: make(chan struct{}), said: new(bytes.Buffer)}
	c.Stdout, c.Stderr = d.said, d.said
	start := time.Now()
	if err := c.Start(); err != nil {
		return nil, 0, err
	}
	// A measurement that waits in the kernel for this daemon ends with it.
	stop := context.AfterFunc(ctx, func() { _ = c.Process.Kill() })
	go func() {
		defer close(d.ended)
		defer stop()
		_ = c.Wait() // what it said tells more
	}()
	if err := d.await(ctx, bare, start); err != nil {
		return nil, 0, errors.Join(err, d.end())
	}
	return d, time.Since(start), nil
}

// await polls until another volume answers at the mount than did before.
func (d *daemon) await(ctx context.Context, bare uint64, start time.Time) error {
	for {
		if now, err := volume(d.mnt); err == nil && now != bare {
			return nil
		}
		select {
		case <-d.ended:
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("%s ended: %s", d.name(), strings.TrimSpace(d.said.String()))
		default:
		}
		if time.Since(start) > mountLimit {
			return fmt.Errorf("%s: no mount after %v", d.name(), mountLimit)
		}
		if err := pause(ctx, time.Millisecond/2); err != nil {
			return err
		}
	}
}

func (d *daemon) name() string { return strings.Join(d.c.Args[:min(2, len(d.c.Args))], " ") }

// end ends the program as Ctrl-C does, and by force where that does not help.
// Afterwards nothing is mounted, or the error says what is.
func (d *daemon) end() error {
	if d == nil {
		return nil
	}
	_ = d.c.Process.Signal(os.Interrupt) // it may have ended
	var err error
	select {
	case <-d.ended:
	case <-time.After(unmountLimit):
		err = fmt.Errorf("%s did not end within %v of SIGINT and was killed", d.name(), unmountLimit)
		_ = d.c.Process.Kill()
		<-d.ended
	}
	if mounted(d.mnt) {
		err = errors.Join(err, fmt.Errorf("the mount at %s outlived its daemon", d.mnt), detach(d.mnt))
	}
	return err
}

// memory gives what the program holds in memory now, and held at most, in bytes.
func (d *daemon) memory() (now, most int64, err error) { return memoryOf(d.c.Process.Pid) }
