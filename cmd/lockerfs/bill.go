package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// tally is what a store was asked for in a month. Stores charge by it.
type tally struct {
	// Month is like 2026-11, UTC as on bills.
	Month string `json:"month"`
	// Writes are puts, parts of them, and listings; Reads gets and heads. Deleting is free
	// everywhere.
	Writes int64 `json:"writes"`
	Reads  int64 `json:"reads"`
	// Up and Down are bytes of bodies.
	Up   int64 `json:"up"`
	Down int64 `json:"down"`
	// Dollars is what that costs by the store's list price, without what is free of each
	// month; nil where the price is not known.
	Dollars *float64 `json:"dollars,omitempty"`
}

// price is a store's list price in dollars: of 1,000 writes and reads, and of a GB that
// leaves it for the internet.
type price struct{ writes, reads, gigabyte float64 }

// prices are those of November 2026, by the end of the endpoint's host.
var prices = map[string]price{
	"amazonaws.com":            {0.005, 0.0004, 0.09},
	"r2.cloudflarestorage.com": {0.0045, 0.00036, 0},
	"backblazeb2.com":          {0, 0.0004, 0},
	"wasabisys.com":            {0, 0, 0},
	"storage.googleapis.com":   {0.005, 0.0004, 0.12},
}

// priceOf gives the price of the store at a URL.
func priceOf(store string) (price, bool) {
	u, err := url.Parse(store)
	if err != nil || u.Scheme != "s3" {
		return price{}, false
	}
	host := "s3.amazonaws.com"
	if endpoint := u.Query().Get("endpoint"); endpoint != "" {
		e, err := url.Parse(endpoint)
		if err != nil {
			return price{}, false
		}
		host = e.Hostname()
	}
	for end, p := range prices {
		if host == end || strings.HasSuffix(host, "."+end) {
			return p, true
		}
	}
	return price{}, false
}

// partSize is the size of the parts that a large body is sent in, in bytes: each is a
// write.
const partSize = 8 << 20

// bill counts what passes to a store. It is a remote.Store.
type bill struct {
	remote.Store
	file string // where the counts of the month are kept
	now  func() time.Time

	mu  sync.Mutex // guards sum; taken alone
	sum tally
}

// openBill goes on with the counts of the month, if they can be read: they are worth no
// error.
func openBill(s remote.Store, state string) *bill {
	b := &bill{Store: s, file: filepath.Join(state, "requests.json"), now: time.Now}
	if text, err := os.ReadFile(b.file); err == nil {
		_ = json.Unmarshal(text, &b.sum)
	}
	return b
}

// add counts, from nothing when a new month has begun.
func (b *bill) add(writes, reads, up, down int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if month := b.now().UTC().Format("2006-01"); month != b.sum.Month {
		b.sum = tally{Month: month}
	}
	b.sum.Writes += writes
	b.sum.Reads += reads
	b.sum.Up += up
	b.sum.Down += down
}

// month gives the counts, and their price for the store at a URL.
func (b *bill) month(store string) *tally {
	b.add(0, 0, 0, 0)
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.sum
	if p, known := priceOf(store); known {
		dollars := float64(t.Writes)/1000*p.writes + float64(t.Reads)/1000*p.reads + float64(t.Down)/1e9*p.gigabyte
		t.Dollars = &dollars
	}
	return &t
}

// save keeps the counts. A crash costs those since the last time.
func (b *bill) save() error {
	b.mu.Lock()
	text, err := json.Marshal(b.sum)
	b.mu.Unlock()
	if err != nil {
		return err
	}
	fresh := b.file + ".new"
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, b.file)
}

// saveEvery is how often counts are kept.
const saveEvery = 5 * time.Minute

// keep saves now and then until ctx ends.
func (b *bill) keep(ctx context.Context) {
	for rest(ctx, saveEvery) == nil {
		_ = b.save() // the next may go better
	}
}

// Get is remote.Getter.
func (b *bill) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	b.add(0, 1, 0, 0)
	body, obj, err := b.Store.Get(ctx, key, r, ifMatch)
	if err != nil {
		return nil, obj, err
	}
	return &billed{body, b}, obj, nil
}

// billed is a body whose bytes are counted.
type billed struct {
	io.ReadCloser
	bill *bill
}

func (b *billed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bill.add(0, 0, 0, int64(n))
	return n, err
}

// Head is remote.Header.
func (b *bill) Head(ctx context.Context, key string) (remote.Object, error) {
	b.add(0, 1, 0, 0)
	return b.Store.Head(ctx, key)
}

// Put is remote.Putter.
func (b *bill) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	writes, size := int64(1), int64(0)
	if body != nil {
		if size = body.Size(); size > 2*partSize {
			writes = size/partSize + 3 // its begin and end too
		}
	}
	b.add(writes, 0, size, 0)
	return b.Store.Put(ctx, key, body, o)
}

// List is remote.Lister.
func (b *bill) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	b.add(1, 0, 0, 0)
	return b.Store.List(ctx, prefix, after, limit)
}

// text is the month for people; empty where nothing was asked for.
func (t *tally) text() string {
	if t == nil || t.Writes+t.Reads == 0 {
		return ""
	}
	line := fmt.Sprintf("this month %s, %s down, %s up", count(t.Writes+t.Reads, "request", "requests"), humanSize(t.Down), humanSize(t.Up))
	switch {
	case t.Dollars == nil:
	case *t.Dollars < 0.01:
		line += ", less than a cent"
	default:
		line += fmt.Sprintf(", about %.2f dollars", *t.Dollars)
	}
	return line + "\n"
}
