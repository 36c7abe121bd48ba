package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs"
)

// pathRestart is POST /v1/restart of the control socket: restartRequest, answered at once.
const pathRestart = "/v1/restart"

// restartRequest asks the daemon to begin anew, as the program that is installed now.
type restartRequest struct {
	// Wait is how long programs may keep files open.
	Wait time.Duration `json:"wait"`
}

// errRestart: the mount is down and everything is closed, so that another program can
// take this one's place.
var errRestart = errors.New("to be started again")

const (
	// restartWait is how long programs may keep files open before they lose them.
	restartWait = 10 * time.Second
	// retryLeave is how often a mount that is about to go is tried.
	retryLeave = 50 * time.Millisecond
	// lastRequests is how long what was asked before the mount went may take.
	lastRequests = 300 * time.Millisecond
)

func (a *app) restartCommand() *cobra.Command {
	wait := restartWait
	c := &cobra.Command{
		Use:   "restart",
		Short: "Have the daemon begin anew, as the lockerfs that is installed now",
		Long: "The daemon closes everything and becomes the program that stands where it was started from,\n" +
			"with the same process number and the same options; the path is without music for a moment.\n" +
			"Files that are open are waited for, while all goes on as before. Those still open after\n" +
			"--wait fail with \"Transport endpoint is not connected\"; what was written to them and\n" +
			"not closed is as after a crash. Uploads go on afterwards.",
		Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error { return a.restart(ctx, wait) }),
	}
	c.Flags().DurationVar(&wait, "wait", wait, "how long programs may keep files open")
	return c
}

// restart asks the daemon and waits until it is back.
func (a *app) restart(ctx context.Context, wait time.Duration) error {
	p, err := a.place()
	if err != nil {
		return err
	}
	c, ok := dial(ctx, p.state)
	if !ok {
		return &fault{code: exitOther, cause: "no lockerfs is running for this locker", next: "lockerfs mount --detach"}
	}
	defer c.Close()
	if err := c.serves(ctx, p); err != nil {
		return err
	}
	before, err := c.Status(ctx)
	if err != nil {
		return err
	}
	answer, err := c.do(ctx, http.MethodPost, pathRestart, nil, restartRequest{Wait: max(wait, 0)})
	if err != nil {
		return err
	}
	answer.Body.Close()
	after, err := awaitRestart(ctx, p.state, before, max(wait, 0)+farewell)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(after)
	}
	_, err = fmt.Fprintf(a.out, "restarted: %s is mounted at %s by version %s (before: %s)\n", after.Name, after.Mount, after.Version, before.Version)
	return err
}

// awaitRestart waits until a daemon that is not the one before answers for a mount.
func awaitRestart(ctx context.Context, state string, before status, most time.Duration) (status, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		if c, ok := dial(ctx, state); ok {
			s, err := c.Status(ctx)
			c.Close()
			if err == nil && s.Mount != "" && !s.Started.Equal(before.Started) {
				return s, nil
			}
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return status{}, ctx.Err()
			}
			next := "lockerfs status; the terminal or journal of the mount says why"
			if before.Runner != nil && before.Runner.Log != "" {
				next = "lockerfs status; " + before.Runner.Log + " says why"
			}
			return status{}, &fault{code: exitOther, cause: "the daemon did not come back", next: next}
		case <-time.After(retryLeave):
		}
	}
}

// restart answers for the daemon. A program that cannot run is found out while this one
// still does.
func (s *server) restart(w http.ResponseWriter, r *http.Request) {
	var q restartRequest
	if !s.request(w, r, &q) {
		return
	}
	if err := runs(r.Context()); err != nil {
		s.fail(w, &fault{code: exitOther, cause: "the lockerfs that is installed now does not run: " + err.Error(), next: "install it again; nothing has changed"})
		return
	}
	select {
	case s.restarts <- q.Wait:
		w.WriteHeader(http.StatusAccepted)
	default:
		s.fail(w, &fault{code: exitInUse, cause: "a restart is under way already", next: "lockerfs status"})
	}
}

// runs tries the program that would take this one's place.
func runs(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, self, "version").Run()
}

// leave takes the mount out of the tree of folders, at once when nothing is open there,
// else after a time.
func (p *presence) leave(ctx context.Context, wait time.Duration, note func(string, ...any)) error {
	note("restarting: unmounting %s", p.point)
	err := p.mounted.Unmount()
	for end := time.Now().Add(wait); errors.Is(err, fs.ErrBusy) && time.Now().Before(end) && ctx.Err() == nil; err = p.mounted.Unmount() {
		time.Sleep(retryLeave)
	}
	if errors.Is(err, fs.ErrBusy) {
		note("restarting: programs that still have files open lose them")
		if err = fs.Detach(p.point); err == nil {
			select {
			case <-p.gone:
			case <-time.After(lastRequests):
			}
		}
	}
	if err != nil {
		return errors.Join(err, p.end(context.WithoutCancel(ctx), note))
	}
	p.engine.mounted.Store(nil)
	p.engine.files.Store(nil)
	p.engine.plan.Store(nil)
	p.idle()
	return forgetMount(p.engine.place.state)
}

// mountAgain ends this process's part of a mount, which may be that another program goes
// on with it.
func (a *app) mountAgain(err error) error {
	if !errors.Is(err, errRestart) {
		return err
	}
	self, err := os.Executable()
	if err == nil {
		err = become(self, os.Args, a.reply)
	}
	return a.failed(&fault{code: exitOther, cause: "cannot start lockerfs again: " + err.Error(), next: "lockerfs mount --detach", err: err})
}
