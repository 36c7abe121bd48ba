package catalog

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Finding is a file that a search found.
type Finding struct {
	// Path is its locker path.
	Path string `json:"path"`
	ID   ID     `json:"id"`
	// What its tags say; empty for what is not audio.
	Artist   string        `json:"artist,omitempty"`
	Album    string        `json:"album,omitempty"`
	Title    string        `json:"title,omitempty"`
	Duration time.Duration `json:"duration,omitempty"` // in JSON as integer nanoseconds
}

// considered is how many files of each rank a search puts in order, or more where more
// are asked for.
const considered = 1000

// Search finds the files that have all the words, each in whole or as a beginning, in
// artist, album artist, album, title (and how these are sorted), genre, year, composer,
// file name or the names of the folders: at most limit of them. Case, accents and
// punctuation make no difference. No words find nothing. Nothing in words is syntax;
// ErrQuery means that there are too many.
//
// The best come first: those with all the words whole in title, artist or album, then
// those with words there that begin so, then all others; within each in the order of
// their paths, as [Index.Walk] has it. Where more than a thousand have the same
// rank, those are chosen that search has known for longest.
//
// The answer is that of the last commit: Search first does what [Index.UpdateSearch]
// does. The error is ErrUnsynced before the whole tree has been read.
func (x *Index) Search(ctx context.Context, words string, limit int) ([]Finding, error) {
	if !x.Synced() {
		return nil, ErrUnsynced
	}
	query, err := queryWords(words)
	if err != nil || len(query) == 0 || limit <= 0 {
		return nil, err
	}
	for {
		if err := x.updateSearch(ctx, false); err != nil {
			return nil, err
		}
		found, current, err := x.search(ctx, query, limit)
		if err != nil || current {
			return found, err
		}
	}
}

// search answers from one moment's index; current is false, and nothing found, when a
// commit has come between.
func (x *Index) search(ctx context.Context, query []string, limit int) (found []Finding, current bool, err error) {
	snap, err := x.snapshot(ctx)
	if err != nil {
		return nil, false, err
	}
	defer snap.close()
	st := &txState{tx: snap.tx, ctx: ctx}
	defer st.close()
	var one int
	if stale, err := st.one("SELECT 1 FROM search_stale LIMIT 1", nil, &one); err != nil || stale {
		return nil, false, err
	}
	s := searcher{txState: st, folders: newFolderPaths(st), seen: map[ID]bool{}}
	for _, match := range ranks(query) {
		if len(s.hits) >= limit {
			break
		}
		if err := s.rank(match, max(limit, considered)); err != nil {
			return nil, false, err
		}
	}
	for _, h := range s.hits[:min(limit, len(s.hits))] {
		f, err := s.found(h)
		if err != nil {
			return nil, false, err
		}
		found = append(found, f)
	}
	return found, true, nil
}

// ranks gives what to ask the full-text index for, the best rank first. Each rank has
// what those before it have. The words are letters and digits only, and quoted.
func ranks(query []string) []string {
	whole := `"` + strings.Join(query, `" "`) + `"`
	begun := `"` + strings.Join(query, `" * "`) + `" *`
	return []string{"main : (" + whole + ")", "main : (" + begun + ")", begun}
}

// searcher collects what one search finds.
type searcher struct {
	*txState
	hits    []hit
	seen    map[ID]bool
	folders folderPaths
}

type hit struct {
	id   ID
	path string
}

// rank adds what matches and has not been found yet, in order.
func (s *searcher) rank(match string, most int) error {
	rows, err := s.tx.QueryContext(s.ctx, `SELECT r.id, e.parent, e.name FROM search f
		JOIN search_row r ON r.row = f.rowid JOIN entry e ON e.id = r.id
		WHERE f.search MATCH ? ORDER BY f.rowid LIMIT ?`, match, most+len(s.hits))
	if err != nil {
		return err
	}
	defer rows.Close()
	var hits []hit
	for rows.Next() {
		var id, parent int64
		var name string
		if err := rows.Scan(&id, &parent, &name); err != nil {
			return err
		}
		if s.seen[ID(id)] {
			continue
		}
		s.seen[ID(id)] = true
		dir, err := s.folders.path(ID(parent))
		if err != nil {
			return err
		}
		hits = append(hits, hit{ID(id), join(dir, name)})
	}
	slices.SortFunc(hits, func(a, b hit) int { return comparePaths(a.path, b.path) })
	s.hits = append(s.hits, hits...)
	return rows.Err()
}

func (s *searcher) found(h hit) (Finding, error) {
	f := Finding{Path: h.path, ID: h.id}
	e, found, err := s.Entry(h.id)
	if err == nil && found && e.Version.Tags != nil {
		t := e.Version.Tags
		f.Artist, f.Album, f.Title, f.Duration = t.Artist, t.Album, t.Title, t.Duration
	}
	return f, err
}

// comparePaths orders paths as a walk comes by them: by the names of the folders one
// after the other, so that what is in a folder is not torn apart by the folder's
// neighbours.
func comparePaths(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == b[i]:
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		default:
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}
