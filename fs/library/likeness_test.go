package library

import "testing"

// TestLikeness shows what speaks for a release and what a folder holds being one.
func TestLikeness(t *testing.T) {
	weezer := func(year int, day, id string) *release {
		r := &release{id: id}
		r.add(&album{artist: "Weezer", title: "Weezer", year: year, day: day, id: id})
		return r
	}
	held := func(year int, day, id, artist string) Release {
		return Release{Album: "Weezer", Artist: artist, Year: year, Day: day, ID: id}
	}
	stray := weezer(0, "", "")
	stray.albums[0].stray = true
	loose := weezer(0, "", "")
	loose.albums[0].title = unknownAlbum
	for name, tt := range map[string]struct {
		r     *release
		held  []Release
		exact bool
		want  likeness
	}{
		"the same id":                    {weezer(1994, "", "x"), []Release{held(2001, "", "y", ""), held(1999, "", "x", "")}, false, sameID},
		"another id":                     {weezer(1994, "", "x"), []Release{held(1994, "", "y", "weezer")}, true, different},
		"the same year":                  {weezer(1994, "", ""), []Release{held(1994, "", "", "weezer"), held(0, "", "", "")}, true, sameYear},
		"the same year, and a guest":     {weezer(1994, "", ""), []Release{held(1994, "", "", "weezer & rivers")}, true, sameName},
		"the same year, by another":      {weezer(1994, "", ""), []Release{held(1994, "", "", "wheatus")}, true, different},
		"of an artist's own folder":      {weezer(1994, "", ""), []Release{held(1994, "", "", anyArtist)}, true, sameYear},
		"another year":                   {weezer(1994, "", ""), []Release{held(2001, "", "", "weezer")}, true, different},
		"one of several years":           {weezer(1994, "", ""), []Release{held(1994, "", "", "weezer"), held(2001, "", "", "weezer")}, true, sameName},
		"another day":                    {weezer(1995, "1995-05-21", ""), []Release{held(1995, "1995-05-22", "", "weezer")}, true, different},
		"one of several days":            {weezer(1995, "1995-05-21", ""), []Release{held(1995, "1995-05-22", "", "weezer"), held(1995, "1995-05-23", "", "weezer")}, true, sameYear},
		"no year":                        {weezer(0, "", ""), []Release{held(1994, "", "", "weezer")}, false, sameName},
		"a folder of another album":      {weezer(1994, "", ""), []Release{{Album: "Pinkerton", Artist: "weezer"}}, true, different},
		"a folder without music":         {weezer(1994, "", ""), nil, true, possible},
		"a form of the name, no music":   {weezer(1994, "", ""), nil, false, different},
		"a folder of untold albums":      {weezer(0, "", ""), []Release{{Artist: "weezer"}}, true, possible},
		"no tag tells the title":         {stray, []Release{{Album: "Pinkerton", Artist: "weezer"}}, true, possible},
		"what is of no album":            {loose, []Release{held(1994, "", "", "weezer")}, true, possible},
		"what is of no album, elsewhere": {loose, nil, false, different},
	} {
		if got := tt.r.likeness(tt.held, tt.exact); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}
