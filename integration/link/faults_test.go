package link_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

// faulty gives a proxy before a server that serves a body with an ETag, by ranges too,
// and counts what reaches it; and a client.
func faulty(t *testing.T, body []byte) (*link.Faults, *http.Client, *atomic.Int64) {
	t.Helper()
	var reached atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		w.Header().Set("ETag", `"first"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
	t.Cleanup(server.Close)
	f, err := link.ListenFaults(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return f, &http.Client{Transport: transport}, &reached
}

// fetch gives the answer and as much of its body as comes.
func fetch(ctx context.Context, t *testing.T, c *http.Client, method, url string) (*http.Response, []byte, error) {
	t.Helper()
	q, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Do(q)
	if err != nil {
		return nil, nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r, b, err
}

// TestDeeds: each does what it says to the request it strikes, once, and the one after
// that is right.
func TestDeeds(t *testing.T) {
	body := noise(200_000)
	for name, c := range map[string]struct {
		do      link.Deed
		reached int64
		check   func(r *http.Response, got []byte, err error) error
	}{
		"cut":          {link.Cut(70_001), 1, ends(body[:70_001])},
		"cut at once":  {link.Cut(0), 1, ends(nil)},
		"cut too late": {link.Cut(1 << 30), 1, nil},
		"lost":         {link.Lose(), 1, func(r *http.Response, _ []byte, err error) error { return want(r == nil && err != nil) }},
		"short": {link.Short(5_000), 1, func(r *http.Response, got []byte, err error) error {
			return want(err == nil && bytes.Equal(got, body[:5_000]) && r.ContentLength == 5_000)
		}},
		"not so short": {link.Short(1 << 30), 1, whole(body)},
		"another ETag": {link.Header("ETag", `"second"`), 1, func(r *http.Response, got []byte, err error) error {
			return want(err == nil && r.Header.Get("ETag") == `"second"` && bytes.Equal(got, body))
		}},
		"busy": {link.Answer(503, "application/xml", "<Error/>"), 0, func(r *http.Response, got []byte, err error) error {
			return want(err == nil && r.StatusCode == 503 && string(got) == "<Error/>")
		}},
		"portal": {link.Answer(200, "text/html", "<html>"), 0, func(r *http.Response, _ []byte, err error) error {
			return want(err == nil && r.Header.Get("Content-Type") == "text/html" && r.Header.Get("ETag") == "")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f, client, reached := faulty(t, body)
			f.Add(link.Fault{Times: 1, Do: c.do})
			r, got, err := fetch(t.Context(), t, client, "GET", "http://"+f.Addr())
			if c.check != nil {
				if err := c.check(r, got, err); err != nil {
					t.Errorf("%v: %d bytes, %v, %+v", err, len(got), err, r)
				}
			}
			if f.Struck() != 1 || f.Left() != 0 || reached.Load() != c.reached {
				t.Errorf("it struck %d times and has %d left, %d requests reached the server", f.Struck(), f.Left(), reached.Load())
			}
			if err := whole(body)(fetch(t.Context(), t, client, "GET", "http://"+f.Addr())); err != nil {
				t.Errorf("the request after it: %v", err)
			}
		})
	}
}

func want(ok bool) error {
	if !ok {
		return errors.New("not as it should be")
	}
	return nil
}

// ends wants a start of the body and then the end of the connection. What is on its
// way when a connection is cut may be lost.
func ends(start []byte) func(*http.Response, []byte, error) error {
	return func(_ *http.Response, got []byte, err error) error {
		return want(err != nil && bytes.HasPrefix(start, got))
	}
}

func whole(body []byte) func(*http.Response, []byte, error) error {
	return func(r *http.Response, got []byte, err error) error {
		return want(err == nil && r.StatusCode == 200 && r.Header.Get("ETag") == `"first"` && bytes.Equal(got, body))
	}
}

// TestStall: what goes before it arrives, then nothing, until the client gives up or
// the fault is taken back.
func TestStall(t *testing.T) {
	body := noise(200_000)
	f, client, _ := faulty(t, body)
	f.Add(link.Fault{Do: link.Stall(1000)})
	for _, end := range []string{"the client goes", "it is cleared"} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		q, err := http.NewRequestWithContext(ctx, "GET", "http://"+f.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		start := make([]byte, 1000)
		if _, err := io.ReadFull(r.Body, start); err != nil || !bytes.Equal(start, body[:1000]) {
			t.Fatalf("what goes before the stall: %v", err)
		}
		if end == "the client goes" {
			cancel()
		} else {
			f.Clear()
		}
		if n, err := io.Copy(io.Discard, r.Body); n != 0 || err == nil {
			t.Errorf("%s: %d bytes more, %v", end, n, err)
		}
	}
	if err := whole(body)(fetch(t.Context(), t, client, "GET", "http://"+f.Addr())); err != nil {
		t.Errorf("after it was cleared: %v", err)
	}
}

// TestFaultsChoose: a fault strikes only what it is on, as often as it says, and the
// oldest goes first.
func TestFaultsChoose(t *testing.T) {
	f, client, _ := faulty(t, []byte("right"))
	onB := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/b") }
	f.Add(link.Fault{On: onB, Times: 2, Do: link.Answer(503, "text/plain", "first")})
	f.Add(link.Fault{On: onB, Do: link.Answer(503, "text/plain", "second")})
	if got := f.Left(); got != 3 {
		t.Errorf("%d are left to strike, want 2, and one that has not struck", got)
	}
	var got []string
	for _, path := range []string{"/a", "/b", "/b", "/a", "/b", "/b"} {
		_, body, err := fetch(t.Context(), t, client, "GET", "http://"+f.Addr()+path)
		got = append(got, fmt.Sprint(string(body), err))
	}
	if got, want := strings.Join(got, " "), "right<nil> first<nil> first<nil> right<nil> second<nil> second<nil>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if f.Struck() != 4 || f.Left() != 0 {
		t.Errorf("%d struck, %d left", f.Struck(), f.Left())
	}
	f.Clear()
	if _, body, err := fetch(t.Context(), t, client, "GET", "http://"+f.Addr()+"/b"); string(body) != "right" || err != nil {
		t.Errorf("after it was cleared: %q, %v", body, err)
	}
}

// TestDown: connections end and none is let in, and afterwards all is as before.
func TestDown(t *testing.T) {
	f, client, _ := faulty(t, []byte("right"))
	url := "http://" + f.Addr()
	get(t, client, url)
	f.Down(true)
	for range 3 {
		if _, _, err := fetch(t.Context(), t, client, "GET", url); err == nil {
			t.Error("it answers while it is down")
		}
	}
	f.Down(false)
	if got := get(t, client, url); string(got) != "right" {
		t.Errorf("afterwards: %q", got)
	}
}

// TestFaultsPassAsIs: what a signature covers arrives as it was sent: host, path and
// query, headers and body; and a range is answered as such.
func TestFaultsPassAsIs(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprint(r.Method, " ", r.Host, " ", r.RequestURI, " ", r.Header.Get("X-Amz-Date"), " ", r.ContentLength, " ", string(body), " ", r.Header.Get("X-Forwarded-For"))
	}))
	t.Cleanup(server.Close)
	f, err := link.ListenFaults(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	const target = "/b/a%20b/c%2Bd/%E2%82%AC+?x-id=PutObject&a=%2F"
	q, err := http.NewRequest("PUT", "http://"+f.Addr()+target, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("X-Amz-Date", "now")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r, err := transport.RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if want := "PUT " + f.Addr() + " " + target + " now 4 body "; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestServerThatEnds: the client sees the connection end, not an answer of the proxy.
func TestServerThatEnds(t *testing.T) {
	f, err := link.ListenFaults("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	if r, _, err := fetch(t.Context(), t, &http.Client{Transport: transport}, "GET", "http://"+f.Addr()); err == nil {
		t.Errorf("got %d, want the connection to end", r.StatusCode)
	}
}
