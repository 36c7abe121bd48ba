package cache

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// TestSlowIsNotAway: a read that waits longer than the timeout gets its bytes as long as
// some arrive, its own or others', and an error only when its time is up, six times that.
func TestSlowIsNotAway(t *testing.T) {
	for name, c := range map[string]struct {
		others bool          // bytes of another object arrive meanwhile
		own    int           // bytes of its own that arrive every 8 s
		after  int           // but not these first times
		in     time.Duration // in which the read gets its bytes; 0: not at all
	}{
		"its own come slowly":  {own: 30, in: 32 * time.Second},
		"others are first":     {others: true, own: 100, after: 4, in: 40 * time.Second},
		"only others ever are": {others: true},
		"far too slow":         {own: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newStore(t), t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				slow, other := s.put("slow", 2*blockSize), s.put("other", 4*blockSize)
				cache := openCache(t, s, dir, plenty)
				first, second := newTap(), newTap()
				s.then(first.answer)
				h := acquire(t, cache, slow)
				began := time.Now()
				read := readAsync(t.Context(), s, h, 0, 100)
				<-first.asked
				s.then(second.answer)
				o := acquire(t, cache, other)
				also := readAsync(t.Context(), s, o, 0, 100)
				<-second.asked
				go func() {
					for i := range 12 {
						time.Sleep(8 * time.Second)
						if c.others {
							second.more <- 1
						}
						if i >= c.after {
							first.more <- c.own
						}
					}
				}()
				err := <-read
				if took := time.Since(began); c.in > 0 && (err != nil || took != c.in) {
					t.Errorf("got %v after %v", err, took)
				} else if c.in == 0 && (!errors.Is(err, remote.ErrOffline) || took > lenience*DefaultTimeout) {
					t.Errorf("got %v after %v", err, took)
				}
				second.flood()
				<-also
				time.Sleep(2 * time.Minute)
			})
		})
	}
}
