package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mountAnswer is how long a mount may take to answer for itself.
const mountAnswer = 2 * time.Second

// probeMount asks a mount for its size, which needs no bytes.
func probeMount(point string) howMounted {
	answer := make(chan error, 1)
	go func() {
		var st unix.Statfs_t
		answer <- unix.Statfs(point, &st)
	}()
	select {
	case err := <-answer:
		if errors.Is(err, unix.ENOTCONN) || errors.Is(err, unix.ECONNABORTED) {
			return mountDead
		}
		return mountAnswers
	case <-time.After(mountAnswer):
		return mountSilent
	}
}

// checkFUSE looks whether this user may mount at all.
func (x *examination) checkFUSE() {
	const device = "/dev/fuse"
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.fail(exitNoFUSE, "device", "modprobe fuse; in a container --device /dev/fuse --cap-add SYS_ADMIN", "%s is missing", device)
	case errors.Is(err, fs.ErrPermission):
		x.fail(exitNoFUSE, "device", "give this user the right: chmod 666 "+device+", or the group that owns it; in a container --device /dev/fuse", "%s may not be opened", device)
	case err != nil:
		x.fail(exitNoFUSE, "device", "modprobe fuse; in a container --device /dev/fuse --cap-add SYS_ADMIN", "%s: %v", device, err)
	default:
		f.Close()
		x.ok("device", "%s can be opened", device)
	}
	if os.Geteuid() == 0 {
		x.ok("helper", "not needed: root mounts by itself")
		return
	}
	helper, err := exec.LookPath("fusermount3")
	if err != nil {
		x.fail(exitNoFUSE, "helper", "apt-get install fuse3", "fusermount3 is not installed")
		return
	}
	if info, err := os.Stat(helper); err == nil && info.Mode()&os.ModeSetuid == 0 {
		x.warn("helper", "chmod u+s "+helper+", unless it has file capabilities", "%s has no rights to mount", helper)
	} else {
		x.ok("helper", "%s", helper)
	}
	if x.place.owner.allowOther {
		x.checkAllowOther("/etc/fuse.conf")
	}
}

func (x *examination) checkAllowOther(conf string) {
	text, _ := os.ReadFile(conf) // missing is without the line
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) == "user_allow_other" {
			x.ok("allow_other", "%s lets users share their mounts", conf)
			return
		}
	}
	x.fail(exitMountPoint, "allow_other", "add the line user_allow_other to "+conf+", or take allow_other out of the config", "%s does not let users share their mounts", conf)
}

// checkPassthrough looks whether the kernel may read by itself what is here.
func (x *examination) checkPassthrough() {
	if x.daemon != nil && x.daemon.Passthrough != nil {
		if off := x.daemon.Passthrough.Off; off != "" {
			x.warn("passthrough", grantPassthrough(), "files that are here are read through lockerfs: %s", off)
		} else {
			x.ok("passthrough", "the kernel reads files that are here by itself")
		}
		return
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return
	}
	release := unix.ByteSliceToString(name.Release[:])
	switch {
	case !since(release, 6, 9):
		x.warn("passthrough", "a kernel of 6.9 or later reads files that are here by itself", "Linux %s reads all files through lockerfs", release)
	case !capable(unix.CAP_SYS_ADMIN):
		x.warn("passthrough", grantPassthrough(), "without CAP_SYS_ADMIN files that are here are read through lockerfs")
	default:
		x.ok("passthrough", "the kernel may read files that are here by itself")
	}
}

// grantPassthrough is how this program is given the right.
func grantPassthrough() string {
	self, err := os.Executable()
	if err != nil {
		self = "lockerfs"
	}
	return "setcap cap_sys_admin+ep " + self + " (as root), and mount again; it is a wide right, for speed only"
}

// since tells whether a release of Linux is of a version or later.
func since(release string, major, minor int) bool {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, errA := strconv.Atoi(parts[0])
	b, errB := strconv.Atoi(strings.TrimRight(parts[1], "-+abcdefghijklmnopqrstuvwxyz"))
	return errA == nil && errB == nil && (a > major || a == major && b >= minor)
}

// capable tells whether this process has a capability.
func capable(which uint) bool {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if mask, ok := strings.CutPrefix(line, "CapEff:"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
			return err == nil && n&(1<<which) != 0
		}
	}
	return false
}

// kindOfDisk gives the type of the file system a folder lies on, and what is free there
// for this user, in bytes.
func kindOfDisk(dir string) (kind string, free int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "", 0, fmt.Errorf("%s: %w", dir, err)
	}
	kinds := map[int64]string{unix.EXT4_SUPER_MAGIC: "ext4", unix.BTRFS_SUPER_MAGIC: "btrfs", unix.XFS_SUPER_MAGIC: "xfs", unix.TMPFS_MAGIC: "tmpfs", unix.NFS_SUPER_MAGIC: "nfs",
		unix.SMB_SUPER_MAGIC: "smb", unix.CIFS_SUPER_MAGIC: "smb", unix.SMB2_SUPER_MAGIC: "smb", unix.MSDOS_SUPER_MAGIC: "vfat", unix.EXFAT_SUPER_MAGIC: "exfat", unix.FUSE_SUPER_MAGIC: "fuse",
		unix.OVERLAYFS_SUPER_MAGIC: "overlay", unix.F2FS_SUPER_MAGIC: "f2fs", unix.V9FS_MAGIC: "9p", 0x2fc12fc1: "zfs", 0x7366746e: "ntfs3"}
	return first(kinds[int64(st.Type)], fmt.Sprintf("type %x", st.Type)), int64(st.Bavail) * int64(st.Bsize), nil
}

// canPunch tells whether the file system of a folder keeps holes in files.
func canPunch(dir string) error {
	f, err := os.CreateTemp(dir, ".lockerfs-*")
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		os.Remove(f.Name())
	}()
	const size = 1 << 20
	if err := f.Truncate(size); err != nil {
		return err
	}
	if err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, size); err != nil {
		return fmt.Errorf("%w: %w", errNoHoles, err)
	}
	return nil
}

// standing gives the folder, or the nearest above that is there.
func standing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == "/" {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
