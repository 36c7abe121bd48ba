//go:build !linux

package main

import "github.com/lockerfs/lockerfs/prefetch"

// processOf gives the program that a thread belongs to, as far as this system says.
func processOf(thread uint32) prefetch.Process { return prefetch.Process{ID: int(thread)} }

// memory is not known here.
func memory() int64 { return 0 }
