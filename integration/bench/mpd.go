package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	workMPD     = "MPD update, a track, nothing here"
	workMPDHere = "MPD update, a track, heads here"
	mpdAnswers  = 15 * time.Second
	mpdStill    = 200 * time.Millisecond // between looks at whether it has ended
)

// mpd measures the first update of a music player's library.
func (b *bench) mpd(ctx context.Context, s subject) error {
	if _, err := s.bare(ctx); err != nil {
		return err
	}
	f, err := b.updated(ctx, s, workMPD)
	if err != nil {
		return err
	}
	b.add(s, workMPD, f)
	d, isOurs := s.(*device)
	if !isOurs {
		b.add(s, workMPDHere, f)
		return nil
	}
	whole, err := b.mountedWith(ctx, d, heads)
	if err != nil {
		return err
	}
	if !whole {
		b.note(workMPDHere, notHere)
		return nil
	}
	if f, err = b.updated(ctx, d, workMPDHere); err != nil {
		return err
	}
	b.add(d, workMPDHere, f)
	return nil
}

// updated runs an update to its end, or until the limit of the settings, and gives
// what a track cost.
func (b *bench) updated(ctx context.Context, s subject, work string) (f figures, err error) {
	// MPD, which finds no library of its own, may begin before it is asked to.
	before, start := b.begin(work), time.Now()
	m, err := startMPD(ctx, filepath.Join(b.dir, "mpd"), s.path(""))
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, m.end()) }()
	if err := m.mpc(ctx, "update"); err != nil {
		return f, err
	}
	var took time.Duration
	var done int
	var ended bool
	for !ended && time.Since(start) < b.settings.limit {
		if err := pause(ctx, mpdStill); err != nil {
			return f, err
		}
		done, took, ended = m.said.progress()
	}
	if done == 0 {
		return f, fmt.Errorf("MPD added nothing in %v: %s", b.settings.limit, m.said.tail())
	}
	f, err = b.costs(s, before, done)
	if want := len(b.music.all()); ended && done != want {
		err = errors.Join(err, fmt.Errorf("MPD added %d of %d tracks: %s", done, want, m.said.tail()))
	}
	return f.each(took), err
}

// mpd is a running MPD with a library of its own.
type mpd struct {
	dir  string
	c    *exec.Cmd
	said *mpdLog
	done chan struct{}
}

func startMPD(ctx context.Context, dir, music string) (*mpd, error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return nil, err
	}
	conf := fmt.Sprintf(`music_directory %q
db_file "%[2]s/db"
bind_to_address "%[2]s/socket"
auto_update "no"
log_level "verbose"
audio_output {
	type "null"
	name "null"
}
`, music, dir)
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o644); err != nil {
		return nil, err
	}
	m := &mpd{dir: dir, said: &mpdLog{}, done: make(chan struct{})}
	m.c = apart(exec.Command("mpd", "--no-daemon", "--stderr", filepath.Join(dir, "conf")))
	m.c.Env = append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR=")
	m.c.Stdout, m.c.Stderr = m.said, m.said
	if err := m.c.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(m.done)
		_ = m.c.Wait()
	}()
	for start := time.Now(); m.mpc(ctx, "status") != nil; {
		if time.Since(start) > mpdAnswers || ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("MPD does not answer: %s", m.said.tail()), context.Cause(ctx), m.end())
		}
		_ = pause(ctx, mpdStill/10)
	}
	return m, nil
}

func (m *mpd) mpc(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, mpdAnswers)
	defer cancel()
	out, err := exec.CommandContext(ctx, "mpc", append([]string{"-h", filepath.Join(m.dir, "socket")}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mpc %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// end kills MPD: an update cannot be interrupted, and its database is thrown away.
func (m *mpd) end() error {
	_ = m.c.Process.Kill() // it may have ended
	<-m.done
	return os.RemoveAll(m.dir)
}

// mpdLog takes what MPD says, and counts the tracks it has added.
type mpdLog struct {
	mu    sync.Mutex // guards the fields below; taken alone
	rest  string     // a line that is not complete
	lines []string   // the last few
	added int
	began time.Time // the update
	last  time.Time // of the last track
	ended bool
}

func (l *mpdLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(l.rest+string(p), "\n")
	l.rest = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		l.take(line)
	}
	return len(p), nil
}

// take reads one line; l.mu is held.
func (l *mpdLog) take(line string) {
	const keep = 5
	switch {
	case l.began.IsZero() && strings.Contains(line, "update: starting"):
		l.began = time.Now()
	case strings.Contains(line, "update: added "):
		l.added, l.last = l.added+1, time.Now()
	case strings.Contains(line, "update: finished"):
		l.ended = true
	}
	l.lines = append(l.lines, line)
	l.lines = l.lines[max(0, len(l.lines)-keep):]
}

// progress gives how many tracks were added, how long after the beginning the last
// was, and whether that was all.
func (l *mpdLog) progress() (added int, took time.Duration, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.added, l.last.Sub(l.began), l.ended
}

func (l *mpdLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, " | ")
}
