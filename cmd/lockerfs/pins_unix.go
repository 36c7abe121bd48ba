//go:build unix

package main

import "syscall"

// sameDisk tells whether two folders lie on one disk.
func sameDisk(a, b string) bool {
	var x, y syscall.Stat_t
	return syscall.Stat(a, &x) == nil && syscall.Stat(b, &y) == nil && x.Dev == y.Dev
}
