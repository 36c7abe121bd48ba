package fs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

const (
	device   = "/dev/fuse"
	confFile = "/etc/fuse.conf"
	// probeTimeout is how long a mount of another process may take to answer
	// before it counts as alive and busy.
	probeTimeout = 2 * time.Second
)

// newServer mounts: root by itself, others through fusermount3, which may also be
// allowed what a root without rights (in a container) is not.
func (f *FS) newServer(dir string, opts MountOptions) (*fuse.Server, error) {
	o := f.fuseOptions(opts)
	o.DirectMountStrict = os.Geteuid() == 0
	server, err := fuse.NewServer(f, dir, o)
	if o.DirectMountStrict && errors.Is(err, unix.EPERM) && fusermount() != "" {
		o.DirectMountStrict = false
		var again error
		if server, again = fuse.NewServer(f, dir, o); again == nil {
			err = nil
		}
	}
	switch {
	case err == nil:
		return server, nil
	case errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENODEV):
		return nil, fmt.Errorf("mount on %s: %w: %w", dir, ErrNoFUSE, err)
	}
	return nil, fmt.Errorf("mount on %s: %w", dir, err)
}

// setReadOnly passes the flag for both ways of mounting.
func setReadOnly(o *fuse.MountOptions, on bool) {
	if on {
		o.Options = append(o.Options, "ro")
		o.DirectMountFlags = unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV
	}
}

// awaitMount has nothing to wait for: mounting is done when the call returns, and
// go-fuse's own check would touch the mount from this process.
func awaitMount(*fuse.Server) error { return nil }

// checkSystem finds out beforehand what fusermount3 would only print. The helper
// opens the device with the user's own rights.
func checkSystem(opts MountOptions) error {
	if err := unix.Access(device, unix.R_OK|unix.W_OK); err != nil {
		return fmt.Errorf("%w: %w", ErrNoFUSE, err)
	}
	if os.Geteuid() == 0 {
		d, err := os.OpenFile(device, os.O_RDWR, 0) // a container may know the name only
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoFUSE, err)
		}
		return d.Close()
	}
	if fusermount() == "" {
		return ErrNoFusermount
	}
	if opts.AllowOther && !otherAllowed(confFile) {
		return ErrAllowOther
	}
	return nil
}

// fusermount finds the mounting helper; "" when there is none.
func fusermount() string {
	for _, name := range []string{"fusermount3", "/bin/fusermount3", "fusermount", "/bin/fusermount"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// otherAllowed tells whether fuse.conf lets plain users share their mounts.
func otherAllowed(conf string) bool {
	text, err := os.ReadFile(conf)
	if err != nil {
		return false
	}
	for line := range bytes.Lines(text) {
		if string(bytes.TrimSpace(line)) == "user_allow_other" {
			return true
		}
	}
	return false
}

// checkMountPoint refuses a place that cannot be mounted on.
func checkMountPoint(dir string) error {
	found, err := mountAt(dir)
	if err != nil {
		return err
	}
	if found == "fuse."+FSName {
		if dead(dir) {
			return fmt.Errorf("%w: %s", ErrDeadMount, dir)
		}
		return fmt.Errorf("%w: %s", ErrMounted, dir)
	}
	err = checkEmpty(dir)
	if errors.Is(err, unix.ENOTCONN) {
		return fmt.Errorf("%w: %s", ErrDeadMount, dir)
	}
	return err
}

// dead tells whether the process behind a mount is gone. A mount that does not
// answer in time is alive as far as anybody can tell.
func dead(dir string) bool {
	answer := make(chan error, 1)
	go func() {
		var st unix.Statfs_t
		answer <- unix.Statfs(dir, &st)
	}()
	select {
	case err := <-answer:
		// The second where it died while it was asked.
		return errors.Is(err, unix.ENOTCONN) || errors.Is(err, unix.ECONNABORTED)
	case <-time.After(probeTimeout):
		return false
	}
}

// mountAt gives the type of the topmost file system mounted on dir, "" for none.
// It asks the kernel's list (proc_pid_mountinfo(5)) and not dir, which may not answer.
func mountAt(dir string) (string, error) {
	list, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", fmt.Errorf("list of mounts: %w", err)
	}
	found := ""
	lines := bufio.NewScanner(bytes.NewReader(list))
	lines.Buffer(nil, len(list)+1)
	for lines.Scan() {
		if at, kind, ok := parseMount(lines.Text()); ok && at == dir {
			found = kind
		}
	}
	return found, lines.Err()
}

// parseMount reads one line: "id parent major:minor root PLACE options [tag…] - TYPE …".
func parseMount(line string) (place, kind string, ok bool) {
	before, after, ok := strings.Cut(line, " - ")
	fields := strings.Fields(before)
	if !ok || len(fields) < 6 {
		return "", "", false
	}
	kind, _, _ = strings.Cut(after, " ")
	// The kernel writes what would break a line in octal.
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`, `\043`, "#")
	return unescape.Replace(fields[4]), kind, true
}

// Unmount takes away the locker mounted on dir, from any process. Errors:
// ErrNotMounted, ErrBusy.
func Unmount(dir string) error { return unmount(dir, 0) }

// Detach takes the locker mounted on dir out of the tree of folders, from any process, also
// while programs have files open there: these go on until the process that answers ends.
func Detach(dir string) error { return unmount(dir, unix.MNT_DETACH) }

// ClearDead takes away a mount whose process has died, also when programs still
// have files open there: they see errors already. The error is ErrMounted when the
// mount is alive.
func ClearDead(dir string) error {
	resolved, err := resolve(dir)
	if err != nil {
		return err
	}
	if !dead(resolved) {
		return fmt.Errorf("%w: %s", ErrMounted, dir)
	}
	return unmount(dir, unix.MNT_DETACH)
}

func unmount(dir string, flags int) error {
	dir, err := resolve(dir)
	if err != nil {
		return err
	}
	switch found, err := mountAt(dir); {
	case err != nil:
		return err
	case !strings.HasPrefix(found, "fuse"):
		return fmt.Errorf("%w: %s", ErrNotMounted, dir)
	}
	if os.Geteuid() == 0 {
		err = unix.Unmount(dir, flags)
		if !errors.Is(err, unix.EPERM) {
			return unmounted(dir, err)
		}
	}
	return fusermountUnmount(dir, flags)
}

// unmounted says what umount2(2) meant.
func unmounted(dir string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%s: %w", dir, ErrBusy)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: %s", ErrNotMounted, dir)
	}
	return fmt.Errorf("unmount %s: %w", dir, err)
}

// fusermountUnmount lets the helper do it, which plain users need. It gives no errno,
// only strerror's words, in the C locale.
func fusermountUnmount(dir string, flags int) error {
	helper := fusermount()
	if helper == "" {
		return ErrNoFusermount
	}
	args := []string{"-u"}
	if flags&unix.MNT_DETACH != 0 {
		args = append(args, "-z")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	said, err := exec.CommandContext(ctx, helper, append(args, "--", dir)...).CombinedOutput()
	if err == nil {
		return nil
	}
	if found, listErr := mountAt(dir); listErr == nil && found == "" {
		return nil
	}
	if bytes.Contains(said, []byte("busy")) {
		return fmt.Errorf("%s: %w (%s)", dir, ErrBusy, bytes.TrimSpace(said))
	}
	return fmt.Errorf("unmounting %s: %w: %s", dir, err, bytes.TrimSpace(said))
}
