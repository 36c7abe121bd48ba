package pin

import (
	"errors"
	"io/fs"
	"os"

	"github.com/lockerfs/lockerfs/cache"
)

// Want says which versions must stay here, in the order in which they are fetched. If that
// is all, what else there is is let go, and its room is free at once.
func (k *Keeper) Want(objects []cache.Object, all bool) {
	k.turn.Lock()
	defer k.turn.Unlock()
	if len(objects) > 0 {
		k.used.Store(true)
	}
	k.mu.Lock()
	before := k.set
	k.mu.Unlock()
	set, order := k.arrange(objects, before)
	var gone []string
	for name, o := range before {
		switch {
		case set[name] != nil:
		case all:
			gone = append(gone, name)
		default:
			set[name] = o
			order = append(order, o)
		}
	}
	k.mu.Lock()
	k.set, k.todo = set, k.todo[:0]
	for _, o := range order {
		if !o.here {
			k.todo = append(k.todo, o)
		}
	}
	for _, name := range gone {
		if o := before[name]; o.cancel != nil {
			o.cancel()
		}
	}
	k.mu.Unlock()
	k.remove(gone)
	if all && !k.swept {
		k.swept = k.sweep()
	}
	k.nudge()
}

// arrange makes a set of objects; those that were in the one before are the same. turn is
// held.
func (k *Keeper) arrange(objects []cache.Object, before map[string]*one) (set map[string]*one, order []*one) {
	set = make(map[string]*one, len(objects))
	for _, obj := range objects {
		name := obj.Name()
		if set[name] != nil {
			continue
		}
		o := before[name]
		if o == nil {
			o = &one{obj: obj, here: k.shelf.has(obj) == nil}
			if info, err := os.Lstat(k.shelf.part(name)); err == nil && !o.here {
				o.got.Store(min(info.Size(), obj.Size))
			}
		} else if hashed(obj) && !hashed(o.obj) {
			k.mu.Lock()
			o.obj = obj // its SHA-256 is known by now
			k.mu.Unlock()
		}
		set[name], order = o, append(order, o)
	}
	return set, order
}

// remove removes files of what is not in the set, but those that somebody is at, who does
// so himself. turn is held.
func (k *Keeper) remove(names []string) {
	for _, name := range names {
		k.mu.Lock()
		keep := k.busy[name] || k.set[name] != nil
		k.mu.Unlock()
		if keep {
			continue
		}
		if err := k.shelf.remove(name); err != nil {
			k.log.Warn("a file that is not pinned any more stays", "error", err)
		}
	}
}

// sweep removes what an earlier process left. turn is held.
func (k *Keeper) sweep() bool {
	var gone []string
	err := k.shelf.names(func(name string) { gone = append(gone, name) })
	k.remove(gone)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		k.log.Warn("the folder of what is pinned cannot be listed", "error", err)
	}
	return err == nil
}
