package main

import (
	"slices"
	"testing"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// TestYoungest: the heads of the files that changed last are wanted, as many as there is
// room for, and a small file takes no more of it than it has bytes.
func TestYoungest(t *testing.T) {
	y := &youngest{room: 100}
	for i, one := range []struct {
		mtime int64
		head  int32
	}{{5, 40}, {9, 40}, {1, 10}, {7, 40}, {8, 1}, {6, 10}, {2, 1}} {
		y.add(dated{node: catalog.ID(i), mtime: one.mtime, head: one.head})
	}
	var kept []int64
	for _, f := range y.files {
		kept = append(kept, f.mtime)
	}
	if slices.Sort(kept); !slices.Equal(kept, []int64{2, 6, 7, 8, 9}) || y.room != 8 {
		t.Errorf("kept %v, %d left", kept, y.room)
	}
	y = &youngest{room: 100}
	for i := range 30 {
		y.add(dated{node: 1, mtime: int64(i), head: 10})
	}
	if len(y.files) != 10 || y.files[0].mtime != 20 || y.room != 0 {
		t.Errorf("%d kept, the oldest of %d, %d left", len(y.files), y.files[0].mtime, y.room)
	}
}
