package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// rcloneMount is `rclone mount --vfs-cache-mode full` of the same objects in the same
// bucket, over the same link: without a catalog they have their objects' names.
type rcloneMount struct {
	binary, dir, mnt string
	env              []string
	names            map[string]string // where a track of the locker is below the mount
	daemon           *daemon           // nil while nothing is mounted
	control          *http.Client      // asks it about its uploads
	settle           time.Duration     // how long these must be none
}

func newRclone(dir, binary string, r *rig) (*rcloneMount, error) {
	names, err := objects(r.music())
	if err != nil {
		return nil, err
	}
	m := &rcloneMount{binary: binary, dir: dir, mnt: filepath.Join(dir, "mnt"), names: names, settle: releaseLimit}
	m.control = controlOf(m.socket())
	g := r.gateway
	for _, kv := range []string{"TYPE=s3", "PROVIDER=Other", "ACCESS_KEY_ID=" + g.AccessKey, "SECRET_ACCESS_KEY=" + g.SecretKey,
		"ENDPOINT=http://" + r.link.Addr(), "REGION=" + g.Region, "FORCE_PATH_STYLE=true", "NO_CHECK_BUCKET=true"} {
		m.env = append(m.env, "RCLONE_CONFIG_BENCH_"+kv)
	}
	m.env = append(m.env, "RCLONE_CONFIG="+filepath.Join(dir, "rclone.conf"), "HOME="+dir)
	return m, errors.Join(os.MkdirAll(m.mnt, 0o755), os.WriteFile(filepath.Join(dir, "rclone.conf"), nil, 0o600))
}

// objects maps the path of each track to that of its object, by what our names of
// objects promise: the path, with twelve hexadecimal digits before the extension.
func objects(folder string) (map[string]string, error) {
	names := map[string]string{}
	object := regexp.MustCompile(`^(.*)\.[0-9a-f]{12}(\.[^.]+)$`)
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if m := object.FindStringSubmatch(name); m != nil {
			names[m[1]+m[2]] = name
		}
		return err
	})
	return names, err
}

func (m *rcloneMount) name() string { return theirs }

func (m *rcloneMount) path(of string) string {
	if name, known := m.names[of]; known {
		of = name
	}
	return filepath.Join(m.mnt, of)
}

// bare mounts with an empty cache. The time of the object stands for the file's:
// else rclone asks for each file's own with a request.
func (m *rcloneMount) bare(ctx context.Context) (took time.Duration, err error) {
	cache := filepath.Join(m.dir, "cache")
	if err := errors.Join(m.unmount(), os.RemoveAll(cache)); err != nil {
		return 0, err
	}
	if err := os.RemoveAll(m.socket()); err != nil {
		return 0, err
	}
	c := exec.Command(m.binary, "mount", fmt.Sprintf("bench:%s/%s/Music", bucket, prefix), m.mnt,
		"--vfs-cache-mode", "full", "--cache-dir", cache, "--use-server-modtime",
		"--rc", "--rc-no-auth", "--rc-addr", "unix://"+m.socket())
	c.Env = append(os.Environ(), m.env...)
	m.daemon, took, err = startDaemon(ctx, c, m.mnt)
	return took, err
}

func (m *rcloneMount) unmount() error {
	err := m.daemon.end()
	m.daemon = nil
	return err
}

func (m *rcloneMount) memory() (now, most int64, err error) { return m.daemon.memory() }
