package library_test

import (
	"testing"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestPlanCompanions shows where files go that are no tracks.
func TestPlanCompanions(t *testing.T) {
	runExamples(t, map[string]example{
		"of most tracks": {
			sources: []library.Source{
				audio("in/1.mp3", song("A", "Small", 1, "T")), audio("in/2.mp3", song("B", "Large", 1, "U")), audio("in/3.mp3", song("B", "Large", 2, "V")), other("in/cover.jpg"),
			},
			want: map[string]string{"in/1.mp3": "A/Small/01 T.mp3", "in/2.mp3": "B/Large/01 U.mp3", "in/3.mp3": "B/Large/02 V.mp3", "in/cover.jpg": "B/Large/cover.jpg"},
		},
		"of several albums by one artist": {
			sources: []library.Source{audio("in/x/1.mp3", song("A", "B", 1, "T")), audio("in/x/2.mp3", song("A", "C", 1, "U")), other("in/x/box.jpg")},
			want:    map[string]string{"in/x/1.mp3": "A/B/01 T.mp3", "in/x/2.mp3": "A/C/01 U.mp3", "in/x/box.jpg": "A/box.jpg"},
		},
		"of albums by several artists": {
			sources: []library.Source{audio("Phone/Music/1.mp3", song("A", "B", 1, "T")), audio("Phone/Music/2.mp3", song("C", "D", 1, "U")), other("Phone/Music/AlbumArt.jpg"), other("Phone/Music/2.lrc")},
			want: map[string]string{
				"Phone/Music/1.mp3": "A/B/01 T.mp3", "Phone/Music/2.mp3": "C/D/01 U.mp3", "Phone/Music/AlbumArt.jpg": "Music/AlbumArt.jpg", "Phone/Music/2.lrc": "C/D/01 U.lrc",
			},
		},
		"of a disc": {
			sources: []library.Source{
				audio("in/Box/CD1 - Autobahn/1.mp3", song("Kraftwerk", "Autobahn", 1, "T")), audio("in/Box/CD1 - Autobahn/2.mp3", song("Kraftwerk", "Autobahn", 2, "T")),
				audio("in/Box/CD2 - Radio/1.mp3", song("Kraftwerk", "Radio-Aktivität", 1, "T")), audio("in/Box/CD2 - Radio/2.mp3", song("Kraftwerk", "Radio-Aktivität", 2, "T")), other("in/Box/CD1 - Autobahn/cover.jpg"), other("in/Box/CD2 - Radio/cover.jpg"), other("in/Box/box.jpg"),
			},
			want: map[string]string{
				"in/Box/CD1 - Autobahn/1.mp3": "Kraftwerk/Autobahn/01 T.mp3", "in/Box/CD1 - Autobahn/2.mp3": "Kraftwerk/Autobahn/02 T.mp3", "in/Box/CD2 - Radio/1.mp3": "Kraftwerk/Radio-Aktivität/2-01 T.mp3", "in/Box/CD2 - Radio/2.mp3": "Kraftwerk/Radio-Aktivität/2-02 T.mp3",
				"in/Box/CD1 - Autobahn/cover.jpg": "Kraftwerk/Autobahn/cover.jpg", "in/Box/CD2 - Radio/cover.jpg": "Kraftwerk/Radio-Aktivität/cover.jpg", "in/Box/box.jpg": "Kraftwerk/box.jpg",
			},
		},
		"of several discs": {
			sources: []library.Source{
				audio("in/x/CD1/1.mp3", song("A", "B", 1, "T")), audio("in/x/CD2/1.mp3", song("A", "B", 1, "U")), other("in/x/CD1/cover.jpg"), other("in/x/CD2/cover.jpg"), other("in/x/CD2/cd2.jpg"), other("in/x/CD2/Scans/1.jpg"),
			},
			want: map[string]string{
				"in/x/CD1/1.mp3": "A/B/1-01 T.mp3", "in/x/CD2/1.mp3": "A/B/2-01 U.mp3", "in/x/CD1/cover.jpg": "A/B/cover.jpg", "in/x/CD2/cover.jpg": "A/B/CD2/cover.jpg", "in/x/CD2/cd2.jpg": "A/B/cd2.jpg", "in/x/CD2/Scans/1.jpg": "A/B/CD2/Scans/1.jpg",
			},
		},
		"of the name of a track": {
			sources: []library.Source{audio("in/x/08. Idioteque.flac", song("Radiohead", "Kid A", 8, "Idioteque")), other("in/x/08. Idioteque.lrc"), other("in/x/08. IDIOTEQUE.jpg"), audio("in/x/8 again.flac", song("Radiohead", "Kid A", 8, "Idioteque")), other("in/x/8 again.txt")},
			want: map[string]string{
				"in/x/08. Idioteque.flac": "Radiohead/Kid A/08 Idioteque.flac", "in/x/08. Idioteque.lrc": "Radiohead/Kid A/08 Idioteque.lrc", "in/x/08. IDIOTEQUE.jpg": "Radiohead/Kid A/08 Idioteque.jpg",
				"in/x/8 again.flac": "Radiohead/Kid A/08 Idioteque (2).flac", "in/x/8 again.txt": "Radiohead/Kid A/08 Idioteque (2).txt",
			},
		},
		"one content under several names": {
			locker: locker{"Daft Punk/Discovery/01-daft_punk-one_more_time.mp3": "1"},
			sources: []library.Source{
				{Path: "in/01 One More Time.mp3", Info: &tag.Info{Artist: "Daft Punk", Album: "Discovery", Title: "One More Time", Track: 1}, ID: "1"},
				{Path: "in/a.mp3", Info: &tag.Info{Artist: "Daft Punk", Album: "Discovery", Title: "Aerodynamic", Track: 2}, ID: "2"},
				{Path: "in/b.mp3", Info: &tag.Info{Artist: "Daft Punk", Album: "Discovery", Title: "Aerodynamic", Track: 2}, ID: "2"},
				{Path: "in/silence 1.mp3", Info: &tag.Info{Artist: "Daft Punk", Album: "Discovery"}, ID: "3"},
				{Path: "in/silence 2.mp3", Info: &tag.Info{Artist: "Daft Punk", Album: "Discovery"}, ID: "3"},
			},
			want: map[string]string{
				"in/01 One More Time.mp3": "Daft Punk/Discovery/01-daft_punk-one_more_time.mp3", "in/a.mp3": "Daft Punk/Discovery/02 Aerodynamic.mp3", "in/b.mp3": "Daft Punk/Discovery/02 Aerodynamic.mp3",
				"in/silence 1.mp3": "Daft Punk/Discovery/silence 1.mp3", "in/silence 2.mp3": "Daft Punk/Discovery/silence 2.mp3",
			},
		},
		"a cue sheet of one disc keeps the names of its album only": {
			sources: []library.Source{
				audio("Downloads/Foo CD1/foo.flac", song("A", "Foo", 0, "Foo")), other("Downloads/Foo CD1/foo.cue"), audio("Downloads/Bar CD1/1.flac", song("B", "Bar", 1, "T")),
			},
			want: map[string]string{"Downloads/Foo CD1/foo.flac": "A/Foo/Foo CD1/foo.flac", "Downloads/Foo CD1/foo.cue": "A/Foo/Foo CD1/foo.cue", "Downloads/Bar CD1/1.flac": "B/Bar/01 T.flac"},
		},
	})
}
