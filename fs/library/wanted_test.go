package library_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestPlanTellsWhatWasTaken holds that a file that got a number says what it wanted, and
// only such a file: "(2)" may be part of a title.
func TestPlanTellsWhatWasTaken(t *testing.T) {
	there := locker{"A/B/02 U.mp3": "other", "A/B/04 W (2).mp3": "id of in/4.mp3", "A/B/04 W.mp3": "other"}
	sources := []library.Source{
		audio("in/1.mp3", song("A", "B", 1, "T")), audio("in/1 again.mp3", song("A", "B", 1, "T")),
		audio("in/2.mp3", song("A", "B", 2, "U")), audio("in/3.mp3", song("A", "B", 3, "V (2)")), audio("in/4.mp3", song("A", "B", 4, "W")),
	}
	placed, err := library.Plan(nil, sources, there)
	if err != nil {
		t.Fatal(err)
	}
	want := []library.Placement{
		{Source: 0, Path: "A/B/01 T (2).mp3", Wanted: "A/B/01 T.mp3"}, {Source: 1, Path: "A/B/01 T.mp3"},
		{Source: 2, Path: "A/B/02 U (2).mp3", Wanted: "A/B/02 U.mp3"}, {Source: 3, Path: "A/B/03 V (2).mp3"}, {Source: 4, Path: "A/B/04 W (2).mp3"},
	}
	if diff := cmp.Diff(want, placed); diff != "" {
		t.Errorf("placements (-want +got):\n%s", diff)
	}
}

func TestReleaseOf(t *testing.T) {
	for name, tt := range map[string]struct {
		info *tag.Info
		want library.Release
	}{
		"nothing":      {nil, library.Release{}},
		"album artist": {&tag.Info{Artist: "A feat. B", AlbumArtist: "A", Album: " X ", Year: 1990, ReleaseID: "ABC"}, library.Release{Album: "X", Artist: "A", Year: 1990, ID: "abc"}},
		"artist":       {&tag.Info{Artist: "A feat. B", Year: -1}, library.Release{Artist: "A"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, library.ReleaseOf(tt.info)); diff != "" {
				t.Errorf("release (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLayoutKeep(t *testing.T) {
	var none *library.Layout
	if none.Keep() || layout(t, "plain").Keep() || !layout(t, "keep").Keep() {
		t.Error("Keep does not tell which layout keeps names")
	}
}
