package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"github.com/lockerfs/lockerfs/prefetch"
)

// processOf gives the program that a thread belongs to. One that has ended, or that this
// process may not look at, is known by the thread.
func processOf(thread uint32) prefetch.Process {
	p := prefetch.Process{ID: int(thread)}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", thread))
	if err != nil {
		return p
	}
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte("Tgid:")); ok {
			if id, err := strconv.Atoi(string(bytes.TrimSpace(value))); err == nil {
				p.ID = id
			}
			break
		}
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.ID)); err == nil {
		p.Name = string(bytes.TrimSuffix(name, []byte("\n")))
	}
	return p
}

// memory is what this process has of it, in bytes: proc(5), the second field of statm, in
// pages.
func memory() int64 {
	var all, resident int64
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	if _, err := fmt.Sscan(string(text), &all, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
