package integration

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// marker is what stands in a bare mount point.
const marker = ".lockerfs-not-mounted"

// guarded checks that a bare mount point is no empty folder to who is not root.
func guarded(t *testing.T, dir string) {
	t.Helper()
	if mounted(dir) {
		t.Fatalf("%s is mounted", dir)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0 {
		t.Errorf("the bare mount point: got %v, %v, want mode 000", info.Mode(), err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, marker)); err != nil || !strings.Contains(string(text), "No locker is mounted here") {
		t.Errorf("the marker: got %q, %v", text, err)
	}
}

// playerUser is who MPD runs as on a server.
func playerUser(t *testing.T) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("mpd")
	if err != nil {
		t.Fatalf("%v: run `make setup`", err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// library is what MPD knows, in order.
func (m *mpd) library() []string {
	m.t.Helper()
	list := strings.Split(strings.TrimSpace(m.mpc("listall")), "\n")
	slices.Sort(list)
	return list
}

// TestPlayerKeepsItsLibrary: MPD that looks before the locker is mounted, or after it
// went in whatever way, forgets nothing.
func TestPlayerKeepsItsLibrary(t *testing.T) {
	need(t, "mpd", "mpc")
	d := newLocker(t, folder(t))
	d.run("import", built.music)
	d.mount("--allow-other")
	m := startMPD(t, d.mnt, playerUser(t))
	m.mpc("update", "--wait")
	want := m.library()
	if len(want) != len(tracks) {
		t.Fatalf("MPD found %v", want)
	}
	bare := func(how string) {
		t.Helper()
		m.mpc("update", "--wait")
		if diff := cmp.Diff(want, m.library()); diff != "" {
			t.Errorf("%s: MPD's library (-want +got):\n%s", how, diff)
		}
	}
	d.unmount()
	guarded(t, d.mnt)
	bare("unmounted")
	before := startMPDFrom(t, m, playerUser(t)) // a player that starts before the mount
	m = before
	bare("started before the mount")
	d.mount("--allow-other")
	bare("mounted again")
	d.kill()
	bare("the daemon is dead, its mount is there")
	if err := unix.Unmount(d.mnt, unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	guarded(t, d.mnt)
	bare("the dead mount was taken away by hand")
	d.mount("--allow-other")
	bare("mounted again after a crash")
	d.unmount()
}

// TestGuardLeavesOthersAlone: a folder with something in it is refused and stays as it is.
func TestGuardLeavesOthersAlone(t *testing.T) {
	d := newLocker(t, folder(t))
	if err := errors.Join(os.WriteFile(filepath.Join(d.mnt, "mine"), nil, 0o644), os.WriteFile(filepath.Join(d.mnt, marker), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if out, err := d.try("mount", d.mnt); err == nil || !strings.Contains(out, "not empty") {
		t.Errorf("got %v: %s", err, out)
	}
	info, err := os.Stat(d.mnt)
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if err := os.Remove(filepath.Join(d.mnt, "mine")); err != nil {
		t.Fatal(err)
	}
	d.mount() // a lone marker is nothing
	d.unmount()
	if info, err := os.Stat(d.mnt); err != nil || info.Mode().Perm() != 0 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

// guardedUser mounts as a plain user again and again, through fusermount3.
const guardedUser = `
set -u
mknod -m 666 "$DIR/fuse" c 10 229
mount --bind "$DIR/fuse" /dev/fuse
as() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$DIR" XDG_RUNTIME_DIR="$DIR" "$@"; }
bare() {
	grep -q " $DIR/mnt fuse.lockerfs " /proc/mounts && { echo "FAIL $1: mounted"; exit 1; }
	as ls "$DIR/mnt" >/dev/null 2>&1 && { echo "FAIL $1: the bare folder can be listed"; exit 1; }
	echo "guarded $1 $(stat -c %a "$DIR/mnt")"
}
as "$LOCKERFS" mount --detach "$DIR/mnt" || exit 1
as touch "$DIR/mnt/file" || exit 1
as "$LOCKERFS" umount "$DIR/mnt" || exit 1
bare unmounted
as "$LOCKERFS" mount "$DIR/mnt" >/dev/null 2>&1 &
daemon=$!
for _ in $(seq 200); do grep -q " $DIR/mnt fuse.lockerfs " /proc/mounts && break; sleep 0.05; done
as ls "$DIR/mnt" >/dev/null || exit 1
kill -9 $daemon; wait $daemon 2>/dev/null
as fusermount3 -u -z "$DIR/mnt" || exit 1
bare crashed
mkdir "$DIR/other"; touch "$DIR/other/x"; chown -R 65534:65534 "$DIR/other"; chmod 000 "$DIR/other"
as "$LOCKERFS" mount --detach "$DIR/other" 2>"$DIR/said" && { echo "FAIL: mounted over a file"; exit 1; }
grep "not empty" "$DIR/said"
echo "other $(stat -c %a "$DIR/other")"
as "$LOCKERFS" mount --detach "$DIR/mnt" || exit 1
as ls "$DIR/mnt" || exit 1
as "$LOCKERFS" restart || exit 1
as ls "$DIR/mnt" || exit 1
as "$LOCKERFS" umount "$DIR/mnt" || exit 1
bare restarted
`

// TestGuardOfPlainUser: fusermount3 wants rights on the folder, and the guard takes them.
func TestGuardOfPlainUser(t *testing.T) {
	need(t, "unshare", "setpriv", "fusermount3", "mknod")
	d := newLocker(t, folder(t))
	for _, dir := range []string{d.dir, d.mnt, d.at.root, filepath.Dir(d.at.root)} {
		if err := ownAll(dir, 65534); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(d.at.root)), 0o755); err != nil {
		t.Fatal(err)
	}
	c := d.command(t.Context(), "unused")
	c.Path, c.Args = "/usr/bin/unshare", []string{"unshare", "--mount", "bash", "-c", guardedUser}
	c.Env = append(c.Env, "DIR="+d.dir, "LOCKERFS="+built.lockerfs)
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	for _, want := range []string{"guarded unmounted 0\n", "guarded crashed 0\n", "not empty", "other 0\n", "guarded restarted 0\n"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("%v, want %q in:\n%s", err, want, out)
		}
	}
}

// ownAll gives a folder and what is in it to a user.
func ownAll(dir string, id int) error {
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, id, id)
	})
}
