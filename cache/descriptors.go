package cache

import (
	"container/list"
	"os"
	"sync"
)

// descriptors keeps the data files that are in use open, and at most limit of them
// once nobody uses them: the one unused for longest is closed first.
type descriptors struct {
	limit int

	mu   sync.Mutex // guards everything below and the fields of each descriptor; taken alone
	open map[id]*descriptor
	idle *list.List // of *descriptor without borrowers, longest idle first
}

// descriptor is one open data file. Its file may be used between borrow or add and
// giveBack.
type descriptor struct {
	id        id
	file      *os.File
	borrowers int
	forgotten bool
	idle      *list.Element
}

func newDescriptors(limit int) *descriptors {
	return &descriptors{limit: limit, open: map[id]*descriptor{}, idle: list.New()}
}

// borrow gives the open file of i, or nil when it is not open.
func (d *descriptors) borrow(i id) *descriptor {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.take(i)
}

func (d *descriptors) take(i id) *descriptor {
	one := d.open[i]
	if one == nil {
		return nil
	}
	if one.idle != nil {
		d.idle.Remove(one.idle)
		one.idle = nil
	}
	one.borrowers++
	return one
}

// add takes over file as the one of i and lends it. When another caller was quicker
// file is closed and theirs is lent.
func (d *descriptors) add(i id, file *os.File) *descriptor {
	d.mu.Lock()
	one := d.take(i)
	if one == nil {
		one = &descriptor{id: i, file: file, borrowers: 1}
		d.open[i] = one
		d.mu.Unlock()
		return one
	}
	d.mu.Unlock()
	file.Close()
	return one
}

func (d *descriptors) giveBack(one *descriptor) {
	var closing *os.File
	d.mu.Lock()
	one.borrowers--
	switch {
	case one.borrowers > 0:
	case one.forgotten:
		closing = one.file
	default:
		one.idle = d.idle.PushBack(one)
		if d.idle.Len() > d.limit {
			oldest := d.idle.Remove(d.idle.Front()).(*descriptor)
			delete(d.open, oldest.id)
			closing = oldest.file
		}
	}
	d.mu.Unlock()
	if closing != nil {
		closing.Close()
	}
}

// forget closes i's file, at once or when its last borrower gives it back. The next
// one to ask opens it anew.
func (d *descriptors) forget(i id) {
	d.mu.Lock()
	one := d.open[i]
	if one == nil {
		d.mu.Unlock()
		return
	}
	delete(d.open, i)
	one.forgotten = true
	closing := one.idle != nil
	if closing {
		d.idle.Remove(one.idle)
		one.idle = nil
	}
	d.mu.Unlock()
	if closing {
		one.file.Close()
	}
}

// forgetAll is forget for every file.
func (d *descriptors) forgetAll() {
	d.mu.Lock()
	all := make([]id, 0, len(d.open))
	for i := range d.open {
		all = append(all, i)
	}
	d.mu.Unlock()
	for _, i := range all {
		d.forget(i)
	}
}
