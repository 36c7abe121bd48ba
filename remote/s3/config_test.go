package s3_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/s3"
)

func TestParseURL(t *testing.T) {
	off := false
	for text, want := range map[string]s3.Config{
		"s3://b":                       {Bucket: "b"},
		"s3://b/":                      {Bucket: "b"},
		"s3://b/home/pre%20fix/":       {Bucket: "b", Prefix: "home/pre fix"},
		"s3://b?path_style=false":      {Bucket: "b", PathStyle: &off},
		"s3://b/p?region=eu-west-1":    {Bucket: "b", Prefix: "p", Region: "eu-west-1"},
		"s3://b?endpoint=https://h:1/": {Bucket: "b", Endpoint: "https://h:1/"},
		"s3://b/p?endpoint=http://127.0.0.1:7070&region=us-east-1&profile=home&credentials=/etc/keys": {
			Bucket: "b", Prefix: "p", Endpoint: "http://127.0.0.1:7070", Region: "us-east-1", Profile: "home", Credentials: "/etc/keys"},
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s3.ParseURL(u)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v, -want +got:\n%s", text, err, diff)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"http://b":                           "scheme",
		"s3:///prefix":                       "bucket",
		"s3://b:80":                          "bucket",
		"s3://key:secret@b":                  "credentials do not belong",
		"s3://b/a//b":                        "prefix",
		"s3://b/../c":                        "prefix",
		"s3://b/" + strings.Repeat("x", 200): "prefix",
		"s3://b/music#1":                     "%23",
		"s3://b?endpint=http://h":            `"endpint"`,
		"s3://b?endpoint=h:7070":             "https://s3.example.com",
		"s3://b?endpoint=ftp://h":            "https://s3.example.com",
		"s3://b?path_style=maybe":            "true or false",
		"s3://b?region=a&region=b":           "2 times",
		"s3://b?region=%zz":                  "%zz",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s3.ParseURL(u)
		if !errors.Is(err, remote.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want ErrInvalid that says %q", text, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells the secret: %v", text, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("s3://bucket/prefix?endpoint=http://127.0.0.1:7070&path_style=true")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		if c, err := s3.ParseURL(u); err == nil && c.Bucket == "" {
			t.Errorf("%q names no bucket", text)
		}
	})
}

func writeKeys(t *testing.T, mode os.FileMode, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "credentials")
	if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.Chmod(file, mode)); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCredentialsFile(t *testing.T) {
	isolate(t)
	const keys = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n[home]\naws_access_key_id = c\naws_secret_access_key = d\n"
	for name, c := range map[string]struct {
		file, profile, says string
	}{
		"good":           {writeKeys(t, 0o600, keys), "", ""},
		"read-only":      {writeKeys(t, 0o400, keys), "home", ""},
		"group can read": {writeKeys(t, 0o640, keys), "", "chmod 600"},
		"all can read":   {writeKeys(t, 0o604, keys), "", "chmod 600"},
		"no profile":     {writeKeys(t, 0o600, keys), "work", "work"},
		"no keys":        {writeKeys(t, 0o600, "[default]\n"), "", "no keys"},
		"no file":        {"/no/such/file", "", "no such file"},
	} {
		_, err := s3.Open(t.Context(), s3.Config{Bucket: "b", Credentials: c.file, Profile: c.profile})
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, remote.ErrDenied) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want ErrDenied that says %q", name, err, c.says)
		}
	}
}

func TestNoCredentials(t *testing.T) {
	isolate(t)
	s, err := s3.Open(t.Context(), s3.Config{Bucket: "b", Endpoint: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = s.Head(t.Context(), "k")
	if !errors.Is(err, remote.ErrDenied) || !strings.Contains(err.Error(), "AWS_PROFILE") {
		t.Errorf("got %v, want ErrDenied with advice", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v to find no credentials", took)
	}
}

func TestUnknownProfile(t *testing.T) {
	isolate(t)
	_, err := s3.Open(t.Context(), s3.Config{Bucket: "b", Profile: "no-such-profile"})
	if !errors.Is(err, remote.ErrDenied) || !strings.Contains(err.Error(), "no-such-profile") {
		t.Errorf("got %v, want ErrDenied that names the profile", err)
	}
}
