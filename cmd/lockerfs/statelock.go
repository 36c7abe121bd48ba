package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// errLocked: another process owns the state folder.
var errLocked = errors.New("state folder is in use")

// stateLock is the ownership of a state folder, as long as the file is open.
type stateLock struct {
	file *os.File
}

// lockState makes this process the owner of the state folder dir, which is made if
// it is missing. errLocked: another process is.
func lockState(dir string) (*stateLock, error) {
	if err := makeDurably(dir, 0o700); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	f, err := os.OpenFile(lockPath(dir), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if err := flock(f); err != nil {
		f.Close()
		return nil, err
	}
	// The number is for people; the lock itself is what counts.
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &stateLock{f}, nil
}

// makeDurably makes a folder with those above it, so that a power cut does not take it and
// what was made safe in it.
func makeDurably(dir string, mode os.FileMode) error {
	var missing []string
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Lstat(at); !errors.Is(err, os.ErrNotExist) {
			break
		}
		missing = append(missing, at)
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	for _, at := range missing {
		syncFolder(filepath.Dir(at))
	}
	return nil
}

// syncFolder makes the names in a folder durable, as far as the folder and its file system
// let it: some can be written to and not read, and some do not know how.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

func (l *stateLock) release() error { return l.file.Close() }

func lockPath(dir string) string { return filepath.Join(dir, "lock") }

// lockOwner is the number of the process that took the lock last, or 0.
func lockOwner(dir string) int {
	b, err := os.ReadFile(lockPath(dir))
	if err != nil || len(b) > 20 {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return n
}

// inUse says that another process owns the state folder.
func inUse(dir string) error {
	who := "another process"
	if pid := lockOwner(dir); pid > 0 {
		who = fmt.Sprintf("process %d", pid)
	}
	return &fault{code: exitInUse, cause: fmt.Sprintf("the state folder %s is in use by %s", dir, who),
		next: "lockerfs status, or wait until it has ended", err: errLocked}
}
