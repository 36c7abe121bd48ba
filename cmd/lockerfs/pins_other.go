//go:build !unix

package main

// sameDisk does not know on this platform.
func sameDisk(string, string) bool { return false }
