package staging

import (
	"container/list"
	"errors"
	"os"
	"sync"
)

// local is one file of the folder.
type local struct {
	name, path string

	// Guarded by descriptors.mu.
	file   *os.File // nil when it is not open
	users  int
	idle   *list.Element // its place while it is open and nobody uses it
	dirty  bool          // written since the last fdatasync
	failed error         // of an fdatasync; what was written then may be lost
	gone   bool          // its draft is closed: it is not kept open
}

// descriptors keeps local files open, and at most limit of those that nobody uses: the one
// unused for longest is closed first.
type descriptors struct {
	limit    int
	dataSync func(*os.File) error

	mu     sync.Mutex // guards the fields below and those of local
	idle   *list.List // of *local, longest unused first
	closed bool
}

// borrow opens l if need be. writing: its bytes may change until giveBack.
func (d *descriptors) borrow(l *local, writing bool) (*os.File, error) {
	d.mu.Lock()
	if f, err, ok := d.lend(l, writing); ok {
		d.mu.Unlock()
		return f, err
	}
	d.mu.Unlock()
	opened, err := os.OpenFile(l.path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	f, err, ok := d.lend(l, writing) // another was quicker, or all is closed
	if !ok {
		l.file, f = opened, opened
		d.count(l, writing)
	}
	d.mu.Unlock()
	if ok {
		opened.Close()
	}
	return f, err
}

// lend gives the file of l if it is open; ok is false when the caller must open it. With
// d.mu held.
func (d *descriptors) lend(l *local, writing bool) (f *os.File, err error, ok bool) {
	switch {
	case d.closed:
		return nil, ErrClosed, true
	case l.file == nil:
		return nil, nil, false
	}
	if l.idle != nil {
		d.idle.Remove(l.idle)
		l.idle = nil
	}
	d.count(l, writing)
	return l.file, nil, true
}

func (d *descriptors) count(l *local, writing bool) {
	l.users++
	l.dirty = l.dirty || writing
}

// giveBack ends a borrow.
func (d *descriptors) giveBack(l *local) {
	d.mu.Lock()
	var out []*local
	if l.users--; l.users == 0 {
		l.idle = d.idle.PushBack(l)
		switch {
		case d.closed || l.gone:
			out = append(out, l)
		case d.idle.Len() > d.limit:
			out = append(out, d.idle.Front().Value.(*local))
		}
	}
	d.expel(out)
}

// forget closes l's file, at once or when its last user gives it back.
func (d *descriptors) forget(l *local) {
	d.mu.Lock()
	l.gone = true
	if l.idle == nil {
		d.mu.Unlock()
		return
	}
	d.expel([]*local{l})
}

// close ends all borrowing, and closes what nobody uses.
func (d *descriptors) close() {
	d.mu.Lock()
	d.closed = true
	var out []*local
	for e := d.idle.Front(); e != nil; e = e.Next() {
		out = append(out, e.Value.(*local))
	}
	d.expel(out)
}

// expel closes idle files. It is called with d.mu held and gives it up. One with unsynced
// bytes is synced first, as only an open descriptor is sure to be told that they could not
// be written; but for those whose draft is closed, since nobody asks any more.
func (d *descriptors) expel(out []*local) {
	files := make([]*os.File, len(out))
	unsynced := make([]bool, len(out))
	for i, l := range out {
		d.idle.Remove(l.idle)
		l.idle = nil
		files[i], l.file = l.file, nil
		unsynced[i], l.dirty = l.dirty && !l.gone && !d.closed, false
	}
	d.mu.Unlock()
	for i, f := range files {
		if unsynced[i] {
			d.fail(out[i], d.dataSync(f))
		}
		f.Close()
	}
}

// sync makes the bytes of l safe, which is lent to the caller as f. Once it failed it fails
// for ever.
func (d *descriptors) sync(l *local, f *os.File) error {
	d.mu.Lock()
	l.dirty = false // what is written from here on may come too late
	d.mu.Unlock()
	d.fail(l, d.dataSync(f))
	return d.failure(l)
}

// failure is what made an earlier sync of l fail.
func (d *descriptors) failure(l *local) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return l.failed
}

func (d *descriptors) fail(l *local, err error) {
	if err == nil {
		return
	}
	d.mu.Lock()
	l.failed = errors.Join(l.failed, full(err))
	d.mu.Unlock()
}
