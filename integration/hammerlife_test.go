package integration

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// work does deeds until ctx ends. A daemon lives for some seconds, and then falls at any
// moment.
func (h *hand) work(ctx context.Context) {
	deeds := h.deeds()
	names := slices.Sorted(maps.Keys(deeds))
	h.fall(ctx)
	for ctx.Err() == nil && !h.t.Failed() {
		if h.dead() {
			h.rise()
			h.fall(ctx)
		}
		name := names[h.r.IntN(len(names))]
		do := deeds[name]
		if h.r.IntN(150) == 0 {
			name, do = "restore", h.restore
		}
		err := do()
		h.write("%s: %v", name, err)
		h.noted(strings.TrimSpace(name), err)
	}
}

// noted counts how a deed ended. What no program should meet fails the test.
func (h *hand) noted(name string, err error) {
	var errno syscall.Errno
	switch {
	case err == nil || errors.Is(err, errSkip):
		h.did[name]++
		return
	case errors.As(err, &errno):
		h.did[name+": "+errno.Error()]++
	}
	// The kernel looks a stale name up again once; in a burst of commits that may not do.
	usual := []error{fs.ErrNotExist, fs.ErrExist, syscall.ENOTEMPTY, syscall.EINVAL, syscall.ENOTDIR, syscall.EISDIR, syscall.EBUSY, syscall.ESTALE}
	read := strings.Contains(err.Error(), "reading: ") && errors.Is(err, syscall.EIO)
	if slices.ContainsFunc(usual, func(u error) bool { return errors.Is(err, u) }) || read {
		return
	}
	if !h.dead() && !errors.Is(err, syscall.ENOTCONN) && !errors.Is(err, syscall.ECONNABORTED) {
		h.t.Errorf("%s: %s: %v", h.name, name, err)
	}
}

// dead tells whether the daemon was killed.
func (h *hand) dead() bool {
	select {
	case <-h.fell:
		return true
	default:
		return h.fell == nil
	}
}

// fall has the daemon stand still for a moment, and killed in a while.
func (h *hand) fall(ctx context.Context) {
	process, fell, risen := h.d.daemon.Process, h.fell, make(chan struct{})
	h.risen = risen
	part := func(most int) <-chan time.Time {
		return time.After(time.Duration(100+h.r.IntN(most)) * time.Millisecond)
	}
	life, still, again := part(10_000), part(4000), part(6000)
	go func() {
		for {
			select {
			case <-still:
				_ = process.Signal(syscall.SIGSTOP)
			case <-again:
				_ = process.Signal(syscall.SIGCONT)
			case <-life:
				close(fell) // first, so that nobody wonders
				_ = process.Kill()
				h.bury(risen)
				return
			case <-ctx.Done():
				_ = process.Signal(syscall.SIGCONT)
				return
			}
		}
	}()
}

// bury ends the requests of a mount whose daemon was killed while it told the kernel of a
// name in a folder where a rename waited for it: each waits for the other in the kernel,
// for ever, until somebody takes the connection from them.
func (h *hand) bury(risen <-chan struct{}) {
	select {
	case <-risen:
	case <-time.After(5 * time.Second):
		_ = unix.Unmount(h.d.mnt, unix.MNT_FORCE)
		h.buried.Add(1)
	}
}

// rise mounts again, if need be.
func (h *hand) rise() {
	if !h.dead() {
		return
	}
	if h.d.out != nil {
		h.d.kill()
		close(h.risen)
		h.said = append(h.said, h.d.out.String())
		h.d.clear()
		h.did["killed"]++
	}
	up := false
	defer func() {
		if !up {
			h.t.Errorf("%s does not come up: %s", h.name, h.d.out)
		}
	}()
	h.d.mount("--heads", "0")
	h.fell, up = make(chan struct{}), true
}
