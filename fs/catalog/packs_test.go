package catalog

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
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

// TestRebuildPassesOverPacks: they are no files, whatever their names and what they
// say of themselves.
func TestRebuildPassesOverPacks(t *testing.T) {
	store := remotetest.NewMemory()
	for key, meta := range map[string]map[string]string{
		"Music/A/x.000000000001.txt":          ObjectMetadata("A/x.txt", 42, sha256.Sum256([]byte("content"))),
		PackKey(strings.Repeat("ab", 32)):     nil,
		PackKey("pack.000000000002.flac"):     ObjectMetadata("A/pack.flac", 42, sha256.Sum256([]byte("content"))),
		PackKey(strings.Repeat("cd", 32))[1:]: nil, // another's
	} {
		if _, err := store.Put(t.Context(), key, section([]byte("content")), remote.PutOptions{Metadata: meta}); err != nil {
			t.Fatal(err)
		}
	}
	found, err := RebuildFromObjects(t.Context(), store, t.TempDir(), discard(), nil)
	if want := (Found{Files: 1, Foreign: 1}); err != nil || found != want {
		t.Errorf("got %+v, %v, want %+v", found, err, want)
	}
}
