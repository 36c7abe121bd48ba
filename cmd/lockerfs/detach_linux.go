package main

import (
	"math"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// alone starts a process that ends with nobody else: no terminal, no session.
func alone() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// becomeOutput makes a file what this process prints to.
func becomeOutput(f *os.File) error {
	for _, fd := range []int{1, 2} {
		if err := unix.Dup3(int(f.Fd()), fd, 0); err != nil {
			return err
		}
	}
	return nil
}

// become replaces this process by a program, which takes over the reply pipe and nothing
// else. go-fuse opens the device without O_CLOEXEC: left open, the mount that went would
// never end, and who still reads there would wait for ever.
func become(program string, args []string, pipe *os.File) error {
	const first = 3 // after the standard streams
	if err := unix.CloseRange(first, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		open, err := os.ReadDir("/proc/self/fd") // before Linux 5.11
		if err != nil {
			return err
		}
		for _, f := range open {
			if fd, err := strconv.Atoi(f.Name()); err == nil && fd >= first {
				unix.CloseOnExec(fd)
			}
		}
	}
	if pipe != nil {
		if _, err := unix.FcntlInt(pipe.Fd(), unix.F_SETFD, 0); err != nil {
			return err
		}
	}
	return unix.Exec(program, args, os.Environ())
}
