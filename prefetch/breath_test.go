package prefetch

import (
	"testing"
	"time"
)

// TestLittleByLittle: who reads a little and rests, again and again, listens, though no
// rest is long; who reads on as fast as it comes does not.
func TestLittleByLittle(t *testing.T) {
	for _, tc := range []struct {
		rest time.Duration
		want Behaviour
	}{{300 * time.Millisecond, Play}, {20 * time.Millisecond, Unknown}} {
		p := New(nil, nil, nil, Options{})
		now := time.Unix(1000, 0)
		p.Open(Opened{Handle: 1, Process: Process{1, "x"}, Kind: Audio, Track: Track{File: 1, Size: 30 << 20, AudioFrom: 4096, AudioTo: 30 << 20}}, now)
		for i := range int64(10) {
			p.Read(1, 10<<20+i<<16, 1<<16, now)
			p.Served(1, now.Add(time.Millisecond))
			now = now.Add(tc.rest)
		}
		h := p.handles[1]
		if is := h.judge(now); is != tc.want {
			t.Errorf("rests of %v: %v, want %v", tc.rest, is, tc.want)
		}
	}
}
