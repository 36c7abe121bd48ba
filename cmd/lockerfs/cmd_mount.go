package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// pollEvery is how often the log is asked for a new commit.
const pollEvery = 4 * time.Second

// mountFlags are the options of mount; what is not set comes from the config.
type mountFlags struct {
	allowOther, readOnly bool
	uid, gid             int
	umask                string
	cacheSize, heads     string
	detach               bool
	role                 string
	restarts             int
	metered              string
}

func (a *app) mountCommand() *cobra.Command {
	var f mountFlags
	c := &cobra.Command{
		Use:   "mount [MNT]",
		Short: "Mount the locker, and stay until it is unmounted",
		Long: "Mount the locker at MNT (default: the config's mount, else ~/Locker) and serve it until\n" +
			"Ctrl-C, SIGTERM or lockerfs umount. What is written there is kept on this machine first\n" +
			"and goes to the store by itself: lockerfs status says whether all of it is there.\n" +
			"With --detach it goes on in the background, is started again after a crash, and logs to\n" +
			"lockerfs.log in the state folder; lockerfs service has it start with the system.",
		Args: cobra.MaximumNArgs(1),
	}
	c.RunE = does(func(ctx context.Context, args []string) error {
		p, err := a.place()
		if err != nil {
			return err
		}
		if p, err = f.onto(p, append(args, "")[0], c.Flags().Changed); err != nil {
			return &fault{code: exitUsage, cause: err.Error(), next: "lockerfs help mount"}
		}
		a.where = p.where()
		return a.mountAs(ctx, p, f, c)
	})
	c.Flags().BoolVar(&f.allowOther, "allow-other", false, "let other users in, as far as the files' modes do")
	c.Flags().BoolVar(&f.readOnly, "read-only", false, "refuse every change")
	c.Flags().IntVar(&f.uid, "uid", 0, "user that all files belong to (default you)")
	c.Flags().IntVar(&f.gid, "gid", 0, "group that all files belong to (default yours)")
	c.Flags().StringVar(&f.umask, "umask", "", "permission bits to take away, octal")
	c.Flags().StringVar(&f.cacheSize, "cache-size", "", "most bytes to keep on this machine, for instance 50GB")
	c.Flags().StringVar(&f.heads, "heads", "", "most bytes of the starts of tracks to fetch when idle; 0 for none (default a tenth of the cache)")
	c.Flags().BoolVarP(&f.detach, "detach", "d", false, "return when it is mounted, and go on in the background")
	c.Flags().StringVar(&f.role, "role", "", "")
	c.Flags().IntVar(&f.restarts, "restarts", 0, "")
	for _, own := range []string{"role", "restarts"} { // between our own processes
		_ = c.Flags().MarkHidden(own)
	}
	c.Flags().StringVar(&f.metered, "metered", "", "whether bytes cost money: auto, on or off; then nothing is fetched that nobody asked for (default auto)")
	return c
}

// mountAs does this process's part of a mount.
func (a *app) mountAs(ctx context.Context, p place, f mountFlags, c *cobra.Command) error {
	if f.role == "" && !f.detach {
		a.runner = keptBySystemd()
		return a.mountAgain(a.mount(ctx, p))
	}
	args, err := a.again(p, c)
	if err != nil {
		return err
	}
	switch f.role {
	case roleWorker:
		a.runner = runner{By: "lockerfs", Supervisor: os.Getppid(), Restarts: f.restarts, Log: logPath(p.state)}
		return a.mountAgain(a.work(ctx, p))
	case roleSupervisor:
		return a.supervise(ctx, p, args)
	}
	return a.detach(ctx, p, args)
}

// mountArgs gives the arguments of a mount that has no role yet.
func mountArgs(p place, c *cobra.Command) (args []string) {
	for _, name := range []string{"allow-other", "read-only", "uid", "gid", "umask", "cache-size", "heads"} {
		if c.Flags().Changed(name) {
			args = append(args, "--"+name+"="+c.Flags().Lookup(name).Value.String())
		}
	}
	return append(args, p.mount)
}

// onto lays the flags over what the config says.
func (f mountFlags) onto(p place, mnt string, given func(string) bool) (place, error) {
	p.readOnly = p.readOnly || f.readOnly
	if mnt != "" {
		var err error
		if p.mount, err = absolute(mnt); err != nil {
			return p, err
		}
	}
	p.owner.allowOther = p.owner.allowOther || f.allowOther
	if given("uid") {
		p.owner.uid = &f.uid
	}
	if given("gid") {
		p.owner.gid = &f.gid
	}
	for _, id := range []*int{p.owner.uid, p.owner.gid} {
		if id != nil && (*id < 0 || int64(*id) > 1<<32-2) {
			return p, fmt.Errorf("%d is no number of a user or group", *id)
		}
	}
	p.owner.umask = first(f.umask, p.owner.umask)
	if p.owner.umask != "" {
		if _, err := parseUmask(p.owner.umask); err != nil {
			return p, err
		}
	}
	if f.cacheSize != "" {
		n, err := parseSize(f.cacheSize)
		if err != nil {
			return p, err
		}
		p.cacheSize = n
	}
	if err := checkMetered(f.metered); err != nil {
		return p, fmt.Errorf("--metered %q: %w", f.metered, err)
	}
	p.metered = first(f.metered, p.metered)
	if f.heads != "" {
		n, err := headSize(f.heads)
		if err != nil {
			return p, err
		}
		p.heads = n
	}
	return p, nil
}

// mount serves the locker until ctx ends or it is unmounted.
func (a *app) mount(ctx context.Context, p place) (err error) {
	a.daemon = true
	e, err := a.own(ctx, p, true, mountedAlready)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	e.restrain(ctx)
	m, err := e.present(ctx)
	if err != nil {
		return err
	}
	return a.serveMount(ctx, e, m)
}

// serveMount runs what belongs to a mount that is up, and takes it down in the end.
func (a *app) serveMount(ctx context.Context, e *engine, m *presence) error {
	s, err := serve(e, e.place.where(), a.logger("socket"))
	if err != nil {
		return errors.Join(err, m.end(context.WithoutCancel(ctx), a.note))
	}
	// A mount in use goes on after Ctrl-C, and follows the log for as long.
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	e.following.Store(true)
	followed, hopeless := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(followed)
		e.follow(following, durationOf("LOCKERFS_POLL", pollEvery), func(err error) { hopeless <- err })
	}()
	a.sayMounted(ctx, e)
	system := newHerald(os.Getenv)
	defer system.ready(e.brief)()
	again := false
	select {
	case <-ctx.Done():
		a.note("unmounting %s", m.point)
	case err = <-hopeless: // a mount that can never show a name is worse than none
	case <-m.gone:
	case wait := <-s.restarts:
		again = true
		err = m.leave(ctx, wait, a.note)
	}
	if !again {
		system.say("STOPPING=1")
		// The mount goes first, while it can still be answered for.
		err = errors.Join(err, m.end(context.WithoutCancel(ctx), a.note))
		err = errors.Join(err, a.drain(ctx, e))
	}
	s.close()
	stop()
	<-followed
	if again && err == nil {
		err = errRestart
	}
	return err
}

// sayMounted tells who started this process that the mount answers.
func (a *app) sayMounted(ctx context.Context, e *engine) {
	var said bytes.Buffer
	switch s, err := e.Status(ctx); {
	case err != nil:
		fmt.Fprintf(&said, "mounted %s at %s\n", e.place.name, e.place.mount)
	case a.flags.json:
		_ = writeIndented(&said, s)
	case a.reply != nil:
		fmt.Fprintf(&said, "mounted %s at %s; lockerfs umount ends it\n%s", s.Name, s.Mount, s.text(time.Now(), homeDir()))
	default:
		fmt.Fprintf(&said, "mounted %s at %s; Ctrl-C or lockerfs umount ends it\n%s", s.Name, s.Mount, s.text(time.Now(), homeDir()))
	}
	if a.reply != nil {
		reply{Ready: true, Said: said.String()}.send(a.reply)
		return
	}
	_, _ = a.out.Write(said.Bytes()) // nobody may be there to read it
}

// brief is the status in one line.
func (e *engine) brief(ctx context.Context) (string, error) {
	s, err := e.Status(ctx)
	return s.brief(), err
}

// mountedAlready says where the process is that serves this state folder.
func mountedAlready(ctx context.Context, l locker) error {
	s, err := l.Status(ctx)
	if err != nil {
		return err
	}
	if s.Mount == "" {
		return &fault{code: exitInUse, cause: fmt.Sprintf("this locker is in use by process %d", s.Process), next: "lockerfs status; mount again when that has ended"}
	}
	return &fault{code: exitInUse, cause: fmt.Sprintf("this locker is mounted at %s already, by process %d", s.Mount, s.Process),
		next: "lockerfs umount, or another device on this machine with --state and --cache of its own"}
}

// durationOf reads a duration such as 200ms from the environment, for tests.
func durationOf(name string, usual time.Duration) time.Duration {
	if d, err := time.ParseDuration(os.Getenv(name)); err == nil && d >= 10*time.Millisecond {
		return d
	}
	return usual
}
