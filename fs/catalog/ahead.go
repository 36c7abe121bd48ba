package catalog

import (
	"context"
	"sync"
)

// aheadRows is how many entries are listed ahead at most: some 60 KB.
const aheadRows = 512

// ahead holds what lies in the folders that were listed last: who lists an artist goes on
// with the albums, one by one, and one query for all of them costs less than one for each.
// The zero ahead holds nothing.
type ahead struct {
	mu         sync.Mutex // guards the fields below; no other lock and no I/O under it
	generation uint64     // of the attributes, when they were read; see hotCache
	lists      map[ID][]Attr
}

// take gives all that lies in folder, once. A commit has ended what was read before it.
func (a *ahead) take(folder ID, generation uint64) ([]Attr, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list, ok := a.lists[folder]
	if a.generation != generation || !ok {
		return nil, false
	}
	delete(a.lists, folder)
	return list, true
}

func (a *ahead) put(lists map[ID][]Attr, generation uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lists, a.generation = lists, generation
}

// listAhead reads what lies in the folders of list, which is all of the folder parent. It
// may fail: they will be asked for again.
func (x *Index) listAhead(ctx context.Context, parent ID, list []Attr, generation uint64) {
	folders := 0
	for i := range list {
		if list[i].Kind == Dir {
			folders++
			x.hot.keepFolder(&list[i], generation)
		}
	}
	if folders < 2 || !x.Synced() {
		return
	}
	rows, err := x.query(ctx, x.stmts.grandchildren, int64(parent), aheadRows)
	if err != nil {
		return
	}
	lists := make(map[ID][]Attr, folders)
	for i := range rows {
		lists[rows[i].Parent] = append(lists[rows[i].Parent], rows[i])
	}
	if len(rows) == aheadRows { // the last folder may hold more
		delete(lists, rows[len(rows)-1].Parent)
	}
	x.ahead.put(lists, generation)
}
