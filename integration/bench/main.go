// Command bench times the product on one machine: how fast an import reads, and how
// long a mount, a walk of the tree, the first bytes of a track and whole tracks take,
// at several round trips to the store, and what each costs in requests and bytes.
//
// It knows what a user knows: the lockerfs binary, files, and what passes over the
// network. It must never know an internal of a package. Of ours it imports only
// remotetest, which starts the S3 server, and link, which is the way there.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// settings are what the command line says.
type settings struct {
	lockerfs, versitygw string
	tracks              int
	rtts                []time.Duration
	json, requests      string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run makes the collection and the store, measures, prints, and takes down all that
// it put up, whatever happened.
func run(ctx context.Context, args []string, out, news io.Writer) (err error) {
	s, err := parse(args)
	if err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	b, err := setUp(ctx, s, news)
	if err != nil {
		return orInterrupted(ctx, err)
	}
	defer func() {
		if left := b.takeDown(); err == nil {
			err = left
		}
	}()
	if err := b.measure(ctx); err != nil {
		return orInterrupted(ctx, err)
	}
	b.report.print(out)
	return b.write()
}

// orInterrupted gives the reason where an error is only what follows from it.
func orInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

func parse(args []string) (settings, error) {
	var s settings
	var rtts string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&s.lockerfs, "lockerfs", ".bin/lockerfs", "the `binary` to measure")
	f.StringVar(&s.versitygw, "versitygw", ".bin/versitygw", "the S3 server's `binary`")
	f.IntVar(&s.tracks, "tracks", 500, "how many tracks of about 2 MB the locker holds")
	f.StringVar(&rtts, "rtt", "0,50ms", "round trips to the store to measure at")
	f.StringVar(&s.json, "json", "", "also write the figures to this `file`")
	f.StringVar(&s.requests, "requests", "", "write every request to this `file`, with time and work")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	for text := range strings.SplitSeq(rtts, ",") {
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || d < 0 || d > 10*time.Second {
			return s, fmt.Errorf("-rtt: %q is not a round trip like 50ms", text)
		}
		s.rtts = append(s.rtts, d)
	}
	if s.tracks < minTracks || s.tracks > 100_000 {
		return s, fmt.Errorf("-tracks: from %d to 100,000", minTracks)
	}
	return s, nil
}

// check names what is missing, before anything is started.
func (s *settings) check() error {
	for what, path := range map[string]*string{"make build": &s.lockerfs, "make tools": &s.versitygw} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		if _, err := exec.LookPath(abs); err != nil {
			return fmt.Errorf("%s is missing: run `%s`", abs, what)
		}
		*path = abs
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		return fmt.Errorf("ffmpeg is missing: run `make setup`")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return fmt.Errorf("no FUSE device: %w", err)
	}
	return room(s.tracks, os.TempDir(), freeSpace(os.TempDir()))
}

// room tells whether dir has it for the collection, the bucket and a cache.
func room(tracks int, dir string, free int64) error {
	if need := int64(tracks)*3*trackSize + 8*largeSize; free < need {
		return fmt.Errorf("%s has %d MB free, %d tracks need %d MB: free some, set TMPDIR or lower -tracks", dir, free/1e6, tracks, need/1e6)
	}
	return nil
}

// write writes the files that were asked for.
func (b *bench) write() error {
	if b.settings.requests != "" {
		if err := os.WriteFile(b.settings.requests, []byte(b.rig.log()), 0o644); err != nil {
			return err
		}
	}
	if b.settings.json == "" {
		return nil
	}
	text, err := json.MarshalIndent(b.report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(b.settings.json, append(text, '\n'), 0o644)
}
