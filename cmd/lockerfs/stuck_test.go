package main

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

func TestCorpse(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	if corpse(os.Getpid()) {
		t.Error("this process lives")
	}
	c := exec.Command("true")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "it to have died", func() bool { return corpse(c.Process.Pid) })
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	if corpse(c.Process.Pid) {
		t.Error("it was waited for")
	}
}
