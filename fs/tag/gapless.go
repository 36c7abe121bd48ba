package tag

import (
	"strconv"
	"strings"
	"time"
)

// iTunesGap reads "00000000 00000840 000001C0 0000000000046E00 …": delay, padding
// and samples in hexadecimal.
func iTunesGap(s string) (delay, padding int, samples uint64) {
	part := strings.Fields(s)
	if len(part) < 4 {
		return 0, 0, 0
	}
	d, errDelay := strconv.ParseUint(part[1], 16, 24)
	e, errPadding := strconv.ParseUint(part[2], 16, 24)
	n, errSamples := strconv.ParseUint(part[3], 16, 48)
	if errDelay != nil || errPadding != nil || errSamples != nil {
		return 0, 0, 0
	}
	return int(d), int(e), n
}

// trim applies iTunes' note to the duration, unless it is far from what the sound says.
func (p *parser) trim() {
	in := &p.info
	delay, padding, samples := iTunesGap(p.fields.first(gapless))
	d := seconds(samples, uint64(in.SampleRate))
	if d > 0 && d <= in.Duration+time.Second && d >= in.Duration-time.Second {
		in.Delay, in.Padding, in.Duration = delay, padding, d
	}
}
