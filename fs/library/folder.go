package library

import (
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// Child is a name in a folder of the locker.
type Child struct {
	Name string
	Dir  bool
	ID   string // of a file's content, comparable to Source.ID; may be empty
}

// Folder is what a folder of the locker holds, kept so that planning finds what it
// needs without going through all of it: a folder may have tens of thousands of
// children, and is asked again for each album. The zero Folder is empty. One
// goroutine at a time may use it.
type Folder struct {
	named map[string][]Child  // by Fold of the name
	same  map[string][]string // the names of files, by ID
	forms map[string][]string // the names of folders, by formKey
	dirs  map[string]bool     // the names of folders
	// How many names of tracks tell of which disc, and how many have numbers that are
	// filled up to so many digits.
	onDisc   map[int]int
	digitsIn [maxDigits + 1]int
}

// maxDigits is how many digits of a track's number are looked at.
const maxDigits = 5

// Add notes a child. One of the very same name replaces that.
func (f *Folder) Add(c Child) {
	f.Remove(c.Name)
	if f.named == nil {
		f.named, f.same, f.forms = map[string][]Child{}, map[string][]string{}, map[string][]string{}
		f.dirs, f.onDisc = map[string]bool{}, map[int]int{}
	}
	key := Fold(c.Name)
	f.named[key] = append(f.named[key], c)
	switch {
	case c.Dir:
		key := formKey(c.Name)
		f.forms[key] = append(f.forms[key], c.Name)
		f.dirs[c.Name] = true
	case c.ID != "":
		f.same[c.ID] = append(f.same[c.ID], c.Name)
	}
	f.count(c, 1)
}

// Remove forgets the child of exactly this name, if there is one. It costs the same
// however many others there are.
func (f *Folder) Remove(name string) {
	c, ok := f.Child(name)
	if !ok {
		return
	}
	drop(f.named, Fold(name), func(c Child) bool { return c.Name == name })
	is := func(other string) bool { return other == name }
	if c.Dir {
		drop(f.forms, formKey(name), is)
		delete(f.dirs, name)
	} else {
		drop(f.same, c.ID, is)
	}
	f.count(c, -1)
}

// folders gives the names of folders that differ only in spelling.
func (f *Folder) folders(name string) (out []string) {
	for _, other := range f.forms[formKey(name)] {
		if alike(other) == alike(name) {
			out = append(out, other)
		}
	}
	return out
}

// drop takes what is no longer there out of a list, and the list with the last of it.
func drop[T any](lists map[string][]T, key string, gone func(T) bool) {
	if list := slices.DeleteFunc(lists[key], gone); len(list) > 0 {
		lists[key] = list
	} else {
		delete(lists, key)
	}
}

// count notes what the name of a track tells of its album, or forgets it.
func (f *Folder) count(c Child, by int) {
	if c.Dir || !tag.Audio(c.Name) {
		return
	}
	rest := c.Name
	if disc, after, ok := discOf(c.Name); ok {
		rest = after
		if f.onDisc[disc] += by; f.onDisc[disc] == 0 {
			delete(f.onDisc, disc)
		}
	}
	if number, _, ok := strings.Cut(rest, " "); ok && strings.HasPrefix(number, "0") && strings.Trim(number, "0123456789") == "" {
		f.digitsIn[min(len(number), maxDigits)] += by
	}
}

// discs is how many discs the names of tracks tell of, 0 if of none.
func (f *Folder) discs() (most int) {
	for disc := range f.onDisc {
		most = max(most, disc, 2)
	}
	return most
}

// digits is to how many digits the numbers of tracks are filled up, 0 if they are not.
func (f *Folder) digits() int {
	for digits := maxDigits; digits > 0; digits-- {
		if f.digitsIn[digits] > 0 {
			return digits
		}
	}
	return 0
}

// discOf reads the disc from a name "D-NN Title", and gives what follows it.
func discOf(name string) (disc int, rest string, ok bool) {
	disc, rest = leadingNumber(name)
	rest, ok = strings.CutPrefix(rest, "-")
	if disc == 0 || disc > 99 || !ok {
		return 0, "", false
	}
	track, title := leadingNumber(rest)
	return disc, rest, track > 0 && len(rest)-len(title) >= 2 && strings.HasPrefix(title, " ")
}

// Child gives the child of exactly this name.
func (f *Folder) Child(name string) (Child, bool) {
	for _, c := range f.named[Fold(name)] {
		if c.Name == name {
			return c, true
		}
	}
	return Child{}, false
}
