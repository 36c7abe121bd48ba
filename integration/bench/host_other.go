//go:build !linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// volume gives the number of the file system that dir lies on.
func volume(dir string) (uint64, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, fmt.Errorf("stat %s: %w", dir, errors.ErrUnsupported)
	}
	return uint64(st.Dev), nil
}

// mounted tells whether dir is on another file system than what it is in.
func mounted(dir string) bool {
	here, err := volume(dir)
	above, aboveErr := volume(dir + "/..")
	return err != nil || aboveErr != nil || here != above
}

// detach takes a mount away whose daemon is dead.
func detach(dir string) error { return exec.Command("umount", "-f", dir).Run() }

// memoryOf gives what a process holds in memory, in bytes; what it held at most is
// not known here.
func memoryOf(pid int) (now, most int64, err error) {
	out, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0, 0, err
	}
	kb, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return kb << 10, kb << 10, err
}

// freeSpace gives the bytes that may be written below dir.
func freeSpace(dir string) int64 {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return 0
	}
	return int64(st.Bavail) * int64(st.Bsize)
}

// machine says in words what this runs on, without its name.
func machine() string {
	return fmt.Sprintf("%d cores (%s), %s", runtime.NumCPU(), runtime.GOARCH, runtime.GOOS)
}
