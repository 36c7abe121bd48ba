package main

import (
	"log/slog"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// A cache leaves room on the disk for others, and one without a size has one all the same.
func TestCacheKeepsAFloor(t *testing.T) {
	for _, size := range []int64{0, 10 << 20} {
		p := testPlace(t)
		p.cacheSize = size
		c, err := openCache(p, remotetest.NewMemory(), nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		var got cache.Stats
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if got = c.Stats(); !got.Counting || time.Now().After(end) {
				break
			}
		}
		if got.Counting || got.Floor <= 0 || got.Limit <= 0 || size > 0 && got.Limit != size {
			t.Errorf("cache size %d: %+v", size, got)
		}
	}
}
