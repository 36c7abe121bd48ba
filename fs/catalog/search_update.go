package catalog

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Search is filled behind the commits: a commit only notes in search_stale what it
// makes stale, in its own transaction. What is noted is brought up in small
// transactions of its own, so a commit never waits long, and a process that is killed
// in between goes on where it was.

// A transaction brings up so many entries, and no more after so long: about the time
// that a commit waits for it.
const (
	searchBatch = 4000
	searchSpell = 200 * time.Millisecond
	// searchPause is how long it then makes way.
	searchPause = 250 * time.Millisecond
)

// UpdateSearch brings search up to the last commit, as Search itself does first. Who
// calls it while nothing else is to do spares people the waiting: about a minute for a
// million tracks that have just arrived. It makes way for those who list folders meanwhile.
func (x *Index) UpdateSearch(ctx context.Context) error { return x.updateSearch(ctx, true) }

func (x *Index) updateSearch(ctx context.Context, makeWay bool) error {
	for {
		var stale bool
		if err := x.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM search_stale)").Scan(&stale); err != nil || !stale {
			return err
		}
		before := x.listed.Load()
		if err := x.updateSearchBatch(ctx, searchBatch); err != nil {
			return err
		}
		if makeWay && x.listed.Load()-before > 1 {
			select {
			case <-time.After(searchPause):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// updateSearchBatch brings up about so many entries. It changes nothing that the index
// answers otherwise, so what is kept in memory stays as it is.
func (x *Index) updateSearchBatch(ctx context.Context, entries int) error {
	if err := x.applying.take(ctx); err != nil {
		return err
	}
	defer x.applying.give()
	// What a power cut takes back is done again, and a commit after it makes both durable.
	defer x.leisurely(ctx)()
	return x.transact(ctx, func(st *txState) error {
		u := searchUpdate{txState: st, left: entries, until: time.Now().Add(searchSpell), folders: newFolderPaths(st)}
		return u.run()
	}, (*sql.Tx).Commit)
}

// leisurely has transactions return before the disk has them, and gives what ends that. It
// needs the turn.
func (x *Index) leisurely(ctx context.Context) (end func()) {
	set := func(mode string) {
		_, _ = x.write.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = "+mode)
	}
	set("NORMAL")
	return func() { set("FULL") }
}

// searchPage is how many entries of a folder are read at once.
const searchPage = 100

// markStale notes that search does not know the entry as it is: a file, a folder with
// all that is below it, or what is no longer there.
func (s *txState) markStale(id ID) error {
	return s.exec("INSERT INTO search_stale (id) VALUES (?)", int64(id))
}

// clearSearch makes search forget all, and notes that everything is to be brought up.
func (s *txState) clearSearch() error {
	for _, query := range []string{"INSERT INTO search (search) VALUES ('delete-all')", "DELETE FROM search_row", "DELETE FROM search_stale"} {
		if err := s.exec(query); err != nil {
			return err
		}
	}
	return s.markStale(Root)
}

// searchUpdate is one transaction of bringing search up.
type searchUpdate struct {
	*txState
	left    int       // entries that may still be looked at
	until   time.Time // when to look at no further
	folders folderPaths
}

// run takes what is stale, the oldest first, until there is no more or enough was done.
// Folders below a folder are put behind all else. After a new index is read, files are
// therefore taken in about the order of their paths.
func (u *searchUpdate) run() error {
	for ok := true; ok; ok = u.left > 0 && time.Now().Before(u.until) {
		var seq, n int64
		var after string
		found, err := u.one("SELECT seq, id, after FROM search_stale ORDER BY seq LIMIT 1", nil, &seq, &n, &after)
		if err != nil || !found {
			return err
		}
		u.left--
		done, err := u.entry(seq, ID(n), after)
		if err == nil && done {
			err = u.exec("DELETE FROM search_stale WHERE seq = ?", seq)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (u *searchUpdate) entry(seq int64, id ID, after string) (done bool, err error) {
	e, found, err := u.Entry(id)
	switch {
	case err != nil:
		return false, err
	case !found:
		return true, u.forget(id)
	case e.Kind == File:
		return true, u.file(&e)
	}
	return u.folder(seq, id, after)
}

// folder takes some files of a folder, and notes the folders, from the name after on.
func (u *searchUpdate) folder(seq int64, id ID, after string) (done bool, err error) {
	limit := min(u.left+1, searchPage)
	list, err := u.children(id, after, limit)
	if err != nil {
		return false, err
	}
	for i := range list {
		if list[i].Kind == Dir {
			err = u.markStale(list[i].ID)
		} else {
			err = u.file(&list[i])
		}
		if err != nil {
			return false, err
		}
	}
	u.left -= len(list)
	if len(list) < limit {
		return true, nil
	}
	return false, u.exec("UPDATE search_stale SET after = ? WHERE seq = ?", list[len(list)-1].Name, seq)
}

func (u *searchUpdate) children(id ID, after string, limit int) ([]Entry, error) {
	st, err := u.stmt("SELECT " + entryColumns + " FROM entry e LEFT JOIN content c ON c.row = e.row WHERE e.parent = ? AND e.name > ? ORDER BY e.name LIMIT ?+0")
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(u.ctx, int64(id), after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Entry
	for rows.Next() {
		var r entryRow
		if err := rows.Scan(r.dest()...); err != nil {
			return nil, err
		}
		e, err := r.entry()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// forget takes what is no longer there out of search.
func (u *searchUpdate) forget(id ID) error {
	row, found, err := u.row(id)
	if err != nil || !found {
		return err
	}
	if err := u.exec("DELETE FROM search WHERE rowid = ?", row); err != nil {
		return err
	}
	return u.exec("DELETE FROM search_row WHERE row = ?", row)
}

func (u *searchUpdate) row(id ID) (row int64, found bool, err error) {
	found, err = u.one("SELECT row FROM search_row WHERE id = ?", []any{int64(id)}, &row)
	return row, found, err
}

// newRow gives a file a number. RETURNING would make the statement one that can be undone by
// itself, and for such FTS5 writes all it has gathered to the database first.
func (u *searchUpdate) newRow(id ID) (row int64, err error) {
	st, err := u.stmt("INSERT INTO search_row (id) VALUES (?)")
	if err != nil {
		return 0, err
	}
	done, err := st.ExecContext(u.ctx, int64(id))
	if err != nil {
		return 0, err
	}
	return done.LastInsertId()
}

// file makes search know a file as it is now.
func (u *searchUpdate) file(e *Entry) error {
	folder, err := u.folders.path(e.Parent)
	if errors.Is(err, ErrInvalid) {
		return u.forget(e.ID) // so deep that it has no path
	}
	if err != nil {
		return err
	}
	row, found, err := u.row(e.ID)
	switch {
	case err != nil:
		return err
	case found:
		err = u.exec("DELETE FROM search WHERE rowid = ?", row)
	default:
		row, err = u.newRow(e.ID)
	}
	if err != nil {
		return err
	}
	main, rest := fileWords(e, folder)
	return u.exec("INSERT INTO search (rowid, main, rest) VALUES (?, ?, ?)", row, main, rest)
}

// fileWords gives the words that a file is found by: those of its title, artist and
// album, and those that only the rest has.
func fileWords(e *Entry, folder string) (main, rest string) {
	seen := map[string]bool{}
	var b strings.Builder
	add := func(texts ...string) {
		for _, text := range texts {
			eachWord(text, func(w string) {
				if w == "" || seen[w] || len(seen) == maxWords {
					return
				}
				seen[w] = true
				b.WriteString(w)
				b.WriteByte(' ')
			})
		}
	}
	if t := e.Version.Tags; t != nil {
		add(t.Title, t.Artist, t.Album, t.AlbumArtist)
		add(t.Artists...)
		add(t.AlbumArtists...)
		add(t.TitleSort, t.ArtistSort, t.AlbumSort, t.AlbumArtistSort)
		main = b.String()
		b.Reset()
		add(t.Genre, t.Composer, t.Date, t.OriginalDate)
		if t.Year != 0 {
			add(strconv.Itoa(t.Year))
		}
	}
	add(e.Name, strings.ReplaceAll(folder, "/", " "))
	return main, b.String()
}
