package pin

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/lockerfs/lockerfs/cache"
)

// watch reads one file after another again, slowly and in no order, so that each is read in
// the end however short the processes are.
func (k *Keeper) watch(ctx context.Context) {
	var left []cache.Object
	tick := time.NewTicker(k.tune.check)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if len(left) == 0 {
			left = k.here()
		}
		if n := len(left); n > 0 {
			k.check(left[n-1])
			left = left[:n-1]
		}
	}
}

// here gives what is here, in no order.
func (k *Keeper) here() []cache.Object {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []cache.Object
	for _, o := range k.set {
		if o.here {
			all = append(all, o.obj)
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// check reads a file again. One that is damaged is fetched again.
func (k *Keeper) check(obj cache.Object) (right bool) {
	right, err := k.right(obj)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, errTouched):
		k.lost(obj)
	case err != nil:
		k.log.Warn("a pinned file could not be checked", "key", obj.Key, "error", err)
	case !right:
		k.log.Warn("a pinned file is damaged and is fetched again", "key", obj.Key)
		if err := k.spoil(obj); err != nil {
			k.log.Warn("a damaged file stays", "key", obj.Key, "error", err)
		}
	}
	return right
}

// Check reads all that is here and compares it. It gives how many files it read and how many
// of them were damaged, which are fetched again.
func (k *Keeper) Check(ctx context.Context) (files, damaged int, err error) {
	for _, obj := range k.here() {
		if err := ctx.Err(); err != nil {
			return files, damaged, err
		}
		files++
		if !k.check(obj) {
			damaged++
		}
	}
	return files, damaged, nil
}

// right tells whether the bytes of a whole file are those that were verified. An error says
// that this is not known.
func (k *Keeper) right(obj cache.Object) (bool, error) {
	f, err := k.shelf.open(obj)
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	sum, _, err := sumOf(f)
	if errors.Is(err, syscall.EIO) {
		return false, nil // the disk has lost it
	}
	if err != nil {
		return false, err
	}
	return sum == obj.SHA256 || !hashed(obj) && sameStamp(obj, sum, info), nil
}

func sameStamp(obj cache.Object, sum [sha256.Size]byte, info fs.FileInfo) bool {
	return stamp(obj.Name(), sum).Unix() == info.ModTime().Unix()
}
