package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/remote"
)

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	// After the first signal the usual handling is back, so that a second one ends
	// the process at once.
	context.AfterFunc(ctx, stop)
	if calledByMount(os.Args[0]) {
		os.Exit(runFstab(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program: it gives the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{in: stdin, out: stdout, err: stderr, openStore: openStore, level: new(atomic.Pointer[slog.Level])}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	strict(root)
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		return int(exitOK)
	}
	var ran *ranError
	if !errors.As(err, &ran) {
		err = misuse(c, err)
	}
	f := diagnose(err, a.where)
	a.logger("cli").Debug("the command failed", "code", int(f.code), "error", err)
	f.print(stderr)
	return int(f.code)
}

// app is one run of the program: its streams and what the command line said.
type app struct {
	in       io.Reader
	out, err io.Writer
	flags    flags
	// where is what error messages say about the locker, once it is known.
	where where
	// openStore is how an engine opens its store.
	openStore func(ctx context.Context, u *url.URL, credentials string) (remote.Store, error)
	// daemon is set for the one command that stays: it logs more.
	daemon bool
	// reply goes to who started this process in the background, and is nil elsewhere.
	reply *os.File
	// runner is who starts this process again after a crash.
	runner runner
	// level is what of the log was asked for while this runs; nil: what flags say.
	level *atomic.Pointer[slog.Level]
}

// flags are the options that every command takes.
type flags struct {
	store, locker, state, cache, config string
	json, verbose                       bool
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "lockerfs",
		Short:         "Mount your music locker as a folder",
		Long:          "lockerfs mounts a music locker, kept in an S3 bucket or a folder, as a local folder\nthat every player, tagger and file manager can use.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := root.PersistentFlags()
	f.StringVar(&a.flags.store, "store", os.Getenv("LOCKERFS_STORE"), "where the locker is: file:///path or s3://bucket/prefix?endpoint=…&region=…&profile=… (LOCKERFS_STORE)")
	f.StringVar(&a.flags.locker, "locker", "", "which locker of the config file")
	f.StringVar(&a.flags.state, "state", os.Getenv("LOCKERFS_STATE"), "state folder; one state folder is one device (LOCKERFS_STATE)")
	f.StringVar(&a.flags.cache, "cache", os.Getenv("LOCKERFS_CACHE"), "cache folder (LOCKERFS_CACHE)")
	f.StringVar(&a.flags.config, "config", "", "config file (default $XDG_CONFIG_HOME/lockerfs/config.toml)")
	f.BoolVar(&a.flags.json, "json", false, "answer in JSON")
	f.BoolVarP(&a.flags.verbose, "verbose", "v", false, "say more on stderr")
	root.AddCommand(
		a.initCommand(),
		a.importCommand(),
		a.adoptCommand(),
		a.watchCommand(),
		a.refreshCommand(),
		a.organizeCommand(),
		a.mountCommand(),
		a.umountCommand(),
		a.restartCommand(),
		a.serviceCommand(),
		a.syncCommand(),
		a.offlineCommand(),
		a.setCommand(),
		a.statusCommand(),
		a.doctorCommand(),
		a.lsCommand(),
		a.infoCommand(),
		a.searchCommand(),
		a.historyCommand(),
		a.restoreCommand(),
		a.pinCommand(),
		a.unpinCommand(),
		a.pinsCommand(),
		a.desktopCommand(),
		a.verifyCommand(),
		a.gcCommand(),
		a.exportCommand(),
		a.rebuildCommand(),
		a.versionCommand(),
		exitCodesTopic(),
		configTopic(),
		layoutTopic(),
	)
	return root
}

// ranError marks errors of a command that ran, apart from cobra's about its usage.
type ranError struct{ error }

func (e *ranError) Unwrap() error { return e.error }

// does makes a function the action of a command.
func does(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := f(cmd.Context(), args); err != nil {
			return &ranError{err}
		}
		return nil
	}
}

// logger logs to stderr: warnings and worse, what happens in a daemon, everything
// with -v.
func (a *app) logger(component string) *slog.Logger {
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: loudness{a}})).With("component", component)
}

// loudness is what of the log is shown.
type loudness struct{ of *app }

// Level implements slog.Leveler.
func (l loudness) Level() slog.Level {
	switch {
	case l.of.level != nil && l.of.level.Load() != nil:
		return *l.of.level.Load()
	case l.of.flags.verbose:
		return slog.LevelDebug
	case l.of.daemon:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// ground is what the engines of this run stand on.
func (a *app) ground() ground {
	return ground{log: a.logger, loud: func(l slog.Level) { a.level.Store(&l) }, note: a.note, open: a.openStore, runner: a.runner}
}

// note says something on stderr that is neither an answer nor an error.
func (a *app) note(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }
