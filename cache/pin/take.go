package pin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/lockerfs/lockerfs/cache"
)

// Room gives ErrNoRoom when n bytes more would fill the disk too much.
func (k *Keeper) Room(n int64) error {
	_, free, err := k.tune.space(k.shelf.dir)
	if err != nil {
		return err
	}
	if free-n < k.opts.Floor {
		return fmt.Errorf("%w: %d bytes are free, of which %d must stay so", ErrNoRoom, free, k.opts.Floor)
	}
	return nil
}

// Free is how many bytes may be pinned before the disk is too full.
func (k *Keeper) Free() (int64, error) {
	_, free, err := k.tune.space(k.shelf.dir)
	return max(free-k.opts.Floor, 0), err
}

// full tells whether an error says that the disk is full.
func full(err error) bool { return errors.Is(err, ErrNoRoom) || errors.Is(err, syscall.ENOSPC) }

// Take copies a file of this machine that has the bytes of obj, which is one of those that
// must stay from now on.
func (k *Keeper) Take(obj cache.Object, path string) error {
	k.turn.Lock()
	defer k.turn.Unlock()
	name := obj.Name()
	k.mu.Lock()
	busy := k.busy[name]
	k.mu.Unlock()
	if k.shelf.has(obj) != nil && !busy {
		if err := k.copy(obj, path); err != nil {
			return errors.Join(err, k.shelf.remove(name))
		}
	}
	k.used.Store(true)
	k.mu.Lock()
	defer k.mu.Unlock()
	o := k.set[name]
	if o == nil {
		o = &one{obj: obj}
		k.set[name] = o
	}
	if o.here = !busy; busy {
		k.todo = append(k.todo, o) // it is on its way
	}
	return nil
}

func (k *Keeper) copy(obj cache.Object, path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := k.Room(obj.Size); err != nil {
		return err
	}
	if err := k.shelf.makeFolder(obj.Name()); err != nil {
		return err
	}
	part, err := os.OpenFile(k.shelf.part(obj.Name()), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer part.Close()
	if _, err := io.Copy(part, from); err != nil { // shares the blocks where the disk can
		return err
	}
	return k.settle(obj, part)
}
