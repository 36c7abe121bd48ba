package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plainUser runs lockerfs as somebody who is not root, where /dev/fuse is open to all
// as on a desktop: in a mount namespace of its own, through the setuid fusermount3.
const plainUser = `
set -eu
mknod -m 666 "$DIR/fuse" c 10 229
mount --bind "$DIR/fuse" /dev/fuse
as() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$DIR" XDG_RUNTIME_DIR="$DIR" "$@"; }
as "$LOCKERFS" init "$LOCKERFS_STORE"
as "$LOCKERFS" import "$MUSIC"
as "$LOCKERFS" mount "$DIR/mnt" >"$DIR/said" 2>&1 &
daemon=$!
for _ in $(seq 200); do grep -q " $DIR/mnt fuse.lockerfs " /proc/mounts && break; sleep 0.05; done
grep " $DIR/mnt fuse.lockerfs " /proc/mounts >/dev/null || { cat "$DIR/said"; exit 1; }
echo "daemon $(as stat -c '%u %a' "$DIR/mnt/Björk")"
as sh -c 'cd "$1" && find . -type f | LC_ALL=C sort | while read -r f; do sha256sum "$f"; done' sh "$DIR/mnt"
as "$LOCKERFS" umount "$DIR/mnt"
wait $daemon
`

// TestPlainUser: everything works without root.
func TestPlainUser(t *testing.T) {
	need(t, "unshare", "setpriv", "fusermount3", "mknod")
	d := newDevice(t, folder(t))
	for _, dir := range []string{d.dir, d.mnt, filepath.Dir(d.at.root)} {
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(d.at.root)), 0o755); err != nil {
		t.Fatal(err)
	}
	c := d.command(t.Context(), "unused")
	c.Path, c.Args = "/usr/bin/unshare", []string{"unshare", "--mount", "bash", "-c", plainUser}
	c.Env = append(c.Env, "DIR="+d.dir, "LOCKERFS="+built.lockerfs, "MUSIC="+built.music)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "daemon 65534 755") {
		t.Errorf("owner and mode: %s", out)
	}
	for path, want := range wanted(t) {
		if !strings.Contains(string(out), want+"  ./"+path+"\n") {
			t.Errorf("%s is not there with %s", path, want)
		}
	}
	if t.Failed() {
		t.Log(string(out))
	}
}
