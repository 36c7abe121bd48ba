package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestThriftFollowsTheNetwork: into a metered network and out of it, and what a person
// said holds whatever the network is.
func TestThriftFollowsTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for word, want := range map[string][]bool{"": {true, false, true}, meteredAuto: {true, false, true}, meteredOn: nil, meteredOff: nil} {
			ctx, stop := context.WithCancel(t.Context())
			answers := []bool{true, true, false, true}
			th := newThrift(word)
			th.ask = func(context.Context) (bool, bool) {
				if len(answers) == 0 {
					return false, false
				}
				a := answers[0]
				answers = answers[1:]
				return a, true
			}
			var told []bool
			go th.watch(ctx, func() { told = append(told, th.now()) })
			time.Sleep(10 * meteredEvery)
			synctest.Wait()
			stop()
			if len(told) != len(want) {
				t.Errorf("%q: told %v, want %v", word, told, want)
			}
			if word == meteredOn && !th.now() || word == meteredOff && th.now() {
				t.Errorf("%q: %v", word, th.now())
			}
		}
	})
}

func TestAskNetworkManager(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if _, known := askNetworkManager(t.Context()); known {
		t.Error("known without the program that asks")
	}
	for says, want := range map[string][2]bool{"u 1": {true, true}, "u 3": {true, true}, "u 2": {false, true}, "u 4": {false, true}, "u 0": {false, true}, "s x": {}, "": {}} {
		script := "#!/bin/sh\necho '" + says + "'\n"
		if err := os.WriteFile(filepath.Join(dir, "busctl"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		if metered, known := askNetworkManager(t.Context()); [2]bool{metered, known} != want {
			t.Errorf("%q: %v %v", says, metered, known)
		}
	}
}
