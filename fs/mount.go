package fs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Why a folder cannot be mounted or unmounted. Each says its cause in one line.
var (
	// ErrNoFUSE: this system has no FUSE device, or this process may not use it.
	ErrNoFUSE = errors.New("no FUSE here: /dev/fuse is missing or may not be used")
	// ErrNoFusermount: the program that mounts for plain users is not installed.
	ErrNoFusermount = errors.New("fusermount3 is not installed (package fuse3)")
	// ErrAllowOther: only root may let others in, unless the system says so.
	ErrAllowOther = errors.New("other users need the line user_allow_other in /etc/fuse.conf")
	// ErrMountPoint: the mount point is missing, no folder, or not empty.
	ErrMountPoint = errors.New("not an empty folder to mount on")
	// ErrDeadMount: a mount whose process has died is there; [ClearDead] removes it.
	ErrDeadMount = errors.New("a mount is there whose process has died")
	// ErrMounted: a locker is mounted there and alive.
	ErrMounted = errors.New("a locker is mounted there already")
	// ErrNotMounted: nothing to unmount.
	ErrNotMounted = errors.New("no locker is mounted there")
	// ErrBusy: programs have files or folders open there, or work in one.
	ErrBusy = errors.New("the mount is in use: close what uses it (fuser -vm shows what does), then try again")
)

// FSName is the type of file system that the system shows for a mount, after "fuse.".
const FSName = "lockerfs"

// Marker is the one name that may stand in a folder that is mounted on: it tells people
// that what they look for is not mounted.
const Marker = ".lockerfs-not-mounted"

const (
	// maxWrite is the largest request in bytes: the kernel's usual limit. Reads
	// through the page cache are no larger than its read-ahead.
	maxWrite = 1 << 20
	// background is how many read-ahead requests may be under way. With go-fuse's
	// 12, a few files that wait for the network hold up those that are here.
	background = 512
)

// MountOptions say how to mount.
type MountOptions struct {
	// Locker is the locker's name, shown as the mounted device.
	Locker string
	// ReadOnly makes the kernel refuse every change by itself.
	ReadOnly bool
	// AllowOther lets other users in, as far as permission bits do.
	AllowOther bool
	// ReadAhead lowers the kernel's read-ahead, in bytes; 0 leaves it (128 KiB).
	ReadAhead int
}

// Mounted is a file system that is mounted and answers.
type Mounted struct {
	dir    string
	server *fuse.Server
	served chan struct{}
}

// Mount mounts f on the empty folder dir and returns when it answers. ctx is only
// for mounting. Nobody in this process may touch dir afterwards: a process that
// waits for itself cannot be killed.
func Mount(ctx context.Context, dir string, f *FS, opts MountOptions) (*Mounted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := resolve(dir)
	if err != nil {
		return nil, err
	}
	if err := checkMountPoint(dir); err != nil {
		return nil, err
	}
	if err := checkSystem(opts); err != nil {
		return nil, err
	}
	if !f.inUse.CompareAndSwap(false, true) {
		return nil, fmt.Errorf("%w: this file system is mounted elsewhere", ErrMounted)
	}
	server, err := f.newServer(dir, opts)
	if err != nil {
		f.inUse.Store(false)
		return nil, err
	}
	m := &Mounted{dir: dir, server: server, served: make(chan struct{})}
	go func() {
		defer close(m.served)
		defer f.inUse.Store(false)
		server.Serve()
	}()
	if err := awaitMount(server); err != nil {
		return nil, errors.Join(err, m.Unmount())
	}
	return m, nil
}

// fuseOptions are what go-fuse is told.
func (f *FS) fuseOptions(opts MountOptions) *fuse.MountOptions {
	o := &fuse.MountOptions{
		FsName:        FSName + ":" + opts.Locker,
		Name:          FSName,
		AllowOther:    opts.AllowOther,
		Options:       []string{"default_permissions"},
		MaxWrite:      maxWrite,
		MaxReadAhead:  opts.ReadAhead,
		MaxBackground: background,
		// Bytes come from memory, and go-fuse fills a pipe in vain for such answers.
		DisableSplice: true,
		// A node is one version: the kernel need not guess when its pages are old.
		ExplicitDataCacheControl: true,
		PanicHandler:             f.panicked,
		Logger:                   log.New(logWriter{f.log}, "", 0),
	}
	setReadOnly(o, opts.ReadOnly)
	return o
}

// panicked keeps the mount alive when a request panics.
func (f *FS) panicked(value any) fuse.Status {
	f.log.Error("a request panicked", "panic", value, "stack", string(debug.Stack()))
	return fuse.EIO
}

// logWriter gives what go-fuse prints to our log.
type logWriter struct{ log *slog.Logger }

func (w logWriter) Write(line []byte) (int, error) {
	w.log.Debug("go-fuse", "says", string(line))
	return len(line), nil
}

// Dir is where it is mounted, absolute.
func (m *Mounted) Dir() string { return m.dir }

// Wait returns when the mount is gone, by whatever hand, and all requests have ended.
func (m *Mounted) Wait() { <-m.served }

// Unmount takes the mount away and waits until it is gone. The error is ErrBusy
// while programs use it; then nothing has changed.
func (m *Mounted) Unmount() error {
	select {
	case <-m.served:
		return nil
	default:
	}
	if err := Unmount(m.dir); err != nil {
		if errors.Is(err, ErrNotMounted) {
			m.Wait() // another hand was quicker
			return nil
		}
		return err
	}
	m.Wait()
	return nil
}

// resolve gives dir as the system's list of mounts names it. Only the folders above
// are looked at: dir itself may be a mount that does not answer.
func resolve(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("mount point: %w", err)
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMountPoint, err)
	}
	dir = filepath.Join(parent, filepath.Base(dir))
	if target, err := os.Readlink(dir); err == nil {
		if !filepath.IsAbs(target) {
			target = filepath.Join(parent, target)
		}
		return target, nil
	}
	return dir, nil
}

// checkEmpty refuses a folder that would hide something other than the marker.
func checkEmpty(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMountPoint, err)
	}
	defer d.Close()
	switch info, err := d.Stat(); {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrMountPoint, err)
	case !info.IsDir():
		return fmt.Errorf("%w: %s is a file", ErrMountPoint, dir)
	}
	switch names, err := d.Readdirnames(2); {
	case err == nil && !slices.Equal(names, []string{Marker}):
		return fmt.Errorf("%w: %s is not empty", ErrMountPoint, dir)
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrMountPoint, err)
	}
	return nil
}
