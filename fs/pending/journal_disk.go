package pending

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// journalDisk is all that the journal asks of the file system, so that a test can
// record the calls and cut the power between any two of them.
type journalDisk interface {
	// mkdir makes a folder, and is content when it is there.
	mkdir(path string) error
	// open gives a file for reading and writing, and its size in bytes.
	// fs.ErrNotExist when there is none.
	open(path string) (journalFile, int64, error)
	// create gives an empty file, emptying the one that is there.
	create(path string) (journalFile, error)
	rename(from, to string) error
	// syncDir makes the names in a folder durable.
	syncDir(path string) error
}

// journalFile is an open file of a journalDisk.
type journalFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	// datasync makes durable what was written, and the size.
	datasync() error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

func (osDisk) open(path string) (journalFile, int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return osFile{f}, st.Size(), nil
}

func (osDisk) create(path string) (journalFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) syncDir(path string) error    { return syncDir(path) }

type osFile struct{ *os.File }

// diskFull tells whether err says that there is no room: for that the journal is not
// broken, and room may come.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
