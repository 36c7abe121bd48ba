//go:build !crashpoints

package pending

// crash marks a step of the way from a write to the store. Tests of crashes are built with
// the tag crashpoints, and have the process end there.
func crash(string) {}
