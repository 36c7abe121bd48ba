package fs

import (
	"context"
	"errors"
	"strings"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Pins keeps files on this machine.
type Pins interface {
	// Pin has an entry, and all below it, kept here from now on, or lets it go. It must not
	// wait for the network. Errors: ErrInherited, pending.ErrFull.
	Pin(ctx context.Context, entry catalog.ID, keep bool) error
	// Pinned tells whether an entry is pinned itself, and whether it is with another.
	Pinned(ctx context.Context, entry catalog.ID) (own, inherited bool, err error)
	// Kept tells whether all bytes of a version are here to stay.
	Kept(v *catalog.Version) bool
}

// ErrInherited: the entry is pinned with a folder above it or a playlist, and only there it
// can be let go.
var ErrInherited = errors.New("it is pinned with another")

// attrPin is set to pin an entry and removed to let it go. It is not in the list of
// attributes: a program that copies a file with them would pin the copy.
const attrPin = "user.lockerfs.pin"

// Values of user.lockerfs.pin.
const (
	pinOff       = "0"
	pinOn        = "1"
	pinInherited = "inherited"
)

// pin sets user.lockerfs.pin, or removes it when value is nil.
func (f *FS) pin(op string, cancel <-chan struct{}, node uint64, value []byte) fuse.Status {
	if f.opts.Pins == nil {
		return f.status(op, node, errNotPermitted)
	}
	word := strings.TrimSpace(string(value))
	if value != nil && word != pinOn && word != pinOff {
		return f.status(op, node, errBadRequest)
	}
	err := f.names(cancel, func(ctx context.Context) error {
		a, err := f.node(ctx, id(node))
		if err != nil {
			return err
		}
		if own, inherited, err := f.opts.Pins.Pinned(ctx, a.ID); err == nil && value == nil && !own && !inherited {
			return errNoAttr
		}
		return f.opts.Pins.Pin(ctx, a.ID, word == pinOn)
	})
	return f.status(op, node, err)
}

// pinned gives user.lockerfs.pin.
func (f *FS) pinned(cancel <-chan struct{}, node catalog.ID) (value []byte, err error) {
	if f.opts.Pins == nil {
		return nil, errNoAttr
	}
	err = f.names(cancel, func(ctx context.Context) error {
		a, err := f.node(ctx, node)
		if err != nil {
			return err
		}
		own, inherited, err := f.opts.Pins.Pinned(ctx, a.ID)
		switch {
		case err != nil:
			return err
		case own:
			value = []byte(pinOn)
		case inherited:
			value = []byte(pinInherited)
		default:
			return errNoAttr
		}
		return nil
	})
	return value, err
}

// maxSummed bounds how many entries below a folder are looked at for its state.
const maxSummed = 2000

// summary tells in one word where the files below a folder are: what all of them say, pending
// or local where all are here in one way or another, and else partial. Of a folder with more
// than maxSummed entries it speaks of the first.
func (f *FS) summary(cancel <-chan struct{}, folder catalog.ID) (word string, err error) {
	err = f.names(cancel, func(ctx context.Context) error {
		if a, err := f.node(ctx, folder); err != nil || a.Kind != catalog.Dir {
			return errNoAttr
		}
		seen, left := map[string]bool{}, maxSummed
		if err := f.sum(ctx, folder, seen, &left); err != nil {
			return err
		}
		word = summed(seen)
		return nil
	})
	return word, err
}

func (f *FS) sum(ctx context.Context, folder catalog.ID, seen map[string]bool, left *int) error {
	for after := ""; *left > 0 && !seen[statePartial]; {
		page, err := f.tree.Children(ctx, folder, after, min(*left, 500))
		if err != nil || len(page) == 0 {
			return err
		}
		*left -= len(page)
		for _, a := range page {
			if a.Kind == catalog.Dir {
				if err := f.sum(ctx, a.ID, seen, left); err != nil {
					return err
				}
				continue
			}
			v, err := f.tree.Version(ctx, a.Node)
			if errors.Is(err, catalog.ErrNotFound) {
				continue // removed meanwhile
			}
			if err != nil {
				return err
			}
			seen[f.state(v)] = true
		}
		after = page[len(page)-1].Name
	}
	return nil
}

// summed gives the word for files of these states.
func summed(seen map[string]bool) string {
	away := seen[stateOnline] || seen[stateMissing]
	here := seen[statePending] || seen[stateLocal] || seen[statePinned]
	switch {
	case seen[statePartial] || away && here:
		return statePartial
	case seen[stateMissing]:
		return stateMissing
	case seen[stateOnline]:
		return stateOnline
	case seen[statePending]:
		return statePending
	case seen[statePinned] && !seen[stateLocal]:
		return statePinned
	}
	return stateLocal // an empty one too
}
