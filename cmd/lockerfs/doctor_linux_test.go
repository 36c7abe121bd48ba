package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// examined runs checks and gives their findings as lines.
func examined(t *testing.T, checks func(x *examination)) string {
	t.Helper()
	var said bytes.Buffer
	checks(&examination{app: &app{out: &said, err: io.Discard}})
	return said.String()
}

// answering is a server that answers as a store might, or as something in its place.
func answering(t *testing.T, secure bool, answer func(w http.ResponseWriter)) *url.URL {
	t.Helper()
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) })
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = nil
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestDoctorClock(t *testing.T) {
	for name, c := range map[string]struct {
		off  time.Duration
		want string
	}{
		"right":         {0, "ok    clock         agrees"},
		"a bit":         {3 * time.Second, "ok    clock         agrees"},
		"behind":        {5 * time.Minute, "warn  clock         this machine's clock is 5m"},
		"far behind":    {time.Hour, "fail  clock         this machine's clock is 1h"},
		"a day too far": {-24 * time.Hour, "ahead: S3 refuses"},
	} {
		u := answering(t, false, func(w http.ResponseWriter) {
			w.Header().Set("Date", time.Now().Add(c.off).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusForbidden)
		})
		if got := examined(t, func(x *examination) { x.checkNetwork(t.Context(), u) }); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestDoctorNetwork(t *testing.T) {
	portal := answering(t, false, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html>Please log in</html>"))
	})
	if got := examined(t, func(x *examination) { x.checkNetwork(t.Context(), portal) }); !strings.Contains(got, "warn  HTTP          a web page answers with 200") {
		t.Errorf("a captive portal: got %s", got)
	}
	stranger := answering(t, true, func(http.ResponseWriter) {})
	if got := examined(t, func(x *examination) { x.checkNetwork(t.Context(), stranger) }); !strings.Contains(got, "fail  TLS") || !strings.Contains(got, "check the clock") {
		t.Errorf("a certificate of nobody's: got %s", got)
	}
	plain := answering(t, false, func(http.ResponseWriter) {})
	plain.Scheme = "https"
	if got := examined(t, func(x *examination) { x.checkNetwork(t.Context(), plain) }); !strings.Contains(got, "fail  TLS") || !strings.Contains(got, "http://") {
		t.Errorf("no TLS there: got %s", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := examined(t, func(x *examination) { x.checkNetwork(ctx, portal) }); !strings.Contains(got, "fail  TCP") {
		t.Errorf("nobody waits: got %s", got)
	}
}

func TestDoctorAllowOther(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "fuse.conf")
	for text, want := range map[string]string{"": "fail", "#user_allow_other\n": "fail", "mount_max = 1\n user_allow_other\n": "ok"} {
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := examined(t, func(x *examination) { x.checkAllowOther(conf) }); !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %s", text, got)
		}
	}
}

func TestKernelSince(t *testing.T) {
	for release, want := range map[string]bool{"6.18.0": true, "6.9.0-rc1": true, "6.9-arch": true, "7.0": true, "6.8.12-generic": false, "5.15.0": false, "": false, "6": false} {
		if got := since(release, 6, 9); got != want {
			t.Errorf("%q: got %v, want %v", release, got, want)
		}
	}
}
