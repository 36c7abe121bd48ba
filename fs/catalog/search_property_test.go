package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// scan is Search as a person would do it by hand.
func scan(t prover, x *Index, text string) []string {
	t.Helper()
	query, err := queryWords(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(query) == 0 {
		return nil
	}
	var ranked [3][]string
	err = x.Walk(t.Context(), Root, func(path string, e Entry) error {
		if e.Kind == Dir {
			return nil
		}
		var main, all []string
		if i := e.Version.Tags; i != nil {
			main = wordsOf(append(append([]string{i.Title, i.Artist, i.Album, i.AlbumArtist}, i.Artists...), i.AlbumArtists...)...)
			all = append(wordsOf(i.Genre, i.Composer, i.Date), main...)
			if i.Year != 0 {
				all = append(all, fmt.Sprint(i.Year))
			}
		}
		all = append(all, wordsOf(strings.Split(path, "/")...)...)
		for rank, have := range []func(w string) bool{
			func(w string) bool { return slices.Contains(main, w) },
			func(w string) bool {
				return slices.ContainsFunc(main, func(h string) bool { return strings.HasPrefix(h, w) })
			},
			func(w string) bool {
				return slices.ContainsFunc(all, func(h string) bool { return strings.HasPrefix(h, w) })
			},
		} {
			if !slices.ContainsFunc(query, func(w string) bool { return !have(w) }) {
				ranked[rank] = append(ranked[rank], path)
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(ranked[:]...)
}

func wordsOf(texts ...string) (words []string) {
	for _, text := range texts {
		eachWord(text, func(w string) { words = append(words, w) })
	}
	return words
}

// same fails when Search finds another thing than a scan.
func same(rt prover, x *Index, words string) {
	found, err := x.Search(rt.Context(), words, 1000)
	if err != nil {
		rt.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, f.Path)
	}
	if diff := cmp.Diff(scan(rt, x, words), got); diff != "" {
		rt.Fatalf("%q: scan and search differ:\n%s", words, diff)
	}
}

// TestSearchIsAScan: whatever happened to the tree, and however far search was brought
// up in between, it finds what a scan of the tree finds, in the same order.
func TestSearchIsAScan(t *testing.T) {
	x := newSearched(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := searchMachine{x: bound(rt, x), ids: []ID{Root}}
		steps := rapid.IntRange(1, 30).Draw(rt, "steps")
		for range steps {
			m.step(rt)
		}
		for range 2 {
			same(rt, m.x, strings.Join(rapid.SliceOfN(searchWord, 1, 3).Draw(rt, "search"), " "))
		}
	})
}

var searchWord = rapid.SampledFrom([]string{"a", "ab", "abc", "b", "ba", "Á", "ac/dc", "acdc", "19", "1999", "mp3", "x", "東京", "京", "the", "r.e.m.", "!!!"})

// searchMachine does random things to a tree.
type searchMachine struct {
	x    *Index
	ids  []ID
	next int
}

func (m *searchMachine) step(rt *rapid.T) {
	id := func() ID { return rapid.SampledFrom(m.ids).Draw(rt, "id") }
	name := func() string {
		parts := rapid.SliceOfN(searchWord, 1, 2).Draw(rt, "name")
		return strings.ReplaceAll(strings.Join(parts, " "), "/", "_")
	}
	m.next++
	at := int64(m.next)
	switch rapid.IntRange(0, 9).Draw(rt, "step") {
	case 0, 1:
		m.ids = append(m.ids, tid(m.next))
		m.do(rt, dirOp(tid(m.next), id(), name()))
	case 2, 3, 4:
		m.ids = append(m.ids, tid(m.next))
		m.do(rt, trackOp(tid(m.next), id(), name(), drawTags(rt)))
	case 5:
		m.do(rt, Op{Verb: Move, At: at, ID: id(), Parent: id(), Name: name()})
	case 6:
		v := version(tid(m.next)+500, fmt.Sprint("r", m.next))
		v.Tags = drawTags(rt)
		m.do(rt, Op{Verb: Replace, At: at, ID: id(), MTime: &at, Version: v})
	case 7:
		m.do(rt, Op{Verb: Remove, At: at, ID: id()}, Op{Verb: Set, At: at, ID: Root, MTime: &at})
	case 8:
		if _, _, err := m.x.Rebase(rt.Context(), []Op{{Verb: Move, ID: id(), Parent: id(), Name: name()}, {Verb: Remove, ID: id()}}); err != nil {
			rt.Fatal(err)
		}
	case 9:
		m.catchUp(rt)
	}
}

// do does operations as a commit would, which takes far longer; or not, where they are
// not possible.
func (m *searchMachine) do(rt *rapid.T, ops ...Op) {
	err := m.x.update(rt.Context(), func(st *txState) error {
		err := st.attempt(func() error {
			_, err := Apply(st, &Commit{Ops: ops})
			return err
		})
		if errors.Is(err, ErrInvalid) {
			return nil
		}
		return err
	})
	if err != nil {
		rt.Fatal(err)
	}
}

// catchUp brings search up in part, or in whole; or has the index read from a checkpoint.
func (m *searchMachine) catchUp(rt *rapid.T) {
	switch rapid.IntRange(0, 5).Draw(rt, "how") {
	case 0:
		same(rt, m.x, searchWord.Draw(rt, "search"))
	case 1:
		reread(rt, m.x)
	default:
		if err := m.x.updateSearchBatch(rt.Context(), rapid.IntRange(1, 4).Draw(rt, "entries")); err != nil {
			rt.Fatal(err)
		}
	}
}

// reread writes a checkpoint of the tree and begins the index anew from it.
func reread(t prover, x *Index) {
	commit(t, x)
	store := remotetest.NewMemory()
	if _, err := x.Checkpoint(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	keys, err := manifests(t.Context(), store)
	if err == nil {
		err = x.load(t.Context(), store, Format{Locker: "locker", Epoch: testEpoch}, keys[0])
	}
	if err != nil {
		t.Fatal(err)
	}
}

func drawTags(rt *rapid.T) *tag.Info {
	word := rapid.OneOf(rapid.Just(""), searchWord)
	return rapid.OneOf(rapid.Just[*tag.Info](nil), rapid.Custom(func(rt *rapid.T) *tag.Info {
		return &tag.Info{Title: word.Draw(rt, "title"), Artist: word.Draw(rt, "artist"), Album: word.Draw(rt, "album"), AlbumArtist: word.Draw(rt, "albumartist"),
			Genre: word.Draw(rt, "genre"), Composer: word.Draw(rt, "composer"), Year: rapid.SampledFrom([]int{1999, 2000}).Draw(rt, "year")}
	})).Draw(rt, "tags")
}

// TestSearchAfterLargeRename: renaming a folder costs a commit nothing, and what is
// below it is brought up in parts, between which others commit.
func TestSearchAfterLargeRename(t *testing.T) {
	x := newSearched(t)
	ops := []Op{dirOp(tid(1), Root, "Old"), dirOp(tid(2), tid(1), "Album"), dirOp(tid(3), tid(2), "CD1"), dirOp(tid(4), Root, "Other")}
	const files = 600
	for i := range files {
		ops = append(ops, trackOp(tid(10+i), []ID{tid(1), tid(2), tid(3)}[i%3], fmt.Sprint("t", i), nil))
	}
	good(t, x, ops...)
	if got := search(t, x, "old album"); len(got) != files*2/3 {
		t.Fatalf("%d found", len(got))
	}
	good(t, x, Op{Verb: Move, ID: tid(1), Parent: tid(4), Name: "New"})
	var stale int
	if err := x.read.QueryRow("SELECT count(*) FROM search_stale").Scan(&stale); err != nil || stale != 1 {
		t.Errorf("the rename left %d notes, %v", stale, err)
	}
	batches := 0
	for ; stale > 0; batches++ {
		if err := x.updateSearchBatch(t.Context(), files/4); err != nil {
			t.Fatal(err)
		}
		if err := x.read.QueryRow("SELECT count(*) FROM search_stale").Scan(&stale); err != nil {
			t.Fatal(err)
		}
	}
	if batches < 3 { // as many as it takes: they also end when their time is over
		t.Errorf("%d batches", batches)
	}
	good(t, x, Op{Verb: Move, ID: tid(2), Parent: Root, Name: "Album"}, Op{Verb: Remove, ID: tid(10)}, Op{Verb: Remove, ID: tid(13)})
	for words, want := range map[string]int{"old": 0, "new": files/3 - 2, "other": files/3 - 2, "album": files * 2 / 3, "cd1": files / 3, "t": files - 2} {
		if found, err := x.Search(t.Context(), words, files); err != nil || len(found) != want {
			t.Errorf("%s: %d found, want %d, %v", words, len(found), want, err)
		}
	}
}

// TestSearchBesideCommits: searches and commits at once, with catching up on top.
func TestSearchBesideCommits(t *testing.T) {
	x := newSearched(t)
	good(t, x, dirOp(tid(1), Root, "A"), trackOp(tid(2), tid(1), "needle", nil))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			if err := x.UpdateSearch(ctx); err != nil && ctx.Err() == nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for i := range 30 {
		good(t, x, trackOp(tid(10+i), tid(1), fmt.Sprint("hay", i), nil), Op{Verb: Move, ID: tid(2), Parent: tid(1), Name: fmt.Sprint("needle ", i)})
		if got := search(t, x, fmt.Sprint("needle ", i)); !slices.Equal(got, []string{fmt.Sprint("A/needle ", i)}) {
			t.Fatalf("%d: %v", i, got)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := x.Search(ctx, "hay", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}
