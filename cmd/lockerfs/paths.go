package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks bounds how many symbolic links a path may lead through.
const maxLinks = 40

// mountRecord is the file in a state folder that names its mount point while it is
// mounted.
func mountRecord(state string) string { return filepath.Join(state, "mount") }

func recordMount(state, point string) error {
	return writePrivately(mountRecord(state), []byte(point+"\n"))
}

func forgetMount(state string) error {
	if err := os.Remove(mountRecord(state)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// recordedMount gives the mount point of a state folder, or nothing. After a crash
// the record may be left without a mount, or with a dead one.
func recordedMount(state string) string {
	if state == "" {
		return ""
	}
	b, err := os.ReadFile(mountRecord(state))
	if err != nil || len(b) > 4097 {
		return ""
	}
	return strings.TrimSuffix(string(b), "\n")
}

// realPath makes a path absolute and follows its links, but nothing from a mount
// point on: a mount whose process hangs would hang us too.
func realPath(path string, mounts []string) (string, error) {
	if !filepath.IsAbs(path) {
		// Not os.Getwd: it may stat the folder it is in.
		wd, err := syscall.Getwd()
		if err != nil {
			return "", err
		}
		path = filepath.Join(wd, path)
	}
	return follow(filepath.Clean(path), mounts, maxLinks)
}

func follow(path string, mounts []string, links int) (string, error) {
	at := "/"
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, part := range parts {
		at = filepath.Join(at, part)
		rest := filepath.Join(parts[i+1:]...)
		if inside(at, mounts) {
			return filepath.Join(at, rest), nil
		}
		target, err := os.Readlink(at)
		if err != nil {
			continue // no link, or nothing there: names stand for themselves
		}
		if links == 0 {
			return "", fmt.Errorf("%s leads through too many links", path)
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(at), target)
		}
		return follow(filepath.Join(target, rest), mounts, links-1)
	}
	return at, nil
}

// inside tells whether path is one of the mount points.
func inside(path string, mounts []string) bool {
	for _, m := range mounts {
		if path == m {
			return true
		}
	}
	return false
}

// split cuts a real path at the mount point it lies under; point is empty when it
// lies under none.
func split(path string, mounts []string) (point, rest string) {
	for _, m := range mounts {
		if (path == m || strings.HasPrefix(path, strings.TrimSuffix(m, "/")+"/")) && len(m) > len(point) {
			point, rest = m, strings.TrimPrefix(path[len(m):], "/")
		}
	}
	return point, rest
}

// target finds what a path argument means: a file under a live mount, by its real
// path, else a path in the locker. point is the mount it lies under, if any.
func target(arg string, mounts []string) (point, at string, err error) {
	real, err := realPath(arg, mounts)
	if err != nil {
		return "", "", err
	}
	if point, rest := split(real, mounts); point != "" {
		return point, rest, nil
	}
	return "", clean(arg), nil
}

// locate gives the locker path that arg means, and makes the locker whose mount it
// lies under the one that is meant, unless the flags say which.
func (a *app) locate(arg string) (string, error) {
	mounts := a.allMounts()
	point, at, err := target(arg, mounts)
	if err != nil || point == "" {
		return at, err
	}
	if a.flags.store != "" || a.flags.locker != "" || a.flags.state != "" {
		p, err := a.place()
		if err == nil && recordedMount(p.state) != point {
			err = &fault{code: exitUsage, cause: fmt.Sprintf("%s lies under %s, which is another locker's mount", arg, point), next: "leave out --store, --locker and --state, or give a path in the locker"}
		}
		return at, err
	}
	c, err := readConfig(a.configPath())
	if err != nil {
		return "", err
	}
	for _, name := range c.names() {
		p, err := a.fill(name, c.Locker[name])
		if err == nil && recordedMount(p.state) == point {
			a.flags.locker = name
			return at, nil
		}
	}
	return "", &fault{code: exitUsage, cause: fmt.Sprintf("%s is the mount of a locker that %s does not name", point, a.configPath()), next: "say which locker: --state DIR --store URL"}
}

// allMounts gives the live mounts, and on systems that cannot list them those that
// the locker meant has recorded.
func (a *app) allMounts() []string {
	mounts := liveMounts()
	if p, err := a.choose(); err == nil {
		if m := recordedMount(p.state); m != "" && !inside(m, mounts) {
			mounts = append(mounts, m)
		}
	}
	return mounts
}
