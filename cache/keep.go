package cache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// keep is the housekeeper: it writes changed maps, ends fills that nobody wants any
// more and unloads what is not in use.
func (c *Cache) keep() {
	tick := time.NewTicker(min(c.tune.grace, c.tune.flush)/2 + 1)
	defer tick.Stop()
	flushed := time.Now()
	for {
		select {
		case <-c.base.Done():
			return
		case <-tick.C:
		}
		flush := time.Since(flushed) >= c.tune.flush
		if flush {
			flushed = time.Now()
		}
		for _, rec := range c.loadedRecords() {
			c.tidy(rec, flush)
		}
	}
}

// tidy does the housekeeper's work on one object.
func (c *Cache) tidy(rec *record, flush bool) {
	c.mu.Lock()
	rep := rec.rep
	idle := rec.refs == 0 && time.Since(rec.released) >= c.tune.grace
	c.mu.Unlock()
	if rep == nil {
		return
	}
	if idle {
		rep.abandon()
	}
	if idle || flush {
		if err := rep.persist(); err != nil {
			c.log.Warn("map not written", "err", err)
		}
	}
	if idle && c.unload(rec, rep) {
		c.stampFiles(rec)
	}
}

// unload forgets the map of an object that nobody uses, and tells whether its files
// stay.
func (c *Cache) unload(rec *record, rep *replica) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rec.rep != rep || rec.refs > 0 || rec.busy != nil || !rep.retire(rep.hopeless()) {
		return false
	}
	rec.rep = nil
	delete(c.loaded, rec)
	if rec.charge == 0 {
		c.forget(rec)
		return false
	}
	return true
}

// hopeless tells whether the map will not be written however long one waits.
func (r *replica) hopeless() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.suspect || r.ident == nil || r.obj.ETag == ""
}

func (c *Cache) loadedRecords() []*record {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*record, 0, len(c.loaded))
	for rec := range c.loaded {
		all = append(all, rec)
	}
	return all
}

// persist writes the record's map if it is loaded and changed.
func (c *Cache) persist(rec *record) error {
	c.mu.Lock()
	rep := rec.rep
	c.mu.Unlock()
	if rep == nil {
		return nil
	}
	return rep.persist()
}

// found is one object that a scan of the folder saw.
type found struct {
	id     id
	charge int64
	used   time.Time
}

// scan counts what the folder holds from earlier, and brings it under the limit.
func (c *Cache) scan() {
	defer close(c.scanned)
	folders, err := os.ReadDir(filepath.Join(c.opts.Dir, objectsFolder))
	if err != nil {
		c.log.Warn("cache folder cannot be read", "err", err)
	}
	var all []found
	for _, folder := range folders {
		if c.base.Err() != nil {
			return
		}
		if folder.IsDir() && len(folder.Name()) == 2 {
			all = append(all, c.scanFolder(folder.Name())...)
		}
	}
	slices.SortFunc(all, func(a, b found) int { return b.used.Compare(a.used) })
	c.mu.Lock()
	for _, one := range all {
		if c.records[one.id] != nil {
			continue // opened meanwhile, and counted by that
		}
		rec := &record{id: one.id, charge: one.charge}
		rec.place = c.order.PushFront(rec)
		c.records[one.id] = rec
		c.held += one.charge
	}
	over := c.held - c.opts.Limit
	c.mu.Unlock()
	if over > 0 {
		c.evict(over)
	}
}

// scanFolder finds the objects of one folder. A lone half of one is removed; names
// that are not ours are left alone.
func (c *Cache) scanFolder(name string) (all []found) {
	entries, err := os.ReadDir(filepath.Join(c.opts.Dir, objectsFolder, name))
	if err != nil {
		c.log.Warn("cache folder cannot be read", "err", err)
		return nil
	}
	maps, datas := map[id]fs.DirEntry{}, map[id]fs.DirEntry{}
	for _, e := range entries {
		base, isMap := strings.CutSuffix(e.Name(), mapSuffix)
		base, isData := strings.CutSuffix(base, dataSuffix)
		i, ok := parseID(base)
		switch {
		case !ok || base[:2] != name || isMap == isData || !e.Type().IsRegular():
		case isMap:
			maps[i] = e
		default:
			datas[i] = e
		}
	}
	for i, e := range datas {
		one, err := measure(i, maps[i], e)
		if err != nil {
			c.sweep(i)
			continue
		}
		all = append(all, one)
	}
	for i := range maps {
		if datas[i] == nil {
			c.sweep(i)
		}
	}
	return all
}

// measure tells what an object takes on disk and when it was last used.
func measure(i id, mapEntry, dataEntry fs.DirEntry) (found, error) {
	if mapEntry == nil {
		return found{}, errBadMap
	}
	m, err := mapEntry.Info()
	if err != nil {
		return found{}, err
	}
	d, err := dataEntry.Info()
	if err != nil {
		return found{}, err
	}
	if blockCount(d.Size()) > maxBlocks {
		return found{}, errors.New("larger than any object that is cached")
	}
	return found{id: i, charge: chargeOf(d), used: m.ModTime()}, nil
}

// sweep removes the files of something that is no whole object, unless it was opened
// meanwhile.
func (c *Cache) sweep(i id) {
	c.mu.Lock()
	if c.records[i] != nil {
		c.mu.Unlock()
		return
	}
	rec := c.add(i)
	rec.busy = make(chan struct{})
	c.mu.Unlock()
	c.remove(rec)
}
