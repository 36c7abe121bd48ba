package library_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestPlanTellsReleasesApart shows albums of one name: all at once, and then one after the
// other, when those before are in the locker.
func TestPlanTellsReleasesApart(t *testing.T) {
	type folder struct {
		date, id        string
		together, after string // the album's folder
	}
	for name, tt := range map[string]struct {
		album   string
		folders []folder
	}{
		"by year": {"Weezer", []folder{
			{"1994", "", "Weezer (1994)", "Weezer"}, {"2001-05-15", "", "Weezer (2001)", "Weezer (2001)"}, {"2008", "", "Weezer (2008)", "Weezer (2008)"},
		}},
		"by day": {"Live in Paris", []folder{
			{"1995-05-21", "", "Live in Paris (1995-05-21)", "Live in Paris"}, {"1995-05-22", "", "Live in Paris (1995-05-22)", "Live in Paris (1995-05-22)"},
			{"1999-01-01", "", "Live in Paris (1999)", "Live in Paris (1999)"},
		}},
		"by id": {"Greatest Hits", []folder{
			{"1981", "r1", "Greatest Hits (1981)", "Greatest Hits"}, {"1981", "r2", "Greatest Hits (1981) (2)", "Greatest Hits (1981)"},
		}},
		"not by a date less exact": {"Daydream Nation", []folder{
			{"1988", "", "Daydream Nation", "Daydream Nation"}, {"1988-10-18", "", "Daydream Nation", "Daydream Nation"}, {"", "", "Daydream Nation", "Daydream Nation"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var all []library.Source
			together, after, afters := map[string]string{}, map[string]string{}, map[string]string{}
			there := shelf{}
			for i, f := range tt.folders {
				var year int
				_, _ = fmt.Sscanf(f.date, "%4d", &year)
				p := fmt.Sprintf("in/%d/1.mp3", i)
				s := audio(p, tag.Info{Artist: "A", Album: tt.album, Title: "T", Track: i + 1, Year: year, Date: f.date, ReleaseID: f.id})
				all = append(all, s)
				name := fmt.Sprintf("%02d T.mp3", i+1)
				together[p], after[p] = "A/"+f.together+"/"+name, "A/"+f.after+"/"+name
				one := planned(t, there, []library.Source{s})
				there = there.with([]library.Source{s}, one)
				afters[p] = one[p]
			}
			if diff := cmp.Diff(together, planned(t, shelf{}, all)); diff != "" {
				t.Errorf("together (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(after, afters); diff != "" {
				t.Errorf("one after the other (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(after, planned(t, there, all)); diff != "" {
				t.Errorf("again (-want +got):\n%s", diff)
			}
		})
	}
}

// planned gives the path of each source in a locker with tags.
func planned(t *testing.T, there shelf, sources []library.Source) map[string]string {
	t.Helper()
	placed, err := library.Plan(nil, sources, there)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range placed {
		out[sources[p.Source].Path] = p.Path
	}
	return out
}

// TestPlanHeldSampler holds that tracks of a label's album, which came one by one, stay
// as they are when they stand together.
func TestPlanHeldSampler(t *testing.T) {
	there, want := shelf{}, map[string]string{}
	for n, artist := range []string{"Nils Frahm", "Rival Consoles", "Peter Broderick"} {
		s := audio(fmt.Sprintf("in/%d.mp3", n), tag.Info{Artist: artist, AlbumArtist: "Erased Tapes", Album: "Collection", Title: "T", Track: n + 1})
		there = there.with([]library.Source{s}, planned(t, there, []library.Source{s}))
		p := fmt.Sprintf("Erased Tapes/Collection/%02d T.mp3", n+1)
		want[p] = p
	}
	held, rest := there.held(func(string) bool { return true })
	if diff := cmp.Diff(want, planned(t, rest, held)); diff != "" {
		t.Errorf("filed anew (-is +goes to):\n%s", diff)
	}
}
