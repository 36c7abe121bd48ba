package pin

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/cache"
)

// Run fetches what is not here, and looks now and then whether what is here is still
// right, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	tasks.Go(func() { k.watch(ctx) })
	slots := make(chan struct{}, atOnce)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		o, fetch, wait := k.next(ctx)
		if o == nil {
			<-slots
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
			case <-timer.C:
			case <-k.wake:
			}
			timer.Stop()
			if ctx.Err() != nil {
				return
			}
			continue
		}
		tasks.Go(func() {
			err := k.fetch(fetch, o)
			k.end(ctx, o, err)
			<-slots
			k.nudge()
			if err == nil {
				k.opts.Came()
			}
		})
	}
}

// next takes one that is to be fetched now, with the context for that, or says how long
// there will be none.
func (k *Keeper) next(ctx context.Context) (*one, context.Context, time.Duration) {
	if k.opts.Ready() != nil {
		return nil, nil, k.tune.look
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now, wait := time.Now(), k.tune.rest
	if d := k.paused.Sub(now); d > 0 {
		return nil, nil, d
	}
	for i := 0; i < len(k.todo); i++ {
		o := k.todo[i]
		name := o.obj.Name()
		switch d := o.after.Sub(now); {
		case o.here || k.set[name] != o:
			k.todo = append(k.todo[:i], k.todo[i+1:]...)
			i--
		case k.busy[name]:
		case d > 0:
			wait = min(wait, d)
		default:
			k.todo = append(k.todo[:i], k.todo[i+1:]...)
			k.busy[name] = true
			var fetch context.Context
			fetch, o.cancel = context.WithCancel(ctx)
			return o, fetch, 0
		}
	}
	return nil, nil, wait
}

// fetch brings one here.
func (k *Keeper) fetch(ctx context.Context, o *one) error {
	k.mu.Lock()
	obj, began := o.obj, o.began
	o.began = true
	k.mu.Unlock()
	if k.rescue(obj) {
		return nil
	}
	if err := k.shelf.makeFolder(obj.Name()); err != nil {
		return err
	}
	part, err := os.OpenFile(k.shelf.part(obj.Name()), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer part.Close()
	off, err := resume(obj, part, began)
	if err != nil {
		return err
	}
	o.got.Store(off)
	buf := make([]byte, min(piece, obj.Size))
	for off < obj.Size {
		p := buf[:min(piece, obj.Size-off)]
		if err := k.opts.Ready(); err != nil {
			return err
		}
		if err := k.Room(int64(len(p))); err != nil {
			return err
		}
		if err := k.opts.Source.ReadAt(ctx, obj, p, off); err != nil {
			return err
		}
		if _, err := part.WriteAt(p, off); err != nil {
			return err
		}
		off += int64(len(p))
		o.got.Store(off)
		k.fetched.Add(int64(len(p)))
	}
	return k.settle(obj, part)
}

// settle verifies a part of which all is there, and makes it the whole file.
func (k *Keeper) settle(obj cache.Object, part *os.File) error {
	sum, n, err := sumOf(part)
	switch {
	case err != nil:
		return err
	case n != obj.Size || hashed(obj) && sum != obj.SHA256:
		if err := part.Truncate(0); err != nil {
			return err
		}
		return ErrCorrupt
	}
	return k.shelf.settle(obj, part, sum)
}

// resume gives where a part goes on.
func resume(obj cache.Object, part *os.File, began bool) (int64, error) {
	info, err := part.Stat()
	if err != nil {
		return 0, err
	}
	// Whether the bytes of an earlier process reached the disk shows only where there is
	// something to compare them with.
	if off := info.Size(); off <= obj.Size && (began || hashed(obj)) {
		return off, nil
	}
	return 0, part.Truncate(0)
}

// rescue keeps a file whose time was changed and whose bytes are right.
func (k *Keeper) rescue(obj cache.Object) bool {
	f, err := os.Open(k.shelf.path(obj.Name()))
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && stamped(obj, info) {
		return true
	}
	if err != nil || !hashed(obj) || !info.Mode().IsRegular() || info.Size() != obj.Size {
		return false
	}
	sum, _, err := sumOf(f)
	if err == nil && sum != obj.SHA256 {
		k.damaged.Add(1)
	}
	return err == nil && sum == obj.SHA256 && k.shelf.restamp(obj, sum) == nil
}

// end notes what became of one that was fetched.
func (k *Keeper) end(ctx context.Context, o *one, err error) {
	k.turn.Lock() // nobody changes the set while it is seen whether the files are wanted
	defer k.turn.Unlock()
	name := o.obj.Name()
	k.mu.Lock()
	o.cancel()
	o.cancel = nil
	now := k.set[name]
	k.mu.Unlock()
	if now == nil { // let go meanwhile
		if err := k.shelf.remove(name); err != nil {
			k.log.Warn("a file that is not pinned any more stays", "error", err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.busy, name)
	switch {
	case now == nil:
	case err == nil:
		now.here, now.err, now.rejected = true, nil, 0
		k.pause, k.why = 0, nil
	case ctx.Err() != nil:
	case now != o: // let go, and wanted again
	default:
		k.failed(o, err)
	}
}

// failed has one tried again later. mu is held.
func (k *Keeper) failed(o *one, err error) {
	k.todo = append(k.todo, o)
	k.log.Debug("a pinned file did not come", "key", o.obj.Key, "reason", err)
	switch {
	case errors.Is(err, ErrCorrupt):
		o.got.Store(0)
		if o.rejected++; o.rejected < maxRejected {
			return
		}
		o.rejected = 0
		o.err, o.after = err, time.Now().Add(k.tune.rest)
	case errors.Is(err, ErrGone):
		o.err, o.after = err, time.Now().Add(k.tune.rest)
	case time.Now().Before(k.paused): // they all failed together
	default:
		k.why = err
		k.pause = min(max(2*k.pause, k.tune.least), k.tune.most)
		k.paused = time.Now().Add(k.pause)
	}
}
