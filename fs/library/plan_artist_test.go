package library_test

import (
	"fmt"
	"testing"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestPlanArtists shows whose an album is.
func TestPlanArtists(t *testing.T) {
	flagged := func(in tag.Info) tag.Info { in.Compilation = true; return in }
	by := func(albumArtist string, in tag.Info) tag.Info { in.AlbumArtist = albumArtist; return in }
	// most is three tracks by one artist and one by another.
	most := example{want: map[string]string{"in/x/4.mp3": "Jay-Z/The Black Album/04 T.mp3"}, sources: []library.Source{audio("in/x/4.mp3", song("Pharrell", "The Black Album", 4, "T"))}}
	for n := 1; n <= 3; n++ {
		p := fmt.Sprintf("in/x/%d.mp3", n)
		most.sources = append(most.sources, audio(p, song("Jay-Z", "The Black Album", n, "T")))
		most.want[p] = fmt.Sprintf("Jay-Z/The Black Album/%02d T.mp3", n)
	}
	runExamples(t, map[string]example{
		"who has most of the tracks": most,
		"who leads all credits": {
			sources: []library.Source{
				audio("in/1.mp3", song("Brian Eno;Harold Budd", "The Pearl", 1, "T")), audio("in/2.mp3", song("Brian Eno/Harold Budd", "The Pearl", 2, "T")), audio("in/3.mp3", song("Brian Eno vs. Harold Budd", "The Pearl", 3, "T")),
				audio("in/4.mp3", song("Brian Eno with Harold Budd", "The Pearl", 4, "T")),
			},
			want: map[string]string{"in/1.mp3": "Brian Eno/The Pearl/01 T.mp3", "in/2.mp3": "Brian Eno/The Pearl/02 T.mp3", "in/3.mp3": "Brian Eno/The Pearl/03 T.mp3", "in/4.mp3": "Brian Eno/The Pearl/04 T.mp3"},
		},
		"a pair": {
			sources: []library.Source{audio("in/1.mp3", song("Simon & Garfunkel", "Bookends", 1, "T")), audio("in/2.mp3", song("Simon & Garfunkel", "Bookends", 2, "T"))},
			want:    map[string]string{"in/1.mp3": "Simon & Garfunkel/Bookends/01 T.mp3", "in/2.mp3": "Simon & Garfunkel/Bookends/02 T.mp3"},
		},
		"a folder of compilations, and the flag, where the tags name one artist": {
			sources: []library.Source{
				audio("in/Compilations/[1995] Refried Ectoplasm/1.mp3", song("Stereolab", "Refried Ectoplasm", 1, "T")), audio("in/Compilations/[1995] Refried Ectoplasm/2.mp3", song("Stereolab", "Refried Ectoplasm", 2, "T")),
				audio("in/best/1.mp3", flagged(song("Blondie", "Atomic", 1, "T"))), audio("in/best/2.mp3", flagged(song("Blondie", "Atomic", 2, "T"))),
				other("in/Compilations/Nuggets/01 - The Seeds - T.mp3"), other("in/Compilations/Nuggets/02 - The Seeds - T.mp3"),
			},
			want: map[string]string{
				"in/Compilations/[1995] Refried Ectoplasm/1.mp3": "Stereolab/Refried Ectoplasm/01 T.mp3", "in/Compilations/[1995] Refried Ectoplasm/2.mp3": "Stereolab/Refried Ectoplasm/02 T.mp3",
				"in/best/1.mp3": "Blondie/Atomic/01 T.mp3", "in/best/2.mp3": "Blondie/Atomic/02 T.mp3",
				"in/Compilations/Nuggets/01 - The Seeds - T.mp3": "Various Artists/Nuggets/01 The Seeds - T.mp3", "in/Compilations/Nuggets/02 - The Seeds - T.mp3": "Various Artists/Nuggets/02 The Seeds - T.mp3",
			},
		},
		"spellings of one artist": {
			sources: []library.Source{
				audio("in/x/1.mp3", song("AC/DC", "Powerage", 1, "T")), audio("in/x/2.mp3", song("ACDC", "Powerage", 2, "T")), audio("in/x/3.mp3", song("AC-DC", "Powerage", 3, "T")), audio("in/x/4.mp3", song("AC/DC", "Powerage", 4, "T")),
			},
			want: map[string]string{"in/x/1.mp3": "AC_DC/Powerage/01 T.mp3", "in/x/2.mp3": "AC_DC/Powerage/02 T.mp3", "in/x/3.mp3": "AC_DC/Powerage/03 T.mp3", "in/x/4.mp3": "AC_DC/Powerage/04 T.mp3"},
		},
		"typographic quotes are plain ones": {
			locker: locker{"Guns N' Roses/Don’t Cry/01 T.mp3": "x"},
			sources: []library.Source{
				audio("in/x/1.mp3", song("Guns N’ Roses", "Don't Cry", 2, "Don’t")), audio("in/y/1.mp3", song("Sinéad O’Connor", "Universal", 1, "T")), audio("in/z/1.mp3", song("Sinéad O'Connor", "Universal", 2, "T")),
			},
			want: map[string]string{"in/x/1.mp3": "Guns N' Roses/Don’t Cry/02 Don’t.mp3", "in/y/1.mp3": "Sinéad O'Connor/Universal/01 T.mp3", "in/z/1.mp3": "Sinéad O'Connor/Universal/02 T.mp3"},
		},
		"other words for various artists": {
			sources: []library.Source{audio("in/x/1.mp3", by("Soundtrack", song("Alison Krauss", "O Brother", 1, "T"))), audio("in/y/1.mp3", by("V/A", song("Can", "Krautrock", 1, "T")))},
			want:    map[string]string{"in/x/1.mp3": "Various Artists/O Brother/01 Alison Krauss - T.mp3", "in/y/1.mp3": "Various Artists/Krautrock/01 Can - T.mp3"},
		},
		"a label's sampler": {
			sources: []library.Source{
				audio("in/x/1.mp3", by("Erased Tapes", song("Nils Frahm", "Collection", 1, "T"))), audio("in/x/2.mp3", by("Erased Tapes", song("Rival Consoles", "Collection", 2, "T"))), audio("in/x/3.mp3", by("Erased Tapes", song("Peter Broderick", "Collection", 3, "T"))),
			},
			want: map[string]string{"in/x/1.mp3": "Erased Tapes/Collection/01 Nils Frahm - T.mp3", "in/x/2.mp3": "Erased Tapes/Collection/02 Rival Consoles - T.mp3", "in/x/3.mp3": "Erased Tapes/Collection/03 Peter Broderick - T.mp3"},
		},
	})
}
