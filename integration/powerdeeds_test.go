package integration

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// author is a program that writes to a mount whose state folder is recorded, and keeps a
// diary.
type author struct {
	mnt   string
	rec   *recorder
	dice  *rand.Rand
	diary diary
	files int // files so far: their numbers
	err   error
}

func newAuthor(mnt string, rec *recorder) *author {
	a := &author{mnt: mnt, rec: rec, dice: rand.New(rand.NewPCG(1, 11))}
	a.diary = diary{{what: "nothing", done: rec.now(), at: time.Now(), safe: true, names: map[string]int{}, bytes: map[int][]byte{}}}
	return a
}

func (a *author) at(name string) string { return filepath.Join(a.mnt, name) }

// do does an operation and writes down what it makes of the tree.
func (a *author) do(what string, safe bool, op func() error, becomes func(m *moment)) {
	if a.err != nil {
		return
	}
	m := a.diary.next(what, a.rec.now())
	becomes(&m)
	if err := op(); err != nil {
		a.err = fmt.Errorf("%s: %w", what, err)
		return
	}
	m.done, m.at, m.safe = a.rec.now(), time.Now(), safe
	a.diary = append(a.diary, m)
}

// bytes makes n bytes that no other file has.
func (a *author) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(a.dice.Uint32())
	}
	return b
}

func (a *author) mkdir(name string) {
	a.do("mkdir "+name, false, func() error { return os.Mkdir(a.at(name), 0o755) }, func(m *moment) { m.names[name] = 0 })
}

func (a *author) remove(name string) {
	a.do("remove "+name, false, func() error { return os.Remove(a.at(name)) }, func(m *moment) { delete(m.names, name) })
}

func (a *author) rename(from, to string) {
	a.do("rename "+from+" to "+to, false, func() error { return os.Rename(a.at(from), a.at(to)) }, func(m *moment) {
		for name, id := range maps.Clone(m.names) {
			if name == from || strings.HasPrefix(name, from+"/") {
				delete(m.names, name)
				m.names[to+name[len(from):]] = id
			}
		}
	})
}

func (a *author) exchange(one, other string) {
	a.do("exchange "+one+" and "+other, false, func() error {
		return unix.Renameat2(unix.AT_FDCWD, a.at(one), unix.AT_FDCWD, a.at(other), unix.RENAME_EXCHANGE)
	}, func(m *moment) { m.names[one], m.names[other] = m.names[other], m.names[one] })
}

// truncate sets the size of a file without opening it.
func (a *author) truncate(name string, n int) {
	a.do(fmt.Sprintf("truncate %s to %d", name, n), false, func() error { return os.Truncate(a.at(name), int64(n)) }, func(m *moment) {
		id := m.names[name]
		m.bytes[id] = resized(m.bytes[id], n)
	})
}

// syncFolder makes names safe.
func (a *author) syncFolder(name string) {
	a.do("fsync "+name, true, func() error {
		f, err := os.Open(a.at(name))
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Sync()
	}, func(*moment) {})
}

// open opens a file for writing. One that is made or emptied is empty from then on, for
// who looks; what was safe of it stays so until the next close.
func (a *author) open(name string, flags int) (f *os.File, id int) {
	a.do("open "+name, false, func() (err error) {
		f, err = os.OpenFile(a.at(name), flags|os.O_RDWR, 0o644)
		return err
	}, func(m *moment) {
		if _, ok := m.names[name]; !ok {
			a.files++
			m.names[name] = a.files
		}
		if id = m.names[name]; flags&os.O_TRUNC != 0 {
			m.bytes[id] = nil
		}
	})
	return f, id
}

// fill writes pieces to a file that is open, and closes it; sync has each be safe before
// the next.
func (a *author) fill(f *os.File, id int, name string, sync bool, becomes []byte, pieces ...piece) {
	for i, p := range pieces {
		a.do("write "+name, false, func() error {
			_, err := f.WriteAt(p.b, p.off)
			return err
		}, func(m *moment) { m.wild[id] = pieces[:i+1] })
		if sync {
			a.do("fsync "+name, true, f.Sync, func(m *moment) { m.bytes[id] = over(m.bytes[id], p) })
		}
	}
	if f != nil {
		a.do("close "+name, true, f.Close, func(m *moment) { m.bytes[id] = becomes })
		f.Close()
	}
}

// create makes a file, or saves one anew.
func (a *author) create(name string, size int) {
	f, id := a.open(name, os.O_CREATE|os.O_TRUNC)
	b := a.bytes(size)
	a.fill(f, id, name, a.dice.IntN(3) == 0, b, pieces(b)...)
}

// edit writes some pieces of a file in place.
func (a *author) edit(name string, sync bool, offs ...int) {
	f, id := a.open(name, 0)
	becomes := a.diary[len(a.diary)-1].bytes[id]
	var all []piece
	for _, off := range offs {
		p := piece{int64(off), a.bytes(1500)}
		all, becomes = append(all, p), over(becomes, p)
	}
	a.fill(f, id, name, sync, becomes, all...)
}

// save writes a file beside another and renames it over that.
func (a *author) save(name string, size int) {
	a.create(name+".tmp", size)
	a.rename(name+".tmp", name)
}
