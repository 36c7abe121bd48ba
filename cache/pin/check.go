package pin

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
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

// Stats says how far a keeper is.
type Stats struct {
	// Files must stay here, and have so many bytes in all; Here of them are, with HereBytes,
	// which counts those of files that are on their way too.
	Files     int   `json:"files"`
	Bytes     int64 `json:"bytes"`
	Here      int   `json:"here"`
	HereBytes int64 `json:"here_bytes"`
	// Fetched counts bytes that came since this process began, Damaged files that were
	// found damaged.
	Fetched int64 `json:"fetched"`
	Damaged int64 `json:"damaged,omitempty"`
	// Failed counts files that are not to be had now, Waiting why nothing is fetched.
	Failed  int    `json:"failed,omitempty"`
	Waiting string `json:"waiting,omitempty"`
	// Full: there is no room for the rest.
	Full bool `json:"full,omitempty"`
}

// Stats gives the figures of this moment.
func (k *Keeper) Stats() Stats {
	ready := k.opts.Ready()
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Stats{Files: len(k.set), Fetched: k.fetched.Load(), Damaged: k.damaged.Load()}
	for _, o := range k.set {
		s.Bytes += o.obj.Size
		switch {
		case o.here:
			s.Here++
			s.HereBytes += o.obj.Size
		default:
			s.HereBytes += o.got.Load()
			if o.err != nil {
				s.Failed++
			}
		}
	}
	switch {
	case s.Here == s.Files:
	case ready != nil:
		s.Waiting = ready.Error()
	case k.why != nil:
		s.Waiting, s.Full = k.why.Error(), full(k.why)
	}
	return s
}

// State is how far one object is.
type State struct {
	// Here: all of it is. Got is how many bytes are.
	Here bool
	Got  int64
	// Err is why it is not to be had, if so.
	Err error
}

// State tells how far objects are, in their order.
func (k *Keeper) State(objects []cache.Object) []State {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make([]State, len(objects))
	for i, obj := range objects {
		o := k.set[obj.Name()]
		switch {
		case o == nil:
		case o.here:
			all[i] = State{Here: true, Got: obj.Size}
		default:
			all[i] = State{Got: o.got.Load(), Err: o.err}
		}
	}
	return all
}
