package staging

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// dataSync returns when the bytes of f, and what is needed to find them, are safe.
func dataSync(f *os.File) error {
	return control("fdatasync", f, unix.Fdatasync)
}

// punchHole makes the bytes of s zeros that take no space, and keeps the file's size.
// errors.ErrUnsupported: this file system cannot.
func punchHole(f *os.File, s Span) error {
	return control("punch hole", f, func(fd int) error {
		return unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, s.Off, s.End-s.Off)
	})
}

// allocate takes disk space for the bytes of s, and keeps the file's size.
// errors.ErrUnsupported: this file system cannot.
func allocate(f *os.File, s Span) error {
	return control("allocate", f, func(fd int) error {
		return unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, s.Off, s.End-s.Off)
	})
}

// control calls do on f's descriptor until no signal interrupts it.
func control(op string, f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var did error
	if err := raw.Control(func(fd uintptr) {
		for {
			if did = do(int(fd)); !errors.Is(did, unix.EINTR) {
				return
			}
		}
	}); err != nil {
		return err
	}
	if did != nil {
		return &os.PathError{Op: op, Path: f.Name(), Err: did}
	}
	return nil
}
