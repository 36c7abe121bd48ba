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
	forms map[string][]string // the names of folders, by formKey; they may be gone
	dirs  []string            // the names of folders; they may be gone
	// How many discs the names of tracks tell of, and to how many digits their numbers
	// are filled up; 0 when they tell nothing.
	discs, digits int
}

// Add notes a child. One of the very same name replaces that.
func (f *Folder) Add(c Child) {
	if f.named == nil {
		f.named, f.same, f.forms = map[string][]Child{}, map[string][]string{}, map[string][]string{}
	}
	key := Fold(c.Name)
	i := slices.IndexFunc(f.named[key], func(old Child) bool { return old.Name == c.Name })
	if i < 0 {
		f.named[key] = append(f.named[key], c)
	} else {
		old := &f.named[key][i]
		f.same[old.ID] = slices.DeleteFunc(f.same[old.ID], func(name string) bool { return name == c.Name })
		*old = c
	}
	if c.Dir {
		if i < 0 {
			key := formKey(c.Name)
			f.forms[key] = append(f.forms[key], c.Name)
			f.dirs = append(f.dirs, c.Name)
		}
		return
	}
	if c.ID != "" {
		f.same[c.ID] = append(f.same[c.ID], c.Name)
	}
	if !tag.Audio(c.Name) {
		return
	}
	rest := c.Name
	if disc, after, ok := discOf(c.Name); ok {
		f.discs, rest = max(f.discs, disc, 2), after
	}
	if number, _, ok := strings.Cut(rest, " "); ok && strings.HasPrefix(number, "0") && strings.Trim(number, "0123456789") == "" {
		f.digits = max(f.digits, min(len(number), 5))
	}
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
