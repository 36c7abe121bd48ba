package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// filled makes a cache folder that holds all of one object, closed.
func filled(t *testing.T, s *store, dir string, obj Object) {
	t.Helper()
	c := openCache(t, s, dir, plenty)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	h.Release()
	closeCache(t, c)
	s.seen()
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(raw), 0o600); err != nil {
		t.Fatal(err)
	}
}

func flip(at int) func([]byte) []byte {
	return func(raw []byte) []byte {
		raw[(at+len(raw))%len(raw)] ^= 0x40
		return raw
	}
}

func TestDamagedFilesAreFetchedAgain(t *testing.T) {
	const blocks = 9
	truncate := func(n int) func([]byte) []byte {
		return func(raw []byte) []byte { return raw[:(n+len(raw))%len(raw)] }
	}
	for _, tc := range []struct {
		name    string
		data    func([]byte) []byte
		maps    func([]byte) []byte
		fetched int64 // blocks
		damaged int64
	}{
		{"nothing", nil, nil, 0, 0},
		{"one byte of data", flip(3*blockSize + 5), nil, 1, 1},
		{"one byte of the last block", flip(-1), nil, 1, 1},
		{"a zeroed block", func(raw []byte) []byte {
			clear(raw[2*blockSize : 3*blockSize])
			return raw
		}, nil, 1, 1},
		{"data cut", truncate(-100), nil, blocks, 0},
		{"data empty", func([]byte) []byte { return nil }, nil, blocks, 0},
		{"data longer", func(raw []byte) []byte { return append(raw, 1) }, nil, blocks, 0},
		{"one byte of the last record", nil, flip(-1), 1, 0},
		{"a record's CRC and mark", nil, func(raw []byte) []byte {
			return flip(-4)(flip(-8)(raw)) // a record that looks right, for other bytes
		}, 1, 1},
		{"map cut in the records", nil, truncate(-recordSize - 1), 2, 0},
		{"map cut in the header", nil, truncate(30), blocks, 0},
		{"map header", nil, flip(20), blocks, 0},
		{"map magic", nil, flip(0), blocks, 0},
		{"map empty", nil, func([]byte) []byte { return nil }, blocks, 0},
		{"map longer", nil, func(raw []byte) []byte { return append(raw, raw...) }, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, dir := newStore(t), t.TempDir()
			obj := s.put("a", blocks*blockSize-77)
			filled(t, s, dir, obj)
			if tc.data != nil {
				edit(t, dataPath(dir, obj.id()), tc.data)
			}
			if tc.maps != nil {
				edit(t, mapPath(dir, obj.id()), tc.maps)
			}
			c := openCache(t, s, dir, plenty)
			h := acquire(t, c, obj)
			h.window = minWindow
			for b := range blocks {
				for at := 0; at < blockSize; at += blockSize / 2 {
					want(t, s, h, blockStart(b)+int64(at), 1000)
				}
			}
			stats := c.Stats()
			if got := (stats.Fetched + blockSize - 1) / blockSize; got != tc.fetched {
				t.Errorf("%d blocks fetched, want %d", got, tc.fetched)
			}
			if stats.Damaged != tc.damaged {
				t.Errorf("%d blocks counted as damaged, want %d", stats.Damaged, tc.damaged)
			}
			if stats.Corrupt != 0 {
				t.Errorf("damage here was taken for a corrupt object")
			}
		})
	}
}

func TestAlienFiles(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	a, b := s.put("a", 5*blockSize), s.put("b", 5*blockSize)
	filled(t, s, dir, a)
	filled(t, s, dir, b)
	swap := func(suffix string) {
		raw, err := os.ReadFile(filepath.Join(folderPath(dir, b.id()), b.id().String()+suffix))
		if err != nil {
			t.Fatal(err)
		}
		edit(t, filepath.Join(folderPath(dir, a.id()), a.id().String()+suffix), func([]byte) []byte { return raw })
	}
	check := func() {
		t.Helper()
		c := openCache(t, s, dir, plenty)
		h := acquire(t, c, a)
		wantAll(t, s, h)
		h.Release()
		closeCache(t, c)
	}
	swap(mapSuffix)
	check()
	swap(dataSuffix)
	check()
	swap(mapSuffix)
	swap(dataSuffix)
	check()
}

func TestStrayNamesAreLeftAlone(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.put("a", blockSize)
	filled(t, s, dir, obj)
	folder := folderPath(dir, obj.id())
	half := filepath.Join(folder, obj.id().String()[:2]+"00112233445566778899aabbccddee"+dataSuffix)
	mine := filepath.Join(folder, "notes.txt")
	upper := filepath.Join(folder, "AB.data.map")
	for _, path := range []string{half, mine, upper} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := openCache(t, s, dir, plenty)
	<-c.scanned
	for path, stays := range map[string]bool{half: false, mine: true, upper: true} {
		if _, err := os.Stat(path); (err == nil) != stays {
			t.Errorf("%s: there %v, want %v", filepath.Base(path), err == nil, stays)
		}
	}
	if got := c.Stats().Objects; got != 1 {
		t.Errorf("%d objects, want 1", got)
	}
}

func TestFolderDeletedUnderUs(t *testing.T) {
	for _, files := range []int{0, 100} { // descriptors kept open
		s, dir := newStore(t), t.TempDir()
		c := openCache(t, s, dir, plenty, func(_ *Options, tune *tuning) { tune.files = files })
		obj := s.put("a", 5*blockSize)
		h := acquire(t, c, obj)
		want(t, s, h, 0, 3*blockSize)
		if err := os.RemoveAll(filepath.Join(dir, objectsFolder)); err != nil {
			t.Fatal(err)
		}
		wantAll(t, s, h)
		h.Release()
		other := acquire(t, c, s.put("b", 5*blockSize))
		wantAll(t, s, other)
		closeCache(t, c)

		c = openCache(t, s, dir, plenty)
		wantAll(t, s, acquire(t, c, obj))
		<-c.scanned // the other object is not open and counted by the scan alone
		if held, used := c.Stats().Held, diskUsage(t, dir); used > held {
			t.Errorf("%d bytes on disk, %d counted", used, held)
		}
	}
}

func TestDataCutUnderUs(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	obj := s.put("a", 5*blockSize)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	if err := os.Truncate(dataPath(dir, obj.id()), blockSize+10); err != nil {
		t.Fatal(err)
	}
	wantAll(t, s, h)
	if got := c.Stats().Damaged; got != 4 {
		t.Errorf("%d damaged blocks, want 4", got)
	}
}

// Blocks behind a hole look like bytes; they must not be taken for ours.
func TestHoleMadeUnderUs(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	obj := s.put("a", 5*blockSize)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	eventually(t, "verified", func() bool { return verified(h) })
	if err := os.Truncate(dataPath(dir, obj.id()), 10); err != nil {
		t.Fatal(err)
	}
	want(t, s, h, 4*blockSize, blockSize) // written again: the file has its full length
	wantAll(t, s, h)
}

func TestBrokenFolderReadsThrough(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	<-c.scanned // or else, in one run of many, it is the scan that fails
	objects := filepath.Join(dir, objectsFolder)
	if err := os.Remove(objects); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(objects, nil, 0o600); err != nil { // nothing can be made below it
		t.Fatal(err)
	}
	h := acquire(t, c, s.put("a", 5*blockSize+1))
	wantAll(t, s, h)
	if stats := c.Stats(); stats.Passed < h.r.obj.Size {
		t.Errorf("only %d bytes passed through", stats.Passed)
	}
}

func TestUnwrittenBlocksAreGivenBackAtStart(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.put("a", 40*blockSize)
	c := openCache(t, s, dir, plenty)
	wantAll(t, s, acquire(t, c, obj))
	kill(t, c) // the map names no block
	if got := diskUsage(t, dir); got < obj.Size {
		t.Fatalf("%d bytes on disk", got)
	}
	c = openCache(t, s, dir, plenty)
	<-c.scanned
	if held, used := c.Stats().Held, diskUsage(t, dir); used > held {
		t.Errorf("%d bytes on disk, %d counted", used, held)
	}
	acquire(t, c, obj)
	if got := diskUsage(t, dir); got > 2*allocUnit+overhead(obj.Size) {
		t.Errorf("%d bytes on disk after the map was loaded", got)
	}
}

func TestHousekeeperWritesMaps(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty, func(_ *Options, tune *tuning) { tune.flush = 10 * time.Millisecond })
	obj := s.put("a", 3*blockSize)
	wantAll(t, s, acquire(t, c, obj))
	eventually(t, "the map names all blocks", func() bool {
		raw, err := os.ReadFile(mapPath(dir, obj.id()))
		if err != nil {
			return false
		}
		m, err := decodeMap(raw, obj)
		return err == nil && m.verified && !bytes.Contains(presentBytes(m), []byte{0})
	})
}

func presentBytes(m blockMap) (out []byte) {
	for _, here := range m.present {
		if here {
			out = append(out, 1)
		} else {
			out = append(out, 0)
		}
	}
	return out
}
