package pending

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
)

// note remembers f in the order of the calls.
func (d *simDisk) note(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, simCall{what: "note", note: f})
}

func (d *simDisk) call(c simCall) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := len(c.b), error(nil)
	if d.fault != nil {
		var some int
		if some, err = d.fault(c); err != nil {
			n = min(some, n-1) // a write that failed was not whole
		}
	}
	switch {
	case err != nil && c.what == "write":
		c.b = c.b[:n]
	case err != nil && c.what == "sync":
		c.what = "lost"
	case err != nil:
		return 0, err
	}
	c.b = bytes.Clone(c.b)
	d.now.do(c)
	d.log = append(d.log, c)
	return n, err
}

func (d *simDisk) mkdir(path string) error {
	if _, ok := d.now.names[filepath.Clean(path)]; ok {
		return nil
	}
	_, err := d.call(simCall{what: "mkdir", path: filepath.Clean(path)})
	return err
}

func (d *simDisk) open(path string) (journalFile, int64, error) {
	inode, ok := d.now.names[path]
	if !ok {
		return nil, 0, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return &simHandle{d, inode}, int64(len(d.now.files[inode].seen)), nil
}

func (d *simDisk) create(path string) (journalFile, error) {
	d.mu.Lock()
	inode, ok := d.now.names[path]
	if !ok {
		inode = len(d.now.files)
	}
	d.mu.Unlock()
	h := &simHandle{d, inode}
	if ok {
		return h, h.Truncate(0)
	}
	_, err := d.call(simCall{what: "create", path: path, inode: inode})
	return h, err
}

func (d *simDisk) rename(from, to string) error {
	_, err := d.call(simCall{what: "rename", path: from, to: to})
	return err
}

func (d *simDisk) syncDir(path string) error {
	_, err := d.call(simCall{what: "syncdir", path: path})
	return err
}

type simHandle struct {
	d     *simDisk
	inode int
}

func (h *simHandle) ReadAt(b []byte, off int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	return bytes.NewReader(h.d.now.files[h.inode].seen).ReadAt(b, off)
}

func (h *simHandle) WriteAt(b []byte, off int64) (int, error) {
	return h.d.call(simCall{what: "write", inode: h.inode, off: off, b: b})
}

func (h *simHandle) Truncate(size int64) error {
	_, err := h.d.call(simCall{what: "truncate", inode: h.inode, off: size})
	return err
}

func (h *simHandle) datasync() error {
	_, err := h.d.call(simCall{what: "sync", inode: h.inode})
	return err
}

func (h *simHandle) Close() error { return nil }
