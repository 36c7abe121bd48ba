package cache

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fullDisk is a disk that takes so many more bytes and then, as real ones do, a part of
// a write.
type fullDisk struct {
	mu   sync.Mutex // guards left
	left int
}

func (d *fullDisk) write(f *os.File, p []byte, off int64) (int, error) {
	d.mu.Lock()
	n := min(len(p), d.left)
	d.left -= n
	d.mu.Unlock()
	n, err := f.WriteAt(p[:n], off)
	if err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return n, err
}

func (d *fullDisk) grow(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left += n
}

// A disk that is full while bytes come in takes nothing away from the reader, keeps no
// halves, and is used again when there is room.
func TestFullDisk(t *testing.T) {
	const blocks = 12
	for _, punches := range []bool{true, false} {
		for _, tc := range []struct {
			name string
			room int
			here int64 // blocks that fit
		}{
			{"not even a map", 0, 0},
			{"half a map", 50, 0},
			{"a map", 1000, 0},
			{"half a block", 1000 + blockSize/2, 0},
			{"two blocks and a half", 1000 + 5*blockSize/2, 2},
		} {
			t.Run(fmt.Sprintf("%s, punches %v", tc.name, punches), func(t *testing.T) {
				s, dir := newStore(t), t.TempDir()
				obj := s.put("a", blocks*blockSize-100)
				d := &fullDisk{left: tc.room}
				c := openCache(t, s, dir, plenty, func(_ *Options, tune *tuning) {
					tune.write = d.write
					if !punches {
						tune.punch = func(*os.File, int64, int64) error { return errors.ErrUnsupported }
					}
				})
				h := acquire(t, c, obj)
				wantAll(t, s, h)
				stats, used := c.Stats(), diskUsage(t, dir)
				if stats.Held < used {
					t.Errorf("%d bytes on disk, %d counted", used, stats.Held)
				}
				if got := c.Present(obj); got != tc.here*blockSize {
					t.Errorf("%d bytes here, want %d blocks", got, tc.here)
				}
				if most := overhead(obj.Size) + tc.here*blockSize; punches && used > most {
					t.Errorf("%d bytes on disk, want at most %d", used, most)
				}
				if _, err := os.Stat(mapPath(dir, obj.id())); tc.room < 1000 && !errors.Is(err, os.ErrNotExist) {
					t.Errorf("half a map stays: %v", err)
				}
				if unborn := c.unborn.Load(); unborn != 0 {
					t.Errorf("%d bytes are still expected", unborn)
				}
				d.grow(plenty)
				c.sulks.Store(0)
				wantAll(t, s, h)
				if got, damaged := c.Present(obj), c.Stats().Damaged; got != obj.Size || damaged != 0 {
					t.Errorf("%d bytes here after there was room, %d blocks damaged", got, damaged)
				}
				if held, used := c.Stats().Held, diskUsage(t, dir); held < used || held > used+overhead(obj.Size)+blockSize {
					t.Errorf("%d bytes on disk, %d counted", used, held)
				}
			})
		}
	}
}

// Of an object that found no room nothing stays, also no file without blocks.
func TestFullDiskLeavesNothingBehind(t *testing.T) {
	for _, room := range []int{0, 50, 1000, 1000 + blockSize/2} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			s, dir := newStore(t), t.TempDir()
			d := &fullDisk{left: room}
			c := openCache(t, s, dir, plenty, func(_ *Options, tune *tuning) {
				tune.write = d.write
				tune.grace, tune.flush = time.Millisecond, time.Millisecond
			})
			h := acquire(t, c, s.put("a", 12*blockSize))
			wantAll(t, s, h)
			h.Release()
			eventually(t, "nothing is left", func() bool {
				stats := c.Stats()
				return stats.Objects == 0 && stats.Held == 0 && diskUsage(t, dir) == 0
			})
		})
	}
}

// A map that cannot be written is tried again, and what it does not name is only
// fetched again.
func TestFullDiskAtTheMap(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.put("a", 5*blockSize)
	var mu sync.Mutex
	full := false
	c := openCache(t, s, dir, plenty, func(_ *Options, tune *tuning) {
		tune.write = func(f *os.File, p []byte, off int64) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			if full && strings.HasSuffix(f.Name(), mapSuffix) {
				n, _ := f.WriteAt(p[:len(p)-recordSize-3], off) // torn in the last record but one
				return n, syscall.ENOSPC
			}
			return f.WriteAt(p, off)
		}
	})
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	mu.Lock()
	full = true
	mu.Unlock()
	if err := h.r.persist(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want ENOSPC", err)
	}
	h.r.mu.Lock()
	dirty := h.r.dirty
	h.r.mu.Unlock()
	if !dirty {
		t.Error("a map that was not written counts as written")
	}
	kill(t, c)
	c = openCache(t, s, dir, plenty)
	h = acquire(t, c, obj)
	wantAll(t, s, h)
	if stats := c.Stats(); stats.Fetched != 2*blockSize || stats.Damaged != 0 {
		t.Errorf("%+v, want two blocks fetched again", stats)
	}
}
