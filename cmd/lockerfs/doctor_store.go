package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/s3"
)

const (
	// storeTime bounds each question to the store, and speedTime each measured body.
	storeTime, speedTime = 20 * time.Second, 20 * time.Second
	// rounds is how many small requests the latency is of.
	rounds = 5
	// sample is the size of the body that is measured, in bytes.
	sample = 1 << 20
	// slow is less than a FLAC needs, in bytes a second.
	slow = 150_000
)

// checkStore goes to the store, and asks it for all that a locker needs.
func (x *examination) checkStore(ctx context.Context) {
	u, err := url.Parse(x.place.store)
	if err != nil {
		x.failed("store", err)
		return
	}
	if u.Scheme == "s3" && !x.checkWay(ctx, u) {
		return
	}
	store, err := x.app.openStore(ctx, u, x.place.credentials)
	if err != nil {
		x.failed("store", err)
		return
	}
	if c, ok := store.(io.Closer); ok {
		defer c.Close()
	}
	if !x.checkListing(ctx, store) {
		return
	}
	x.checkLocker(ctx, store)
	if x.checkConditions(ctx, store) {
		x.checkSpeed(ctx, store)
	}
}

// checkWay looks for the keys and the network to an S3 store.
func (x *examination) checkWay(ctx context.Context, u *url.URL) bool {
	c, err := s3.ParseURL(u)
	if err != nil {
		x.failed("store", err)
		return false
	}
	c.Credentials = first(c.Credentials, x.place.credentials)
	short, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	id, err := s3.FindIdentity(short, c)
	left := time.Until(id.Expires).Round(time.Minute)
	switch {
	case err != nil:
		x.failed("credentials", err)
	case !id.Expires.IsZero() && left < time.Hour:
		x.warn("credentials", "sign on again, or give lockerfs keys of its own: credentials = \"FILE\" in the config", "from %s, which end in %v", id.Source, left)
	default:
		x.ok("credentials", "from %s", id.Source)
	}
	return id.Address != nil && x.checkNetwork(ctx, id.Address) && err == nil
}

func (x *examination) checkListing(ctx context.Context, store remote.Store) bool {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if _, err := store.List(ctx, "", "", 1); err != nil {
		x.failed("list", err)
		return false
	}
	x.ok("list", "%s can be listed", shortStore(x.place.store))
	return true
}

func (x *examination) checkLocker(ctx context.Context, store remote.Store) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	format, err := catalog.ReadFormat(ctx, store)
	if err != nil {
		x.failed("locker", err)
		return
	}
	x.ok("locker", "%s", format.Locker)
}

// checkConditions tries to write, and gives whether that may be done.
func (x *examination) checkConditions(ctx context.Context, store remote.Store) bool {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	found, err := remote.Probe(ctx, store, probePrefix)
	switch {
	case errors.Is(err, remote.ErrDenied):
		x.warn("write", "give these credentials the rights to put and delete objects, to change the locker", "%s may not be written to: it mounts read-only", shortStore(x.place.store))
		return false
	case err != nil:
		x.failed("write", err)
		return false
	case !found.Shareable():
		x.warn("conditions", "use one device only, or a store that enforces If-None-Match", "conditional writes are %s", found.Create)
	default:
		x.ok("conditions", "conditional writes are enforced: several devices may share the locker")
	}
	return true
}

// checkSpeed measures the way to the store with one body each way, which is removed
// again, and a few small requests.
func (x *examination) checkSpeed(ctx context.Context, store remote.Store) {
	m, err := measure(ctx, store)
	if err != nil {
		x.failed("speed", err)
		return
	}
	says := fmt.Sprintf("a round trip takes %s, %s/s up, %s/s down", milliseconds(m.latency), humanSize(m.up), humanSize(m.down))
	if m.down < slow {
		x.warn("speed", "pin what you want to hear while the link is idle: lockerfs pin", "%s: less than a FLAC needs", says)
		return
	}
	x.ok("speed", "%s", says)
}

// measured is how fast a store is: bytes a second, and the median of small requests.
type measured struct {
	up, down int64
	latency  time.Duration
}

func measure(ctx context.Context, store remote.Store) (m measured, err error) {
	ctx, cancel := context.WithTimeout(ctx, speedTime)
	defer cancel()
	key := probePrefix + rand.Text()
	body := make([]byte, sample)
	_, _ = rand.Read(body) // never fails
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
		defer cancel()
		err = errors.Join(err, store.Delete(last, key))
	}()
	began := time.Now()
	if _, err := store.Put(ctx, key, io.NewSectionReader(bytes.NewReader(body), 0, sample), remote.PutOptions{}); err != nil {
		return m, err
	}
	m.up = rateSince(began)
	var took []time.Duration
	for range rounds {
		began := time.Now()
		if _, err := store.Head(ctx, key); err != nil {
			return m, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	m.latency = took[len(took)/2]
	began = time.Now()
	answer, _, err := store.Get(ctx, key, remote.Range{}, "")
	if err != nil {
		return m, err
	}
	defer answer.Close()
	got, err := io.ReadAll(io.LimitReader(answer, sample+1))
	m.down = rateSince(began)
	if err == nil && !bytes.Equal(got, body) {
		err = fmt.Errorf("%w: %d bytes were put and others came back", remote.ErrCorrupt, sample)
	}
	return m, err
}

func rateSince(began time.Time) int64 {
	return int64(float64(sample) / max(time.Since(began), time.Microsecond).Seconds())
}
