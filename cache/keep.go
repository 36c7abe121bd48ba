package cache

import "time"

// keep is the housekeeper: it writes changed maps, ends fills that nobody wants any
// more, unloads what is not in use, and gives disk back that others need.
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
		if flush {
			c.evict(c.belowFloor())
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
// stay. Those of which nothing is here do not.
func (c *Cache) unload(rec *record, rep *replica) bool {
	c.mu.Lock()
	if rec.rep != rep || rec.refs > 0 || rec.busy != nil || !rep.retire(rep.hopeless()) {
		c.mu.Unlock()
		return false
	}
	rec.rep = nil
	delete(c.loaded, rec)
	if !rep.bare() {
		c.mu.Unlock()
		return true
	}
	if rec.charge == 0 {
		c.forget(rec)
		c.mu.Unlock()
		return false
	}
	rec.busy = make(chan struct{})
	c.mu.Unlock()
	c.remove(rec)
	return false
}

// bare tells whether no block is here.
func (r *replica) bare() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missing == len(r.blocks)
}

// hopeless tells whether the map will not be written however long one waits.
func (r *replica) hopeless() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.suspect || r.ident == nil
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
