package library_test

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// FuzzParseLayout holds that any text is read or refused with ErrLayout, and that what is
// read files what there is, each at a path that can be.
func FuzzParseLayout(f *testing.F) {
	for _, text := range layouts() {
		f.Add(text)
	}
	f.Add("{album}/{if disc}{{{end}/{title")
	f.Add("{sort(first(artists))|composer}/{ [album] }/{pad(year(date),99)} {title}")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := library.ParseLayout(text)
		if err != nil {
			if !errors.Is(err, library.ErrLayout) {
				t.Fatalf("ParseLayout(%q): %v", text, err)
			}
			return
		}
		if again, err := library.ParseLayout(l.String()); err != nil || again.String() != text {
			t.Fatalf("ParseLayout(%q) is %q, and that gives %v, %v", text, l, again, err)
		}
		checkPlan(t, l, []library.Source{
			audio("in/a/1.mp3", tag.Info{Artist: "A/B", Artists: []string{"A", "B"}, Album: "..", Title: "T", Track: 1, Disc: 2, Date: "1990-05-21", Year: 1990}),
			audio("in/a/2.mp3", tag.Info{Artist: "C", Album: "..", Title: "t", Composer: "D"}), other("in/a/cover.jpg"), other("in/b/x.flac"),
		})
	})
}

// FuzzPlan holds that whatever names and tags say, the plan is possible, the same in any
// order, and the same again when it was carried out.
func FuzzPlan(f *testing.F) {
	f.Add("plain", "in/CD1/01 A - B.mp3\nin/CD1/01 A - B.lrc\nin/x.cue", "A\tB (Disc 2)\tT\t1990-05-21\nA\tB\tT\t1990-05-22")
	f.Add("year", "in/a-b_c-2002-GRP/a1-a-b.mp3\nin/a/B’s.flac\nin/a/b's.flac", "A & B\t\tT.mp3\t1990\nA\tB’s\t\t")
	f.Add("classical", "a.mp3\nb.mp3\nc/Side A/A1 x.ogg\nc/cover.jpg", "Various Artists\tUnknown Album\t<unknown>\t")
	f.Add("keep", "in/\xc0\xea/../x.mp3\n/\nin//a", "")
	f.Fuzz(func(t *testing.T, text, paths, tags string) {
		l, err := library.ParseLayout(text)
		if err != nil {
			return
		}
		var sources []library.Source
		lines := strings.Split(tags, "\n")
		for i, p := range strings.Split(paths, "\n") {
			if i == 30 {
				break
			}
			s := library.Source{Path: fmt.Sprintf("%s%d%s", strings.TrimSuffix(p, path.Ext(p)), i, path.Ext(p)), ID: fmt.Sprint(i)}
			if says := strings.Split(lines[i%len(lines)], "\t"); len(says) == 4 && tag.Audio(s.Path) {
				s.Info = &tag.Info{Artist: says[0], Album: says[1], Title: says[2], Date: says[3], Track: i % 4, Disc: i % 3}
				_, _ = fmt.Sscanf(says[3], "%4d", &s.Info.Year)
			}
			sources = append(sources, s)
		}
		checkPlan(t, l, sources)
	})
}

// checkPlan holds a plan for an empty locker to what all plans must be.
func checkPlan(t *testing.T, l *library.Layout, sources []library.Source) {
	t.Helper()
	plan := func(there library.Existing, sources []library.Source) map[string]string {
		placed, err := library.Plan(l, sources, there)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for i, p := range placed {
			out[sources[i].Path] = p.Path
		}
		return out
	}
	first := plan(shelf{}, sources)
	if wrong := badPlacements(locker{}, sources, first); wrong != "" {
		t.Fatalf("under %s: %s", l, wrong)
	}
	if diff := cmp.Diff(first, plan(shelf{}.with(sources, first), sources)); diff != "" {
		t.Fatalf("again under %s (-first +second):\n%s%s", l, diff, show(sources))
	}
	turned := slices.Clone(sources)
	slices.Reverse(turned)
	if diff := cmp.Diff(first, plan(shelf{}, turned)); diff != "" {
		t.Fatalf("in reverse under %s (-first +second):\n%s", l, diff)
	}
}
