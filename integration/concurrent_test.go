package integration

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// TestTwoMountsAtOnce: two devices change the same few names at once. Afterwards both show
// the same tree, and every content that was written and not taken away by one who saw it is
// in it, once.
func TestTwoMountsAtOnce(t *testing.T) {
	p := newPair(t)
	p.check(func(rt *rapid.T, folder string) {
		w := &witnesses{written: map[string]string{}, ended: map[string]string{}}
		seed, deeds := rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 60).Draw(rt, "deeds")
		var both sync.WaitGroup
		for i, d := range []*device{p.a, p.b} {
			r := &rival{d: d, name: string(rune('A' + i)), run: folder, w: w, r: rand.New(rand.NewPCG(seed, uint64(i)))}
			both.Go(func() {
				for range deeds {
					r.step()
					if r.r.IntN(4) == 0 { // so that commits come between
						time.Sleep(time.Duration(r.r.IntN(100)) * time.Millisecond)
					}
				}
			})
		}
		both.Wait()
		if wrong := w.complaints(); len(wrong) > 0 {
			rt.Fatal(strings.Join(wrong, "\n"))
		}
		p.settle(rt)
		p.alike(rt)
		w.judge(rt, p, folder)
	})
	p.a.unmount()
	p.b.unmount()
}

// alike fails unless both devices show the same tree; the kernel is told of another's commit
// just after it has come in.
func (p *pair) alike(rt *rapid.T) {
	diff := "not looked"
	for end := time.Now().Add(5 * time.Second); diff != "" && time.Now().Before(end); {
		diff = cmp.Diff(shownTree(p.t, p.a.mnt), shownTree(p.t, p.b.mnt))
	}
	if diff != "" {
		// What a device says by its socket, the kernel has no part in.
		first, second := p.a.run("ls", "--recursive"), p.b.run("ls", "--recursive")
		rt.Fatalf("two devices (-first +second):\n%s\nby the socket:\n%s\n%s\n%s", diff, cmp.Diff(first, second), p.a.out, p.b.out)
	}
}

// witnesses know what was written and what was taken away, on whatever device. A content is
// a text of its own, so that it can be found again under any name.
type witnesses struct {
	mu      sync.Mutex        // guards what follows
	written map[string]string // contents that a close acknowledged, and where
	ended   map[string]string // those that were taken away by one who saw them, and how
	wrong   []string
	log     []string
}

func (w *witnesses) wrote(content, where string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written[content] = where
	w.log = append(w.log, where+": wrote "+content)
}

func (w *witnesses) ends(content, how string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended[content] = how
	w.log = append(w.log, how+": ends "+content)
}

func (w *witnesses) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, what)
}

func (w *witnesses) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

func (w *witnesses) complaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrong
}

// judge looks for every content in the whole tree.
func (w *witnesses) judge(rt *rapid.T, p *pair, run string) {
	found := map[string][]string{}
	err := filepath.WalkDir(p.b.mnt, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		found[string(b)] = append(found[string(b)], path)
		return err
	})
	if err != nil {
		rt.Fatal(err)
	}
	for content, where := range w.written {
		switch at := found[content]; {
		case len(at) == 0 && w.ended[content] == "":
			rt.Fatalf("LOST: %q, written as %s\n%s\n%s\n%s", content, where, strings.Join(w.log, "\n"), p.a.out, p.b.out)
		case len(at) > 1:
			rt.Fatalf("%q, written as %s, is there %d times: %q\n%s\n%s\n%s", content, where, len(at), at, strings.Join(w.log, "\n"), p.a.out, p.b.out)
		}
	}
	for content, at := range found {
		if w.written[content] == "" && strings.HasPrefix(content, run+" ") {
			rt.Fatalf("%q at %q was never written so", content, at)
		}
	}
}

// rival is one of two who work on the same names at once.
type rival struct {
	d         *device
	name, run string
	w         *witnesses
	r         *rand.Rand
	n         int
}

func (v *rival) step() {
	v.n++
	deeds := []func(){v.write, v.write, v.rewrite, v.rewrite, v.replace, v.unlink, v.mkdir, v.rmdir, v.move, v.move, v.exchange, v.chmod}
	deeds[v.r.IntN(len(deeds))]()
}

func (v *rival) at(path string) string { return filepath.Join(v.d.mnt, v.run, path) }

// file and folder draw names, of which there are few.
func (v *rival) file() string {
	return []string{"", "p/", "q/", "p/r/"}[v.r.IntN(4)] + []string{"x.flac", "y.mp3"}[v.r.IntN(2)]
}

func (v *rival) folder() string { return []string{"p", "q", "p/r", "q/r"}[v.r.IntN(4)] }

func (v *rival) text() string { return fmt.Sprintf("%s of device %s, %d", v.run, v.name, v.n) }

// deed names what is being done.
func (v *rival) deed(what string, args ...any) string {
	return fmt.Sprintf("%s %s %d: ", v.run, v.name, v.n) + fmt.Sprintf(what, args...)
}

// expect complains of errors that nothing explains. What the other does shows at any moment.
func (v *rival) expect(what string, err error) bool {
	for _, usual := range []error{syscall.ENOENT, syscall.EEXIST, syscall.ENOTEMPTY, syscall.ENOTDIR, syscall.EISDIR, syscall.EINVAL} {
		if errors.Is(err, usual) {
			v.w.note(what + ": " + err.Error())
			return false
		}
	}
	if err != nil {
		v.w.complain("%s: %v", what, err)
	}
	return err == nil
}

// write makes a new file.
func (v *rival) write() {
	path, text := v.file(), v.text()
	what := v.deed("create %s", path)
	f, err := os.OpenFile(v.at(path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if !v.expect(what, err) {
		return
	}
	v.fill(f, text, what)
}

func (v *rival) fill(f *os.File, text, what string) {
	_, err := f.WriteString(text)
	if v.expect(what, errors.Join(err, f.Close())) {
		v.w.wrote(text, what)
	}
}

// rewrite writes another content over that of a file.
func (v *rival) rewrite() {
	path, text := v.file(), v.text()
	what := v.deed("rewrite %s", path)
	f, err := os.OpenFile(v.at(path), os.O_RDWR, 0)
	if !v.expect(what, err) {
		return
	}
	seen, err := io.ReadAll(f)
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if !v.expect(what, err) {
		f.Close()
		return
	}
	v.w.ends(string(seen), what)
	v.fill(f, text, what)
}

// replace writes a file beside and renames it over another.
func (v *rival) replace() {
	path, text := v.file(), v.text()
	temp := fmt.Sprintf("%s.%s%d", path, v.name, v.n)
	f, err := os.OpenFile(v.at(temp), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if !v.expect(v.deed("create %s", temp), err) {
		return
	}
	v.fill(f, text, v.deed("create %s", temp))
	v.over(temp, path, 0)
}

func (v *rival) unlink() {
	path := v.file()
	what := v.deed("unlink %s", path)
	seen := v.see(path)
	if v.expect(what, unix.Unlink(v.at(path))) {
		v.w.ends(seen, what)
	}
}

// see gives the content of a file just before it is taken away.
func (v *rival) see(path string) string {
	b, err := os.ReadFile(v.at(path))
	if err != nil {
		v.expect(v.deed("read %s", path), err)
		return ""
	}
	return string(b)
}

// over renames, maybe over a file.
func (v *rival) over(from, to string, flags uint) {
	what := v.deed("rename %s to %s, flags %d", from, to, flags)
	seen := v.see(to)
	if v.expect(what, renameat2(v.at(from), v.at(to), flags)) {
		v.w.note(what)
		if flags == 0 && seen != "" && from != to {
			v.w.ends(seen, what)
		}
	}
}

func (v *rival) move() {
	flags := []uint{0, noReplace}[v.r.IntN(2)]
	if v.r.IntN(2) == 0 {
		v.over(v.file(), v.file(), flags)
		return
	}
	from, to := v.folder(), v.folder()
	what := v.deed("rename %s to %s, flags %d", from, to, flags)
	if v.expect(what, renameat2(v.at(from), v.at(to), flags)) {
		v.w.note(what)
	}
}

func (v *rival) exchange() {
	what := v.deed("exchange")
	if v.r.IntN(2) == 0 {
		v.expect(what, renameat2(v.at(v.file()), v.at(v.file()), exchange))
	} else {
		v.expect(what, renameat2(v.at(v.folder()), v.at(v.folder()), exchange))
	}
	v.w.note(what)
}

func (v *rival) mkdir() {
	path := v.folder()
	if what := v.deed("mkdir %s", path); v.expect(what, unix.Mkdir(v.at(path), 0o755)) {
		v.w.note(what)
	}
}

func (v *rival) rmdir() {
	path := v.folder()
	if what := v.deed("rmdir %s", path); v.expect(what, unix.Rmdir(v.at(path))) {
		v.w.note(what)
	}
}

func (v *rival) chmod() {
	path := v.file()
	v.expect(v.deed("chmod %s", path), unix.Chmod(v.at(path), []uint32{0o600, 0o644, 0o755}[v.r.IntN(3)]))
}
