package library_test

import (
	"testing"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestPlanGuesses shows what is read from names, and from tags that say it in another place.
func TestPlanGuesses(t *testing.T) {
	runExamples(t, map[string]example{
		"folders of discs with the album's name in them": {
			sources: []library.Source{
				other("in/The Clash/1980 - Sandinista!/Sandinista! CD1/01 The Magnificent Seven.mp3"), other("in/The Clash/1980 - Sandinista!/Sandinista! CD2/01 Lightning Strikes.mp3"),
				other("in/The Clash/Combat Rock CD1/01 Know Your Rights.mp3"), other("in/The Clash/Combat Rock CD2/01 Radio Clash.mp3"),
			},
			want: map[string]string{
				"in/The Clash/1980 - Sandinista!/Sandinista! CD1/01 The Magnificent Seven.mp3": "The Clash/Sandinista!/1-01 The Magnificent Seven.mp3",
				"in/The Clash/1980 - Sandinista!/Sandinista! CD2/01 Lightning Strikes.mp3":     "The Clash/Sandinista!/2-01 Lightning Strikes.mp3",
				"in/The Clash/Combat Rock CD1/01 Know Your Rights.mp3":                         "The Clash/Combat Rock/1-01 Know Your Rights.mp3",
				"in/The Clash/Combat Rock CD2/01 Radio Clash.mp3":                              "The Clash/Combat Rock/2-01 Radio Clash.mp3",
			},
		},
		"folders of discs that have names": {
			sources: []library.Source{
				other("Die Ärzte - Geräusch (2003)/Schwarz (CD 1)/01 Als ich.mp3"), other("Die Ärzte - Geräusch (2003)/Rot (CD 2)/01 Dinge.mp3"), other("Die Ärzte - Geräusch (2003)/Rot (CD 2)/rot.jpg"),
			},
			want: map[string]string{
				"Die Ärzte - Geräusch (2003)/Schwarz (CD 1)/01 Als ich.mp3": "Die Ärzte/Geräusch/1-01 Als ich.mp3",
				"Die Ärzte - Geräusch (2003)/Rot (CD 2)/01 Dinge.mp3":       "Die Ärzte/Geräusch/2-01 Dinge.mp3",
				"Die Ärzte - Geräusch (2003)/Rot (CD 2)/rot.jpg":            "Die Ärzte/Geräusch/rot.jpg",
			},
		},
		"the disc in the album's title": {
			sources: []library.Source{
				audio("in/1/a.mp3", song("The Clash", "London Calling (Disc 1)", 1, "T")), audio("in/2/a.mp3", song("The Clash", "London Calling (Disc 2)", 1, "U")),
				audio("in/3/a.mp3", tag.Info{Artist: "A", Album: "B [CD 2]", Disc: 2, Track: 1, Title: "T"}),
			},
			want: map[string]string{
				"in/1/a.mp3": "The Clash/London Calling/1-01 T.mp3", "in/2/a.mp3": "The Clash/London Calling/2-01 U.mp3", "in/3/a.mp3": "A/B/2-01 T.mp3",
			},
		},
		"records": {
			sources: []library.Source{
				audio("in/Kind of Blue/A1 So What.flac", song("Miles Davis", "Kind of Blue", 0, "So What")), audio("in/Kind of Blue/B2 Flamenco Sketches.flac", song("Miles Davis", "Kind of Blue", 0, "Flamenco Sketches")),
				other("in/Neu!/Neu! 75/A1 - Isi.wav"),
				other("in/Augustus Pablo/East/Side A/01 T.mp3"), other("in/Augustus Pablo/East/Side B/01 U.mp3"), other("in/Augustus Pablo/East/sleeve.jpg"),
			},
			want: map[string]string{
				"in/Kind of Blue/A1 So What.flac": "Miles Davis/Kind of Blue/A1 So What.flac", "in/Kind of Blue/B2 Flamenco Sketches.flac": "Miles Davis/Kind of Blue/B2 Flamenco Sketches.flac",
				"in/Neu!/Neu! 75/A1 - Isi.wav":           "Neu!/Neu! 75/A1 Isi.wav",
				"in/Augustus Pablo/East/Side A/01 T.mp3": "Augustus Pablo/East/1-01 T.mp3", "in/Augustus Pablo/East/Side B/01 U.mp3": "Augustus Pablo/East/2-01 U.mp3", "in/Augustus Pablo/East/sleeve.jpg": "Augustus Pablo/East/sleeve.jpg",
			},
		},
		"a scene release": {
			sources: []library.Source{
				other("in/Scene/Interpol-Turn_On_The_Bright_Lights-2002-FTS/01-interpol-untitled.mp3"), other("in/Scene/Interpol-Turn_On_The_Bright_Lights-2002-FTS/02-interpol-obstacle_1-fts.mp3"),
			},
			want: map[string]string{
				"in/Scene/Interpol-Turn_On_The_Bright_Lights-2002-FTS/01-interpol-untitled.mp3":       "Interpol/Turn On The Bright Lights/01 untitled.mp3",
				"in/Scene/Interpol-Turn_On_The_Bright_Lights-2002-FTS/02-interpol-obstacle_1-fts.mp3": "Interpol/Turn On The Bright Lights/02 obstacle 1.mp3",
			},
		},
		"folders that say nothing": {
			sources: []library.Source{
				audio("in/Four Tet/Bandcamp/1.mp3", song("Four Tet", "", 0, "Lion")), audio("in/Nick Drake/1.mp3", song("Nick Drake", "", 0, "Rain")), other("in/Old downloads/twice/x.mp3"),
				other("in/Weezer/Weezer/01 Undone.mp3"),
			},
			want: map[string]string{
				"in/Four Tet/Bandcamp/1.mp3": "Four Tet/Unknown Album/Lion.mp3", "in/Nick Drake/1.mp3": "Nick Drake/Unknown Album/Rain.mp3", "in/Old downloads/twice/x.mp3": "Unknown Artist/twice/x.mp3",
				"in/Weezer/Weezer/01 Undone.mp3": "Weezer/Weezer/01 Undone.mp3",
			},
		},
		"parts of a play": {
			sources: []library.Source{other("in/Die drei Fragezeichen/001 - Der Super-Papagei/01 - Der Super-Papagei - Teil 1.mp3"), other("in/Not tagged/Low - Nixon/01 T.mp3")},
			want: map[string]string{
				"in/Die drei Fragezeichen/001 - Der Super-Papagei/01 - Der Super-Papagei - Teil 1.mp3": "Die drei Fragezeichen/001 - Der Super-Papagei/01 Teil 1.mp3",
				"in/Not tagged/Low - Nixon/01 T.mp3":                                                   "Low/Nixon/01 T.mp3",
			},
		},
		"numbers": {
			sources: []library.Source{
				audio("in/OK/00 - The Citizens Band.mp3", song("A", "B", 0, "The Citizens Band")), audio("in/Hamlet/03 Hamlet_ the play _ the prince.mp3", song("A", "C", 0, "Hamlet: the play / the prince")),
				audio("in/many/99.mp3", song("A", "D", 99, "T")), audio("in/many/100.mp3", song("A", "D", 100, "U")), other("Downloads/Chemical Brothers - 03 - Song to the Siren.mp3"),
			},
			want: map[string]string{
				"in/OK/00 - The Citizens Band.mp3": "A/B/00 The Citizens Band.mp3", "in/Hamlet/03 Hamlet_ the play _ the prince.mp3": "A/C/03 Hamlet_ the play _ the prince.mp3",
				"in/many/99.mp3": "A/D/099 T.mp3", "in/many/100.mp3": "A/D/100 U.mp3", "Downloads/Chemical Brothers - 03 - Song to the Siren.mp3": "Chemical Brothers/Unknown Album/03 Song to the Siren.mp3",
			},
		},
		"what is no name": {
			sources: []library.Source{
				audio("Music/x/1.mp3", song("<Unknown>", "unknown", 1, "T")), audio("in/y/2.mp3", song("A", "[Unknown Album]", 1, "SHOUTED.MP3")), other("in/A/B/Porcelain.mp3.mp3"),
			},
			want: map[string]string{"Music/x/1.mp3": "Unknown Artist/x/01 T.mp3", "in/y/2.mp3": "A/y/01 SHOUTED.mp3", "in/A/B/Porcelain.mp3.mp3": "A/B/Porcelain.mp3"},
		},
		"few tags do not speak for all": {
			sources: []library.Source{
				audio("Music/Neil/1.mp3", song("Neil Young", "Harvest", 4, "Heart of Gold")), other("Music/Neil/Recording.wav"), other("Music/Neil/voice memo.m4a"),
				audio("Downloads/1.mp3", song("Neil Young", "Harvest", 5, "Words")), other("Downloads/memo.wav"),
			},
			want: map[string]string{
				"Music/Neil/1.mp3": "Neil Young/Harvest/04 Heart of Gold.mp3", "Music/Neil/Recording.wav": "Unknown Artist/Neil/Recording.wav", "Music/Neil/voice memo.m4a": "Unknown Artist/Neil/voice memo.m4a",
				"Downloads/1.mp3": "Neil Young/Harvest/05 Words.mp3", "Downloads/memo.wav": "Unknown Artist/Unknown Album/memo.wav",
			},
		},
	})
}
