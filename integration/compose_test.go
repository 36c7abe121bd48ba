package integration

import (
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// composed is what matters here of docs/compose/compose.yaml.
type composed struct {
	Services map[string]struct {
		User    string
		Command []string
		Devices []string
		Caps    []string          `json:"cap_add"`
		Env     map[string]string `json:"environment"`
		Volumes []any
	}
}

func readCompose(t *testing.T) (c composed) {
	t.Helper()
	out, err := command(t, "/usr/bin/python3", "-c", "import yaml, json, sys; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))", "../docs/compose/compose.yaml")
	if err == nil {
		err = json.Unmarshal([]byte(out), &c)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return c
}

// bound gives how the folder above the mount point is bound into a service.
func bound(volumes []any, folder string) (propagation string) {
	for _, v := range volumes {
		long, ok := v.(map[string]any)
		if ok && long["type"] == "bind" && long["source"] == folder && long["target"] == folder {
			bind, _ := long["bind"].(map[string]any)
			propagation, _ = bind["propagation"].(string)
		}
	}
	return propagation
}

// TestComposeFile: players see mounts that come later, and are not root; lockerfs may
// mount, and the host sees it.
func TestComposeFile(t *testing.T) {
	c := readCompose(t)
	daemon := c.Services["lockerfs"]
	mnt := daemon.Command[len(daemon.Command)-1]
	folder := path.Dir(mnt)
	if bound(daemon.Volumes, folder) != "rshared" || !slices.Contains(daemon.Devices, "/dev/fuse") || !slices.Contains(daemon.Caps, "SYS_ADMIN") {
		t.Errorf("lockerfs could not mount for others: %+v", daemon)
	}
	for _, name := range []string{"navidrome", "mpd"} {
		if s := c.Services[name]; bound(s.Volumes, folder) != "rslave" || s.User == "" || strings.HasPrefix(s.User, "0") || strings.HasPrefix(s.User, "root") {
			t.Errorf("%s would miss a mount, or look into a bare mount point: %+v", name, s)
		}
	}
	if got := c.Services["navidrome"].Env["ND_MUSICFOLDER"]; got != mnt {
		t.Errorf("Navidrome looks at %s", got)
	}
	if conf := readFile("../docs/compose/mpd/mpd.conf"); !strings.Contains(string(conf), "music_directory \""+mnt+"\"") {
		t.Errorf("MPD looks elsewhere:\n%s", conf)
	}
}

// containers is a host, a player's container that is there before anything is mounted, and
// lockerfs: twice in a container of its own, and then on the host. Namespaces and
// propagation are those that an engine would make of the Compose file.
const containers = `
set -eu
mount -t tmpfs none /srv
mount --make-rshared /srv # as systemd has it
mkdir -p "$MNT" "$DIR/mpd"
sed -e 's,^bind_to_address.*,bind_to_address "/var/lib/mpd/socket",' -e 's,"alsa","null",' "$CONF" >"$DIR/mpd.conf"
chown -R "$WHO" "$DIR/mpd"; chmod 755 "$DIR"
unshare --mount --propagation slave sh -c '
	mount --bind "$DIR/mpd" /var/lib/mpd
	exec setpriv --reuid="$WHO" --regid="$WHO" --clear-groups mpd --no-daemon --stderr "$DIR/mpd.conf"' 2>"$DIR/mpd.log" &
player=$!
inside() { nsenter --mount="/proc/$player/ns/mnt" setpriv --reuid="$WHO" --regid="$WHO" --clear-groups "$@"; }
asks() { inside mpc -h /var/lib/mpd/socket "$@"; }
await() { for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; echo "FAIL: in vain: $*"; cat "$DIR"/*.log; exit 1; }
answers() { inside head -c1 "$MNT/Björk/Homogenic/01 Hunter.mp3"; } # a dead mount lists from the kernel's memory
is() { grep -q " $MNT fuse.lockerfs " /proc/mounts; }
isnot() { ! is; }
knows() { asks update --wait >/dev/null; echo "$1: MPD knows $(asks listall | wc -l)"; }
contain() { unshare --mount --propagation unchanged "$LOCKERFS" $COMMAND 2>>"$DIR/daemon.log" >&2 & daemon=$!; }

await asks status
knows "before"
contain
await answers
knows "mounted"
kill -9 $daemon; wait $daemon || true
knows "killed"
contain
await answers
knows "in another container"
echo "sum $(inside sha256sum "$MNT/Björk/Homogenic/01 Hunter.mp3")"
kill $daemon; wait $daemon
inside ls "$MNT" 2>/dev/null && { echo "FAIL: the bare mount point can be listed"; exit 1; }
knows "unmounted"
"$LOCKERFS" mount --detach --allow-other "$MNT"
await answers
kill -9 "$("$LOCKERFS" --json status | jq .process)"
await answers
knows "crashed on the host"
asks add "Pink Floyd/The Wall"
asks play
await sh -c '[ "$(nsenter --mount=/proc/'$player'/ns/mnt mpc -h /var/lib/mpd/socket status | grep -c playing)" = 0 ]'
asks status | grep ERROR && exit 1
"$LOCKERFS" umount "$MNT"
isnot
knows "gone"
kill $player; wait $player || true
`

// TestContainersSeeTheMount: MPD in a container that was started first sees what lockerfs
// mounts in another one or on the host, after kill -9 too, and forgets nothing meanwhile.
func TestContainersSeeTheMount(t *testing.T) {
	need(t, "unshare", "nsenter", "setpriv", "mpd", "mpc", "jq")
	c := readCompose(t)
	args := c.Services["lockerfs"].Command
	d := newLocker(t, folder(t))
	d.run("import", built.music)
	conf, err := filepath.Abs("../docs/compose/mpd/mpd.conf")
	if err != nil {
		t.Fatal(err)
	}
	who, _, _ := strings.Cut(c.Services["mpd"].User, ":")
	run := d.command(t.Context(), "unused")
	run.Path, run.Args = "/usr/bin/unshare", []string{"unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", containers}
	run.Env = append(run.Env, "DIR="+d.dir, "LOCKERFS="+built.lockerfs, "CONF="+conf, "WHO="+who, "MNT="+args[len(args)-1], "COMMAND="+strings.Join(args, " "))
	run.WaitDelay = time.Second
	out, err := run.CombinedOutput()
	text := string(out)
	for _, when := range []string{"mounted", "killed", "in another container", "unmounted", "crashed on the host", "gone"} {
		if want := when + ": MPD knows 10\n"; err != nil || !strings.Contains(text, want) {
			t.Fatalf("%v, want %q in:\n%s", err, want, text)
		}
	}
	if want := "sum " + sum(t, filepath.Join(built.music, "MP3s/a.mp3")); !strings.Contains(text, want) || !strings.Contains(text, "before: MPD knows 0\n") {
		t.Errorf("want %s, and nothing at first, in:\n%s", want, text)
	}
}
