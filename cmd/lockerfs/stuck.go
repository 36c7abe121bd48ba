package main

import (
	"bytes"
	"os"
	"strconv"
)

// corpse tells whether a process has died and is still there: nobody has waited for it, or
// a thread of it cannot end. It is false where there is no /proc.
func corpse(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	// The name, in parentheses, may hold anything; the state follows.
	_, after, ok := bytes.Cut(stat[max(bytes.LastIndexByte(stat, ')'), 0):], []byte(" "))
	return ok && len(after) > 0 && after[0] == 'Z'
}
