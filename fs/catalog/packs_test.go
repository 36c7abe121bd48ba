package catalog

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPacks(t *testing.T) {
	x := newIndex(t)
	ops := []Op{dirOp(tid(20), Root, "5 folder"), fileOp(tid(21), tid(20), "other", "other")}
	want := []Packed{}
	for i := range 10 {
		op := fileOp(tid(i+1), Root, fmt.Sprint(i), fmt.Sprint(i))
		one := Packed{ID: tid(i + 1), Name: fmt.Sprint(i), Kind: File}
		if i%2 == 0 {
			one.Pack = fmt.Sprint("pack", i/4)
			op.Entry.Version.Pack = one.Pack
		}
		ops = append(ops, op)
		if want = append(want, one); i == 5 {
			want = append(want, Packed{ID: tid(20), Name: "5 folder", Kind: Dir})
		}
	}
	good(t, x, ops...)
	var got []Packed
	for after := ""; ; {
		page, err := x.Packs(t.Context(), Root, after, 4)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if len(page) < 4 {
			break
		}
		after = page[3].Name
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
