package library

import (
	"fmt"
	"strings"
)

// Numbered gives the ith name for what wants name, with the number before the
// extension: "Title (2).flac". It is at most MaxName bytes long.
func Numbered(name string, i int) string { return numbered(name, i, MaxName) }

// names gives out the names of one folder, each once even when case is ignored.
type names struct {
	held  *Folder // what the locker has
	taken map[string]bool
	dirs  map[string]bool // those of folders, by alike
	next  map[string]int
}

func newNames(held *Folder) *names {
	return &names{held: held, taken: map[string]bool{}, dirs: map[string]bool{}, next: map[string]int{}}
}

// takeFolder gives out the name of a folder.
func (n *names) takeFolder(name string) { n.taken[Fold(name)], n.dirs[alike(name)] = true, true }

func (n *names) hasFolder(name string) bool { return n.taken[Fold(name)] || n.dirs[alike(name)] }

func (n *names) isFree(name string) bool {
	folded := Fold(name)
	return !n.taken[folded] && len(n.held.named[folded]) == 0
}

// free gives a file name, or its first numbered form "name (2).ext" that is free.
func (n *names) free(name string) string {
	key := Fold(name)
	for i := max(n.next[key], 1); ; i++ {
		try := name
		if i > 1 {
			try = Numbered(name, i)
		}
		if n.isFree(try) {
			n.taken[Fold(try)] = true
			n.next[key] = i + 1
			return try
		}
	}
}

// folder gives the name of a folder: as the locker has it, if it does, or as held files
// have it, else the commonest, with a number where files are in the way. Two have one name
// where held files of the one stand in the other.
func (n *names) folder(f *folder) string {
	name := f.commonest()
	for i := 1; ; i++ {
		try := name
		if i > 1 {
			try = mark(name, fmt.Sprintf(" (%d)", i))
		}
		if n.hasFolder(try) && f.present[try] {
			return try // which another was given that could not have its own
		}
		if n.hasFolder(try) {
			continue
		}
		if there, ok := f.there(n.held.folders(try)); ok {
			try = there
		} else if len(n.held.named[Fold(try)]) > 0 {
			continue
		}
		n.takeFolder(try)
		return try
	}
}

// there finds the folder in the locker that is this one, among those whose names
// differ from its own only in spelling.
func (f *folder) there(names []string) (string, bool) {
	best := ""
	for _, name := range names {
		if best == "" || f.spelling[name] > f.spelling[best] || f.spelling[name] == f.spelling[best] && name < best {
			best = name
		}
	}
	return best, best != ""
}

// commonest is the spelling that most want, the first in order if several; one that held
// files have now goes before.
func (f *folder) commonest() string {
	best, here := "", false
	for name, count := range f.spelling {
		now := f.present[name]
		if best == "" || now && !here || now == here && (count > f.spelling[best] || count == f.spelling[best] && name < best) {
			best, here = name, now
		}
	}
	return best
}

// numbered puts a number before the extension, in at most most bytes.
func numbered(name string, i, most int) string {
	stem, ext := SplitExt(name)
	mark := fmt.Sprintf(" (%d)", i)
	return strings.TrimRight(cut(stem, most-len(mark)-len(ext)), " ") + mark + ext
}

// isNumbered tells whether name is wanted or a numbered form of it.
func isNumbered(name, wanted string) bool {
	if Fold(name) == Fold(wanted) {
		return true
	}
	stem, _ := SplitExt(name)
	open := strings.LastIndex(stem, " (")
	if open <= 0 || !strings.HasSuffix(stem, ")") {
		return false
	}
	n, rest := leadingNumber(stem[open+2 : len(stem)-1])
	return n > 1 && rest == "" && Fold(numbered(wanted, n, MaxName)) == Fold(name)
}
