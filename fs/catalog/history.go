package catalog

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
)

// Fate is what became of something that stood at a path.
type Fate string

// The fates. Of what was moved away nothing is kept: it stands elsewhere.
const (
	Present  Fate = "present"
	Replaced Fate = "replaced"
	Removed  Fate = "removed"
)

// Stood is what stands, or stood, at a locker path.
type Stood struct {
	// Path is where. A file that stands is followed through its renames: this is its
	// present path then.
	Path string
	Kind Kind
	ID   ID
	// Version is zero for a folder, and so are Size and SHA256, which may be unknown.
	Version ID
	Size    int64
	SHA256  Hash
	MTime   int64
	Fate    Fate
	// N is the number of the commit that took it away, and At when that was done, in
	// nanoseconds since 1970; both are 0 for what stands. Since when it stood is not kept.
	N, At int64
	// Last is the last commit after which it stood: what [Index.Restore] takes. Of a
	// folder that was removed from the bottom it is that before the first file went.
	Last int64
	// Now is where the entry stands now, if it is elsewhere.
	Now string
}

// What one History reads of the past: of the path itself, and of all.
const (
	maxVersions = 1_000
	maxHistory  = 10_000
)

// History gives what stands and stood at a locker path: what is there now, then what
// replacing and removing took away, the newest first, at most limit; more tells that
// there is more. Of a folder it also gives what was taken away from it, all the way down
// in those that were removed; what was taken from one that stands is in its own history.
//
// The folders of the path need not stand: the names of those that were removed lead on,
// several for one name if need be. The error is ErrNotFound where nothing ever stood
// that is kept.
func (x *Index) History(ctx context.Context, path string, limit int) (list []Stood, more bool, err error) {
	snap, err := x.snapshot(ctx)
	if err != nil {
		return nil, false, err
	}
	defer snap.close()
	st := &txState{tx: snap.tx, ctx: ctx}
	defer st.close()
	h := historian{tree: st, paths: newFolderPaths(st), removed: removals{tree: st, room: maxRestored}, seen: map[ID]bool{}}
	if err := h.read(path); err != nil {
		return nil, false, err
	}
	slices.SortStableFunc(h.list, func(a, b Stood) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.N, a.N), cmp.Compare(b.At, a.At), cmp.Compare(a.Path, b.Path))
	})
	limit = max(limit, 0)
	return h.list[:min(limit, len(h.list))], h.cut || len(h.list) > limit, nil
}

// rank puts what stands before what stood.
func rank(s Stood) int {
	if s.Fate == Present {
		return 0
	}
	return 1
}

// historian gathers a history.
type historian struct {
	tree    *txState
	paths   folderPaths
	removed removals
	list    []Stood
	seen    map[ID]bool // folders; no sound catalog leads to one twice
	cut     bool        // not all was read
}

func (h *historian) read(path string) error {
	t, err := h.tree.trail(path, newest("", maxVersions))
	if err != nil {
		return err
	}
	at := strings.Join(partsOf(path), "/")
	var folders []ID
	if t.present != nil {
		h.list = append(h.list, stood(*t.present, at))
		if t.present.Kind == Dir {
			folders = append(folders, t.present.ID)
		}
	}
	h.cut = len(t.rows) >= maxVersions
	for i := range t.rows {
		if err := h.add(&t.rows[i], at); err != nil {
			return err
		}
		if e := &t.rows[i].Entry; e.Kind == Dir {
			folders = append(folders, e.ID)
		}
	}
	for _, id := range folders {
		if err := h.taken(id, at, maxDepth); err != nil {
			return err
		}
	}
	return nil
}

// taken adds what was taken away from a folder that stood at path at, and from those in
// it that were removed.
func (h *historian) taken(folder ID, at string, depth int) error {
	if h.seen[folder] {
		return nil
	}
	h.seen[folder] = true
	room := maxHistory - len(h.list)
	if room <= 0 || depth == 0 {
		h.cut = true
		return nil
	}
	var below []Entry
	err := h.tree.eachPast("p.parent = ?", []any{int64(folder)}, newest("", room), func(r pastRow) error {
		if r.Entry.Kind == Dir {
			below = append(below, Entry{ID: r.Entry.ID, Name: r.Entry.Name})
		}
		return h.add(&r, join(at, r.Entry.Name))
	})
	if err != nil {
		return err
	}
	for _, e := range below {
		if err := h.taken(e.ID, join(at, e.Name), depth-1); err != nil {
			return err
		}
	}
	return nil
}

// add takes a row for what stood at path at.
func (h *historian) add(r *pastRow, at string) error {
	s, err := h.stood(r, at)
	h.list = append(h.list, s)
	return err
}

func (h *historian) stood(r *pastRow, at string) (Stood, error) {
	s := stood(r.Entry, at)
	s.N, s.At, s.Last, s.Fate = r.N, r.At, r.N-1, r.fate()
	if !r.present {
		begun, err := h.removed.beginning(r)
		if errors.Is(err, ErrMany) {
			err = nil // then it is so of the folder alone
		}
		s.Last = begun.n - 1
		return s, err
	}
	e, _, err := h.tree.Entry(r.Entry.ID)
	if err != nil {
		return s, err
	}
	up, err := h.paths.path(e.Parent)
	if errors.Is(err, ErrInvalid) {
		return s, nil // too deep for any path
	}
	if now := join(up, e.Name); now != at {
		s.Now = now
	}
	return s, err
}

func stood(e Entry, at string) Stood {
	s := Stood{Path: at, Kind: e.Kind, ID: e.ID, MTime: e.MTime, Fate: Present}
	if v := e.Version; v != nil {
		s.Version, s.Size, s.SHA256 = v.ID, v.Size, v.SHA256
	}
	return s
}
