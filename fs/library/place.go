package library

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// folder is a folder of the locker that files want to be in. Names that differ only
// by case or normal form are one folder, in the spelling that settle chooses.
type folder struct {
	spelling map[string]int // how many files want which
	sub      map[string]*folder
	wants    []*want
}

// want is a file's wish for a name in its folder.
type want struct {
	file    *file
	track   *track // nil: the name is kept
	various bool
	name    string
	placed  bool
}

// names are those under which the file may be in the folder already: it may have come
// before the album was known to have more discs than one.
func (w *want) names() []string {
	if w.track == nil {
		return []string{w.name}
	}
	return []string{w.name, w.track.name(w.various, 1), w.track.name(w.various, 2)}
}

func newFolder() *folder {
	return &folder{spelling: map[string]int{}, sub: map[string]*folder{}}
}

// at gives the folder below f with these names.
func (f *folder) at(names ...string) *folder {
	for _, name := range names {
		key := Fold(name)
		if f.sub[key] == nil {
			f.sub[key] = newFolder()
		}
		f = f.sub[key]
		f.spelling[name]++
	}
	return f
}

// keep puts a file below f under the folders and the name it has.
func (f *folder) keep(g *file, parts []string) {
	kept := make([]string, len(parts))
	for i, part := range parts {
		kept[i] = keptName(part)
	}
	last := len(kept) - 1
	f = f.at(kept[:last]...)
	f.wants = append(f.wants, &want{file: g, name: kept[last]})
}

// keptName is a name as it is, where a locker can hold it.
func keptName(name string) string {
	name = norm.NFC.String(name)
	if ValidName(name) != nil {
		return CleanFile(SplitExt(name))
	}
	return name
}

// settle chooses the names in the folder at dir and below it.
func (f *folder) settle(dir string, existing Existing, out []Placement) error {
	held, err := existing.Folder(dir)
	if err != nil {
		return fmt.Errorf("list %q: %w", dir, err)
	}
	n := names{held: held, taken: map[string]bool{}, next: map[string]int{}}
	// Folders first: an album keeps its name before a file of that name.
	for _, key := range slices.Sorted(maps.Keys(f.sub)) {
		sub := f.sub[key]
		name, ok := sub.there(held.named[key])
		if !ok {
			name = n.free(sub.commonest(), MaxPart)
		}
		if err := sub.settle(path.Join(dir, name), existing, out); err != nil {
			return err
		}
	}
	f.nameTracks(held.discs)
	slices.SortFunc(f.wants, func(a, b *want) int { return cmp.Or(a.file.order(b.file), cmp.Compare(a.name, b.name)) })
	f.match(held, dir, out)
	for _, w := range f.wants {
		if !w.placed {
			out[w.file.index] = Placement{w.file.index, path.Join(dir, n.free(w.name, MaxName))}
		}
	}
	return nil
}

// there finds the folder in the locker that is this one, among those whose names
// differ from its own only in spelling.
func (f *folder) there(alike []Child) (string, bool) {
	best := ""
	for _, c := range alike {
		if !c.Dir {
			continue
		}
		better := cmp.Or(cmp.Compare(f.spelling[c.Name], f.spelling[best]), cmp.Compare(best, c.Name))
		if best == "" || better > 0 {
			best = c.Name
		}
	}
	return best, best != ""
}

// commonest is the spelling that most files have, the first in order if several.
func (f *folder) commonest() string {
	best := ""
	for _, name := range slices.Sorted(maps.Keys(f.spelling)) {
		if f.spelling[name] > f.spelling[best] {
			best = name
		}
	}
	return best
}

// nameTracks makes the names of tracks, now that all discs of the album are known:
// those of the tracks, and discs as the locker has them.
func (f *folder) nameTracks(discs int) {
	for _, w := range f.wants {
		if w.track != nil {
			discs = max(discs, w.track.discs, w.track.disc)
		}
	}
	for _, w := range f.wants {
		if w.track != nil {
			w.name = w.track.name(w.various, discs)
		}
	}
}

// discOf reads the disc from a name "D-NN Title".
func discOf(name string) (int, bool) {
	disc, rest := leadingNumber(name)
	rest, ok := strings.CutPrefix(rest, "-")
	if disc == 0 || disc > 99 || !ok {
		return 0, false
	}
	track, title := leadingNumber(rest)
	return disc, track > 0 && len(rest)-len(title) >= 2 && strings.HasPrefix(title, " ")
}

// match places the files that the folder has already, under the name they want or a
// numbered form of it, where they are.
func (f *folder) match(held *Folder, dir string, out []Placement) {
	byID := map[string][]string{}
	for _, w := range f.wants {
		if byID[w.file.ID] == nil {
			byID[w.file.ID] = slices.Sorted(slices.Values(held.same[w.file.ID]))
		}
	}
	for _, w := range f.wants {
		same := byID[w.file.ID]
		i := slices.IndexFunc(same, func(name string) bool {
			return slices.ContainsFunc(w.names(), func(wanted string) bool { return isNumbered(name, wanted) })
		})
		if i < 0 {
			continue
		}
		w.placed = true
		out[w.file.index] = Placement{w.file.index, path.Join(dir, same[i])}
		byID[w.file.ID] = slices.Delete(same, i, i+1)
	}
}

// names gives out the names of one folder, each once even when case is ignored.
type names struct {
	held  *Folder // what the locker has
	taken map[string]bool
	next  map[string]int
}

// free gives name, or its first numbered form "name (2).ext" that is free.
func (n names) free(name string, most int) string {
	key := Fold(name)
	for i := max(n.next[key], 1); ; i++ {
		try := name
		if i > 1 {
			try = numbered(name, i, most)
		}
		if folded := Fold(try); !n.taken[folded] && len(n.held.named[folded]) == 0 {
			n.taken[folded] = true
			n.next[key] = i + 1
			return try
		}
	}
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
