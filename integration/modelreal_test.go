package integration

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// shownTree reads a folder of a mount in the model's form, by path.
func shownTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		seen, err := visible(path)
		if name := strings.TrimPrefix(path, dir+"/"); all[name] != "" {
			t.Errorf("%s is listed twice", path)
		} else if err == nil {
			all[name] = seen.String()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// visible gives what a mount shows at a path.
func visible(path string) (*imagined, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	e := &imagined{folder: info.IsDir(), mode: uint32(info.Mode().Perm()), xattrs: map[string]string{}}
	if !e.folder {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		e.content, e.mtime = string(b), info.ModTime().UnixNano()
	}
	buf := make([]byte, 4096)
	n, err := unix.Listxattr(path, buf)
	if err != nil {
		return nil, &fs.PathError{Op: "listxattr", Path: path, Err: err}
	}
	for _, name := range bytes.Split(buf[:n], []byte{0}) {
		if len(name) == 0 || bytes.HasPrefix(name, []byte("user.lockerfs.")) {
			continue
		}
		value := make([]byte, 4096)
		n, err := unix.Getxattr(path, string(name), value)
		if err != nil {
			return nil, &fs.PathError{Op: "getxattr", Path: path, Err: err}
		}
		e.xattrs[string(name)] = string(value[:n])
	}
	return e, nil
}
