package remotetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
)

// listAll follows a listing to its end and gives the keys, checking each page.
func listAll(t *testing.T, s remote.Store, prefix, after string, limit int) []string {
	t.Helper()
	var keys []string
	for {
		page, err := s.List(t.Context(), prefix, after, limit)
		if err != nil {
			t.Fatalf("list %q after %q: %v", prefix, after, err)
		}
		if limit > 0 && len(page.Objects) > limit {
			t.Fatalf("list %q: got %d objects, want at most %d", prefix, len(page.Objects), limit)
		}
		for _, object := range page.Objects {
			keys = append(keys, object.Key)
		}
		if page.Next == "" {
			return keys
		}
		if page.Next <= after {
			t.Fatalf("list %q after %q goes on after %q", prefix, after, page.Next)
		}
		after = page.Next
	}
}

// oddKeys sort differently as keys than as the folders and files they are made of.
func oddKeys() []string {
	keys := []string{
		"a/b", "a-b", "a.b", "a b", "a!", "a+b", "a%b", "a%2Fb", "a&b", "a#b", "a?b", "a0", "aa", "a/b-c", "a/b.c/d", "a/é", "a/~",
		"B", "b/c/d/e/f", "b/c/d.e", "b/c-d", "b/c/d/e-f", "é", "è/x.", "日本/01 曲.flac", "日本-", "z/" + strings.Repeat("n", 200),
		"z/" + strings.Repeat("n", 200) + ".x", ".hidden", ".lockerfs/format.json", ".lockerfs-x", "*", "[x]", "z=1;2,3", "\U0001F3B5",
	}
	// "a/b-c" is beside "a/b", "a/b.c/d" makes the folder "a/b.c": none is under another.
	return keys
}

func listOrder(t *testing.T, s remote.Store) {
	keys := oddKeys()
	for i, key := range keys {
		put(t, s, key, make([]byte, i))
	}
	sorted := slices.Sorted(slices.Values(keys))
	page, err := s.List(t.Context(), "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range page.Objects {
		if got, want := object.Size, int64(slices.Index(keys, object.Key)); got != want || object.ETag == "" || object.ModTime.IsZero() {
			t.Errorf("got %+v, want size %d, an ETag and a time", object, want)
		}
	}
	prefixes := []string{"", "a", "a/", "a/b", "a/b.", "a/b.c/d", "b/c", "b/c/", "z/nnn", "é", "\xc3", ".lockerfs/", "none", "none/x", "a%2F"}
	afters := append([]string{"", "a", "a/", "a/b", "a/bb", "a/b/c", "b/c/d/", "b/c/d/e", "é/", "zz", "\U0001F3B6"}, sorted[5], sorted[len(sorted)-1])
	for _, prefix := range prefixes {
		for _, after := range afters {
			var want []string
			for _, key := range sorted {
				if strings.HasPrefix(key, prefix) && key > after {
					want = append(want, key)
				}
			}
			for _, limit := range []int{0, 3, len(keys)} {
				got := listAll(t, s, prefix, after, limit)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("list %q after %q limit %d, -want +got:\n%s", prefix, after, limit, diff)
				}
			}
		}
	}
}

func listIsConsistent(t *testing.T, s remote.Store) {
	if got := listAll(t, s, "", "", 0); len(got) != 0 {
		t.Fatalf("a new store lists %q", got)
	}
	for i := range 20 {
		key := fmt.Sprintf("d%d/k", i)
		written := put(t, s, key, []byte("content"))
		page, err := s.List(t.Context(), key, "", 1)
		if err != nil || len(page.Objects) != 1 || page.Objects[0].ETag != written.ETag || page.Objects[0].Size != 7 {
			t.Fatalf("just put %q: got %+v, %v", key, page, err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if got := listAll(t, s, "d", "", 0); len(got) != 0 {
			t.Fatalf("just deleted %q: got %q", key, got)
		}
	}
}

// RunNested checks two stores of which inner was opened at prefix (with its
// trailing slash) inside outer: what inner holds outer sees under prefix, and inner
// sees nothing else.
func RunNested(t *testing.T, outer, inner remote.Store, prefix string) {
	neighbour := strings.TrimSuffix(prefix, "/") + "-beside/k"
	put(t, outer, neighbour, []byte("outer"))
	put(t, outer, "k", []byte("outer"))
	put(t, inner, "k", []byte("inner"))
	put(t, inner, "d/k", []byte("inner"))
	if diff := cmp.Diff([]string{"d/k", "k"}, listAll(t, inner, "", "", 0)); diff != "" {
		t.Errorf("the inner store, -want +got:\n%s", diff)
	}
	want := slices.Sorted(slices.Values([]string{"k", neighbour, prefix + "k", prefix + "d/k"}))
	if diff := cmp.Diff(want, listAll(t, outer, "", "", 0)); diff != "" {
		t.Errorf("the outer store, -want +got:\n%s", diff)
	}
	if got, _ := get(t, outer, prefix+"k", remote.Range{}); string(got) != "inner" {
		t.Errorf("got %q through the outer store", got)
	}
	if got, _ := get(t, inner, "k", remote.Range{}); string(got) != "inner" {
		t.Errorf("got %q through the inner store", got)
	}
	if err := inner.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if got, _ := get(t, outer, "k", remote.Range{}); string(got) != "outer" {
		t.Errorf("after a delete in the inner store the outer key holds %q", got)
	}
	_, err := inner.Head(t.Context(), strings.TrimSuffix(neighbour, "/k"))
	wantKind(t, "a neighbour through the inner store", err, remote.ErrNotFound)
}
