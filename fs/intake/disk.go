package intake

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// disk is where sources lie.
type disk interface {
	// Lstat tells what is at path, without following a link.
	Lstat(path string) (fs.FileInfo, error)
	// ReadDir lists a folder in the order of the names. With an error it gives what it
	// could read.
	ReadDir(path string) ([]fs.DirEntry, error)
	// Open opens what should be a plain file, to read it.
	Open(path string) (openFile, error)
	// Look tells whether a folder can be listed at all.
	Look(path string) error
}

// openFile is a source that is being read.
type openFile interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// osDisk is the disks of this machine.
type osDisk struct{}

func (osDisk) Lstat(path string) (fs.FileInfo, error)     { return os.Lstat(path) }
func (osDisk) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }
func (osDisk) Open(path string) (openFile, error)         { return openPlain(path) }

func (osDisk) Look(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err = f.Readdirnames(1); errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// root is what an import was given, as it was when the walk began.
type root struct {
	path string
	info fs.FileInfo
}

// gone tells whether a folder that was given to an import is no longer there, or no
// longer the same: its disk was taken away. err is what made one ask; most errors
// cannot come from that.
func (r *root) gone(d disk, err error) bool {
	lost := false
	for _, kind := range []error{fs.ErrNotExist, syscall.EIO, syscall.ENODEV, syscall.ENXIO, syscall.ENOTCONN, syscall.ESTALE} {
		lost = lost || errors.Is(err, kind)
	}
	if !lost || !r.info.IsDir() {
		return false
	}
	now, err := d.Lstat(r.path)
	return err != nil || !os.SameFile(now, r.info) || d.Look(r.path) != nil
}
