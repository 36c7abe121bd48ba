package fs

import "sync"

// handles gives numbers to what is open. The zero handles are empty.
type handles[T any] struct {
	mu   sync.RWMutex // guards the fields below; no other lock is taken under it
	last uint64
	open map[uint64]T
}

// add gives the number under which h is found.
func (t *handles[T]) add(h T) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[uint64]T{}
	}
	t.last++
	t.open[t.last] = h
	return t.last
}

func (t *handles[T]) get(number uint64) (T, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	h, ok := t.open[number]
	if !ok {
		return h, errNoHandle
	}
	return h, nil
}

func (t *handles[T]) take(number uint64) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, ok := t.open[number]
	delete(t.open, number)
	return h, ok
}

func (t *handles[T]) takeAll() []T {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []T
	for _, h := range t.open {
		all = append(all, h)
	}
	clear(t.open)
	return all
}
