package library_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestPlanAsFound shows what a large old collection had in it, folder after folder.
func TestPlanAsFound(t *testing.T) {
	type step map[string]library.Source // by where it goes
	live := func(title string, n int) tag.Info { return song("Grateful Dead", "Barton Hall", n, title) }
	named := func(album string, year int, titles ...string) step {
		out := step{}
		for i, title := range titles {
			in := song("Peter Gabriel", "Peter Gabriel", i+1, title)
			in.Year = year
			out[fmt.Sprintf("Peter Gabriel/%s/%02d %s.mp3", album, i+1, title)] = audio("in/"+album+"/"+title+".mp3", in)
		}
		return out
	}
	for name, steps := range map[string][]step{
		"the disc in the names of concerts": {{
			"Grateful Dead/Barton Hall/1-01 Loser.flac":            audio("in/gd/gd77-05-08d1t01.flac", live("Loser", 1)),
			"Grateful Dead/Barton Hall/2-01 Scarlet Begonias.flac": audio("in/gd/gd77-05-08d2t01.flac", live("Scarlet Begonias", 0)),
			"Grateful Dead/Barton Hall/13 Through.flac":            audio("in/gd/gd77-05-08d2t02.flac", live("Through", 13)),
		}},
		"the disc in the title, one after the other": {
			{"The Clash/London Calling/1-01 Death or Glory.mp3": audio("in/1/1.mp3", song("The Clash", "London Calling (Disc 1)", 1, "Death or Glory"))},
			{"The Clash/London Calling/2-01 Revolution Rock.mp3": audio("in/2/1.mp3", song("The Clash", "London Calling (Disc 2)", 1, "Revolution Rock"))},
		},
		"albums of one name without years": {
			named("Peter Gabriel", 1977, "Moribund the Burgermeister", "Solsbury Hill"),
			named("Peter Gabriel (1978)", 1978, "On the Air", "D.I.Y"),
			named("Peter Gabriel (2)", 0, "The Rhythm of the Heat", "Shock the Monkey"),
		},
		"the rest of an album without year": {
			named("Peter Gabriel", 1977, "Moribund the Burgermeister", "Solsbury Hill"),
			{
				"Peter Gabriel/Peter Gabriel/02 Solsbury Hill (live).mp3": audio("in/b/2.mp3", song("Peter Gabriel", "Peter Gabriel", 2, "Solsbury Hill (live)")),
				"Peter Gabriel/Peter Gabriel/01 Other.mp3":                audio("in/b/1.mp3", song("Peter Gabriel", "Peter Gabriel", 1, "Other")),
			},
		},
		"an address in place of the album": {{
			"White Town/Unknown Album/Your Woman.mp3": audio("in/Napster/White Town - Your Woman.mp3", song("White Town", "www.freemp3.to", 0, "Your Woman")),
		}},
		"titles that ID3v1 has cut": {{
			"The Flaming Lips/Yoshimi/03 Yoshimi Battles the Pink Robots pt. 1.mp3": audio("in/The_Flaming_Lips-Yoshimi-2002-EGO/03-the_flaming_lips-yoshimi_battles_the_pink_robots_pt._1-ego.mp3",
				song("The Flaming Lips", "Yoshimi", 3, "Yoshimi Battles the Pink Robot")),
			"The Flaming Lips/Yoshimi/06 Ego Tripping at the Gates of Hell.mp3": audio("in/Yoshimi/06 - Ego Tripping at the Gates of Hell.mp3",
				song("The Flaming Lips", "Yoshimi", 6, "Ego Tripping at the Gates of H")),
			"The Flaming Lips/Yoshimi/07 This Title Has Thirty Letters.mp3": audio("in/Yoshimi/07 This Title Has Thirty Letters [www.mp3.ru].mp3",
				song("The Flaming Lips", "Yoshimi", 7, "This Title Has Thirty Letters")),
			"The Flaming Lips/Yoshimi/08 This Title Has Thirty Letters!.mp3": audio("in/Yoshimi/08 This Title Has Thirty Letters! [192].mp3",
				song("The Flaming Lips", "Yoshimi", 8, "This Title Has Thirty Letters!")),
		}},
		"names in small letters": {
			{
				"Metallica/Unknown Album/one.mp3":   other("in/Napster/metallica%20-%20one.mp3"),
				"Daft Punk/Unknown Album/robot.mp3": other("in/Napster/daft punk - robot.mp3"),
			},
			{
				"Aphex Twin/Windowlicker/01 x.mp3": audio("in/Aphex Twin - Windowlicker/1.mp3", song("aphex twin", "windowlicker", 1, "x")),
				"a-ha/take on me/01 x.mp3":         audio("in/a-ha - take on me/1.mp3", song("a-ha", "take on me", 1, "x")),
				"Hollow Islands/B/01 x.mp3":        audio("in/Hollow Islands - B/1.mp3", song("HOLLOW ISLANDS", "B", 1, "x")),
				"ABBA/B/01 x.mp3":                  audio("in/Abba - B/1.mp3", song("ABBA", "B", 1, "x")),
				"Beck/Unknown Album/loser.mp3":     audio("in/Napster/Beck - Loser.mp3", song("beck", "", 0, "loser")),
			},
		},
		"an album artist among tracks without album": {{
			"Four Tet/Unknown Album/Jalebi.mp3": audio("in/Bandcamp/1.mp3", tag.Info{Artist: "Four Tet", AlbumArtist: "Four Tet", Title: "Jalebi"}),
			"Burial/Unknown Album/Shell.mp3":    audio("in/Bandcamp/2.mp3", tag.Info{Artist: "Burial", Title: "Shell"}),
		}},
		"quotes and dashes of programs": {
			{"Guns N' Roses/Use - 'Em/01 x.mp3": audio("in/a/1.mp3", song("Guns N' Roses", "Use - 'Em", 1, "x"))},
			{"Guns N' Roses/Use - 'Em/02 y.mp3": audio("in/b/2.mp3", song("Guns N’ Roses", "Use – ’Em", 2, "y"))},
		},
		"two rips of one album, with cue sheets": {{
			"Can/Future Days/CDImage.flac":     audio("in/a/CDImage.flac", song("Can", "Future Days", 0, "x")),
			"Can/Future Days/CDImage.cue":      other("in/a/CDImage.cue"),
			"Can/Future Days (2)/CDImage.flac": audio("in/b/CDImage.flac", song("Can", "Future Days", 0, "y")),
			"Can/Future Days (2)/CDImage.cue":  other("in/b/CDImage.cue"),
			"Can/Future Days/1.mp3":            audio("in/c/1.mp3", song("Can", "Future Days", 0, "1")),
		}},
		"numbers far beyond an album": {{
			"A/B/005 Five.mp3":  audio("in/1.mp3", song("A", "B", 5, "Five")),
			"A/B/1000 Last.mp3": audio("in/2.mp3", song("A", "B", 1000, "Last")),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			there := shelf{}
			for _, s := range steps {
				var sources []library.Source
				want := map[string]string{}
				for to, source := range s {
					sources, want[source.Path] = append(sources, source), to
				}
				placed := planned(t, there, sources)
				if diff := cmp.Diff(want, placed); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				there = there.with(sources, placed)
				if diff := cmp.Diff(want, planned(t, there, sources)); diff != "" {
					t.Errorf("again (-want +got):\n%s", diff)
				}
			}
			held, rest := there.held(func(string) bool { return true })
			for from, to := range planned(t, rest, held) {
				if from != to {
					t.Errorf("filed anew, %q goes to %q", from, to)
				}
			}
		})
	}
}
