package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func testService(name string, system bool) service {
	return service{name: name, system: system, program: "/bin/true", args: []string{"--config=/home/a b/50% $x.toml", "--locker=" + name},
		mount: `/home/a b/Lo"ck\er 100%`, home: "/root", environment: "/home/a b/service.env"}
}

// What systemd reads is what was meant, whatever the paths look like.
func TestUnitQuoting(t *testing.T) {
	got := testService("music", true).text()
	for _, want := range []string{
		`ExecStart=/bin/true "--config=/home/a b/50%% $$x.toml" --locker=music mount "/home/a b/Lo\"ck\\er 100%%"` + "\n",
		`ExecStopPost=-/bin/true "--config=/home/a b/50%% $$x.toml" --locker=music umount "/home/a b/Lo\"ck\\er 100%%"` + "\n",
		"Description=lockerfs: music at /home/a b/Lo\"ck\\er 100%%\n",
		"EnvironmentFile=-/home/a b/service.env\n",
		"RestartPreventExitStatus=3 7 8 9\n",
		"WantedBy=multi-user.target\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
}

// systemd finds nothing wrong with the units.
func TestUnitsVerify(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd-analyze here")
	}
	for _, system := range []bool{false, true} {
		s := testService("music", system)
		s.mount = "/home/a b/Locker" // the rest is in TestUnitQuoting
		path := filepath.Join(t.TempDir(), s.unit())
		if err := os.WriteFile(path, []byte(s.text()), 0o644); err != nil {
			t.Fatal(err)
		}
		args := []string{"verify", "--man=no", "--recursive-errors=no", path}
		if !system {
			args = append([]string{"--user"}, args...)
		}
		c := exec.Command("systemd-analyze", args...)
		c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
		if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), s.unit()) {
			t.Errorf("system %v: %v\n%s\n%s", system, err, out, s.text())
		}
	}
}

func TestServiceEnvironment(t *testing.T) {
	keys := []string{"AWS_ACCESS_KEY_ID=AK", `AWS_SECRET_ACCESS_KEY=s"e$c\ret`, "HOME=/root", "HTTPS_PROXY=http://u:p@proxy"}
	for name, c := range map[string]struct {
		p    place
		env  []string
		want string
		keys bool
	}{
		"keys of the shell": {place{store: "s3://b/p"}, keys,
			"AWS_ACCESS_KEY_ID=\"AK\"\nAWS_SECRET_ACCESS_KEY=\"s\\\"e\\$c\\\\ret\"\nHTTPS_PROXY=\"http://u:p@proxy\"\n", true},
		"keys in a file":    {place{store: "s3://b/p", credentials: "/f"}, keys, "HTTPS_PROXY=\"http://u:p@proxy\"\n", false},
		"keys in a profile": {place{store: "s3://b/p?profile=x"}, keys, "HTTPS_PROXY=\"http://u:p@proxy\"\n", false},
		"a profile":         {place{store: "s3://b/p"}, []string{"AWS_PROFILE=locker"}, "AWS_PROFILE=\"locker\"\n", false},
		"a folder":          {place{store: "file:///x"}, append(keys, "XDG_STATE_HOME=/s"), "XDG_STATE_HOME=\"/s\"\n", false},
		"nothing":           {place{store: "s3://b/p"}, nil, "", false},
	} {
		got, hasKeys, err := serviceEnvironment(c.p, environment(c.env...))
		if err != nil || strings.TrimPrefix(got, "# Written by lockerfs service install.\n") != c.want || hasKeys != c.keys {
			t.Errorf("%s: got %q, %v, %v; want %q, %v", name, got, hasKeys, err, c.want, c.keys)
		}
	}
	var f *fault
	if _, _, err := serviceEnvironment(place{store: "s3://b/p"}, environment(append(keys, "AWS_SESSION_TOKEN=t")...)); !errors.As(err, &f) || f.code != exitDenied {
		t.Errorf("keys that expire: got %v", err)
	}
}
