package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"time"
)

const (
	// hookPause is how long the tree must have been still before the hook runs, and
	// hookLatest how long it waits for that at most: an import goes on for hours.
	hookPause  = 2 * time.Second
	hookLatest = 30 * time.Second
	// hookLimit is how long it may run.
	hookLimit = 5 * time.Minute
)

// hook runs a program of the person's after the tree has changed: `mpc update` and the
// like. One runs at a time.
type hook struct {
	argv []string
	log  *slog.Logger
	// run runs it; tests have their own.
	run  func(ctx context.Context) error
	news chan struct{} // holds a token when the tree has changed
}

// newHook gives nil for no program.
func newHook(argv []string, mount func() string, log *slog.Logger) *hook {
	if len(argv) == 0 {
		return nil
	}
	h := &hook{argv: argv, log: log, news: make(chan struct{}, 1)}
	h.run = func(ctx context.Context) error { return h.exec(ctx, mount()) }
	return h
}

// changed tells that the tree has changed, without waiting.
func (h *hook) changed() {
	if h == nil {
		return
	}
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// watch runs the program when there is reason to, until ctx ends.
func (h *hook) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.news:
		}
		if still(ctx, h.news) != nil {
			return
		}
		if err := h.run(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("the program of on_change failed", "program", h.argv[0], "error", err)
		}
	}
}

// still waits until there has been no news for a while, or not longer.
func still(ctx context.Context, news <-chan struct{}) error {
	latest := time.After(hookLatest)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		case <-latest:
			return nil
		case <-time.After(hookPause):
			return nil
		}
	}
}

// exec runs the program, with the mount point in its environment. What it says is told
// when it fails.
func (h *hook) exec(ctx context.Context, mount string) error {
	ctx, cancel := context.WithTimeout(ctx, hookLimit)
	defer cancel()
	c := exec.CommandContext(ctx, h.argv[0], h.argv[1:]...)
	c.Env = append(os.Environ(), "LOCKERFS_MOUNT="+mount)
	c.WaitDelay = time.Second
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	err := c.Run()
	if err != nil && said.Len() > 0 {
		h.log.Warn("on_change", "said", oneLine(said.String()))
	}
	return err
}

// point is the mount point, empty while nothing is mounted.
func (e *engine) point() string {
	if at := e.mounted.Load(); at != nil {
		return *at
	}
	return ""
}
