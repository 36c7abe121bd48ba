package main

import (
	"context"
	"fmt"
	"html"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/fs/pending"
)

// bellLimit is how long the program that notifies may run.
const bellLimit = 10 * time.Second

// bell tells the person at the desktop that files cannot be uploaded and that nothing will
// change by itself. Many that fail together are one notification.
type bell struct {
	waiting func(ctx context.Context) pending.Waiting
	log     *slog.Logger
	// ring shows a notification; tests have their own.
	ring func(ctx context.Context, title, text string) error
	news chan struct{} // holds a token when a file was parked
}

// newBell gives nil where the person wants none.
func newBell(p place, waiting func(ctx context.Context) pending.Waiting, log *slog.Logger) *bell {
	if p.mute {
		return nil
	}
	return &bell{waiting: waiting, log: log, ring: notifySend, news: make(chan struct{}, 1)}
}

// parked tells that a file was parked, without waiting.
func (b *bell) parked() { wake(b.news) }

// watch notifies when there is reason to, until ctx ends. Who tries again in vain is not
// told again of the same files.
func (b *bell) watch(ctx context.Context) {
	told := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.news:
		}
		if still(ctx, b.news) != nil {
			return
		}
		w, now, fresh := b.waiting(ctx), map[string]bool{}, false
		for _, f := range w.Failed {
			now[f.Path] = true
			fresh = fresh || !told[f.Path]
		}
		told = now
		if !fresh || w.Parked == 0 {
			continue
		}
		title, text := parkedText(w)
		if err := b.ring(ctx, title, text); err != nil && ctx.Err() == nil {
			b.log.Warn("nobody could be notified", "error", err)
		}
	}
}

// parkedText is what the notification says, with the first file as an example.
func parkedText(w pending.Waiting) (title, text string) {
	title = "1 file cannot be uploaded"
	if w.Parked > 1 {
		title = fmt.Sprintf("%d files cannot be uploaded", w.Parked)
	}
	first := w.Failed[0]
	return title, fmt.Sprintf("%s: %s\nNothing is lost: it is on this machine. lockerfs status tells more; lockerfs sync tries again.",
		strings.TrimPrefix(first.Path, "/"), oneLine(first.What))
}

// notifySend runs notify-send where there are one and a desktop session.
func notifySend(ctx context.Context, title, text string) error {
	program, err := exec.LookPath("notify-send")
	if err != nil || !hasSession() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, bellLimit)
	defer cancel()
	c := exec.CommandContext(ctx, program, "-a", "lockerfs", "-i", "dialog-warning", "--", title, html.EscapeString(text))
	c.WaitDelay = time.Second
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, oneLine(string(out)))
	}
	return nil
}

// hasSession tells whether there is a session bus to notify through.
func hasSession() bool {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "bus"))
	return err == nil
}
