package fs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Abort ends all requests of the mount on dir with an error, also those that wait for a
// process that cannot end because it waits for one of them: a daemon that is killed while
// it tells the kernel of a name in a folder where a program waits for a rename stays there
// for ever, and so does the program. The mount is dead afterwards; [ClearDead] takes it away.
func Abort(dir string) error {
	dir, err := resolve(dir)
	if err != nil {
		return err
	}
	list, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("list of mounts: %w", err)
	}
	device := ""
	for lines := bufio.NewScanner(bytes.NewReader(list)); lines.Scan(); {
		if at, kind, ok := parseMount(lines.Text()); ok && at == dir && strings.HasPrefix(kind, "fuse") {
			device = strings.Fields(lines.Text())[2]
		}
	}
	_, minor, ok := strings.Cut(device, ":")
	if !ok {
		return fmt.Errorf("%w: %s", ErrNotMounted, dir)
	}
	// The file belongs to who mounted; where it is not there root can force.
	err = os.WriteFile("/sys/fs/fuse/connections/"+minor+"/abort", []byte("1"), 0)
	if err == nil || os.Geteuid() != 0 {
		return err
	}
	// It ends the requests, and then finds the mount in use.
	if err := unix.Unmount(dir, unix.MNT_FORCE); err != nil && !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("abort %s: %w", dir, err)
	}
	return nil
}
