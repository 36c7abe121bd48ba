//go:build unix && !linux

package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// alone starts a process that ends with nobody else: no terminal, no session.
func alone() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// becomeOutput makes a file what this process prints to.
func becomeOutput(f *os.File) error {
	for _, fd := range []int{1, 2} {
		if err := unix.Dup2(int(f.Fd()), fd); err != nil {
			return err
		}
	}
	return nil
}

// become replaces this process by a program, which takes over the reply pipe.
func become(program string, args []string, pipe *os.File) error {
	if pipe != nil {
		if _, err := unix.FcntlInt(pipe.Fd(), unix.F_SETFD, 0); err != nil {
			return err
		}
	}
	return unix.Exec(program, args, os.Environ())
}
