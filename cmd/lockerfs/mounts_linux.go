package main

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
)

// liveMounts gives the mount points of lockerfs on this machine, from
// /proc/self/mountinfo (proc_pid_mountinfo(5)). It touches none of them.
func liveMounts() []string {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer f.Close()
	return parseMountinfo(f)
}

// parseMountinfo picks the mount points of type fuse.lockerfs.
func parseMountinfo(r io.Reader) []string {
	var found []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		// 36 35 98:0 /root /point options [optional...] - type source superoptions
		head, tail, ok := strings.Cut(lines.Text(), " - ")
		fields := strings.Fields(head)
		if kind, _, _ := strings.Cut(tail, " "); ok && kind == "fuse.lockerfs" && len(fields) >= 5 {
			found = append(found, unescapeMount(fields[4]))
		}
	}
	return found
}

// unescapeMount reads the octal escapes that the kernel writes for space, tab, line
// feed and backslash.
func unescapeMount(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
