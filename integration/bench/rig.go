package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

const (
	bucket = "bench"
	prefix = "home"
)

// rig is an S3 server behind a link, and what has passed over it.
type rig struct {
	gateway *remotetest.Gateway
	link    *link.Link
	// store is the URL of the locker, through the link.
	store string

	mu    sync.Mutex // guards the fields below; taken alone
	is    wire
	work  string // what is being measured, for the log
	files int64  // requests for the content of files
	packs int64  // requests for scan packs
	lines strings.Builder
	keep  bool
	began time.Time
}

func newRig(ctx context.Context, dir, versitygw string, keepLog bool) (*rig, error) {
	folder := filepath.Join(dir, "store")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	g, err := remotetest.RunGateway(ctx, remotetest.GatewayOptions{Folder: folder, Binary: versitygw})
	if err != nil {
		return nil, err
	}
	r := &rig{gateway: g, keep: keepLog, began: time.Now()}
	if err := g.MakeBucket(bucket); err != nil {
		g.Stop()
		return nil, err
	}
	if r.link, err = link.Listen(link.Options{Target: strings.TrimPrefix(g.Endpoint, "http://"), Observe: r.observe}); err != nil {
		g.Stop()
		return nil, err
	}
	q := url.Values{"endpoint": {"http://" + r.link.Addr()}, "region": {g.Region}}
	r.store = (&url.URL{Scheme: "s3", Host: bucket, Path: "/" + prefix, RawQuery: q.Encode()}).String()
	return r, nil
}

func (r *rig) stop() {
	_ = r.link.Close() // its listener at worst had gone already
	r.gateway.Stop()
}

func (r *rig) observe(q link.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case forFile(q.Target):
		r.files++
	case strings.Contains(q.Target, "/.lockerfs/scan/"):
		r.packs++
	}
	if r.keep {
		fmt.Fprintf(&r.lines, "%10.4f %-46s %-6s %-26s %s\n", q.Time.Sub(r.began).Seconds(), r.work, q.Method, q.Range, q.Target)
	}
}

// forFile tells whether a request is about an object of a file, and not about the
// catalog.
func forFile(target string) bool {
	u, err := url.ParseRequestURI(target)
	return err == nil && !u.Query().Has("list-type") && !strings.Contains(u.Path, "/.lockerfs/")
}

// wire is how the link is.
type wire struct {
	rtt  time.Duration
	rate int64 // bits a second each way, 0 without limit
}

func (w wire) String() string {
	switch {
	case w == wire{}:
		return "no delay, no limit"
	case w.rate == 0:
		return fmt.Sprintf("RTT %v", w.rtt)
	}
	return fmt.Sprintf("RTT %v, %d Mbit/s", w.rtt, w.rate/1e6)
}

// set makes the link so from now on.
func (r *rig) set(w wire) {
	r.link.SetRTT(w.rtt)
	r.link.SetRates(w.rate/8, w.rate/8)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.is = w
}

// wire gives how the link was made last.
func (r *rig) wire() wire {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.is
}

// music gives the folder on this machine that the objects of files lie in.
func (r *rig) music() string { return filepath.Join(r.gateway.BucketFolder(bucket), prefix, "Music") }

// now names what is measured from here on.
func (r *rig) now(work string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.work = work
}

func (r *rig) log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines.String()
}

// traffic is what passed over the link in some work.
type traffic struct {
	Requests     int64 `json:"requests"`
	FileRequests int64 `json:"file_requests"` // of these, for the content of files
	PackRequests int64 `json:"pack_requests"` // and for scan packs
	Down         int64 `json:"bytes_down"`
	Up           int64 `json:"bytes_up"`
}

func (r *rig) traffic() traffic {
	t := r.link.Traffic()
	r.mu.Lock()
	defer r.mu.Unlock()
	return traffic{Requests: t.Requests, FileRequests: r.files, PackRequests: r.packs, Down: t.Down, Up: t.Up}
}

// since gives what passed after an earlier traffic.
func (r *rig) since(t traffic) *traffic {
	n := r.traffic()
	return &traffic{Requests: n.Requests - t.Requests, FileRequests: n.FileRequests - t.FileRequests, PackRequests: n.PackRequests - t.PackRequests,
		Down: n.Down - t.Down, Up: n.Up - t.Up}
}

// quiet waits until nothing passes any more: for three round trips and a bit, which
// is longer than an answer takes. It gives up waiting after ten seconds.
func (r *rig) quiet(ctx context.Context) error {
	still := 3*r.link.RTT() + 100*time.Millisecond
	last, since := r.link.Traffic(), time.Now()
	for end := since.Add(10 * time.Second); time.Since(since) < still && time.Now().Before(end); {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
		if now := r.link.Traffic(); now != last {
			last, since = now, time.Now()
		}
	}
	return nil
}

// roundTrips times requests of nothing on a warm connection: what the link and the
// server take by themselves.
func (r *rig) roundTrips(ctx context.Context, n int) ([]time.Duration, error) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	var times []time.Duration
	for i := range n + 1 {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.link.Addr()+"/health", nil)
		if err != nil {
			return nil, err
		}
		start := time.Now()
		answer, err := transport.RoundTrip(q)
		if err != nil {
			return nil, err
		}
		took := time.Since(start)
		// Read to its end, so that the connection is kept.
		_, err = io.Copy(io.Discard, answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return nil, err
		}
		if i > 0 { // the first opens the connection
			times = append(times, took)
		}
	}
	return times, nil
}

// objectsIn counts the objects in a folder of the catalog: commits in log, scan packs
// in scan.
func (r *rig) objectsIn(folder string) (int, error) {
	entries, err := os.ReadDir(filepath.Join(r.gateway.BucketFolder(bucket), prefix, ".lockerfs", folder))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // it is made with the first
	}
	return len(entries), err
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// more adds what passed.
func (t *traffic) more(by *traffic) {
	t.Requests, t.FileRequests, t.PackRequests = t.Requests+by.Requests, t.FileRequests+by.FileRequests, t.PackRequests+by.PackRequests
	t.Down, t.Up = t.Down+by.Down, t.Up+by.Up
}
