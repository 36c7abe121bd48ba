package fs

import (
	"fmt"
	"strings"
	"sync"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// diary writes down what it is told.
type diary struct {
	mu      sync.Mutex // guards the fields below
	entries []string
	threads []uint32
	asked   int64
	waiting int
}

func (d *diary) write(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, fmt.Sprintf(format, args...))
}

func (d *diary) Opened(handle uint64, thread uint32, v *catalog.Version) bool {
	d.write("%d opened %d", handle, v.Size)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.threads = append(d.threads, thread)
	return true
}

func (d *diary) Asked(_ uint64, off, n int64) remote.Class {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = max(d.asked, off+n)
	d.waiting++
	return remote.Demand
}

func (d *diary) Answered(uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
}

func (d *diary) Closed(handle uint64) { d.write("%d closed", handle) }
func (d *diary) Ended(handle uint64)  { d.write("%d ended", handle) }

func (d *diary) read() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.entries, ", ")
}
