package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// ReadAt reads len(p) bytes from off of an object out of a pack, as far as the object
// has them. ok is false where the pack is not here or has not all of them; the caller
// reads the object then. A pack that turns out to be damaged is given up.
func (s *Shelf) ReadAt(name string, id ID, p []byte, off int64) (n int, ok bool) {
	o := s.take(name)
	if o == nil {
		return 0, false
	}
	defer s.give(o)
	n, ok, err := o.ReadAt(id, p, off)
	if err != nil {
		s.condemn(name, err)
		return 0, false
	}
	return n, ok
}

// Covers tells whether ReadAt would have the bytes.
func (s *Shelf) Covers(name string, id ID, off int64, n int) bool {
	o := s.take(name)
	if o == nil {
		return false
	}
	defer s.give(o)
	return o.Covers(id, off, n)
}

// From is how many bytes from off on of an object a pack has in one range; 0 where the
// pack is not here.
func (s *Shelf) From(name string, id ID, off int64) int64 {
	o := s.take(name)
	if o == nil {
		return 0
	}
	defer s.give(o)
	r, ok := o.find(id, off, 1)
	if !ok {
		return 0
	}
	return r.Offset + r.length - off
}

// Bytes is how many bytes of an object a pack has; 0 where the pack is not here.
func (s *Shelf) Bytes(name string, id ID) (n int64) {
	o := s.take(name)
	if o == nil {
		return 0
	}
	defer s.give(o)
	if has := o.objects[id]; has != nil {
		for _, r := range has.Parts {
			n += r.length
		}
	}
	return n
}

// take gives an open pack, or nil. It must be given back.
func (s *Shelf) take(name string) *opened {
	s.mu.Lock()
	h := s.held[name]
	if h == nil {
		s.mu.Unlock()
		return nil
	}
	s.order.MoveToFront(h.place)
	if h.open != nil {
		defer s.mu.Unlock()
		s.opens.MoveToFront(h.opens)
		h.open.users++
		return h.open
	}
	s.mu.Unlock()
	o, err := s.open(h)
	if err != nil {
		s.condemn(name, err)
		return nil
	}
	return s.join(h, o)
}

// join makes o the open pack of h, unless another was quicker, and takes it.
func (s *Shelf) join(h *held, o *opened) *opened {
	s.mu.Lock()
	var spare []*os.File
	switch {
	case s.held[h.name] != h: // dropped meanwhile: the last user closes it
		o.gone = true
	case h.open != nil:
		spare = append(spare, o.file)
		o = h.open
	default:
		h.open, h.opens = o, s.opens.PushFront(h)
		if s.opens.Len() > maxOpen {
			spare = append(spare, s.retire(s.opens.Back().Value.(*held)))
		}
	}
	o.users++
	s.mu.Unlock()
	closeAll(spare)
	return o
}

// give ends a use of an open pack.
func (s *Shelf) give(o *opened) {
	s.mu.Lock()
	o.users--
	last := o.gone && o.users == 0
	s.mu.Unlock()
	if last {
		o.file.Close()
	}
}

// retire takes the open pack from h. With s.mu held. It gives the file to close when
// nobody uses it; else the last user closes it.
func (s *Shelf) retire(h *held) *os.File {
	o := h.open
	if o == nil {
		return nil
	}
	s.opens.Remove(h.opens)
	h.open, h.opens = nil, nil
	o.gone = true
	if o.users > 0 {
		return nil
	}
	return o.file
}

// closeAll closes files that were only read; nil ones are left out.
func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// condemn gives up a pack that cannot be read. It is fetched again when it is wanted.
func (s *Shelf) condemn(name string, err error) {
	s.mu.Lock()
	h := s.held[name]
	var file *os.File
	if h != nil {
		file = s.drop(h)
	}
	s.mu.Unlock()
	closeAll([]*os.File{file})
	if h != nil {
		s.log.Warn("scan pack given up", "pack", name, "err", err)
		s.remove(name + suffix)
	}
}

// Close ends what is being fetched and closes the packs that are open. Nobody may use
// the shelf afterwards.
func (s *Shelf) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.downloads.Wait()
	s.mu.Lock()
	var files []*os.File
	for _, h := range s.held {
		files = append(files, s.retire(h))
	}
	s.mu.Unlock()
	closeAll(files)
	return nil
}

// open opens a pack's file and, the first time, holds it to its name.
func (s *Shelf) open(h *held) (*opened, error) {
	f, err := os.Open(s.path(h.name))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	whole := h.whole
	s.mu.Unlock()
	var p *Pack
	if whole {
		p, err = Open(f, h.size)
	} else {
		p, err = verified(f, h.name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	s.mu.Lock()
	h.whole = true
	s.mu.Unlock()
	return &opened{Pack: p, file: f}, nil
}

// verified opens a pack whose bytes hash to its name.
func verified(f *os.File, name string) (*Pack, error) {
	sum := sha256.New()
	size, err := io.Copy(sum, io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if hex.EncodeToString(sum.Sum(nil)) != name {
		return nil, fmt.Errorf("scan pack %.12s: %w", name, ErrDamaged)
	}
	return Open(f, size)
}
