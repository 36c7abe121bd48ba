// Command bench times the product on one machine, over links like those people have:
// a walk of the tree, scans by tag readers and players, the start of a track, seeks,
// the gaps of an album, whole files, copies in, changes of names and tags until they are
// in the store, and what each costs in requests, bytes and memory.
// Where there is an rclone, `rclone mount --vfs-cache-mode full` does the same work over
// the same objects in the same run.
//
// It knows what a user knows: the lockerfs binary, files, and what passes over the
// network. It must never know an internal of a package. Of ours it imports only
// remotetest, which starts the S3 server, link, which is the way there, and scale, which
// makes catalogs without audio.
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
	"slices"
	"strings"
	"syscall"
	"time"
)

// usualTurns is how often the same is done by turns with something else.
const usualTurns = 5

// settings are what the command line says.
type settings struct {
	lockerfs, versitygw string
	rclone              string // empty is without
	only                []string
	size                size
	starts              int           // tracks that are begun
	turns               int           // of what is held against the local file system, on each side
	limit               time.Duration // of one scan
	patience            time.Duration // how long packs or heads may take to come here
	json, svg, requests string
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

func run(ctx context.Context, args []string, out, news io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	if slices.Equal(s.only, []string{scaleName}) {
		return s.scale(ctx, out, news)
	}
	return s.run(ctx, out, news)
}

// run makes the collection and the store, measures, prints, and takes down all that
// it put up, whatever happened.
func (s settings) run(ctx context.Context, out, news io.Writer) (err error) {
	b, err := setUp(ctx, s, news)
	if err != nil {
		return orInterrupted(ctx, err)
	}
	defer func() {
		if left := b.takeDown(); err == nil {
			err = left
		}
	}()
	err = b.measure(ctx)
	if ctx.Err() != nil || errors.Is(err, errWrongBytes) {
		return orInterrupted(ctx, err)
	}
	b.report.print(out)
	return errors.Join(err, b.write())
}

// orInterrupted gives the reason where an error is only what follows from it.
func orInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

func parse(args []string) (settings, error) {
	s := settings{size: usualSize(), starts: starts, turns: usualTurns, limit: 3 * time.Minute, patience: 5 * time.Minute}
	var only string
	var quick bool
	var tracks int
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&s.lockerfs, "lockerfs", ".bin/lockerfs", "the `binary` to measure")
	f.StringVar(&s.versitygw, "versitygw", ".bin/versitygw", "the S3 server's `binary`")
	f.StringVar(&s.rclone, "rclone", onPath("rclone"), "the rclone `binary` to hold it against; empty for none")
	f.StringVar(&only, "only", "", "measure only these `scenarios`, split by commas:"+scenarioHelp())
	f.BoolVar(&quick, "quick", false, "a small library, for a look at whether everything works")
	f.IntVar(&tracks, "tracks", 0, fmt.Sprintf("how many tracks of about 2 MB the locker holds (default %d, quick %d)", usualSize().tracks, quickSize().tracks))
	f.DurationVar(&s.limit, "limit", s.limit, "longest time of one scan; its figures are of one track anyway")
	f.StringVar(&s.json, "json", "", "also write the figures to this `file`")
	f.StringVar(&s.svg, "svg", "", "also draw the times to this `file`")
	f.StringVar(&s.requests, "requests", "", "write every request to this `file`, with time and work")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	if quick {
		s.size, s.starts, s.turns, s.limit, s.patience = quickSize(), 3, 1, min(s.limit, 10*time.Second), 20*time.Second
	}
	if tracks != 0 {
		s.size.tracks = tracks
	}
	for name := range strings.FieldsFuncSeq(only, func(r rune) bool { return r == ',' }) {
		if !slices.Contains(scenarioNames(), name) && name != scaleName {
			return s, fmt.Errorf("-only: there is no scenario %q, but %s", name, strings.Join(scenarioNames(), ", "))
		}
		s.only = append(s.only, name)
	}
	if alone := slices.Contains(s.only, scaleName); alone && len(s.only) > 1 {
		return s, errors.New("-only: scale is measured alone")
	} else if s.size.tracks < minTracks || s.size.tracks > 100_000 && !alone {
		return s, fmt.Errorf("-tracks: from %d to 100,000, with -only scale more", minTracks)
	}
	return s, nil
}

// onPath gives where a program is, or nothing.
func onPath(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// check names what is missing, before anything is started.
func (s *settings) check() error {
	binaries := map[string]*string{"make build": &s.lockerfs, "make tools": &s.versitygw}
	if s.rclone != "" {
		binaries["go install github.com/rclone/rclone@v1.75.1"] = &s.rclone
	}
	for what, path := range binaries {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		if _, err := exec.LookPath(abs); err != nil {
			return fmt.Errorf("%s is missing: run `%s`", abs, what)
		}
		*path = abs
	}
	for program, uses := range map[string][]string{"ffmpeg": scenarioNames(), "mpd": {"mpd"}, "mpc": {"mpd"}, "fio": {"local"}, python3(): {"scan", "edit"}} {
		if onPath(program) == "" && slices.ContainsFunc(uses, s.wants) {
			return fmt.Errorf("%s is missing: run `make setup`", program)
		}
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return fmt.Errorf("no FUSE device: %w", err)
	}
	if s.wants(scaleName) && len(s.only) == 1 {
		return nil // the catalog alone is small
	}
	return room(s.size, os.TempDir(), freeSpace(os.TempDir()))
}

// room tells whether dir has it for the collection, the bucket, a cache and what is
// written.
func room(z size, dir string, free int64) error {
	if need := 3*z.bytes() + z.written(); free < need {
		return fmt.Errorf("%s has %d MB free, %d tracks need %d MB: free some, set TMPDIR or lower -tracks", dir, free/1e6, z.tracks, need/1e6)
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
	if b.settings.svg != "" {
		if err := os.WriteFile(b.settings.svg, []byte(b.report.chart()), 0o644); err != nil {
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
