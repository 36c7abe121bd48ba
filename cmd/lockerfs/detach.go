package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
)

// A mount in the background is two processes: a supervisor, which does nothing but start
// the other and start it again after a crash, and the worker, which is the mount of the
// foreground with its log in a file. What they tell who started them goes through a pipe.
const (
	roleSupervisor = "supervisor"
	roleWorker     = "worker"
	// replyFD is the pipe's descriptor in both.
	replyFD = 3
)

// reply is what a process in the background tells who started it.
type reply struct {
	// Ready: it is mounted and answers. Said is what to tell the person then.
	Ready bool   `json:"ready,omitempty"`
	Said  string `json:"said,omitempty"`
	// Fault is why it ends.
	Fault *wireFault `json:"fault,omitempty"`
}

// send writes a reply, if somebody listens.
func (r reply) send(pipe *os.File) {
	if pipe != nil {
		_ = json.NewEncoder(pipe).Encode(r)
	}
}

// takeReplyPipe gives the pipe to who started this process.
func takeReplyPipe() *os.File {
	syscall.CloseOnExec(replyFD)
	return os.NewFile(replyFD, "reply")
}

// detach starts the locker in the background, and returns when its mount answers or has
// failed.
func (a *app) detach(ctx context.Context, p place, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(self, append(args, "--role="+roleSupervisor)...)
	c.Dir = "/" // a daemon holds no folder
	c.SysProcAttr = alone()
	replies, err := startReplying(c)
	if err != nil {
		return err
	}
	defer replies.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Process.Signal(syscall.SIGTERM) })
	defer stop()
	var r reply
	if err := json.NewDecoder(replies).Decode(&r); err != nil {
		_ = c.Wait()
		return errors.Join(ctx.Err(), &fault{code: exitOther, cause: "lockerfs ended before it had mounted", next: "the end of " + logPath(p.state) + " may say why", err: err})
	}
	if r.Fault != nil {
		_ = c.Wait() // its end follows
		return errors.Join(ctx.Err(), r.Fault.err())
	}
	_, err = fmt.Fprint(a.out, r.Said)
	return err
}

// startReplying starts a process and gives what it replies.
func startReplying(c *exec.Cmd) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	c.ExtraFiles = []*os.File{w} // becomes replyFD
	if err := c.Start(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// work mounts in the background: with its log in a file, and telling its supervisor.
func (a *app) work(ctx context.Context, p place) error {
	a.reply = takeReplyPipe()
	if _, err := a.logToFile(p.state); err != nil {
		return a.failed(err)
	}
	return a.failed(a.mount(ctx, p))
}

// failed tells who started this process why it ends.
func (a *app) failed(err error) error {
	if err != nil && !errors.Is(err, errRestart) {
		reply{Fault: toWire(err, a.where)}.send(a.reply)
	}
	return err
}

// again gives the arguments with which another process mounts the same locker in the
// same way, from whatever folder.
func (a *app) again(p place, c *cobra.Command) ([]string, error) {
	args, err := a.meant(p)
	if err != nil {
		return nil, err
	}
	if a.flags.json {
		args = append(args, "--json")
	}
	if a.flags.verbose {
		args = append(args, "--verbose")
	}
	return append(append(args, "mount"), mountArgs(p, c)...), nil
}

// meant gives the flags that name the locker p.
func (a *app) meant(p place) ([]string, error) {
	f := a.flags
	var args []string
	if f.locker != "" || f.config != "" || f.store == "" || f.state == "" || f.cache == "" {
		config, err := filepath.Abs(a.configPath())
		if err != nil {
			return nil, err
		}
		args = append(args, "--config="+config, "--locker="+p.name)
	}
	for _, given := range [][3]string{{"store", f.store, p.store}, {"state", f.state, p.state}, {"cache", f.cache, p.cache}} {
		if given[1] != "" {
			args = append(args, "--"+given[0]+"="+given[2])
		}
	}
	return args, nil
}
