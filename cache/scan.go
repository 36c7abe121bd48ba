package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// found is one object that a scan of the folder saw.
type found struct {
	id     id
	charge int64
	used   time.Time
	hot    bool // it was protected
}

// scan counts what the folder holds from earlier. What is not counted cannot be
// limited: nothing is admitted before a scan has seen everything, and one that could
// not is tried again.
func (c *Cache) scan() {
	for first := true; ; first = false {
		err := c.takeStock()
		if err == nil {
			close(c.scanned)
			return
		}
		if first && c.base.Err() == nil {
			c.log.Error("cache folder cannot be counted, reading straight from the store until it can", "err", err)
		}
		select {
		case <-c.base.Done():
			return
		case <-time.After(c.tune.sulk):
		}
	}
}

// takeStock counts the folder, settles the budget and brings the folder under it.
func (c *Cache) takeStock() error {
	folders, err := c.listFolder(filepath.Join(c.opts.Dir, objectsFolder))
	if err != nil {
		return err
	}
	var all []found
	for _, folder := range folders {
		if c.base.Err() != nil {
			return ErrClosed
		}
		if folder.IsDir() && len(folder.Name()) == 2 {
			some, err := c.scanFolder(folder.Name())
			if err != nil {
				return err
			}
			all = append(all, some...)
		}
	}
	slices.SortFunc(all, func(a, b found) int { return b.used.Compare(a.used) })
	held := c.adopt(all)
	disk, err := c.tune.space(c.opts.Dir)
	if err != nil && (c.opts.Limit < 0 || c.opts.Floor < 0) {
		return fmt.Errorf("free disk is not known: %w", err)
	}
	c.budget.Store(settle(c.opts, disk, held))
	c.trim()
	return nil
}

// adopt counts what was found, the most recently used first, and gives what is held
// in all.
func (c *Cache) adopt(all []found) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range all {
		rec := c.records[one.id]
		if rec == nil {
			rec = &record{id: one.id, in: &c.probation}
			if one.hot {
				rec.in, rec.played = &c.protected, one.used
			}
			rec.place = rec.in.order.PushFront(rec)
			c.records[one.id] = rec
			c.charge(rec, one.charge)
			continue
		}
		if rec.rep == nil && rec.charge == 0 {
			// Being opened: it counts as it was found until its map is loaded, or
			// else its bytes would be given to others in between.
			c.charge(rec, one.charge)
		}
		if one.hot && rec.played.IsZero() {
			rec.played = one.used
			c.move(rec, &c.protected)
		}
	}
	return c.held
}

// listFolder gives what is in a folder; one that is not there is empty.
func (c *Cache) listFolder(path string) ([]os.DirEntry, error) {
	entries, err := c.tune.list(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// scanFolder finds the objects of one folder. A lone half of one is removed; names
// that are not ours are left alone.
func (c *Cache) scanFolder(name string) (all []found, err error) {
	entries, err := c.listFolder(filepath.Join(c.opts.Dir, objectsFolder, name))
	if err != nil {
		return nil, err
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
	return all, nil
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
	return found{id: i, charge: chargeOf(d), used: m.ModTime(), hot: m.ModTime().Equal(d.ModTime())}, nil
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
