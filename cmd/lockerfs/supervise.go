package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lockerfs/lockerfs/fs"
)

const (
	// settled is how long a worker must have run for its crash not to count with the last.
	settled = time.Minute
	// mostCrashes is how many in a row are too many.
	mostCrashes = 5
	// corpseEvery is how often a worker is looked at that may have died and be stuck: it has
	// so long to go by itself.
	corpseEvery = time.Second
	// crashPause grows with every crash but the first, after which nothing is waited for.
	crashPause, longestPause = 250 * time.Millisecond, 10 * time.Second
)

// supervisor keeps a worker running. It opens neither state nor mount, so there is little
// in it that can fail.
type supervisor struct {
	self string
	args []string
	// state and mount are the worker's.
	state, mount string
	log          *slog.Logger
	out          io.Writer
	// answer is where the first reply goes on to; nil once it has.
	answer *os.File
	// settled is how long a worker must have run to count as sound.
	settled time.Duration
}

// supervise runs the worker until it ends well, or cannot be helped.
func (a *app) supervise(_ context.Context, p place, args []string) error {
	a.reply = takeReplyPipe()
	l, err := a.logToFile(p.state)
	if err != nil {
		return a.failed(err)
	}
	defer l.Close()
	self, err := os.Executable()
	if err != nil {
		return a.failed(err)
	}
	a.daemon = true
	s := &supervisor{self: self, args: args, state: p.state, mount: p.mount, log: a.logger("supervisor"), out: a.err, answer: a.reply,
		settled: durationOf("LOCKERFS_SETTLED", settled)}
	return s.run()
}

// ended is how a worker ended.
type ended struct {
	err   error  // nil when it unmounted and went
	fault *fault // why, if it could say
	ready bool   // it had mounted
	told  bool   // it was sent a signal
	lived time.Duration
}

func (s *supervisor) run() error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	for restarts, crashes := 0, 0; ; restarts++ {
		e := s.work(restarts, signals)
		if e.err == nil {
			return nil
		}
		if e.lived >= s.settled {
			crashes = 0
		}
		crashes++
		s.log.Error("the mount has ended", "reason", e.cause(), "after", e.lived.Round(time.Millisecond), "crashes", crashes)
		if e.told || restarts == 0 && !e.ready || e.hopeless() || crashes >= mostCrashes {
			return s.giveUp(e, crashes)
		}
		select {
		case <-signals:
			e.told = true
			return s.giveUp(e, crashes)
		case <-time.After(pauseAfter(crashes)):
		}
	}
}

func pauseAfter(crashes int) time.Duration {
	if crashes <= 1 {
		return 0
	}
	return min(crashPause<<min(crashes-2, 10), longestPause)
}

// work runs a worker to its end and hands on the signals that come meanwhile.
func (s *supervisor) work(restarts int, signals <-chan os.Signal) (e ended) {
	began := time.Now()
	defer func() { e.lived = time.Since(began) }()
	c := exec.Command(s.self, append(slices.Clone(s.args), "--role="+roleWorker, "--restarts="+strconv.Itoa(restarts))...)
	c.Dir = "/"
	c.Stdout, c.Stderr = s.out, s.out
	if l, ok := s.out.(*logFile); ok {
		c.Stdout, c.Stderr = l.file, l.file // its last words need nobody who passes them on
	}
	replies, err := startReplying(c)
	if err != nil {
		e.err = err
		return e
	}
	var ready atomic.Bool
	heard := make(chan *fault, 1)
	go func() {
		defer replies.Close()
		heard <- s.listen(replies, &ready)
	}()
	over := make(chan error, 1)
	go func() { over <- c.Wait() }()
	look := time.NewTicker(corpseEvery)
	defer look.Stop()
	died := false
	for {
		select {
		case <-look.C:
			before := died
			if died = corpse(c.Process.Pid); died && before {
				s.free()
			}
		case sent := <-signals:
			e.told = true
			_ = c.Process.Signal(sent)
		case e.err = <-over:
			e.fault, e.ready = <-heard, ready.Load()
			return e
		}
	}
}

// free ends what a worker that has died waits for in the kernel, and who waits for it.
func (s *supervisor) free() {
	point := first(recordedMount(s.state), s.mount)
	s.log.Warn("the worker has died and cannot end; its mount is given up", "mount", point)
	if err := fs.Abort(point); err != nil {
		s.log.Error("the dead mount cannot be given up", "reason", err)
	}
}

// listen hears a worker to its end, and gives the fault that it ends with.
func (s *supervisor) listen(replies io.Reader, ready *atomic.Bool) (last *fault) {
	for lines := json.NewDecoder(replies); ; {
		var r reply
		if lines.Decode(&r) != nil {
			return last
		}
		if r.Ready {
			ready.Store(true)
			forgetGivenUp(s.state)
			r.send(s.answer)
			if s.answer != nil {
				s.answer.Close()
				s.answer = nil
			}
		}
		if r.Fault != nil {
			errors.As(r.Fault.err(), &last)
		}
	}
}

// hopeless: another try ends in the same way.
func (e ended) hopeless() bool {
	return e.fault != nil && slices.Contains([]exitCode{exitUsage, exitNoLocker, exitNotLocker, exitNewer, exitNoFUSE}, e.fault.code)
}

func (e ended) cause() string {
	if e.fault != nil {
		return oneLine(e.fault.cause)
	}
	return e.err.Error()
}

// giveUp leaves no dead mount, and says why there is none any more.
func (s *supervisor) giveUp(e ended, crashes int) error {
	point := first(recordedMount(s.state), s.mount)
	if inside(point, liveMounts()) {
		if err := fs.ClearDead(point); err != nil {
			s.log.Error("the dead mount cannot be cleared away", "reason", err)
		}
	}
	f := e.fault
	if f == nil {
		f = &fault{code: exitOther, cause: "the mount has crashed: " + e.cause(), next: logPath(s.state) + " says more; lockerfs mount --detach starts it again"}
	}
	if e.told && e.fault == nil {
		f.next = ""
	} else if e.ready || crashes > 1 {
		s.log.Error("giving up", "crashes", crashes, "next", "lockerfs mount --detach")
		keepGivenUp(s.state, givenUp{Time: time.Now().UTC().Truncate(time.Second), Crashes: crashes, Cause: f.cause, Log: logPath(s.state)})
	}
	reply{Fault: toWire(f, where{})}.send(s.answer)
	return f
}
