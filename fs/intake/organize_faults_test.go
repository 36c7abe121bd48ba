package intake_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
)

// meddling is a committer before whose first commit another device does something.
type meddling struct {
	intake.Committer
	first func()
}

func (c *meddling) Commit(ctx context.Context, ops []catalog.Op) (pending.Committed, error) {
	if f := c.first; f != nil {
		c.first = nil
		f()
	}
	return c.Committer.Commit(ctx, ops)
}

// TestOrganizeBesideAnotherDevice: what it did between plan and commit stands; what no
// longer fits is reported, and nothing is lost.
func TestOrganizeBesideAnotherDevice(t *testing.T) {
	now := int64(7)
	for name, c := range map[string]struct {
		meddle func(s *stock) []catalog.Op
		failed int64
		want   []string
	}{
		"it took the name": {func(s *stock) []catalog.Op {
			return []catalog.Op{{Verb: catalog.Move, At: now, ID: s.at("Can/Tago Mago/03 Oh Yeah.flac").ID, Parent: s.at("Can/Tago Mago").ID, Name: "02 Mushroom.flac"}}
		}, 1, []string{"Can/", "Can/Tago Mago/", "Can/Tago Mago/01 Paperhouse.flac < Can/Tago Mago/1.flac",
			"Can/Tago Mago/02 Mushroom.flac < Can/Tago Mago/03 Oh Yeah.flac", "Can/Tago Mago/2.flac"}},
		"it removed a file": {func(s *stock) []catalog.Op {
			return []catalog.Op{{Verb: catalog.Remove, At: now, ID: s.at("Can/Tago Mago/2.flac").ID}}
		}, 1, []string{"Can/", "Can/Tago Mago/", "Can/Tago Mago/01 Paperhouse.flac < Can/Tago Mago/1.flac", "Can/Tago Mago/03 Oh Yeah.flac"}},
		"it moved the folder": {func(s *stock) []catalog.Op {
			return []catalog.Op{{Verb: catalog.Move, At: now, ID: s.at("Can/Tago Mago").ID, Parent: catalog.Root, Name: "Mine"}}
		}, 0, []string{"Can/", "Mine/", "Mine/01 Paperhouse.flac < Can/Tago Mago/1.flac", "Mine/02 Mushroom.flac < Can/Tago Mago/2.flac",
			"Mine/03 Oh Yeah.flac < Can/Tago Mago/03 Oh Yeah.flac"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStock(t)
			s.put("Can/Tago Mago/1.flac", "Can / Tago Mago / 1 / Paperhouse", "Can/Tago Mago/2.flac", "Can / Tago Mago / 2 / Mushroom",
				"Can/Tago Mago/03 Oh Yeah.flac", "Can / Tago Mago / 3 / Oh Yeah")
			ops := c.meddle(s)
			whole := s.org.Commit
			s.org.Commit = &meddling{whole, func() { s.does(ops...) }}
			r := s.organize("", intake.OrganizeOptions{})
			s.stands(c.want...)
			if r.FailedCount != c.failed || int(r.Moved) != len(s.moves) {
				t.Errorf("report: %+v, moves: %v", r, s.moves)
			}
		})
	}
}

// TestOrganizePlansAreNotForced on what is no longer what was planned for: here what
// the commit before, of this very run, let another device change.
func TestOrganizePlansAreNotForced(t *testing.T) {
	for name, c := range map[string]struct {
		meddle func(s *stock)
		what   string
	}{
		"removed": {func(s *stock) { s.does(catalog.Op{Verb: catalog.Remove, ID: s.at("b/2.flac").ID}) }, "removed"},
		"renamed": {func(s *stock) {
			s.does(catalog.Op{Verb: catalog.Move, ID: s.at("b/2.flac").ID, Parent: s.at("b").ID, Name: "my name.flac"})
		}, "moved"},
		"moved": {func(s *stock) {
			s.does(catalog.Op{Verb: catalog.Move, ID: s.at("b").ID, Parent: catalog.Root, Name: "mine"})
		}, "moved"},
		"tagged": {func(s *stock) { s.retag("b/2.flac", "Can / Future Days / 1 / Spray") }, "changed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStock(t)
			s.put("a/1.flac", "Can / Tago Mago / 1 / Paperhouse", "a/x.flac", "Moby / Play / 1 / Honey",
				"b/2.flac", "Can / Tago Mago / 2 / Mushroom", "b/y.flac", "Moby / Play / 2 / Porcelain")
			s.org.SetBatch(1)
			whole := s.org.Commit
			s.org.Commit = &meddling{whole, func() { c.meddle(s) }}
			before := s.contents()
			r := s.organize("", intake.OrganizeOptions{})
			if r.FailedCount == 0 || !strings.HasPrefix(r.Failed[0].What, "it was "+c.what) {
				t.Errorf("failed: %v", r.Failed)
			}
			if after := s.contents(); name != "removed" && !slices.Equal(before, after) {
				t.Errorf("contents before %q, after %q", before, after)
			}
			s.org.Commit = whole
			s.organizes("")
		})
	}
}

// contents gives the contents of all files, sorted.
func (s *stock) contents() (out []string) {
	s.t.Helper()
	err := s.index.Walk(s.t.Context(), catalog.Root, func(_ string, e catalog.Entry) error {
		if e.Version != nil {
			out = append(out, e.Version.SHA256.String())
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// mortal is a committer whose process dies after so many commits.
type mortal struct {
	intake.Committer
	left int
}

var errKilled = errors.New("killed")

func (c *mortal) Commit(ctx context.Context, ops []catalog.Op) (pending.Committed, error) {
	if c.left--; c.left < 0 {
		return pending.Committed{}, errKilled
	}
	return c.Committer.Commit(ctx, ops)
}

// mess fills a locker with what organize finds a lot to do in.
func mess(s *stock) {
	files := []string{"Neu!/Neu! 2/01 Hallogallo.flac", "Neu! / Neu! 75 / 1 / Hallogallo", "Neu!/Neu! 2/cover.jpg", "",
		"Neu!/Neu! 75/01 Hallogallo.flac", "Neu! / Neu! 2 / 1 / Hallogallo", "Neu!/Neu! 75/cover.jpg", "",
		"in/cover.jpg", "", "Can/Tago Mago/01 One.flac", "Can / Tago Mago / 2 / Two", "Can/Tago Mago/02 Two.flac", "Can / Tago Mago / 1 / One"}
	for i := range 4 {
		files = append(files, fmt.Sprintf("in/%d.flac", i), fmt.Sprintf("Artist %d / Album %d / %d / Song %d", i%3, i%2, i, i),
			fmt.Sprintf("%d/a.flac", i), fmt.Sprintf("Artist %d / Album %d / 1 / Song / %d", i, i/2, 1990+i), fmt.Sprintf("%d/scan.jpg", i), "")
	}
	s.put(files...)
}

// TestOrganizeKilledGoesOn: wherever it was stopped, the next run ends where one that
// was not stopped does.
func TestOrganizeKilledGoesOn(t *testing.T) {
	calm := newStock(t)
	mess(calm)
	calm.organizes("")
	want := calm.files()
	step := 1
	if testing.Short() {
		step = 3
	}
	for kill := 0; ; kill += step {
		s := newStock(t)
		mess(s)
		before := s.contents()
		s.org.SetBatch(1)
		whole := s.org.Commit
		s.org.Commit = &mortal{whole, kill}
		_, err := s.org.Run(t.Context(), "", intake.OrganizeOptions{}, nil, nil)
		if err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, s.contents()); diff != "" {
			t.Fatalf("killed at commit %d, it lost:\n%s", kill, diff)
		}
		s.org.Commit = whole
		s.organize("", intake.OrganizeOptions{})
		if diff := cmp.Diff(want, s.files()); diff != "" {
			t.Errorf("killed at commit %d:\n%s", kill, diff)
		}
		if s.organize("", intake.OrganizeOptions{}); len(s.moves) != 0 {
			t.Errorf("killed at commit %d, the third run moves %v", kill, s.moves)
		}
		if err == nil {
			if kill < 5 {
				t.Errorf("only %d commits", kill)
			}
			return
		}
	}
}

// TestOrganizeStops with its context.
func TestOrganizeStops(t *testing.T) {
	s := newStock(t)
	mess(s)
	ctx, cancel := context.WithCancel(t.Context())
	s.org.SetBatch(1)
	s.org.Commit = &meddling{s.org.Commit, cancel}
	if _, err := s.org.Run(ctx, "", intake.OrganizeOptions{}, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped, it says %v", err)
	}
}

// empty removes everything from the locker.
func (s *stock) empty() {
	s.t.Helper()
	var ops []catalog.Op
	err := s.index.Walk(s.t.Context(), catalog.Root, func(_ string, e catalog.Entry) error {
		ops = append(ops, catalog.Op{Verb: catalog.Remove, At: 1, ID: e.ID})
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(ops)
	if len(ops) > 0 {
		s.does(ops...)
	}
	s.ids = map[string]catalog.ID{"": catalog.Root, ".": catalog.Root}
}

// TestOrganizeAnything: whatever is in a locker, organize loses nothing, and the second
// time it moves nothing.
func TestOrganizeAnything(t *testing.T) {
	s := newStock(t)
	rapid.Check(t, func(rt *rapid.T) {
		defer s.empty()
		layout := rapid.SampledFrom([]string{"", "year", "classical", "{genre}/{albumartist}/{album}/{track} {title}"}).Draw(rt, "layout")
		dirs := rapid.SampledFrom([]string{"", "in/", "Can/Tago Mago/", "Can/tago mago/", "Can/", "Neu!/Neu!/", "in/CD1/", "in/CD2/", "in/Scans/", "Can/Tago Mago (1971)/", "x/y/z/"})
		names := rapid.SampledFrom([]string{"01 One.flac", "01 One (2).flac", "02 Two.flac", "1-01 One.flac", "one.flac", "cover.jpg", "album.cue", "best.m3u8", "setup.exe"})
		tags := rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"", "Can", "can", "Neu!", "Various Artists"}).Draw(t, "artist") + " / " +
				rapid.SampledFrom([]string{"", "Tago Mago", "TAGO MAGO", "Neu!"}).Draw(t, "album") + " / " +
				rapid.SampledFrom([]string{"", "1", "2", "2-1", "1-1"}).Draw(t, "number") + " / " +
				rapid.SampledFrom([]string{"", "One", "Two", "One (2)"}).Draw(t, "title") + " / " +
				rapid.SampledFrom([]string{"", "1971", "1989"}).Draw(t, "year")
		})
		seen := map[string]bool{}
		var files []string
		for range rapid.IntRange(1, 14).Draw(rt, "files") {
			p := dirs.Draw(rt, "dir") + names.Draw(rt, "name")
			if seen[p] {
				continue
			}
			seen[p] = true
			text := ""
			if strings.HasSuffix(p, ".flac") {
				text = tags.Draw(rt, "tags")
			}
			files = append(files, p, text)
		}
		s.put(files...)
		s.org.SetBatch(rapid.SampledFrom([]int{1, 3, 1000}).Draw(rt, "batch"))
		before, was := s.contents(), s.files()
		opts := intake.OrganizeOptions{Layout: layout}
		r, err := s.org.Run(t.Context(), "", opts, nil, nil)
		if err != nil || r.FailedCount != 0 {
			rt.Fatalf("%v, %+v", err, r)
		}
		if diff := cmp.Diff(before, s.contents()); diff != "" {
			rt.Fatalf("lost or doubled:\n%s", diff)
		}
		once := s.files()
		var moves []intake.Move
		opts.DryRun = true
		if _, err := s.org.Run(t.Context(), "", opts, func(m intake.Move) { moves = append(moves, m) }, nil); err != nil || len(moves) != 0 {
			rt.Fatalf("once more (layout %q) it would move %v, %v\nfirst  %q\nthen   %q", layout, moves, err, was, once)
		}
	})
}
