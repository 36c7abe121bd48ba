package pin

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/cache"
)

// partSuffix ends the names of files that are not whole yet.
const partSuffix = ".part"

// shelf is the folder of the pinned files.
type shelf struct{ dir string }

func (s shelf) folder(name string) string { return filepath.Join(s.dir, name[:2]) }
func (s shelf) path(name string) string   { return filepath.Join(s.folder(name), name) }
func (s shelf) part(name string) string   { return s.path(name) + partSuffix }

func hashed(o cache.Object) bool { return o.SHA256 != [sha256.Size]byte{} }

// stamp is the time that a file has which was verified: its seconds are of its bytes'
// SHA-256, and what is below them of the name and the seconds. All file systems can keep
// such a time, but for those that round it to seconds.
func stamp(name string, sum [sha256.Size]byte) time.Time {
	return stampAt(name, int64(binary.BigEndian.Uint32(sum[:])>>1))
}

func stampAt(name string, seconds int64) time.Time {
	mix := sha256.Sum256(fmt.Appendf(nil, "%s %d", name, seconds))
	return time.Unix(seconds, int64(binary.BigEndian.Uint32(mix[:]))%1e9)
}

// stamped tells whether a file has the size and the time of obj, verified.
func stamped(obj cache.Object, info fs.FileInfo) bool {
	if !info.Mode().IsRegular() || info.Size() != obj.Size {
		return false
	}
	at := info.ModTime()
	want := stampAt(obj.Name(), at.Unix())
	if hashed(obj) {
		want = stamp(obj.Name(), obj.SHA256)
	}
	return at.Equal(want) || at.Equal(want.Truncate(time.Second))
}

// errTouched: the file is not as it was when it was verified.
var errTouched = errors.New("the file was changed")

// open opens the whole file of obj. The error is fs.ErrNotExist for none and errTouched
// for one that must be looked at before it is used.
func (s shelf) open(obj cache.Object) (*os.File, error) {
	f, err := os.Open(s.path(obj.Name()))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !stamped(obj, info) {
		err = errTouched
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// has is open without opening.
func (s shelf) has(obj cache.Object) error {
	info, err := os.Lstat(s.path(obj.Name()))
	if err == nil && !stamped(obj, info) {
		err = errTouched
	}
	return err
}

// settle makes the part of obj, of which all is written, its whole file. sum is of its
// bytes.
func (s shelf) settle(obj cache.Object, part *os.File, sum [sha256.Size]byte) error {
	name := obj.Name()
	at := stamp(name, sum)
	err := part.Chmod(0o400) // nobody has a reason to write to it
	if err == nil {
		err = os.Chtimes(part.Name(), at, at)
	}
	if err == nil {
		err = part.Sync() // with its time
	}
	if err == nil {
		err = os.Rename(part.Name(), s.path(name))
	}
	if err == nil {
		err = syncFolder(s.folder(name))
	}
	return err
}

// restamp says again that a file is right: its time was changed and its bytes were not.
func (s shelf) restamp(obj cache.Object, sum [sha256.Size]byte) error {
	at := stamp(obj.Name(), sum)
	return os.Chtimes(s.path(obj.Name()), at, at)
}

// makeFolder makes the folder of a name.
func (s shelf) makeFolder(name string) error {
	err := os.Mkdir(s.folder(name), 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = syncFolder(s.dir)
	}
	return err
}

// remove removes what there is of a name. Who has the file open reads on.
func (s shelf) remove(name string) error {
	var failed error
	for _, path := range []string{s.path(name), s.part(name)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// names gives the names that have files here, whole or not, and calls each once.
func (s shelf) names(each func(name string)) error {
	folders, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, f := range folders {
		if !f.IsDir() || len(f.Name()) != 2 {
			continue // not of ours
		}
		list, err := os.ReadDir(filepath.Join(s.dir, f.Name()))
		if err != nil {
			return err
		}
		last := ""
		for _, e := range list {
			name := strings.TrimSuffix(e.Name(), partSuffix)
			if len(name) == 32 && strings.HasPrefix(name, f.Name()) && name != last {
				last = name
				each(name)
			}
		}
	}
	return nil
}

// sumOf is the SHA-256 of a file.
func sumOf(f *os.File) (sum [sha256.Size]byte, n int64, err error) {
	h := sha256.New()
	n, err = io.Copy(h, io.NewSectionReader(f, 0, 1<<62))
	return [sha256.Size]byte(h.Sum(nil)), n, err
}
