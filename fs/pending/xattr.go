package pending

import (
	"context"
	"fmt"
	"maps"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Extended attributes that are too large to be shared are kept on this machine: so many
// bytes of one value, and of all.
const (
	maxOwnXattr  = 64 << 10
	maxOwnXattrs = 16 << 20
)

// SetXattr sets an extended attribute; a nil value removes it. All devices share it as
// long as an entry's take 4 KiB at most; what is larger stays on this machine. check may
// refuse, knowing whether it is there.
func (x *Overlay) SetXattr(ctx context.Context, node catalog.ID, name string, value []byte, check func(there bool) error) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	id, err := x.present(ctx, node)
	if err != nil {
		return err
	}
	c, err := x.altered(ctx, id)
	if err != nil {
		return err
	}
	own := maps.Clone(x.ownXattrs(id))
	_, shared := c.Xattrs[name]
	_, here := own[name]
	if err := check(shared || here); err != nil {
		return err
	}
	set := maps.Clone(c.Xattrs)
	delete(set, name)
	delete(own, name)
	if value != nil {
		if set, own, err = x.placeXattr(set, own, name, value); err != nil {
			return err
		}
	}
	r := record{}
	if here || len(own) > 0 {
		r.Own = map[catalog.ID]map[string][]byte{id: own}
	}
	if !sameXattrs(set, c.Xattrs) {
		c.Xattrs, c.At = set, now()
	}
	crash("xattr.record")
	defer crash("xattr.recorded")
	r.say(c, c.differs() || x.isLocal(c))
	return x.show(r)
}

// placeXattr puts an attribute among those that are shared, or where they are too large
// among those of this machine.
func (x *Overlay) placeXattr(set, own map[string][]byte, name string, value []byte) (_, _ map[string][]byte, err error) {
	wide := maps.Clone(set)
	if wide == nil {
		wide = map[string][]byte{}
	}
	wide[name] = value
	if catalog.CheckXattrs(wide) == nil {
		return wide, own, nil
	}
	if err := catalog.CheckXattrs(map[string][]byte{name: nil}); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrXattrs, err)
	}
	x.mu.RLock()
	total := 0
	for _, all := range x.own {
		for n, v := range all {
			total += len(n) + len(v)
		}
	}
	x.mu.RUnlock()
	if len(value) > maxOwnXattr || total+len(value) > maxOwnXattrs {
		return nil, nil, ErrXattrs
	}
	if own == nil {
		own = map[string][]byte{}
	}
	own[name] = value
	return set, own, nil
}

func (x *Overlay) ownXattrs(id catalog.ID) map[string][]byte {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.own[id]
}

// withOwn adds an entry's attributes of this machine to the shared ones.
func (x *Overlay) withOwn(e catalog.Entry) catalog.Entry {
	own := x.ownXattrs(e.ID)
	if len(own) == 0 {
		return e
	}
	all := maps.Clone(own)
	maps.Copy(all, e.Xattrs)
	e.Xattrs = all
	return e
}
