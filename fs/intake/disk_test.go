package intake_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// counting is a disk that counts the bytes read of each file.
type counting struct {
	intake.OSDisk
	mu   sync.Mutex // guards read
	read map[string]int64
}

type countedFile struct {
	intake.OpenFile
	count func(int64)
}

func (c *counting) Open(path string) (intake.OpenFile, error) {
	f, err := c.OSDisk.Open(path)
	if err != nil {
		return nil, err
	}
	return countedFile{f, func(n int64) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.read[filepath.Base(path)] += n
	}}, nil
}

func (f countedFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.OpenFile.ReadAt(p, off)
	f.count(int64(n))
	return n, err
}

// pictured is a FLAC file with a picture and sound of these lengths.
func pictured(picture, sound int) []byte {
	b := flac([]string{"ARTIST=Artist", "ALBUM=Album", fmt.Sprintf("TITLE=Song of %d", sound)})
	last := 4 + 4 + 34 // where the header of the last block begins
	b[last] &^= 0x80
	block := make([]byte, 0, picture+64)
	block = binary.BigEndian.AppendUint32(block, 3)
	block = append(binary.BigEndian.AppendUint32(block, 10), "image/jpeg"...)
	block = append(block, make([]byte, 4+16)...)
	block = append(binary.BigEndian.AppendUint32(block, uint32(picture)), bytes.Repeat([]byte{7}, picture)...)
	b = append(binary.BigEndian.AppendUint32(b, 0x86<<24|uint32(len(block))), block...)
	return append(b, bytes.Repeat([]byte("sound"), sound/5)...)
}

// TestEachFileIsReadOnce: for its hash and its tags, to the byte.
func TestEachFileIsReadOnce(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), filepath.Join(t.TempDir(), "in")
	write(t, src+"/small.flac", pictured(100, 1000))
	write(t, src+"/picture.flac", pictured(700_000, 5_000_000))
	waveOf(t, src+"/long.wav", make([]byte, 3<<20), "Artist", "Album", "Long", "3")
	write(t, src+"/tagged at the end.mp3", append(make([]byte, 2<<20), "TAGTitle"+strings.Repeat("\x00", 120)...))
	write(t, src+"/cover.jpg", make([]byte, 300_000))
	disk := &counting{read: map[string]int64{}}
	d.importer.SetDisk(disk)
	if r := d.run(t, intake.Options{DryRun: true}, src); r.Imported != 5 {
		t.Errorf("report: %+v", r)
	}
	want := map[string]int64{}
	for name := range disk.read {
		want[name] = int64(len(read(t, filepath.Join(src, name))))
	}
	if diff := cmp.Diff(want, disk.read); diff != "" || len(want) != 5 {
		t.Errorf("bytes of the files (-) and bytes read (+):\n%s", diff)
	}
}

// TestHardLinksAreReadOnce: and come in under each of their names.
func TestHardLinksAreReadOnce(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), filepath.Join(t.TempDir(), "in")
	const size = 4 << 20
	write(t, src+"/a/0.flac", pictured(100, size))
	for i := 1; i < 6; i++ {
		name := fmt.Sprintf("%s/%c/%d.flac", src, 'a'+i%2, i)
		write(t, filepath.Dir(name)+"/note.txt", nil)
		if err := os.Link(src+"/a/0.flac", name); err != nil {
			t.Fatal(err)
		}
	}
	disk := &counting{read: map[string]int64{}}
	d.importer.SetDisk(disk)
	r := d.run(t, intake.Options{DryRun: true}, src)
	total := int64(0)
	for _, n := range disk.read {
		total += n
	}
	if r.Imported+r.Matched+r.Present != 8 || total > 2*size {
		t.Errorf("%d bytes read of six names of one file of %d; report: %+v", total, size, r)
	}
	d.importer.SetDisk(nil)
	if r := d.run(t, intake.Options{}, src); r.FailedCount != 0 || r.Imported != 2 {
		t.Errorf("for real: %+v", r)
	}
}

// faulty is a disk on which something is wrong with some paths.
type faulty struct {
	intake.OSDisk
	list, open, read func(path string) error
}

func wrong(f func(string) error, path string) error {
	if f == nil {
		return nil
	}
	if err := f(path); err != nil {
		return &fs.PathError{Op: "disk", Path: path, Err: err}
	}
	return nil
}

func (d *faulty) ReadDir(path string) ([]fs.DirEntry, error) {
	list, err := d.OSDisk.ReadDir(path)
	if bad := wrong(d.list, path); bad != nil {
		return list[:len(list)/2], bad
	}
	return list, err
}

func (d *faulty) Open(path string) (intake.OpenFile, error) {
	if err := wrong(d.open, path); err != nil {
		return nil, err
	}
	f, err := d.OSDisk.Open(path)
	if err != nil {
		return nil, err
	}
	return faultyFile{f, func() error { return wrong(d.read, path) }}, nil
}

type faultyFile struct {
	intake.OpenFile
	wrong func() error
}

func (f faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.wrong(); err != nil {
		return 0, err
	}
	return f.OpenFile.ReadAt(p, off)
}

// TestBadSectors: what cannot be read is named, and the rest comes in.
func TestBadSectors(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), songs(t, 6)
	put := func(bad string) func(string) error {
		return func(path string) error {
			if strings.Contains(path, bad) {
				return syscall.EIO
			}
			return nil
		}
	}
	d.importer.SetDisk(&faulty{open: put("/0001/song"), read: put("/0002/song"), list: put("/0003")})
	r := d.run(t, intake.Options{}, src)
	var named []string
	for _, n := range r.Failed {
		named = append(named, strings.TrimPrefix(n.File, src)+" "+n.What[strings.LastIndex(n.What, ":")+2:])
	}
	want := []string{"/0001/song.mp3 input/output error", "/0002/song.mp3 input/output error", "/0003 input/output error"}
	if diff := cmp.Diff(want, named); diff != "" || r.Imported != 3 {
		t.Errorf("imported %d, failed:\n%s", r.Imported, diff)
	}
	d.importer.SetDisk(nil)
	if r := d.run(t, intake.Options{}, src); r.Imported != 3 || r.Present != 3 || r.FailedCount != 0 {
		t.Errorf("with the disk mended: %+v", r)
	}
}

// removable is a disk that can be taken out: from then on every access gives kind, and
// where the root was there is instead, if anything.
type removable struct {
	intake.OSDisk
	root, instead string
	kind          error
	left          atomic.Int64 // files that may be opened before it is taken out
}

func (d *removable) gone(path string) error {
	if d.left.Load() >= 0 || path == d.root && d.instead != "" {
		return nil
	}
	return &fs.PathError{Op: "disk", Path: path, Err: d.kind}
}

func (d *removable) Lstat(path string) (fs.FileInfo, error) {
	if err := d.gone(path); err != nil {
		return nil, err
	}
	if path == d.root && d.left.Load() < 0 {
		path = d.instead
	}
	return d.OSDisk.Lstat(path)
}

func (d *removable) Look(path string) error { return d.gone(path) }

func (d *removable) ReadDir(path string) ([]fs.DirEntry, error) {
	if err := d.gone(path); err != nil {
		return nil, err
	}
	return d.OSDisk.ReadDir(path)
}

func (d *removable) Open(path string) (intake.OpenFile, error) {
	d.left.Add(-1)
	if err := d.gone(path); err != nil {
		return nil, err
	}
	f, err := d.OSDisk.Open(path)
	if err != nil {
		return nil, err
	}
	return faultyFile{f, func() error { return d.gone(path) }}, nil
}

// TestDiskTakenOut in the middle: the import says so, what it has taken is whole, the
// folders after it come in, and another run makes up for the rest.
func TestDiskTakenOut(t *testing.T) {
	for name, c := range map[string]struct {
		kind    error
		instead bool // an empty folder is where it was mounted
	}{"pulled": {syscall.EIO, false}, "no device": {syscall.ENODEV, false}, "server gone": {syscall.ENOTCONN, false},
		"unmounted": {syscall.ENOENT, true}, "removed": {syscall.ENOENT, false}} {
		t.Run(name, func(t *testing.T) {
			stick, home := filepath.Join(t.TempDir(), "stick"), filepath.Join(t.TempDir(), "home")
			for i := range 40 {
				for j := range 3 {
					wave(t, fmt.Sprintf("%s/%02d/%d.wav", stick, i, j), "Artist", fmt.Sprint("Album ", i), fmt.Sprint("Song ", j), fmt.Sprint(j+1))
				}
			}
			wave(t, home+"/1.wav", "Artist", "At home", "Song", "1")
			disk := &removable{root: stick, kind: c.kind}
			if c.instead {
				disk.instead = t.TempDir()
			}
			disk.left.Store(30)
			d := newDevice(t, remotetest.NewMemory())
			d.importer.SetDisk(homeAnd{disk, home})
			r := d.run(t, intake.Options{}, stick, home)
			if got := failedFile(r, stick); !strings.Contains(got, "went away while it was imported") {
				t.Errorf("of the disk it is said %q; failed: %v", got, r.Failed)
			}
			tree := d.tree(t)
			if _, ok := tree["Artist/At home/01 Song.wav"]; !ok || len(tree) == 121 {
				t.Errorf("%d files in the locker, that at home among them: %t", len(tree), ok)
			}
			d.importer.SetDisk(nil)
			if r := d.run(t, intake.Options{}, stick, home); r.FailedCount != 0 || len(d.tree(t)) != 121 {
				t.Errorf("with the disk back: %d files in the locker, failed %v", len(d.tree(t)), r.Failed)
			}
		})
	}
}

// homeAnd is a disk beside that of this machine's own folder.
type homeAnd struct {
	*removable
	home string
}

func (d homeAnd) Lstat(path string) (fs.FileInfo, error) {
	if strings.HasPrefix(path, d.home) {
		return d.OSDisk.Lstat(path)
	}
	return d.removable.Lstat(path)
}

func (d homeAnd) ReadDir(path string) ([]fs.DirEntry, error) {
	if strings.HasPrefix(path, d.home) {
		return d.OSDisk.ReadDir(path)
	}
	return d.removable.ReadDir(path)
}

func (d homeAnd) Open(path string) (intake.OpenFile, error) {
	if strings.HasPrefix(path, d.home) {
		return d.OSDisk.Open(path)
	}
	return d.removable.Open(path)
}

// failedFile gives what a report says of a file that failed.
func failedFile(r intake.Report, file string) string {
	for _, n := range r.Failed {
		if n.File == file {
			return n.What
		}
	}
	return ""
}
