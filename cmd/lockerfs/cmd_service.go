package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

// serviceFlags are the options of service.
type serviceFlags struct {
	system, print, fstab bool
	as                   string
}

func (a *app) serviceCommand() *cobra.Command {
	var f serviceFlags
	c := &cobra.Command{
		Use:   "service",
		Short: "Have the locker mounted whenever the system runs",
		Long: "install writes a unit of systemd that mounts the locker when you log in (loginctl\n" +
			"enable-linger: when the machine starts), starts it again after a crash, and finds the\n" +
			"credentials that this shell has: keys of the environment go to a file beside the config\n" +
			"that only you can read. With --system it is a unit of the machine, for servers.\n\n" +
			"For fstab, --fstab links /sbin/mount.lockerfs; then a line can say\n" +
			"  music  /srv/music  lockerfs  allow_other,uid=mpd,gid=audio,_netdev,nofail  0 0\n" +
			"where music is a locker of /etc/lockerfs/config.toml (or config=FILE), or a store's URL.\n" +
			"Options: ro, allow_other, uid, gid, umask, cache_size, heads, config, state, cache, and\n" +
			"those that mount and systemd act on themselves. A player waits for it with a drop-in of its\n" +
			"unit: [Unit] RequiresMountsFor=/srv/music.",
	}
	install := &cobra.Command{Use: "install", Short: "Write the unit and start it", Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error { return a.installService(ctx, f) })}
	install.Flags().BoolVar(&f.print, "print", false, "show the unit and change nothing")
	install.Flags().BoolVar(&f.fstab, "fstab", false, "link /sbin/mount.lockerfs instead, for lines of fstab")
	remove := &cobra.Command{Use: "remove", Short: "Stop it and take the unit away", Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error { return a.removeService(ctx, f) })}
	status := &cobra.Command{Use: "status", Short: "Say whether it is installed and runs", Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error { return a.serviceStatus(ctx, f) })}
	c.AddCommand(install, remove, status)
	c.PersistentFlags().StringVar(&f.as, "as", "", "with --system: the user it runs as (default root)")
	c.PersistentFlags().BoolVar(&f.system, "system", false, "a unit of the machine, not of this user")
	return c
}

// service gives the unit for the locker that is meant.
func (a *app) service(f serviceFlags) (service, place, error) {
	p, err := a.place()
	if err != nil {
		return service{}, p, err
	}
	if f.as != "" && !f.system {
		return service{}, p, &fault{code: exitUsage, cause: "--as is for units of the machine", next: "lockerfs service install --system --as " + f.as}
	}
	s := service{name: p.name, system: f.system, as: f.as, mount: p.mount, home: homeDir()}
	if s.program, err = os.Executable(); err != nil {
		return s, p, err
	}
	if s.args, err = a.meant(p); err != nil {
		return s, p, err
	}
	if s.system { // HOME is not the same there for everybody
		s.args = append(s.args, "--state="+p.state, "--cache="+p.cache)
	}
	text, _, err := serviceEnvironment(p, os.Getenv)
	if err == nil && text != "" {
		s.environment, err = filepath.Abs(filepath.Join(a.configDir(), "service-"+p.name+".env"))
	}
	return s, p, err
}

func (a *app) installService(ctx context.Context, f serviceFlags) error {
	if f.fstab {
		return a.linkFstab(f.print)
	}
	s, p, err := a.service(f)
	if err != nil {
		return err
	}
	if f.print {
		_, err := fmt.Fprint(a.out, s.text())
		return err
	}
	if err := haveSystemd(); err != nil {
		return err
	}
	if err := notMountedOtherwise(ctx, p); err != nil {
		return err
	}
	if err := a.writeEnvironment(s, p); err != nil {
		return err
	}
	if err := writeUnit(s.path(), s.text()); err != nil {
		return err
	}
	if err := s.systemctl(ctx, "daemon-reload"); err != nil {
		return errors.Join(err, s.forget())
	}
	if err := s.systemctl(ctx, "enable", "--now", s.unit()); err != nil {
		return err
	}
	return a.sayInstalled(s)
}

// notMountedOtherwise refuses a service beside a mount that is none.
func notMountedOtherwise(ctx context.Context, p place) error {
	c, ok := dial(ctx, p.state)
	if !ok {
		return nil
	}
	defer c.Close()
	s, err := c.Status(ctx)
	if err != nil || s.Runner != nil && s.Runner.By == "systemd" {
		return err
	}
	return &fault{code: exitInUse, cause: fmt.Sprintf("the locker is mounted at %s by process %d, which is no service", s.Mount, s.Process), next: "lockerfs umount, then lockerfs service install"}
}

// writeEnvironment writes what the service needs of this shell's environment.
func (a *app) writeEnvironment(s service, p place) error {
	if s.environment == "" {
		return nil
	}
	text, keys, err := serviceEnvironment(p, os.Getenv)
	if err == nil {
		err = writePrivately(s.environment, []byte(text))
	}
	if err == nil && keys {
		fmt.Fprintf(a.out, "wrote the keys of this shell to %s, readable by you alone\n", s.environment)
	}
	return err
}

func (a *app) sayInstalled(s service) error {
	if a.flags.json {
		return a.printJSON(map[string]any{"unit": s.unit(), "path": s.path(), "mount": s.mount, "system": s.system})
	}
	fmt.Fprintf(a.out, "wrote %s and started it: %s\n", s.path(), s.mount)
	if !s.system {
		fmt.Fprintln(a.out, "it starts when you log in; to have it start with the machine: loginctl enable-linger")
	}
	return nil
}

// forget takes away what install wrote.
func (s service) forget() error {
	var errs []error
	for _, path := range []string{s.path(), s.environment} {
		if path == "" {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (a *app) removeService(ctx context.Context, f serviceFlags) error {
	s, p, err := a.service(f)
	if err != nil {
		return err
	}
	if _, err := os.Stat(s.path()); errors.Is(err, fs.ErrNotExist) {
		return &fault{code: exitOther, cause: "there is no " + s.path(), next: "lockerfs service install" + systemFlag(s)}
	}
	if err := haveSystemd(); err != nil {
		return err
	}
	if err := s.systemctl(ctx, "disable", "--now", s.unit()); err != nil {
		return err
	}
	s.environment = filepath.Join(a.configDir(), "service-"+p.name+".env")
	if err := errors.Join(s.forget(), s.systemctl(ctx, "daemon-reload")); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "stopped %s and took it away\n", s.unit())
	return err
}

// serviceState is the answer of service status.
type serviceState struct {
	Unit      string `json:"unit"`
	Path      string `json:"path"`
	Installed bool   `json:"installed"`
	// Current tells whether install would write the same today.
	Current bool   `json:"current"`
	Enabled string `json:"enabled,omitempty"`
	Active  string `json:"active,omitempty"`
	// Says is what the daemon told systemd last.
	Says string `json:"says,omitempty"`
}

func (a *app) serviceStatus(ctx context.Context, f serviceFlags) error {
	s, _, err := a.service(f)
	if err != nil {
		return err
	}
	state := serviceState{Unit: s.unit(), Path: s.path()}
	if text, err := os.ReadFile(s.path()); err == nil {
		state.Installed, state.Current = true, string(text) == s.text()
		// What cannot be asked stays empty.
		state.Enabled, state.Active, state.Says = s.ask(ctx, "is-enabled"), s.ask(ctx, "is-active"), s.ask(ctx, "show", "--property=StatusText", "--value")
	}
	if a.flags.json {
		return a.printJSON(state)
	}
	switch {
	case !state.Installed:
		_, err = fmt.Fprintf(a.out, "%s is not installed\nnext: lockerfs service install%s\n", state.Unit, systemFlag(s))
	default:
		_, err = fmt.Fprintf(a.out, "%s: %s, %s\n", state.Path, first(state.Enabled, "systemd does not answer"), first(state.Active, "unknown"))
		if state.Says != "" {
			fmt.Fprintln(a.out, state.Says)
		}
		if !state.Current {
			fmt.Fprintf(a.out, "it differs from what would be written today: lockerfs service install%s writes it anew\n", systemFlag(s))
		}
	}
	return err
}

func systemFlag(s service) string {
	if s.system {
		return " --system"
	}
	return ""
}

func haveSystemd() error {
	if _, err := exec.LookPath("systemctl"); err != nil || runtime.GOOS != "linux" {
		return &fault{code: exitOther, cause: "this system has no systemd", next: "lockerfs mount --detach, when you log in; or lockerfs service install --fstab"}
	}
	return nil
}

func (s service) command(ctx context.Context, args ...string) *exec.Cmd {
	if !s.system {
		args = append([]string{"--user"}, args...)
	}
	return exec.CommandContext(ctx, "systemctl", args...)
}

func (s service) systemctl(ctx context.Context, args ...string) error {
	c := s.command(ctx, args...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	err := c.Run()
	if err == nil {
		return nil
	}
	next := "systemctl status " + s.unit() + "; journalctl -u " + s.unit()
	if !s.system {
		next = "systemctl --user status " + s.unit() + "; journalctl --user -u " + s.unit() + "; without systemd lockerfs mount --detach"
	}
	return &fault{code: exitOther, cause: fmt.Sprintf("%s: %s", strings.Join(c.Args, " "), first(strings.TrimSpace(said.String()), err.Error())), next: next, err: err}
}

// ask gives the answer of systemctl, which may fail and answer all the same.
func (s service) ask(ctx context.Context, verb string, args ...string) string {
	out, _ := s.command(ctx, append([]string{verb, s.unit()}, args...)...).Output()
	return oneLine(strings.TrimSpace(string(out)))
}

// linkFstab makes lockerfs known to mount(8).
func (a *app) linkFstab(dry bool) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	link := filepath.Join("/sbin", fstabName)
	if !dry {
		if target, err := os.Readlink(link); err != nil || target != self {
			if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err := os.Symlink(self, link); err != nil {
				return err
			}
		}
	}
	_, err = fmt.Fprintf(a.out, "%s → %s\n", link, self)
	return err
}
