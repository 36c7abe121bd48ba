package s3

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// maxS3Key is S3's limit on a key in bytes.
const maxS3Key = 1024

// Config says which bucket, where, and with whose rights.
type Config struct {
	// Bucket is the bucket's name.
	Bucket string
	// Prefix is put before every key. It is a folder: "home" and "home/" are the same.
	Prefix string
	// Endpoint is the URL of a server that is not AWS; empty for AWS.
	Endpoint string
	// Region of the bucket; empty takes the profile's, else us-east-1.
	Region string
	// Profile of the AWS configuration files; empty takes AWS_PROFILE, else default.
	Profile string
	// Credentials is a shared-credentials file to be used instead of the AWS chain.
	// Others must not be able to read it.
	Credentials string
	// PathStyle puts the bucket in the path and not in the host name; nil does so
	// for every Endpoint, where names of buckets seldom resolve.
	PathStyle *bool
	// Stall is how long a body may make no progress; 0 means 10 s.
	Stall time.Duration
}

// ParseURL reads
//
//	s3://bucket/prefix?endpoint=http://127.0.0.1:7070&region=us-east-1&profile=NAME&credentials=FILE&path_style=true
//
// of which only the bucket is required. Secrets have no place in it. Any error is
// [remote.ErrInvalid].
func ParseURL(u *url.URL) (Config, error) {
	c, err := parseURL(u)
	if err != nil {
		return Config{}, fmt.Errorf("store %s: %w: %w", u.Redacted(), remote.ErrInvalid, err)
	}
	return c, nil
}

func parseURL(u *url.URL) (Config, error) {
	switch {
	case u.Scheme != "s3":
		return Config{}, fmt.Errorf("the scheme is not s3")
	case u.User != nil:
		return Config{}, fmt.Errorf("credentials do not belong in a URL: use a profile, the environment or a file (credentials=FILE)")
	case u.Fragment != "":
		return Config{}, fmt.Errorf("a # in the prefix must be written %%23")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Config{}, err
	}
	c := Config{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	for name, values := range query {
		if len(values) != 1 {
			return Config{}, fmt.Errorf("parameter %s is given %d times", name, len(values))
		}
		if err := c.set(name, values[0]); err != nil {
			return Config{}, err
		}
	}
	return c, c.check()
}

func (c *Config) set(name, value string) error {
	switch name {
	case "endpoint":
		c.Endpoint = value
	case "region":
		c.Region = value
	case "profile":
		c.Profile = value
	case "credentials":
		c.Credentials = value
	case "path_style":
		on, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("parameter path_style is true or false, not %q", value)
		}
		c.PathStyle = &on
	default:
		return fmt.Errorf("unknown parameter %q (known: endpoint, region, profile, credentials, path_style)", name)
	}
	return nil
}

func (c Config) check() error {
	if c.Bucket == "" {
		return fmt.Errorf("no bucket is named")
	}
	if strings.ContainsAny(c.Bucket, "/:?#@ ") {
		return fmt.Errorf("%q is no name of a bucket", c.Bucket)
	}
	if p := strings.Trim(c.Prefix, "/"); p != "" && !remote.ValidKey(p) || len(p)+1 > maxS3Key-remote.MaxKey {
		return fmt.Errorf("prefix %q is longer than %d bytes or has empty parts", p, maxS3Key-remote.MaxKey-1)
	}
	if c.Endpoint == "" {
		return nil
	}
	e, err := url.Parse(c.Endpoint)
	if err != nil || e.Host == "" || e.Scheme != "http" && e.Scheme != "https" || e.User != nil || e.RawQuery != "" || e.Fragment != "" {
		return fmt.Errorf("endpoint %q is not a URL like https://s3.example.com", c.Endpoint)
	}
	return nil
}

// folder gives the prefix as it stands before keys: empty, or ending in a slash.
func (c Config) folder() string {
	if p := strings.Trim(c.Prefix, "/"); p != "" {
		return p + "/"
	}
	return ""
}
