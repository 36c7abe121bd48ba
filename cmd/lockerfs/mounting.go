package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/lockerfs/lockerfs/fs"
)

// retryUnmount is how often a mount that is in use is tried again.
const retryUnmount = 500 * time.Millisecond

// longestRead bounds a read on a link that is slow, but carries something. Where nothing
// comes the cache gives up after 10 s.
const longestRead = time.Minute

// presence is the locker in this machine's tree of folders.
type presence struct {
	point   string
	mounted interface{ Unmount() error } // *fs.Mounted
	engine  *engine
	// idle ends what is fetched ahead, and waits for it.
	idle func()
	// gone is closed when it is unmounted, by whatever hand.
	gone chan struct{}
}

// present mounts the engine's tree. It needs no network. The mount point is
// recorded first, so that a mount is never left that nobody can name.
func (e *engine) present(ctx context.Context) (*presence, error) {
	if err := makeMountPoint(e.place.mount); err != nil {
		return nil, err
	}
	point, err := realPath(e.place.mount, liveMounts())
	if err != nil {
		return nil, err
	}
	if err := e.clearLeft(point); err != nil {
		return nil, err
	}
	if err := recordMount(e.place.state, point); err != nil {
		return nil, err
	}
	plan := newAhead(e, point)
	opts := fs.Options{Owner: e.place.owner.files(), Umask: e.place.owner.mask(), ReadTimeout: longestRead, Watcher: plan, Log: e.log("fs")}
	if e.pins != nil {
		opts.Pins = e.pins
	}
	if !e.place.readOnly {
		opts.Writer = e.overlay
	}
	files := fs.New(e.overlay, e.contents(), e.index, opts)
	m, err := e.mountAt(ctx, point, files)
	if err != nil {
		return nil, errors.Join(err, forgetMount(e.place.state))
	}
	e.mounted.Store(&point)
	e.files.Store(files)
	e.plan.Store(plan)
	p := &presence{point: point, mounted: m, engine: e, idle: background(plan.run), gone: make(chan struct{})}
	go func() {
		defer close(p.gone)
		m.Wait()
	}()
	return p, nil
}

// background runs work until the function it gives is called, which waits for its end.
func background(work func(ctx context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		work(ctx)
	}()
	return func() {
		cancel()
		<-over
	}
}

// clearLeft clears away what a crash left of this locker's mount, if that was elsewhere.
func (e *engine) clearLeft(point string) error {
	left := recordedMount(e.place.state)
	if left == "" || left == point || !inside(left, liveMounts()) {
		return nil
	}
	err := fs.ClearDead(left)
	if errors.Is(err, fs.ErrMounted) || errors.Is(err, fs.ErrNotMounted) {
		return nil // another locker's by now
	}
	return err
}

// mountAt mounts at point, over the remains of a crash if need be.
func (e *engine) mountAt(ctx context.Context, point string, files *fs.FS) (m *fs.Mounted, err error) {
	if inside(point, liveMounts()) {
		if err := fs.ClearDead(point); err != nil && !errors.Is(err, fs.ErrNotMounted) {
			return nil, err
		}
		e.log("fs").Warn("cleared away a mount whose process has died", "mount", point)
	}
	g := liftGuard(point, e.log("fs"))
	defer func() { g.close(err == nil) }()
	return fs.Mount(ctx, point, files, fs.MountOptions{Locker: e.place.name, ReadOnly: e.place.readOnly, AllowOther: e.place.owner.allowOther})
}

// makeMountPoint makes the folder if nothing is there. It looks at nothing that is
// mounted: such a mount may be dead.
func makeMountPoint(dir string) error {
	if inside(dir, liveMounts()) {
		return nil
	}
	err := os.MkdirAll(dir, 0o755)
	var at *os.PathError
	if errors.As(err, &at) && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.ENOTCONN) {
		why := at.Err.Error()
		if errors.Is(err, syscall.ENOTDIR) {
			why = at.Path + " is a file"
		}
		return &fault{code: exitMountPoint, cause: dir + " cannot be a mount point: " + why, next: "choose an empty folder: lockerfs mount DIR", err: err}
	}
	if errors.Is(err, syscall.ENOTCONN) {
		return nil // a dead mount; mounting says so
	}
	return err
}

// end unmounts and waits until the last request has ended. While it cannot be
// unmounted, because programs use it or for whatever reason, it goes on: taking it
// from under them would lose their work. On an error it is still mounted and recorded.
func (p *presence) end(ctx context.Context, note func(string, ...any)) error {
	if err := p.unmount(ctx, note); err != nil {
		return err
	}
	p.engine.mounted.Store(nil)
	p.engine.files.Store(nil)
	p.engine.plan.Store(nil)
	p.idle()
	return forgetMount(p.engine.place.state)
}

func (p *presence) unmount(ctx context.Context, note func(string, ...any)) error {
	for said := ""; ; {
		err := p.mounted.Unmount()
		if err == nil {
			return nil
		}
		why := oneLine(diagnose(err, where{mount: p.point}).cause) + "; trying again"
		if errors.Is(err, fs.ErrBusy) {
			why = p.point + " is in use; waiting until it is free (fuser -vm " + p.point + " shows by whom)"
		}
		if why != said {
			said = why
			note("%s", why)
		}
		select {
		case <-ctx.Done():
			return err
		case <-p.gone:
			return nil
		case <-time.After(retryUnmount):
		}
	}
}

// files gives the owner of the files; nil for the user of this process.
func (o ownership) files() *fs.Owner {
	if o.uid == nil && o.gid == nil {
		return nil
	}
	owner := fs.Owner{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	if o.uid != nil {
		owner.UID = uint32(*o.uid)
	}
	if o.gid != nil {
		owner.GID = uint32(*o.gid)
	}
	return &owner
}

// mask gives the permission bits to take away. What it reads was checked before.
func (o ownership) mask() uint32 {
	if o.umask == "" {
		return 0
	}
	n, err := parseUmask(o.umask)
	if err != nil {
		return 0o077
	}
	return n
}
