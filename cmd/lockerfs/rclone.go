package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
)

// rcloneRemote is one section of an rclone.conf: the options of rclone's s3 backend
// by their names there (https://rclone.org/s3/).
type rcloneRemote map[string]string

// maxRclone bounds an rclone.conf, in bytes.
const maxRclone = 4 << 20

func rclonePath() string {
	if p := os.Getenv("RCLONE_CONFIG"); p != "" {
		return p
	}
	return filepath.Join(xdg.ConfigHome, "rclone", "rclone.conf")
}

// readRclone reads one remote of an rclone.conf.
func readRclone(path, name string) (rcloneRemote, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fault{code: exitUsage, cause: fmt.Sprintf("there is no rclone configuration at %s", path), next: "set RCLONE_CONFIG to the path of rclone.conf (rclone config file shows it)"}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	remotes, err := parseRclone(io.LimitReader(f, maxRclone))
	if err != nil {
		return nil, &fault{code: exitUsage, cause: fmt.Sprintf("%s: %v", path, err), next: "lockerfs init s3://bucket"}
	}
	r, ok := remotes[name]
	if !ok {
		return nil, &fault{code: exitUsage, cause: fmt.Sprintf("%s has no remote %q", path, name), next: "rclone listremotes"}
	}
	return r, nil
}

var errEncrypted = errors.New("the file is encrypted")

// parseRclone reads the INI form that rclone writes: sections, key = value, and
// comments that begin a line with # or ;.
func parseRclone(r io.Reader) (map[string]rcloneRemote, error) {
	remotes := map[string]rcloneRemote{}
	var here rcloneRemote
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case strings.HasPrefix(line, "RCLONE_ENCRYPT_V0:"):
			return nil, errEncrypted
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line[0] == '[' && line[len(line)-1] == ']':
			here = rcloneRemote{}
			remotes[line[1:len(line)-1]] = here
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || here == nil {
			return nil, fmt.Errorf("line %d is neither a [remote] nor key = value", n)
		}
		here[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return remotes, lines.Err()
}

// storeURL gives the URL of bucket[/prefix] at the remote.
func (r rcloneRemote) storeURL(bucket string) (string, error) {
	if r["type"] != "s3" {
		return "", &fault{code: exitUsage, cause: fmt.Sprintf("the rclone remote is of type %q; only s3 can hold a locker", r["type"]), next: "name the s3 remote beneath it, or lockerfs init s3://bucket"}
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(bucket, "/"), "/")
	if bucket == "" {
		return "", &fault{code: exitUsage, cause: "no bucket is named", next: "lockerfs init --from-rclone REMOTE:BUCKET"}
	}
	endpoint := r["endpoint"]
	if endpoint == "" && r["provider"] != "" && r["provider"] != "AWS" {
		return "", &fault{code: exitUsage, cause: fmt.Sprintf("the rclone remote (%s) names no endpoint", r["provider"]), next: "lockerfs init 's3://bucket?endpoint=https://…'"}
	}
	if endpoint != "" && !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	query := url.Values{}
	set := func(name, value string) {
		if value != "" {
			query.Set(name, value)
		}
	}
	set("endpoint", endpoint)
	set("region", r["region"])
	if r["force_path_style"] == "false" {
		set("path_style", "false")
	}
	if !r.hasKeys() {
		set("profile", r["profile"])
	}
	u := url.URL{Scheme: "s3", Host: bucket, RawQuery: query.Encode()}
	if prefix != "" {
		u.Path = "/" + prefix
	}
	return u.String(), nil
}

// hasKeys tells whether the remote holds the keys itself. With env_auth rclone
// takes them from the environment, as the AWS chain does.
func (r rcloneRemote) hasKeys() bool {
	return r["env_auth"] != "true" && r["access_key_id"] != "" && r["secret_access_key"] != ""
}

// credentials gives the keys in the form of an AWS shared credentials file.
func (r rcloneRemote) credentials() string {
	var b strings.Builder
	b.WriteString("[default]\n")
	fmt.Fprintf(&b, "aws_access_key_id = %s\naws_secret_access_key = %s\n", r["access_key_id"], r["secret_access_key"])
	if token := r["session_token"]; token != "" {
		fmt.Fprintf(&b, "aws_session_token = %s\n", token)
	}
	return b.String()
}
