package integration

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

// hand is who works on one device of a hammer.
type hand struct {
	t      *testing.T
	d      *device
	name   string
	r      *rand.Rand
	book   *ledger
	faults *link.Faults
	n      int            // contents written
	did    map[string]int // deeds, and how they ended
	said   []string       // by daemons that are gone
	away   []string       // paths that files were removed from
	diary  []string       // what it did, and when
	// fell tells that the daemon has been killed since it was mounted.
	fell chan struct{}
	// risen tells who killed it that its death was noticed; buried counts how often it was
	// not.
	risen  chan struct{}
	buried atomic.Int32
}

// write puts a line into the diary.
func (h *hand) write(format string, args ...any) {
	line := time.Now().UTC().Format("15:04:05.000000 ") + fmt.Sprintf(format, args...)
	h.diary = append(h.diary, strings.ReplaceAll(line, h.d.mnt+"/", ""))
}

// errSkip: there is nothing to do the deed with.
var errSkip = errors.New("nothing to do it with")

// deeds are what a hand does, the more often the more it is named.
func (h *hand) deeds() map[string]func() error {
	return map[string]func() error{"create": h.create, "create ": h.create, "create  ": h.create, "overwrite": h.overwrite,
		"retag": h.retag, "retag ": h.retag, "save": h.save, "remove": h.remove, "remove ": h.remove, "rename": h.rename,
		"rename ": h.rename, "move folder": h.moveFolder, "mkdir": h.mkdir, "mkdir ": h.mkdir, "rmdir": h.rmdir}
}

// content gives content that nobody else writes, and its name in the ledger.
func (h *hand) content(path string) ([]byte, string) {
	h.n++
	size := 100 + h.r.IntN(20_000)
	if h.r.IntN(20) == 0 {
		size = 300_000
	}
	b := fmt.Appendf(nil, "%s wrote this as %08d\n", h.name, h.n)
	b = append(b, strings.Repeat(string(rune('a'+h.n%26)), size)...)
	return b, h.begun(b, path)
}

func (h *hand) begun(b []byte, path string) string {
	sum := sumOf(b)
	h.write("writing %.8s to %s", sum, path)
	h.book.begin(doing{device: h.name, sum: sum, path: path, at: time.Now()})
	return sum
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// pick gives a name that is there, of a folder or a file, in some folder at random; ""
// for none. The mount itself is a folder.
func (h *hand) pick(folder bool) string {
	at, found := h.d.mnt, ""
	if folder {
		found = at
	}
	for range 4 {
		list, err := os.ReadDir(at)
		if err != nil || len(list) == 0 {
			break
		}
		e := list[h.r.IntN(len(list))]
		next := filepath.Join(at, e.Name())
		if e.IsDir() == folder {
			found = next
		}
		if !e.IsDir() || h.r.IntN(4) == 0 {
			break
		}
		at = next
	}
	return found
}

// spot gives a path that may be there or not.
func (h *hand) spot(names ...string) string {
	return filepath.Join(h.pick(true), names[h.r.IntN(len(names))])
}

func (h *hand) fileSpot() string {
	return h.spot("1.bin", "2.bin", "3.bin", "4.bin", "5.bin", "6.flac")
}

func (h *hand) folderSpot() string { return h.spot("A", "B", "C", "D") }

// finish writes, closes, and says what was promised.
func (h *hand) finish(f *os.File, b []byte, off int64, sum string) error {
	_, err := f.WriteAt(b, off)
	if err == nil && h.r.IntN(8) == 0 {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		h.book.keep(sum)
	}
	h.write("closed %.8s: %v", sum, err)
	return err
}

func (h *hand) create() error { return h.make(h.fileSpot()) }

func (h *hand) make(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	b, sum := h.content(path)
	return h.finish(f, b, 0, sum)
}

// base opens a file for writing, and gives what is under that handle.
func (h *hand) base() (*os.File, []byte, error) {
	path := h.pick(false)
	if path == "" {
		return nil, nil, errSkip
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(f)
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("reading: %w", err)
	}
	return f, b, nil
}

// drop says what is about to be done away with.
func (h *hand) drop(content []byte, path string) (over func()) {
	h.write("dropping %.8s at %s", sumOf(content), path)
	return h.book.drop(h.name, sumOf(content), path)
}

func (h *hand) moved(from, to string, flags uint) error {
	h.write("moving %s to %s", from, to)
	return renameat2(from, to, flags)
}

func (h *hand) overwrite() error {
	f, was, err := h.base()
	if err != nil {
		return err
	}
	b, sum := h.content(f.Name())
	defer h.drop(was, f.Name())()
	if err := f.Truncate(0); err != nil {
		f.Close()
		return err
	}
	return h.finish(f, b, 0, sum)
}

// retag writes over the beginning, as tag editors do.
func (h *hand) retag() error {
	f, was, err := h.base()
	if err != nil {
		return err
	}
	h.n++
	head := fmt.Appendf(nil, "%s tagged this as %08d\n", h.name, h.n)
	b := append(head, was[min(len(head), len(was)):]...)
	defer h.drop(was, f.Name())()
	return h.finish(f, head, 0, h.begun(b, f.Name()))
}

// save writes a temporary file and renames it over what is there.
func (h *hand) save() error {
	path := h.pick(false)
	if path == "" {
		return errSkip
	}
	temp := path + fmt.Sprintf(".%s%d", h.name, h.n)
	if err := h.make(temp); err != nil {
		return err
	}
	return h.over(temp, path, 0)
}

// over renames onto a path, whatever is there.
func (h *hand) over(from, to string, flags uint) error {
	if b, err := os.ReadFile(to); err == nil {
		defer h.drop(b, to)()
	}
	// What came to that path since is done away with too.
	defer h.drop(nil, to)()
	return h.moved(from, to, flags)
}

func (h *hand) rename() error {
	from := h.pick(false)
	if from == "" {
		return errSkip
	}
	if h.r.IntN(2) == 0 {
		return h.moved(from, h.fileSpot(), noReplace)
	}
	return h.over(from, h.fileSpot(), 0)
}

func (h *hand) remove() error {
	path := h.pick(false)
	if path == "" {
		return errSkip
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	defer h.drop(b, path)()
	h.away = append(h.away, path)
	return syscall.Unlink(path)
}

func (h *hand) moveFolder() error {
	from := h.pick(true)
	if from == h.d.mnt {
		return errSkip
	}
	return h.moved(from, h.folderSpot(), 0)
}

func (h *hand) rmdir() error {
	path := h.pick(true)
	if path == h.d.mnt {
		return errSkip
	}
	return syscall.Rmdir(path)
}

func (h *hand) mkdir() error { return os.Mkdir(h.folderSpot(), 0o755) }

// restore brings a file back, by the command, to where it was removed from.
func (h *hand) restore() error {
	if len(h.away) == 0 {
		return errSkip
	}
	path := h.away[h.r.IntN(len(h.away))]
	out, err := h.d.try("restore", strings.TrimPrefix(path, h.d.mnt+"/"))
	if err != nil && !strings.Contains(out, "next:") && !h.dead() {
		h.t.Errorf("restore %s: %v\n%s", path, err, out)
	}
	return nil
}
