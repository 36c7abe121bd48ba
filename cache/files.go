package cache

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// readBounded reads a file that should be at most limit bytes long; what is longer
// is cut there.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// file lends the open data file. fs.ErrNotExist means that there is none, or that it
// is not the one the blocks are in.
func (r *replica) file() (*descriptor, error) {
	if one := r.c.files.borrow(r.rec.id); one != nil {
		return one, nil
	}
	r.mu.Lock()
	ident := r.ident
	r.mu.Unlock()
	if ident == nil {
		return nil, fs.ErrNotExist
	}
	f, err := os.OpenFile(dataPath(r.c.opts.Dir, r.rec.id), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		r.vanish(ident)
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, ident) {
		r.vanish(ident)
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return r.c.files.add(r.rec.id, f), nil
}

// prepare lends the data file and makes it and its map if they are not there.
func (r *replica) prepare() (*descriptor, error) {
	r.disk.Lock()
	defer r.disk.Unlock()
	one, err := r.file()
	if !errors.Is(err, fs.ErrNotExist) {
		return one, err
	}
	r.mu.Lock()
	obj := r.obj
	obj.SHA256 = r.sum
	r.mu.Unlock()
	if err := os.MkdirAll(folderPath(r.c.opts.Dir, r.rec.id), 0o700); err != nil {
		return nil, err
	}
	f, info, err := r.c.create(r.rec.id, obj)
	if err != nil {
		r.c.discard(r.rec.id) // a disk that is full keeps no half of them
		return nil, err
	}
	r.mu.Lock()
	r.ident = info
	r.mu.Unlock()
	return r.c.files.add(r.rec.id, f), nil
}

// create makes the two files of an object. The map comes first, so that data without
// a map is never one of ours being made.
func (c *Cache) create(i id, obj Object) (*os.File, os.FileInfo, error) {
	m, err := os.OpenFile(mapPath(c.opts.Dir, i), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, err
	}
	_, err = c.tune.write(m, emptyMap(obj), 0)
	if err = errors.Join(err, m.Close()); err != nil {
		return nil, nil, err
	}
	f, err := os.OpenFile(dataPath(c.opts.Dir, i), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = f.Truncate(obj.Size)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// persist writes the map if it changed. The file has to be there: a map must not
// outlive the eviction of its object, nor one that is dead overwrite its successor's.
// Nothing is written while the content is in doubt, for the next start would not know
// of the doubt.
func (r *replica) persist() error {
	r.disk.Lock()
	defer r.disk.Unlock()
	r.mu.Lock()
	if !r.dirty || r.suspect || r.dead || r.ident == nil {
		r.mu.Unlock()
		return nil
	}
	obj := r.obj
	obj.SHA256 = r.sum
	m := blockMap{verified: r.verified, present: make([]bool, len(r.blocks)), crc: make([]uint32, len(r.blocks))}
	for b := range r.blocks {
		m.present[b], m.crc[b] = r.blocks[b].state.has(here), r.blocks[b].crc
	}
	r.dirty, r.writing = false, true
	r.mu.Unlock()

	err := r.c.overwrite(mapPath(r.c.opts.Dir, r.rec.id), encodeMap(obj, m))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	r.mu.Lock()
	r.writing = false
	r.dirty = r.dirty || err != nil
	r.mu.Unlock()
	if err != nil {
		return fmt.Errorf("write map of %q: %w", r.obj.Key, err)
	}
	return nil
}

// blank makes the map file name no block.
func (r *replica) blank() error {
	r.disk.Lock()
	defer r.disk.Unlock()
	err := r.c.overwrite(mapPath(r.c.opts.Dir, r.rec.id), emptyMap(r.obj))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// overwrite writes raw over the start of a file that exists. In place, because
// records are good one by one: a torn write costs blocks and trusts none.
func (c *Cache) overwrite(path string, raw []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = c.tune.write(f, raw, 0)
	return errors.Join(err, f.Close())
}

// load reads the map of obj and gives a replica with what it names. Whatever does
// not fit together is removed: it costs bandwidth. It gives the charge beside it.
func (c *Cache) load(rec *record, obj Object) (*replica, int64) {
	r := newReplica(c, rec, obj)
	if !r.cacheable() {
		return r, 0
	}
	m, f, info, err := c.openObject(rec.id, obj)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.log.Warn("cached object is unusable", "key", obj.Key, "err", err)
		}
		return r, c.discard(rec.id)
	}
	r.ident, r.paid, r.verified = info, true, m.verified
	r.suspect = r.suspect && !m.verified
	charge, space := overhead(obj.Size), int64(0)
	for b := range r.blocks {
		if m.present[b] {
			r.blocks[b] = block{crc: m.crc[b], state: here | charged}
			space += blockCost(obj.Size, b)
			r.missing--
		}
	}
	if used := usage(info); r.missing > 0 && used > 0 && r.reclaim(f) != nil {
		space = max(space, used)
	}
	c.files.giveBack(c.files.add(rec.id, f))
	return r, charge + space
}

func (c *Cache) openObject(i id, obj Object) (m blockMap, f *os.File, info fs.FileInfo, err error) {
	raw, err := readBounded(mapPath(c.opts.Dir, i), mapLength(obj))
	if err != nil {
		return m, nil, nil, err
	}
	if m, err = decodeMap(raw, obj); err != nil {
		return m, nil, nil, err
	}
	if f, err = os.OpenFile(dataPath(c.opts.Dir, i), os.O_RDWR, 0); err != nil {
		return m, nil, nil, err
	}
	info, err = f.Stat()
	if err == nil && info.Size() != obj.Size {
		err = fmt.Errorf("%w: %d bytes of data", errBadMap, info.Size())
	}
	if err != nil {
		f.Close()
	}
	return m, f, info, err
}

// reclaim gives back the space of blocks that the map does not name: they were
// written shortly before a kill. Where that fails they stay counted.
func (r *replica) reclaim(f *os.File) error {
	for b := 0; b < len(r.blocks); b++ {
		first := b
		for b < len(r.blocks) && !r.blocks[b].state.has(here) {
			b++
		}
		if b == first {
			continue
		}
		if err := r.c.tune.punch(f, blockStart(first), blockStart(b)-blockStart(first)); err != nil {
			return err
		}
	}
	return nil
}

// discard removes the files of i and gives the bytes that could not be removed.
func (c *Cache) discard(i id) int64 {
	c.files.forget(i)
	var left int64
	for _, path := range []string{mapPath(c.opts.Dir, i), dataPath(c.opts.Dir, i)} {
		err := os.Remove(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		c.log.Warn("cached file cannot be removed", "err", err)
		if info, err := os.Lstat(path); err == nil {
			left += usage(info)
		}
	}
	return left
}

// stampFiles notes the time of the last use where the next scan looks for it, or that
// of the last play on both files of what is protected.
func (c *Cache) stampFiles(rec *record) {
	used, paths := time.Now(), []string{mapPath(c.opts.Dir, rec.id)}
	c.mu.Lock()
	if rec.in == &c.protected {
		used, paths = rec.played, append(paths, dataPath(c.opts.Dir, rec.id))
	}
	c.mu.Unlock()
	for _, path := range paths {
		if err := os.Chtimes(path, used, used); err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.log.Debug("time of use not written", "err", err)
		}
	}
}
