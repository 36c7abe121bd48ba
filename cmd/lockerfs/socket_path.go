package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSocketPath is the longest path of a Unix socket in bytes that all systems
// take: 108 on Linux and 104 on macOS, with the zero at the end.
const maxSocketPath = 100

// pointerPath is a file that holds the socket's path where that is not the usual.
func pointerPath(state string) string { return filepath.Join(state, "control.path") }

// makeSocketPath gives the path at which the owner of the state folder listens:
// control.sock in it, or a short one in the runtime folder and a pointer to it.
func makeSocketPath(state string) (string, error) {
	if p := filepath.Join(state, "control.sock"); len(p) <= maxSocketPath {
		return p, os.RemoveAll(pointerPath(state))
	}
	dir, err := runtimeFolder()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(state))
	p := filepath.Join(dir, hex.EncodeToString(sum[:8])+".sock")
	if len(p) > maxSocketPath {
		return "", fmt.Errorf("the path %s is too long for a socket: set XDG_RUNTIME_DIR to a shorter folder", p)
	}
	return p, writePrivately(pointerPath(state), []byte(p+"\n"))
}

// findSocketPath gives where the owner of the state folder listens, if it does. A
// pointer may outlive the folder it leads to, which is gone after a restart of the
// machine and may be anybody's then: nobody there is spoken to.
func findSocketPath(state string) (string, error) {
	b, err := os.ReadFile(pointerPath(state))
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(state, "control.sock"), nil
	}
	if err != nil {
		return "", err
	}
	p := strings.TrimSpace(string(b))
	if len(p) > maxSocketPath || !filepath.IsAbs(p) {
		return "", fmt.Errorf("%s does not hold the path of a socket", pointerPath(state))
	}
	return p, oursAlone(filepath.Dir(p))
}

// runtimeFolder is a folder that only this user can enter.
func runtimeFolder() (string, error) {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("lockerfs-%d", os.Getuid()))
	} else {
		dir = filepath.Join(dir, "lockerfs")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return dir, oursAlone(dir)
}

// oursAlone makes sure that only this user can have put something into a folder. Where
// everybody can write, another one may have made it first.
func oursAlone(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ours(info) {
		return fmt.Errorf("%s is not a folder of ours alone", dir)
	}
	return nil
}
