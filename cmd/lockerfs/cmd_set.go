package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/cache"
)

// What can be set while a locker is mounted.
const (
	setBandwidth = "bwlimit"
	setCacheSize = "cache-size"
	setLogLevel  = "log-level"
)

// settable names them, in order.
func settable() []string { return []string{setBandwidth, setCacheSize, setLogLevel} }

func (a *app) setCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "set bwlimit|cache-size|log-level VALUE",
		Short: "Change how a running mount works, until it ends",
		Long: "bwlimit: most bytes a second: 2M in each direction, 512K:4M up and down, off, or a day:\n" +
			"    \"08:00,512K 23:00,off\"\n" +
			"cache-size: most bytes to keep on this machine, for instance 50GB; what is beyond goes at once\n" +
			"log-level: debug, info, warn or error\n\n" +
			"The config file says what holds from the next mount on.",
		Args: cobra.ExactArgs(2),
		RunE: does(func(ctx context.Context, args []string) error {
			return a.withLocker(ctx, false, func(_ place, l locker) error {
				if err := l.Set(ctx, args[0], args[1]); err != nil {
					return err
				}
				if a.flags.json {
					return a.printJSON(map[string]string{args[0]: args[1]})
				}
				_, err := fmt.Fprintf(a.out, "%s is %s until the mount ends\n", args[0], args[1])
				return err
			})
		}),
	}
}

// setRequest asks for set.
type setRequest struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Set is locker's.
func (e *engine) Set(_ context.Context, key, value string) error {
	refused := func(why string) error { return &fault{code: exitUsage, cause: why, next: "lockerfs help set"} }
	if !slices.Contains(settable(), key) {
		return refused(fmt.Sprintf("%q cannot be set: it is one of %s", key, strings.Join(settable(), ", ")))
	}
	if e.mounted.Load() == nil {
		return &fault{code: exitMountPoint, cause: "nothing is mounted", next: "lockerfs mount; the config file says what holds for every mount"}
	}
	switch key {
	case setBandwidth:
		table, err := parseTimetable(value)
		if err != nil {
			return refused(err.Error())
		}
		e.bandwidth(table)
	case setCacheSize:
		n, err := parseSize(value)
		if err != nil {
			return refused(err.Error())
		}
		if err := e.cache.SetLimit(n); errors.Is(err, cache.ErrCounting) {
			return &fault{code: exitOther, cause: err.Error(), next: "run the command again in a moment", err: err}
		}
	case setLogLevel:
		var level slog.Level
		if err := level.UnmarshalText([]byte(value)); err != nil {
			return refused(fmt.Sprintf("%q is no level: debug, info, warn or error", value))
		}
		e.loud(level)
	}
	return nil
}

// bandwidth has limits hold from now on. What an earlier call asked for ends.
func (e *engine) bandwidth(t timetable) {
	select {
	case <-e.timetables: // one that was not taken yet
	default:
	}
	e.timetables <- t
}

// keepLimits follows the timetable of the day until ctx ends.
func (e *engine) keepLimits(ctx context.Context) {
	var table timetable
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case table = <-e.timetables:
		case <-timer.C:
		}
		if table != nil {
			limits, next := table.at(time.Now())
			e.store.queue.Limit(limits)
			timer.Reset(min(next, longestWait))
		}
	}
}

// longestWait is how long a timer is trusted to know the time of day, which may be set.
const longestWait = time.Minute

// Set is locker's.
func (c *client) Set(ctx context.Context, key, value string) error {
	answer, err := c.do(ctx, http.MethodPost, pathSet, nil, setRequest{key, value})
	if err != nil {
		return err
	}
	return c.frames(ctx, answer.Body, func(frame) error { return nil })
}

func (s *server) set(w http.ResponseWriter, r *http.Request) {
	var q setRequest
	if !s.request(w, r, &q) {
		return
	}
	if err := s.locker.Set(r.Context(), q.Key, q.Value); err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, frame{End: true})
}
