package fs

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// freeze stops a process and waits until all its threads stand still: a signal that is sent
// is not yet taken, and on another processor one of them may still answer.
func freeze(t *testing.T, daemon *exec.Cmd) {
	t.Helper()
	if err := daemon.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(daemon.Process.Pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("not stopped: %v, status %x", err, status)
	}
}

// TestAbort: who waits for a daemon that does not answer any more gets an error, and the
// mount can be cleared away.
func TestAbort(t *testing.T) {
	dir, daemon := doomedMount(t)
	freeze(t, daemon)
	answered := make(chan error, 1)
	go func() {
		_, err := os.Stat(filepath.Join(dir, "a name that nobody has asked for"))
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Fatalf("answered while the daemon stands still: %v", err)
	case <-time.After(200 * time.Millisecond): // it waits
	}
	if err := Abort(dir); err != nil {
		t.Error(err)
	}
	select {
	case err := <-answered:
		if err == nil || os.IsNotExist(err) {
			t.Errorf("got %v, want an error of the connection", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it still waits")
	}
	daemon.Process.Kill()
	daemon.Wait()
	if m, err := mountAt(dir); err != nil || m != "" {
		if err := ClearDead(dir); err != nil {
			t.Error(err)
		}
	}
	if err := Abort(dir); err == nil {
		t.Error("nothing is mounted, and it was aborted")
	}
}

// TestDiesWhileAsked: a mount whose process dies while it is asked whether it lives is dead.
func TestDiesWhileAsked(t *testing.T) {
	dir, daemon := doomedMount(t)
	freeze(t, daemon)
	found := make(chan bool, 1)
	go func() { found <- dead(dir) }()
	<-time.After(200 * time.Millisecond) // it waits
	daemon.Process.Kill()
	daemon.Wait()
	if !<-found {
		t.Error("it is said to be alive")
	}
	if err := ClearDead(dir); err != nil {
		t.Error(err)
	}
}
