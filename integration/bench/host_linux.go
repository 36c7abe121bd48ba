package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// volume gives the number of the file system that dir lies on.
func volume(dir string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return 0, fmt.Errorf("stat %s: %w", dir, err)
	}
	return st.Dev, nil
}

// mounted tells whether something is mounted at dir, without touching it.
func mounted(dir string) bool {
	b, err := os.ReadFile("/proc/self/mountinfo")
	return err == nil && bytes.Contains(b, []byte(" "+dir+" "))
}

// detach takes a mount away whose daemon is dead.
func detach(dir string) error {
	if unix.Unmount(dir, unix.MNT_DETACH) == nil {
		return nil
	}
	return exec.Command("fusermount3", "-u", "-z", dir).Run()
}

// memoryOf gives what a process holds in memory, and held at most, in bytes.
func memoryOf(pid int) (now, most int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	now, ok := number(string(b), "VmRSS:")
	most, okMost := number(string(b), "VmHWM:")
	if !ok || !okMost {
		return 0, 0, fmt.Errorf("process %d has no VmRSS", pid)
	}
	return now << 10, most << 10, nil
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
	processor := runtime.GOARCH
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				processor = strings.Trim(name, "\t :\n")
				break
			}
		}
	}
	memory := "unknown"
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		if kb, ok := number(string(b), "MemTotal:"); ok {
			memory = fmt.Sprintf("%.0f GB", float64(kb<<10)/1e9)
		}
	}
	kernel := "unknown"
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		// Only the version: what follows a dash may name a place.
		kernel, _, _ = strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	}
	return fmt.Sprintf("%d cores (%s), %s of memory, Linux %s", runtime.NumCPU(), processor, memory, kernel)
}

// number gives the number behind a name in a file of /proc.
func number(text, name string) (n int64, ok bool) {
	_, rest, ok := strings.Cut(text, name)
	if !ok {
		return 0, false
	}
	_, err := fmt.Sscan(rest, &n)
	return n, err == nil
}
