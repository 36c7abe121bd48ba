package cache

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// Tests of what a replica may still do when another has taken its place: nothing. Each
// does by hand, one step after the other, what goroutines do in a rare order.

// unloaded forgets the map of a released object, as the housekeeper does.
func unloaded(t *testing.T, c *Cache, rec *record, rep *replica) {
	t.Helper()
	if err := rep.persist(); err != nil {
		t.Fatal(err)
	}
	if !c.unload(rec, rep) {
		t.Fatal("not unloaded")
	}
}

// An object is chosen to lose blocks, and before it does its last handle goes, its map
// is unloaded and it is opened again: the file is the successor's by then.
func TestShedOfADeadReplicaLeavesTheSuccessorAlone(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	obj := s.put("a", 20*blockSize)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	rec, old := c.victim(map[*record]bool{})
	if rec == nil || old != h.r {
		t.Fatal("the open object was not chosen")
	}
	h.Release()
	unloaded(t, c, rec, old)
	next := acquire(t, c, obj)
	if next.r == old {
		t.Fatal("no successor")
	}
	wantAll(t, s, next) // every block was checked: from now on the file is believed
	held, used := c.Stats().Held, diskUsage(t, dir)
	s.seen()

	if freed := old.shed(plenty); freed != 0 {
		t.Errorf("%d bytes freed", freed)
	}
	if got := diskUsage(t, dir); got != used {
		t.Errorf("the successor's file went from %d to %d bytes", used, got)
	}
	if got := c.Stats().Held; got != held {
		t.Errorf("the count went from %d to %d bytes", held, got)
	}
	wantAll(t, s, next)
	if gets := s.seen(); len(gets) != 0 {
		t.Errorf("%d requests for what was here", len(gets))
	}
}

// The housekeeper is about to write a map when the object is evicted and fetched again:
// what the old map names is not in the new file.
func TestMapOfADeadReplicaIsNotWritten(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	obj := s.put("a", 20*blockSize)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	old := h.r
	h.Release()
	c.evict(plenty)
	next := acquire(t, c, obj)
	want(t, s, next, 0, 100)
	settled(t, next)
	if err := next.r.persist(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(mapPath(dir, obj.id()))
	if err != nil {
		t.Fatal(err)
	}
	if err := old.persist(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(mapPath(dir, obj.id()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the successor's map was overwritten")
	}
}

// Nobody takes an object away whose map is being written: that write would meet the
// successor's file.
func TestNothingRetiresWhileItsMapIsWritten(t *testing.T) {
	s := newStore(t)
	writing, release := make(chan struct{}, 1), make(chan struct{})
	c := openCache(t, s, t.TempDir(), plenty, func(_ *Options, tune *tuning) {
		tune.write = func(f *os.File, p []byte, off int64) (int, error) {
			// Not the empty map that an object begins with.
			if strings.HasSuffix(f.Name(), mapSuffix) && bytes.Contains(p, checkMark(s, "a")) {
				writing <- struct{}{}
				<-release
			}
			return f.WriteAt(p, off)
		}
	})
	h := acquire(t, c, s.put("a", 2*blockSize))
	wantAll(t, s, h)
	h.Release()
	written := make(chan error, 1)
	go func() { written <- h.r.persist() }()
	<-writing
	retired := h.r.retire(true)
	close(release)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if retired {
		t.Fatal("retired while its map was written")
	}
	if !h.r.retire(true) {
		t.Error("not retired afterwards")
	}
}

// checkMark is what a map holds of the first block of an object that is here.
func checkMark(s *store, key string) []byte {
	content := s.bytes(key)
	one := content[:min(len(content), blockSize)]
	raw := encodeMap(Object{Key: key, Size: int64(len(one))}, blockMap{present: []bool{true}, crc: []uint32{checksum(one)}})
	return raw[len(raw)-recordSize:]
}

// A fill that ends gives back what it had reserved. When the object was evicted in
// between all its charge is gone, and its successor's is none of the fill's.
func TestRefundToADeadReplica(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	obj := s.put("a", 20*blockSize)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	old := h.r
	h.Release()
	c.evict(plenty)
	if held := c.Stats().Held; held != 0 {
		t.Fatalf("%d bytes counted for nothing", held)
	}
	c.refund(old, blockSize)
	if held := c.Stats().Held; held != 0 {
		t.Errorf("%d bytes counted for nothing", held)
	}
	wantAll(t, s, acquire(t, c, obj))
	held := c.Stats().Held
	c.refund(old, blockSize)
	if got := c.Stats().Held; got != held || got < diskUsage(t, dir) {
		t.Errorf("%d bytes counted, %d before, %d on disk", got, held, diskUsage(t, dir))
	}
}

// What is unloaded with nothing here leaves neither files nor a count.
func TestUnloadOfAnEmptyObject(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty, func(_ *Options, tune *tuning) {
		tune.grace, tune.flush = time.Millisecond, time.Millisecond
	})
	h := acquire(t, c, s.put("a", blockSize))
	s.then(cut(100), cut(0))
	if _, err := h.ReadAt(t.Context(), make([]byte, blockSize), 0); err == nil {
		t.Error("read of bytes that never came")
	}
	h.Release()
	eventually(t, "nothing is left", func() bool {
		stats := c.Stats()
		return stats.Objects == 0 && stats.Held == 0 && diskUsage(t, dir) == 0
	})
}
