//go:build crashpoints

package pending

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// crashes counts how often the point was passed that the process is to end at. There is one
// process and one point, so there is one count.
var crashes atomic.Int64

// crash kills the process, as kill -9 does, at the N-th time that it comes to the point
// which LOCKERFS_CRASH names: "point" or "point:N".
func crash(point string) {
	name, nth, _ := strings.Cut(os.Getenv("LOCKERFS_CRASH"), ":")
	if name != point {
		return
	}
	n, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		n = 1
	}
	if crashes.Add(1) < n {
		return
	}
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		p.Kill()
	}
	select {} // nothing more is done here
}
