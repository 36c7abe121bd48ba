package fs

import (
	"sync"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// placesKept is how many pages are remembered: 5 MB at most.
const placesKept = 64

// places remembers the pages that listings read last, for the programs that go on with them:
// where a place was by name, also when the entry is gone since, and that it was the last.
// The zero places are empty.
type places struct {
	mu     sync.Mutex        // guards the fields below; no other lock is taken under it
	recent [placesKept]*page // a ring
	next   int
}

// page is a part of a folder's listing. It does not change.
type page struct {
	folder catalog.ID
	list   []catalog.Attr
	whole  bool // nothing comes after it
	// announced is how often changes had been announced before it was read.
	announced uint64
}

func (p *places) keep(one *page) {
	if len(one.list) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recent[p.next] = one
	p.next = (p.next + 1) % placesKept
}

// find gives the name that an entry had when it was listed, empty where that is not known
// any more. ended tells that nothing came after it, and that no change was announced since:
// what is told to the kernel later than that makes it ask again.
func (p *places) find(folder, entry catalog.ID, announced uint64) (name string, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range placesKept {
		one := p.recent[(p.next+placesKept-1-i)%placesKept]
		if one == nil {
			return "", false
		}
		if one.folder != folder {
			continue
		}
		for j := len(one.list) - 1; j >= 0; j-- {
			if a := &one.list[j]; a.ID == entry {
				return a.Name, one.whole && one.announced == announced && j == len(one.list)-1
			}
		}
	}
	return "", false
}
