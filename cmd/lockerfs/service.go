package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/adrg/xdg"

	"github.com/lockerfs/lockerfs/remote/s3"
)

// service is a unit of systemd that mounts one locker.
type service struct {
	name string // of the locker
	// system tells that it is the machine's and not the user's; as is who it runs as then.
	system bool
	as     string
	// program and args name the locker; mount is where, and flags are those of mount.
	program, mount string
	args           []string
	home           string
	// environment is a file with what the store needs of the shell's environment.
	environment string
}

// unit is the unit's name.
func (s service) unit() string { return "lockerfs-" + s.name + ".service" }

// path is where the unit's file stands.
func (s service) path() string {
	if s.system {
		return filepath.Join("/etc/systemd/system", s.unit())
	}
	return filepath.Join(xdg.ConfigHome, "systemd", "user", s.unit())
}

// text is the unit. It starts the mount again after every end but those that another
// try would not change, and clears a dead mount away before.
func (s service) text() string {
	var b strings.Builder
	say := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	call := func(args ...string) string { return unitWords(append(append([]string{s.program}, s.args...), args...)) }
	say("# Written by lockerfs service install; lockerfs service remove takes it away.")
	say("[Unit]\nDescription=lockerfs: %s at %s", unitText(s.name), unitText(s.mount))
	if s.system {
		say("After=network.target")
	}
	say("StartLimitIntervalSec=60\nStartLimitBurst=5\n")
	say("[Service]\nType=notify\nNotifyAccess=main")
	if s.as != "" {
		say("User=%s", s.as)
	}
	if s.system {
		say("Environment=%s", unitWords([]string{"HOME=" + s.home}))
	}
	if s.environment != "" {
		say("EnvironmentFile=-%s", unitText(s.environment))
	}
	say("ExecStart=%s", call("mount", s.mount))
	say("ExecStopPost=-%s", call("umount", s.mount))
	say("Restart=on-failure\nRestartSec=200ms")
	say("RestartPreventExitStatus=%d %d %d %d", exitNoLocker, exitNotLocker, exitNewer, exitNoFUSE)
	say("TimeoutStartSec=5min\nTimeoutStopSec=1min\nWatchdogSec=3min\n")
	target := "default.target"
	if s.system {
		target = "multi-user.target"
	}
	say("[Install]\nWantedBy=%s", target)
	return b.String()
}

// unitText writes text so that systemd takes it as it stands.
func unitText(s string) string { return strings.ReplaceAll(oneLine(s), "%", "%%") }

// unitWords writes a command line (systemd.service(5)).
func unitWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		w = strings.NewReplacer("%", "%%", "$", "$$").Replace(w)
		if w == "" || strings.ContainsAny(w, " \t\n\"'\\;") {
			w = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(w) + `"`
		}
		quoted[i] = w
	}
	return strings.Join(quoted, " ")
}

// serviceVariables are what a store or a proxy may need of the environment, besides keys.
func serviceVariables() []string {
	return []string{"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE",
		"AWS_EC2_METADATA_DISABLED", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
		"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"}
}

const (
	keyID, keySecret, keySession = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
)

// serviceEnvironment gives the text of the file that stands in for the shell's
// environment, empty when nothing of it is needed; keys tells whether it has secrets. A
// service starts with a clean environment, and after a restart of the machine nobody is
// there to set it.
func serviceEnvironment(p place, env func(string) string) (text string, keys bool, err error) {
	take := serviceVariables()
	if !strings.HasPrefix(p.store, "s3:") {
		take = slices.DeleteFunc(take, func(v string) bool { return !strings.HasPrefix(v, "XDG_") })
	} else if env(keyID) != "" && env(keySecret) != "" && !hasKeys(p) {
		if env(keySession) != "" {
			return "", false, &fault{code: exitDenied, cause: "the keys of this shell are temporary (" + keySession + "): a service would stand without any before long",
				next: "give the service keys of its own: credentials = \"FILE\" in the config, or a profile (AWS_PROFILE)"}
		}
		take, keys = append(take, keyID, keySecret), true
	}
	sort.Strings(take)
	var b strings.Builder
	for _, name := range take {
		if v := env(name); v != "" {
			fmt.Fprintf(&b, "%s=\"%s\"\n", name, strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`).Replace(v))
		}
	}
	if b.Len() == 0 {
		return "", false, nil
	}
	return "# Written by lockerfs service install.\n" + b.String(), keys, nil
}

// hasKeys tells whether the config or the URL say where the keys are.
func hasKeys(p place) bool {
	u, err := parseStore(p.store)
	if err != nil {
		return false
	}
	c, err := s3.ParseURL(u)
	return p.credentials != "" || err == nil && (c.Credentials != "" || c.Profile != "")
}

// writeUnit writes a unit, which is no secret: the directory's readers may look.
func writeUnit(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := writePrivately(path, []byte(text)); err != nil {
		return err
	}
	return os.Chmod(path, 0o644)
}
