package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func (a *app) offlineCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "offline on|off",
		Short: "Leave the store alone, or use it again",
		Long: "With on, the mount uses no network: names, and music that is here, go on as before; what\n" +
			"is not here fails at once, and what is written waits on this machine. It lasts until off,\n" +
			"or until the mount ends. A store that is away is noticed without this.",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"on", "off"},
		RunE: does(func(ctx context.Context, args []string) error {
			on := args[0] == "on"
			return a.withLocker(ctx, false, func(_ place, l locker) error {
				if err := l.Offline(ctx, on); err != nil {
					return err
				}
				if a.flags.json {
					return a.printJSON(map[string]bool{"offline": on})
				}
				said := "the store is used again"
				if on {
					said = "the store is left alone until: lockerfs offline off"
				}
				_, err := fmt.Fprintln(a.out, said)
				return err
			})
		}),
	}
}

// offlineRequest asks for offline.
type offlineRequest struct {
	On bool `json:"on"`
}

// Offline is locker's.
func (e *engine) Offline(_ context.Context, on bool) error {
	if e.mounted.Load() == nil {
		return &fault{code: exitMountPoint, cause: "nothing is mounted, and nothing else uses the store by itself", next: "lockerfs mount"}
	}
	e.store.breaker.Force(on)
	return nil
}

// Offline is locker's.
func (c *client) Offline(ctx context.Context, on bool) error {
	answer, err := c.do(ctx, http.MethodPost, pathOffline, nil, offlineRequest{on})
	if err != nil {
		return err
	}
	return c.frames(ctx, answer.Body, func(frame) error { return nil })
}

func (s *server) offline(w http.ResponseWriter, r *http.Request) {
	var q offlineRequest
	if !s.request(w, r, &q) {
		return
	}
	if err := s.locker.Offline(r.Context(), q.On); err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, frame{End: true})
}
