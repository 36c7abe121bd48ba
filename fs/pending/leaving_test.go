package pending_test

import (
	"testing"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// TestRemovedStaysRemoved: who looks into the index before the commit of a removal, and at
// the changes after it, does not see what was removed once more.
func TestRemovedStaysRemoved(t *testing.T) {
	d := plug(t, t.TempDir(), "one", newStore(t))
	d.write("f", "x")
	d.sync()
	d.remove("f")
	looks, seen := 0, false
	d.must(d.overlay.Steady(func() error {
		looks++
		row, err := d.index.Child(t.Context(), catalog.Root, "f")
		if looks == 1 {
			d.must(err)
			d.sync() // the removal is committed, and its change leaves
		}
		seen = err == nil && d.overlay.Shows(row)
		return nil
	}))
	if looks != 2 || seen {
		t.Errorf("after %d looks it is seen: %t", looks, seen)
	}
}
