package pending

import "github.com/lockerfs/lockerfs/fs/catalog"

// SyncBytes makes the bytes of a handle's file safe, and records nothing: as far as another
// handle's Sync may have come.
func (f *File) SyncBytes() error {
	_, err := f.content.draft.Sync()
	return err
}

// Overtaken makes what was written safe, but has what change does recorded before it.
func (f *File) Overtaken(change func()) error {
	r, err := f.content.draft.Sync()
	if err != nil {
		return err
	}
	change()
	_, err = f.x.keepNode(f.node, f.content, r)
	return err
}

// Steady has read look again when changes have left meanwhile.
func (x *Overlay) Steady(read func() error) error { return x.steady(read) }

// Shows tells whether a row of the index is what programs see.
func (x *Overlay) Shows(row catalog.Attr) bool {
	_, ok := x.row(row)
	return ok
}
