package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFstabLine(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.toml")
	text := "[locker.music]\nstore = \"s3://crates/home\"\ncache = \"/big/cache\"\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"music /srv/music -o rw,_netdev,nofail,x-systemd.automount,comment=a,config=" + config: "--config=" + config + " --locker=music --state=/var/lib/lockerfs/music mount --detach -- /srv/music",
		"-o ro,allow_other,uid=root,gid=0,umask=022,cache_size=5GB,heads=0,cache=/c,state=/s music /m -v -o config=" + config: "--config=" + config +
			" --locker=music --state=/s --cache=/c --verbose mount --detach --read-only --allow-other --uid=0 --gid=0 --umask=022 --cache-size=5GB --heads=0 -- /m",
		"file:///mnt/usb/vinyl /m -n -t lockerfs": "--config=/etc/lockerfs/config.toml --store=file:///mnt/usb/vinyl --state=/var/lib/lockerfs/" + nameOf("file:///mnt/usb/vinyl") +
			" --cache=/var/cache/lockerfs/" + nameOf("file:///mnt/usb/vinyl") + " mount --detach -- /m",
		"-s music /m -o whatever,config=" + config: "--config=" + config + " --locker=music --state=/var/lib/lockerfs/music mount --detach -- /m",
	} {
		l, err := parseFstab(strings.Fields(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		got, err := l.arguments()
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
	for line, want := range map[string]string{
		"music":                          "got 1 names",
		"music /m more":                  "got 3 names",
		"music /m -o":                    "needs a value",
		"music /m -x":                    "unknown option -x",
		"music /m -o whatever":           `unknown option "whatever"`,
		"music /m -o ro,noexec=1":        `unknown option "noexec=1"`,
		"music /m -o uid=nobody-of-here": "is nobody here",
		"music /m -o gid=":               "is nobody here",
	} {
		if _, err := parseFstab(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", line, err, want)
		}
	}
}

func FuzzParseFstab(f *testing.F) {
	f.Add("music /m -o ro,uid=0")
	f.Add("-sfnv -o , a b")
	f.Fuzz(func(t *testing.T, line string) {
		l, err := parseFstab(strings.Fields(line))
		if err == nil && (l.spec == "" || l.dir == "") {
			t.Errorf("%q: no error and no place", line)
		}
	})
}
