package integration

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// What writers do. Each tells whether it succeeded.

func (w *writer) mkdir(name string) bool {
	return w.do("mkdir "+name, func() error { return os.Mkdir(w.at(name), 0o755) }, func(t tree) { t[name] = leaf{dir: true} })
}

func (w *writer) remove(name string) bool {
	return w.do("remove "+name, func() error { return os.Remove(w.at(name)) }, func(t tree) { delete(t, name) })
}

func (w *writer) rename(from, to string) bool {
	return w.do("rename "+from+" to "+to, func() error { return os.Rename(w.at(from), w.at(to)) }, func(t tree) { t.move(from, to) })
}

func (w *writer) exchange(a, b string) bool {
	return w.do("exchange "+a+" and "+b,
		func() error {
			return unix.Renameat2(unix.AT_FDCWD, w.at(a), unix.AT_FDCWD, w.at(b), unix.RENAME_EXCHANGE)
		},
		func(t tree) { t[a], t[b] = t[b], t[a] })
}

func (w *writer) truncate(name string, n int) bool {
	w.writing = true // of what is on its way to the store a copy is made, and that is cut
	good := w.do(fmt.Sprintf("truncate %s to %d", name, n), func() error { return os.Truncate(w.at(name), int64(n)) },
		func(t tree) { t[name] = leaf{b: resized(t[name].b, n)} })
	w.writing = w.writing && !good
	return good
}

func resized(b []byte, n int) []byte {
	out := make([]byte, n)
	copy(out, b)
	return out
}

// mark sets what of a file is no name and no byte.
func (w *writer) mark(name string) bool {
	return w.do("chmod "+name, func() error { return os.Chmod(w.at(name), 0o600) }, func(tree) {}) && w.note(name, w.bytes(20))
}

func (w *writer) note(name string, value []byte) bool {
	w.writing = true // a record of several pages is cut between two of them
	good := w.do("setxattr "+name, func() error { return unix.Setxattr(w.at(name), "user.note", value, 0) }, func(tree) {})
	w.writing = w.writing && !good
	return good
}

// open opens a file for writing: from then on nobody knows what its bytes are.
func (w *writer) open(name string, flags int) (f *os.File, ok bool) {
	w.writing = true
	ok = w.do("open "+name, func() (err error) {
		f, err = os.OpenFile(w.at(name), flags|os.O_RDWR, 0o644)
		return err
	}, func(t tree) { t[name] = leaf{torn: true} })
	return f, ok
}

// finish writes pieces of a file, and closes it; sync has each be safe before the next.
func (w *writer) finish(f *os.File, name string, becomes []byte, sync bool, pieces ...piece) bool {
	defer f.Close()
	good := w.do("write "+name, func() error {
		for _, p := range pieces {
			if _, err := f.WriteAt(p.b, p.off); err != nil {
				return err
			}
		}
		return nil
	}, func(tree) {})
	if good && sync {
		good = w.do("fsync "+name, f.Sync, func(t tree) { t[name] = leaf{b: becomes} })
	}
	good = good && w.do("close "+name, f.Close, func(t tree) { t[name] = leaf{b: becomes} })
	if good {
		w.writing = false
	}
	return good
}

// piece is what is written at once.
type piece struct {
	off int64
	b   []byte
}

// pieces cuts bytes into what programs write at once.
func pieces(b []byte) (out []piece) {
	off := int64(0)
	for p := range slices.Chunk(b, 100_000) {
		out = append(out, piece{off, p})
		off += int64(len(p))
	}
	return out
}

// create makes a file, or writes one anew.
func (w *writer) create(name string, size int) bool {
	f, ok := w.open(name, os.O_CREATE|os.O_TRUNC)
	if !ok {
		return false
	}
	b := w.bytes(size)
	return w.finish(f, name, b, w.n%2 == 0, pieces(b)...)
}

// edit writes a part of a file in place, has it safe, and writes another.
func (w *writer) edit(name string, off, n int) bool {
	old := w.now[name].b
	f, ok := w.open(name, 0)
	if !ok {
		return false
	}
	a, b := piece{int64(off), w.bytes(n)}, piece{int64(off + n/2), w.bytes(n)}
	first := over(old, a)
	good := w.do("write "+name, func() error { _, err := f.WriteAt(a.b, a.off); return err }, func(tree) {}) &&
		w.do("fsync "+name, f.Sync, func(t tree) { t[name] = leaf{b: first} }) &&
		w.do("go on with "+name, func() error { return nil }, func(t tree) { t[name] = leaf{torn: true} })
	if !good {
		f.Close()
		return false
	}
	return w.finish(f, name, over(first, b), false, b)
}

// over gives bytes with a piece written over them.
func over(b []byte, p piece) []byte {
	out := resized(b, max(len(b), int(p.off)+len(p.b)))
	copy(out[p.off:], p.b)
	return out
}

// save writes a file anew beside it and renames that over it, as editors do.
func (w *writer) save(name string, size int) bool {
	return w.create(name+".tmp", size) && w.rename(name+".tmp", name)
}

// moveOpen renames a file that is open for writing and has not been written to.
func (w *writer) moveOpen(from, to string) bool {
	old := w.now[from].b
	f, ok := w.open(from, 0)
	if !ok {
		return false
	}
	// Nothing was written, so nothing may be lost.
	good := w.do("look at "+from, func() error { return nil }, func(t tree) { t[from] = leaf{b: old} }) &&
		w.do("chmod "+from, func() error { return f.Chmod(0o640) }, func(tree) {}) && w.rename(from, to) &&
		w.do("go on with "+to, func() error { return nil }, func(t tree) { t[to] = leaf{torn: true} })
	if !good {
		f.Close()
		return false
	}
	p := piece{int64(len(old) / 2), w.bytes(500)}
	return w.finish(f, to, over(old, p), false, p)
}

// random does one thing to names and files of its own.
func (w *writer) random() bool {
	var files, dirs []string
	for _, name := range slices.Sorted(maps.Keys(w.now)) {
		if w.now[name].dir {
			dirs = append(dirs, name+"/")
		} else {
			files = append(files, name)
		}
	}
	dirs = append(dirs, "")
	w.n++
	fresh := fmt.Sprintf("%s%d", dirs[w.r.IntN(len(dirs))], w.n)
	if len(files) < 4 {
		return w.create(fresh, 1+w.r.IntN(50_000))
	}
	some := files[w.r.IntN(len(files))]
	other := files[w.r.IntN(len(files))]
	size := len(w.now[some].b)
	switch w.r.IntN(14) {
	case 0, 1:
		return w.create(fresh, 1+w.r.IntN(50_000))
	case 2:
		return w.create(fresh, 1<<20)
	case 3:
		return w.create(some, 1+w.r.IntN(50_000))
	case 4, 5:
		return w.edit(some, w.r.IntN(size+1), 2+w.r.IntN(5000))
	case 6:
		return w.save(some, 1+w.r.IntN(50_000))
	case 7:
		return w.rename(some, fresh)
	case 8:
		return some == other || w.rename(some, other)
	case 9:
		return w.truncate(some, w.r.IntN(size+1))
	case 10:
		return len(files) < 12 || w.remove(some)
	case 11:
		if len(dirs) < 6 {
			return w.mkdir(fresh)
		}
		return some == other || w.exchange(some, other)
	case 12:
		return w.moveOpen(some, fresh)
	}
	return w.mark(some)
}
