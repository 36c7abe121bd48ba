package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// readExactly keeps the kernel from reading ahead in a file: that would be beyond the scan
// pack. It is a hint, and costs little where it does not take.
func readExactly(f *os.File) { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_RANDOM) }
