package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// level is how bad a finding is.
type level string

const (
	levelOK   level = "ok"
	levelWarn level = "warn"
	levelFail level = "fail"
)

// finding is one line of doctor. The JSON names are a promise.
type finding struct {
	Check string `json:"check"`
	Level level  `json:"level"`
	Says  string `json:"says"`
	// Next is the remedy, where there is one.
	Next string `json:"next,omitempty"`
	// code is that of a failure.
	code exitCode
}

// examination is one run of doctor.
type examination struct {
	app   *app
	place place
	// daemon is the mount that runs, nil for none.
	daemon *status
	found  []finding
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Find out what keeps the locker from working, or from working well",
		Long: "doctor looks at this machine, the way to the store and the store itself, beside a mount\n" +
			"that runs or without one. Each line is ok, warn or fail, with what to do about it. It\n" +
			"writes a few small objects under .lockerfs/probe of the store and removes them again.\n" +
			"The exit code is that of the first fail, and 0 when there is none.",
		Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error { return a.examine(ctx) }),
	}
}

func (a *app) examine(ctx context.Context) error {
	x := &examination{app: a}
	x.checkConfig()
	x.checkFUSE()
	if x.place.store != "" {
		x.checkDaemon(ctx)
		x.checkPassthrough()
		x.checkMountPoint()
		x.checkFolders()
	}
	x.checkMounts()
	if x.place.store != "" {
		x.checkStore(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return x.verdict()
}

// say reports a finding, at once where people read.
func (x *examination) say(f finding) {
	f.Says, f.Next = oneLine(f.Says), oneLine(f.Next)
	x.found = append(x.found, f)
	if x.app.flags.json {
		return
	}
	fmt.Fprintf(x.app.out, "%-4s  %-12s  %s\n", f.Level, f.Check, f.Says)
	if f.Next != "" {
		fmt.Fprintf(x.app.out, "%20snext: %s\n", "", f.Next)
	}
}

func (x *examination) ok(check, format string, args ...any) {
	x.say(finding{Check: check, Level: levelOK, Says: fmt.Sprintf(format, args...)})
}

func (x *examination) warn(check, next, format string, args ...any) {
	x.say(finding{Check: check, Level: levelWarn, Says: fmt.Sprintf(format, args...), Next: next})
}

func (x *examination) fail(code exitCode, check, next, format string, args ...any) {
	x.say(finding{Check: check, Level: levelFail, Says: fmt.Sprintf(format, args...), Next: next, code: code})
}

// failed reports an error in the words of every other command.
func (x *examination) failed(check string, err error) {
	f := diagnose(err, x.place.where())
	x.fail(f.code, check, f.next, "%s", f.cause)
}

// verdict ends with the code of the first failure.
func (x *examination) verdict() error {
	counts := map[level]int{}
	var first *finding
	for i, f := range x.found {
		if counts[f.Level]++; f.Level == levelFail && first == nil {
			first = &x.found[i]
		}
	}
	if x.app.flags.json {
		if err := x.app.printJSON(map[string]any{"findings": x.found, "failed": counts[levelFail], "warned": counts[levelWarn]}); err != nil {
			return err
		}
	}
	if first == nil {
		return nil
	}
	return &fault{code: first.code, cause: fmt.Sprintf("%s of %d checks failed, the first: %s: %s", thousands(int64(counts[levelFail])), len(x.found), first.Check, first.Says), next: first.Next}
}

// checkConfig finds out which locker is meant.
func (x *examination) checkConfig() {
	p, err := x.app.place()
	var f *fault
	switch {
	case errors.As(err, &f) && f.code == exitNoLocker:
		x.warn("config", f.next, "%s", f.cause)
	case err != nil:
		x.failed("config", err)
	default:
		x.place = p
		from := "from the command line and the environment"
		if c, err := readConfig(x.app.configPath()); err == nil {
			if _, ok := c.Locker[p.name]; ok {
				from = "from " + x.app.configPath()
			}
		}
		x.ok("config", "locker %s, %s", p.name, from)
	}
}

// checkDaemon asks the mount that runs.
func (x *examination) checkDaemon(ctx context.Context) {
	c, ok := dial(ctx, x.place.state)
	if !ok {
		if g := readGivenUp(x.place.state); g != nil {
			x.warn("daemon", "lockerfs mount --detach; "+g.Log+" says more", "not running: given up after %s: %s", count(int64(g.Crashes), "crash", "crashes"), g.Cause)
			return
		}
		x.ok("daemon", "none is running")
		return
	}
	defer c.Close()
	s, err := c.Status(ctx)
	if err != nil {
		x.failed("daemon", err)
		return
	}
	x.daemon = &s
	says := []string{fmt.Sprintf("process %d, version %s", s.Process, s.Version), first(s.Mount, "no mount")}
	if s.Runner != nil && s.Runner.By != "" {
		says = append(says, "kept running by "+s.Runner.By)
	}
	if v := version(); v != s.Version {
		x.warn("daemon", "lockerfs restart", "%s; this is version %s", strings.Join(says, ", "), v)
		return
	}
	x.ok("daemon", "%s", strings.Join(says, ", "))
}
