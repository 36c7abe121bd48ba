package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestBill(t *testing.T) {
	dir := t.TempDir()
	b := openBill(remotetest.NewMemory(), dir)
	november := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	b.now = func() time.Time { return november }
	put := func(n int) {
		t.Helper()
		body := io.NewSectionReader(bytes.NewReader(make([]byte, n)), 0, int64(n))
		if _, err := b.Put(t.Context(), "k", body, remote.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	put(1000)
	put(20 << 20)
	body, _, err := b.Get(t.Context(), "k", remote.Range{Length: 5000}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Fatal(err)
	}
	body.Close()
	if _, err := b.Head(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.List(t.Context(), "", "", 0); err != nil {
		t.Fatal(err)
	}
	want := tally{Month: "2026-11", Writes: 1 + 5 + 1, Reads: 2, Up: 1000 + 20<<20, Down: 5000}
	if got := *b.month("file:///x"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := b.save(); err != nil {
		t.Fatal(err)
	}
	again := openBill(remotetest.NewMemory(), dir)
	again.now = b.now
	if got := *again.month("file:///x"); got != want {
		t.Errorf("after a restart %+v", got)
	}
	again.now = func() time.Time { return november.Add(2 * time.Hour) }
	if got := *again.month("file:///x"); got != (tally{Month: "2026-12"}) {
		t.Errorf("in December %+v", got)
	}
}

func TestPrices(t *testing.T) {
	for store, known := range map[string]bool{
		"s3://b": true, "s3://b?region=eu-central-1": true, "s3://b?endpoint=https%3A%2F%2Fabc.r2.cloudflarestorage.com": true,
		"s3://b?endpoint=https%3A%2F%2Fs3.eu-central-003.backblazeb2.com": true, "s3://b?endpoint=http%3A%2F%2F127.0.0.1%3A9000": false,
		"s3://b?endpoint=https%3A%2F%2Fnotamazonaws.com": false, "file:///x": false,
	} {
		if _, got := priceOf(store); got != known {
			t.Errorf("%s: known %v", store, got)
		}
	}
	t1 := &tally{Writes: 2000, Reads: 10000, Down: 3e9}
	p, _ := priceOf("s3://b")
	if cost := float64(t1.Writes)/1000*p.writes + float64(t1.Reads)/1000*p.reads + 3*p.gigabyte; cost < 0.28 || cost > 0.29 {
		t.Errorf("%v dollars", cost)
	}
	dollars := 0.284
	t1.Dollars = &dollars
	if got := t1.text(); !strings.Contains(got, "12,000 requests, 3.0 GB down") || !strings.Contains(got, "about 0.28 dollars") {
		t.Error(got)
	}
}
