package link_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockerfs/lockerfs/integration/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers every request with its body.
func echo(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

// open gives a link to a server with the handler, and a client that goes through it.
func open(t *testing.T, h http.HandlerFunc, o link.Options) (*link.Link, *http.Client, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o.Target = server.Listener.Addr().String()
	l, err := link.Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(transport.CloseIdleConnections)
	return l, &http.Client{Transport: transport}, "http://" + l.Addr()
}

func get(t *testing.T, c *http.Client, url string) []byte {
	t.Helper()
	r, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

// TestBytesPassIntact sends large bodies both ways on many connections at once.
func TestBytesPassIntact(t *testing.T) {
	for _, rtt := range []time.Duration{0, 20 * time.Millisecond} {
		t.Run(rtt.String(), func(t *testing.T) {
			l, client, url := open(t, echo, link.Options{RTT: rtt})
			body := noise(5<<20 + 123)
			want := sha256.Sum256(body)
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					r, err := client.Post(url, "", bytes.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					defer r.Body.Close()
					h := sha256.New()
					if _, err := io.Copy(h, r.Body); err != nil {
						t.Error(err)
					}
					if got := [32]byte(h.Sum(nil)); got != want {
						t.Error("the bytes that came back are others")
					}
				})
			}
			all.Wait()
			got := l.Traffic()
			if want := int64(4 * len(body)); got.Up < want || got.Down < want || got.Up > want+4000 || got.Down > want*101/100 {
				t.Errorf("counted %+v, each way %d bytes of body went", got, want)
			}
			if got.Requests != 4 || got.Unread != 0 {
				t.Errorf("counted %+v, want 4 requests", got)
			}
		})
	}
}

// TestDelay compares the link with itself: a request on a warm connection takes a
// round trip, one on a new connection two.
func TestDelay(t *testing.T) {
	const rtt = 60 * time.Millisecond
	l, client, url := open(t, echo, link.Options{})
	get(t, client, url)
	l.SetRTT(rtt)
	if warm := fastest(func() { get(t, client, url) }); warm < rtt || warm > rtt*3/2 {
		t.Errorf("a request takes %v over a round trip of %v", warm, rtt)
	}
	cold := fastest(func() {
		client.CloseIdleConnections()
		get(t, client, url)
	})
	if cold < 2*rtt || cold > 2*rtt*3/2 {
		t.Errorf("with a new connection a request takes %v over a round trip of %v", cold, rtt)
	}
}

// fastest gives the shortest of five times: a busy machine only makes them longer.
func fastest(f func()) time.Duration {
	best := time.Hour
	for range 5 {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	return best
}

// TestDelayTakesNothingFromTheRate: 8 MiB are 256 chunks; waiting for each would
// take 256 times the delay.
func TestDelayTakesNothingFromTheRate(t *testing.T) {
	const rtt = 100 * time.Millisecond
	body := noise(8 << 20)
	_, client, url := open(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }, link.Options{RTT: rtt})
	took := fastest(func() {
		if !bytes.Equal(get(t, client, url), body) {
			t.Error("the bytes differ")
		}
	})
	if took > 10*rtt {
		t.Errorf("8 MiB took %v over a round trip of %v", took, rtt)
	}
}

// TestRateIsShared: four connections together take as long as one with all of it.
func TestRateIsShared(t *testing.T) {
	const rate, size = 4 << 20, 256 << 10
	body := noise(size)
	l, client, url := open(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }, link.Options{Down: rate})
	start := time.Now()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { get(t, client, url) })
	}
	all.Wait()
	want := time.Duration(4 * size * float64(time.Second) / rate)
	if got := time.Since(start); got < want*9/10 {
		t.Errorf("4 × %d bytes took %v, at %d bytes a second at least %v", size, got, rate, want)
	}
	l.SetRates(0, 0)
	if got := fastest(func() { get(t, client, url) }); got > want/4 {
		t.Errorf("without a limit it takes %v", got)
	}
}

// TestRequestsAreCounted tells requests from bodies that look like requests, on a
// connection that is kept.
func TestRequestsAreCounted(t *testing.T) {
	var mu sync.Mutex // guards seen
	var seen []string
	l, client, url := open(t, echo, link.Options{Observe: func(r link.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Method+" "+r.Target+" "+r.Range)
	}})
	var want []string
	for i := range 20 {
		target := fmt.Sprintf("/a%%20b/%d?list-type=2", i)
		q, err := http.NewRequest(http.MethodPost, url+target, strings.NewReader(strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", i)))
		if err != nil {
			t.Fatal(err)
		}
		ranges := fmt.Sprintf("bytes=%d-", i)
		q.Header.Set("Range", ranges)
		r, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		want = append(want, "POST "+target+" "+ranges)
	}
	if got := l.Traffic(); got.Requests != 20 || got.Connections != 1 || got.Unread != 0 {
		t.Errorf("counted %+v, want 20 requests on 1 connection", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if got, want := strings.Join(seen, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("saw\n%s\nwant\n%s", got, want)
	}
}

func TestCloseCutsConnections(t *testing.T) {
	l, _, _ := open(t, echo, link.Options{RTT: time.Hour})
	conn, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil || isTimeout(err) {
		t.Errorf("read %d bytes, %v: want the end of the connection", n, err)
	}
}

func TestDeadTarget(t *testing.T) {
	l, err := link.Listen(link.Options{Target: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := http.Get("http://" + l.Addr()); err == nil || isTimeout(err) {
		t.Errorf("got %v, want the connection to end", err)
	}
}

func isTimeout(err error) bool {
	n, ok := err.(net.Error)
	return ok && n.Timeout()
}
