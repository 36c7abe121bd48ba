package cache

import (
	"testing"
	"time"
)

// The hash of a foreign object is learned once all of it is here, and told once; of our
// own objects it is known.
func TestForeignObjectsAreHashedWhenWhole(t *testing.T) {
	s := newStore(t)
	told := make(chan Object, 10)
	c := openCache(t, s, t.TempDir(), plenty, func(o *Options, _ *tuning) { o.Learned = func(obj Object) { told <- obj } })
	foreign := s.put("foreign", 3*blockSize)
	sum := foreign.SHA256
	foreign.SHA256, foreign.Foreign = [32]byte{}, true
	h := acquire(t, c, foreign)
	wantAll(t, s, h)
	var o Object
	select {
	case o = <-told:
	case <-time.After(20 * time.Second):
		t.Fatal("its hash was never told")
	}
	if o.Key != "foreign" || o.ETag != foreign.ETag || o.SHA256 != sum {
		t.Errorf("got %+v, want the hash %x", o, sum)
	}
	eventually(t, "it counts as verified", func() bool { return verified(h) })
	// The catalog has the hash from then on.
	foreign.SHA256 = sum
	wantAll(t, s, acquire(t, c, foreign))
	ours := s.put("ours", 2*blockSize)
	wantAll(t, s, acquire(t, c, ours))
	if len(told) > 0 {
		t.Errorf("told again of %s", (<-told).Key)
	}
}
