package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// leaf is what a name may hold after a kill.
type leaf struct {
	dir  bool
	torn bool // it is being written: any bytes will do
	b    []byte
}

// tree is names, relative to some folder, and what they hold.
type tree map[string]leaf

// move gives an entry, and all that is in it, another name.
func (t tree) move(from, to string) {
	for name, l := range maps.Clone(t) {
		if name == from || strings.HasPrefix(name, from+"/") {
			delete(t, name)
			t[to+name[len(from):]] = l
		}
	}
}

// differs tells how a tree that was found is not what t allows; "" when it is.
func (t tree) differs(found tree) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		want, got := t[name], found[name]
		switch _, ok := found[name]; {
		case !ok:
			out = append(out, "missing: "+name)
		case want.dir != got.dir:
			out = append(out, "of another kind: "+name)
		case !want.dir && !want.torn && !bytes.Equal(want.b, got.b):
			out = append(out, fmt.Sprintf("%s: want %s, got %s", name, brief(want.b), brief(got.b)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if _, ok := t[name]; !ok {
			out = append(out, fmt.Sprintf("too many: %s, %s", name, brief(found[name].b)))
		}
	}
	return strings.Join(out, "\n")
}

func brief(b []byte) string {
	return fmt.Sprintf("%d bytes %.8s", len(b), digest(b))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// readTree reads everything in a folder.
func readTree(root string) (tree, error) {
	t := tree{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		l := leaf{dir: e.IsDir()}
		if !l.dir {
			l.b, err = os.ReadFile(path)
		}
		t[strings.TrimPrefix(path, root+"/")] = l
		return err
	})
	return t, err
}

// twice gives contents that two names have: all that writers write is different.
func (t tree) twice() (out []string) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		l := t[name]
		if l.dir || len(l.b) < 100 {
			continue
		}
		if other, ok := seen[digest(l.b)]; ok {
			out = append(out, other+" = "+name)
		}
		seen[digest(l.b)] = name
	}
	return out
}

// writer is a program that writes to a mount, and knows what it was promised.
type writer struct {
	root string // the folder that is all its own
	r    *rand.Rand
	n    int // operations so far

	now  tree   // what was acknowledged
	then tree   // what it would be with the operation that the kill was in; nil for none
	last string // that operation
	log  []string
	// writing: bytes are on their way that nothing was promised for; torn: they were, at a
	// crash.
	writing, torn bool
	dead          bool
	failed        error // an operation that failed for another reason
}

func newWriter(root string, seed uint64) *writer {
	return &writer{root: root, r: rand.New(rand.NewPCG(seed, 5)), now: tree{}}
}

func (w *writer) at(name string) string { return filepath.Join(w.root, name) }

// do does one operation; becomes says what is promised once it has succeeded. It tells
// whether it did.
func (w *writer) do(what string, op func() error, becomes func(t tree)) bool {
	if w.dead || w.failed != nil {
		return false
	}
	w.n++
	w.last, w.then = what, maps.Clone(w.now)
	becomes(w.then)
	err := op()
	w.log = append(w.log, fmt.Sprintf("%d %s: %v", w.n, what, err))
	switch {
	case err == nil:
		w.now, w.then = w.then, nil
		return true
	case errors.Is(err, syscall.ENOTCONN), errors.Is(err, syscall.ECONNABORTED), errors.Is(err, syscall.EIO):
		w.dead = true
	default:
		w.failed = fmt.Errorf("%s: %w", what, err)
	}
	return false
}

// found takes what there is after a kill for what is promised from now on, or says why it
// cannot be.
func (w *writer) found(t tree) error {
	why := w.now.differs(t)
	if why != "" && w.then != nil {
		if also := w.then.differs(t); also == "" {
			why = ""
		} else {
			why += "\nor, with " + w.last + ":\n" + also
		}
	}
	if why != "" {
		return fmt.Errorf("after %d operations, the last of them %q:\n%s\n%s", w.n, w.last, why, w.story(why))
	}
	w.log = append(w.log, "a crash")
	w.torn = w.torn || w.writing
	w.now, w.then, w.dead, w.writing = t, nil, false, false
	return nil
}

// story tells what was done lately to the names that words are about.
func (w *writer) story(words string) string {
	var out []string
	for _, deed := range w.log[max(0, len(w.log)-1000):] {
		about := deed == "a crash"
		for word := range strings.FieldsSeq(strings.ReplaceAll(deed, ":", " ")) {
			about = about || strings.Contains(words, "missing: "+word) || strings.Contains(words, word+": want") || strings.Contains(words, "too many: "+word)
		}
		if about {
			out = append(out, deed)
		}
	}
	return "what was done:\n" + strings.Join(out, "\n")
}

// bytes makes n bytes that no other file has.
func (w *writer) bytes(n int) []byte {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(w.r.Uint32())
	}
	b := make([]byte, n)
	rand.NewChaCha8(seed).Read(b)
	return b
}
