package library

import "slices"

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
	discs int                 // how many discs the names of files tell of
}

// Add notes a child. One of the very same name replaces that.
func (f *Folder) Add(c Child) {
	if f.named == nil {
		f.named, f.same = map[string][]Child{}, map[string][]string{}
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
		return
	}
	if c.ID != "" {
		f.same[c.ID] = append(f.same[c.ID], c.Name)
	}
	if disc, ok := discOf(c.Name); ok {
		f.discs = max(f.discs, disc, 2)
	}
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
