package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// fstabName is the name under which mount(8) calls us, for lines of fstab such as
//
//	music  /srv/music  lockerfs  allow_other,uid=mpd,_netdev,nofail  0 0
//
// It is a link to lockerfs in /sbin.
const fstabName = "mount.lockerfs"

// Where a locker of fstab has its parts unless the line or the config says otherwise.
const (
	systemConfig = "/etc/lockerfs/config.toml"
	systemState  = "/var/lib/lockerfs"
	systemCache  = "/var/cache/lockerfs"
)

// Exit codes of mount(8).
const (
	fstabUsage  = 1
	fstabFailed = 32
)

func calledByMount(program string) bool { return filepath.Base(program) == fstabName }

// runFstab is the program under its other name. It takes what mount(8) hands to its
// kin: SPEC DIR [-sfnv] [-o OPTIONS], where SPEC is the name or the store of a locker.
func runFstab(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if os.Getenv("HOME") == "" { // at the start of the system
		if who, err := user.Current(); err == nil {
			_ = os.Setenv("HOME", who.HomeDir) // for programs we start, too
		}
	}
	l, err := parseFstab(args)
	if err != nil {
		f := &fault{code: exitUsage, cause: fstabName + ": " + err.Error(), next: "lockerfs help service"}
		f.print(stderr)
		return fstabUsage
	}
	if l.fake {
		return 0
	}
	args, err = l.arguments()
	if err != nil {
		diagnose(err, where{}).print(stderr)
		return fstabFailed
	}
	// What is said goes to the terminal or the journal of who mounts.
	switch exitCode(run(ctx, args, stdin, stdout, stderr)) {
	case exitOK:
		return 0
	case exitUsage:
		return fstabUsage
	}
	return fstabFailed
}

// fstabLine is what mount(8) was asked for.
type fstabLine struct {
	spec, dir            string
	fake, verbose        bool
	config, state, cache string
	// flags are those of lockerfs mount.
	flags []string
}

func parseFstab(args []string) (l fstabLine, err error) {
	var places []string
	sloppy := false
	options := ""
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-o" || a == "-t" || a == "-N":
			if i++; i == len(args) {
				return l, fmt.Errorf("%s needs a value", a)
			}
			if a == "-o" {
				options += "," + args[i]
			}
		case len(a) > 1 && a[0] == '-' && strings.Trim(a[1:], "sfnvw") == "":
			sloppy = sloppy || strings.Contains(a, "s")
			l.fake = l.fake || strings.Contains(a, "f")
			l.verbose = l.verbose || strings.Contains(a, "v")
		case strings.HasPrefix(a, "-"):
			return l, fmt.Errorf("unknown option %s", a)
		default:
			places = append(places, a)
		}
	}
	if len(places) != 2 {
		return l, fmt.Errorf("want a locker and a folder, got %d names", len(places))
	}
	l.spec, l.dir = places[0], places[1]
	for o := range strings.SplitSeq(options, ",") {
		if err := l.option(o); err != nil && !sloppy {
			return l, err
		}
	}
	return l, nil
}

// option takes one option of fstab.
func (l *fstabLine) option(o string) error {
	name, value, given := strings.Cut(o, "=")
	switch name {
	case "config":
		l.config = value
	case "state":
		l.state = value
	case "cache":
		l.cache = value
	case "ro":
		l.flags = append(l.flags, "--read-only")
	case "allow_other":
		l.flags = append(l.flags, "--allow-other")
	case "uid", "gid":
		id, err := accountOf(name, value)
		if err != nil {
			return err
		}
		l.flags = append(l.flags, "--"+name+"="+id)
	case "umask", "heads", "cache_size":
		l.flags = append(l.flags, "--"+strings.ReplaceAll(name, "_", "-")+"="+value)
	default:
		if !forMount(name) || given && !strings.HasPrefix(name, "x-") && name != "comment" {
			return fmt.Errorf("unknown option %q", o)
		}
	}
	return nil
}

// forMount tells whether an option is one that mount(8) and systemd act on by themselves.
func forMount(name string) bool {
	return name == "" || strings.HasPrefix(name, "x-") || slices.Contains([]string{"rw", "defaults", "auto", "noauto", "nofail", "_netdev",
		"user", "users", "nouser", "owner", "group", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "async", "atime", "noatime", "relatime", "norelatime", "nodiratime", "comment"}, name)
}

// accountOf gives the number of a user or group, which may be named.
func accountOf(kind, name string) (string, error) {
	if kind == "uid" {
		if u, err := user.Lookup(name); err == nil {
			return u.Uid, nil
		}
	} else if g, err := user.LookupGroup(name); err == nil {
		return g.Gid, nil
	}
	if name == "" || strings.Trim(name, "0123456789") != "" {
		return "", fmt.Errorf("%s=%s is nobody here", kind, name)
	}
	return name, nil
}

// arguments gives the command line of lockerfs that does it.
func (l fstabLine) arguments() ([]string, error) {
	config := first(l.config, systemConfig)
	name, which := l.spec, "--locker="+l.spec
	if strings.Contains(l.spec, "://") || pathStore(l.spec) {
		name, which = nameOf(l.spec), "--store="+l.spec
	}
	c, err := readConfig(config)
	if err != nil {
		return nil, err
	}
	known := c.Locker[name]
	args := []string{"--config=" + config, which}
	// What the config says holds; a flag would go before it.
	for _, part := range [][4]string{{"--state=", l.state, known.State, systemState}, {"--cache=", l.cache, known.Cache, systemCache}} {
		if part[1] != "" || part[2] == "" {
			args = append(args, part[0]+first(part[1], filepath.Join(part[3], name)))
		}
	}
	if l.verbose {
		args = append(args, "--verbose")
	}
	return append(append(append(args, "mount", "--detach"), l.flags...), "--", l.dir), nil
}
