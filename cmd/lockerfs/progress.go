package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/lockerfs/lockerfs/fs/intake"
)

// lineEvery is how often an import says how far it is where there is no terminal.
const lineEvery = 5 * time.Second

// display shows the progress of an import.
type display interface {
	update(intake.Progress)
	end()
}

// showProgress gives a bar on a terminal and lines elsewhere, both on stderr.
func (a *app) showProgress() display {
	if f, ok := a.err.(*os.File); ok && isTerminal(f) {
		return &bar{out: f}
	}
	return &lines{out: a.err, last: time.Now(), every: lineEvery}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// bar counts bytes, because files differ in size by a factor of a thousand.
type bar struct {
	out io.Writer
	bar *progressbar.ProgressBar
	max int64
}

func (b *bar) update(p intake.Progress) {
	// Files are done when they are committed, a batch at a time; their bytes went up before.
	b.show(progressLine(p, false), max(p.DoneBytes, p.UploadedBytes), p.FoundBytes)
}

// show is gauge's.
func (b *bar) show(line string, done, all int64) {
	if all == 0 {
		return // not known yet
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(1, progressbar.OptionSetWriter(b.out), progressbar.OptionShowBytes(true),
			progressbar.OptionSetWidth(24), progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	if total := max(all, 1); total != b.max {
		b.max = total
		b.bar.ChangeMax64(total)
	}
	// Errors are those of a terminal that is gone. At its full length the bar would take
	// itself for finished.
	_ = b.bar.Set64(min(done, b.max-1))
	b.bar.Describe(line)
}

func (b *bar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

// lines writes one line every few seconds.
type lines struct {
	out   io.Writer
	every time.Duration
	last  time.Time
}

func (l *lines) update(p intake.Progress) { l.tell(func() string { return progressLine(p, true) }) }

// tell writes a line, if it is time for one.
func (l *lines) tell(line func() string) {
	if now := time.Now(); now.Sub(l.last) >= l.every {
		l.last = now
		fmt.Fprintln(l.out, line())
	}
}

// show is gauge's.
func (l *lines) show(line string, _, _ int64) { l.tell(func() string { return line }) }

func (l *lines) end() {}

// progressLine says how far an import is, with bytes or without.
func progressLine(p intake.Progress, bytes bool) string {
	of := count(p.Found, "file", "files")
	if !p.Walked {
		of += " found so far"
	}
	line := fmt.Sprintf("%s of %s", thousands(p.Done), of)
	if bytes {
		line += fmt.Sprintf(", %s of %s, %s uploaded", humanSize(p.DoneBytes), humanSize(p.FoundBytes), humanSize(p.UploadedBytes))
	}
	return line
}

// organizeLine says how far organize is.
func organizeLine(p intake.OrganizeProgress) string {
	if p.Done == 0 {
		return fmt.Sprintf("%s looked at, %s to move so far", count(p.Looked, "file", "files"), thousands(p.Planned))
	}
	return fmt.Sprintf("%s of %s moved", thousands(p.Done), count(p.Planned, "file", "files"))
}
