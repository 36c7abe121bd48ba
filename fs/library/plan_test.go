package library_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// locker is what a locker has: the content of each path. Folders are those of the paths.
type locker map[string]string

func (l locker) Folder(dir string) (*library.Folder, error) {
	seen := map[string]library.Child{}
	for p, id := range l {
		rest := p
		if dir != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(p, dir+"/"); !ok {
				continue
			}
		}
		name, _, deeper := strings.Cut(rest, "/")
		c := library.Child{Name: name, Dir: deeper}
		if !deeper {
			c.ID = id
		}
		seen[name] = c
	}
	out := new(library.Folder)
	for _, c := range seen {
		out.Add(c)
	}
	return out, nil
}

func (locker) Releases(string) ([]library.Release, error) { return nil, nil }

// plan gives the path of each source by the source's own.
func plan(t testing.TB, l locker, sources []library.Source) map[string]string {
	t.Helper()
	placed, err := library.Plan(nil, sources, l)
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	out := map[string]string{}
	for i, p := range placed {
		if p.Source != i {
			t.Fatalf("placement %d is of source %d", i, p.Source)
		}
		out[sources[i].Path] = p.Path
	}
	return out
}

func audio(p string, in tag.Info) library.Source {
	return library.Source{Path: p, Info: &in, ID: "id of " + p}
}

func other(p string) library.Source { return library.Source{Path: p, ID: "id of " + p} }

func song(artist, album string, n int, title string) tag.Info {
	return tag.Info{Artist: artist, Album: album, Track: n, Title: title}
}

// example is what is imported into a locker, and where it goes.
type example struct {
	locker  locker
	sources []library.Source
	want    map[string]string
}

func runExamples(t *testing.T, examples map[string]example) {
	t.Helper()
	for name, tt := range examples {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, plan(t, tt.locker, tt.sources)); diff != "" {
				t.Errorf("placements (-want +got):\n%s", diff)
			}
			slices.Reverse(tt.sources)
			if diff := cmp.Diff(tt.want, plan(t, tt.locker, tt.sources)); diff != "" {
				t.Errorf("in reverse order (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlan reads as documentation: what is imported, and where it goes.
func TestPlan(t *testing.T) {
	with := func(in tag.Info, change func(*tag.Info)) tag.Info { change(&in); return in }
	runExamples(t, map[string]example{
		"artist, album, number and title": {
			sources: []library.Source{
				audio("in/a.flac", song("Nina Simone", "Pastel Blues", 3, "Ain't No Use")),
				audio("in/b.flac", song("Nina Simone", "Pastel Blues", 0, "Sinnerman")),
			},
			want: map[string]string{
				"in/a.flac": "Nina Simone/Pastel Blues/03 Ain't No Use.flac",
				"in/b.flac": "Nina Simone/Pastel Blues/Sinnerman.flac",
			},
		},
		"album artist before artist": {
			sources: []library.Source{audio("in/a.mp3", with(song("Jay-Z feat. Alicia Keys", "The Blueprint 3", 5, "Empire State of Mind"), func(in *tag.Info) { in.AlbumArtist = "Jay-Z" }))},
			want:    map[string]string{"in/a.mp3": "Jay-Z/The Blueprint 3/05 Empire State of Mind.mp3"},
		},
		"guests do not make a compilation": {
			sources: []library.Source{
				audio("in/a.mp3", song("Jay-Z", "The Blueprint 3", 4, "Run This Town")),
				audio("in/b.mp3", song("Jay-Z feat. Alicia Keys", "The Blueprint 3", 5, "Empire")),
				audio("in/c.mp3", with(song("Jay-Z; Drake", "The Blueprint 3", 6, "Off That"), func(in *tag.Info) { in.Artists = []string{"Jay-Z", "Drake"} })),
			},
			want: map[string]string{
				"in/a.mp3": "Jay-Z/The Blueprint 3/04 Run This Town.mp3",
				"in/b.mp3": "Jay-Z/The Blueprint 3/05 Empire.mp3",
				"in/c.mp3": "Jay-Z/The Blueprint 3/06 Off That.mp3",
			},
		},
		"several artists in one album are a compilation": {
			sources: []library.Source{
				audio("in/a.mp3", song("Can", "Krautrock", 1, "Vitamin C")),
				audio("in/b.mp3", song("Neu!", "Krautrock", 2, "Hallogallo")),
			},
			want: map[string]string{
				"in/a.mp3": "Various Artists/Krautrock/01 Can - Vitamin C.mp3",
				"in/b.mp3": "Various Artists/Krautrock/02 Neu! - Hallogallo.mp3",
			},
		},
		"a compilation by its flag": {
			sources: []library.Source{audio("in/a.m4a", with(song("Can", "Krautrock", 1, "Vitamin C"), func(in *tag.Info) { in.Compilation = true }))},
			want:    map[string]string{"in/a.m4a": "Various Artists/Krautrock/01 Can - Vitamin C.m4a"},
		},
		"a DJ's compilation is the DJ's": {
			sources: []library.Source{audio("in/a.m4a", with(song("Can", "DJ-Kicks", 1, "Vitamin C"), func(in *tag.Info) { in.Compilation, in.AlbumArtist = true, "Kruder" }))},
			want:    map[string]string{"in/a.m4a": "Kruder/DJ-Kicks/01 Vitamin C.m4a"},
		},
		"discs by total, by number, by folder": {
			sources: []library.Source{
				audio("in/one/a.flac", with(song("A", "By Total", 1, "T"), func(in *tag.Info) { in.Disc, in.DiscTotal = 1, 2 })),
				audio("in/two/a.flac", with(song("A", "By Number", 1, "T"), func(in *tag.Info) { in.Disc = 1 })),
				audio("in/two/b.flac", with(song("A", "By Number", 1, "U"), func(in *tag.Info) { in.Disc = 2 })),
				audio("in/three/CD1/a.flac", song("A", "By Folder", 1, "T")),
				audio("in/three/Disc 2 (Live)/a.flac", song("A", "By Folder", 1, "T")),
				other("in/three/cover.jpg"),
				other("in/three/CD1/cover.jpg"),
				audio("in/four/a.flac", with(song("A", "One Disc", 1, "T"), func(in *tag.Info) { in.Disc, in.DiscTotal = 1, 1 })),
			},
			want: map[string]string{
				"in/one/a.flac":                 "A/By Total/1-01 T.flac",
				"in/two/a.flac":                 "A/By Number/1-01 T.flac",
				"in/two/b.flac":                 "A/By Number/2-01 U.flac",
				"in/three/CD1/a.flac":           "A/By Folder/1-01 T.flac",
				"in/three/Disc 2 (Live)/a.flac": "A/By Folder/2-01 T.flac",
				"in/three/cover.jpg":            "A/By Folder/cover.jpg",
				"in/three/CD1/cover.jpg":        "A/By Folder/CD1/cover.jpg",
				"in/four/a.flac":                "A/One Disc/01 T.flac",
			},
		},
		"a second disc that comes later": {
			locker:  locker{"A/B/1-01 T.flac": "x", "A/B/1-02 U.flac": "y"},
			sources: []library.Source{audio("in/a.flac", song("A", "B", 3, "V")), audio("in/b.flac", with(song("A", "B", 1, "W"), func(in *tag.Info) { in.Disc = 2 }))},
			want:    map[string]string{"in/a.flac": "A/B/03 V.flac", "in/b.flac": "A/B/2-01 W.flac"},
		},
		"no tags: the folders and the name tell": {
			sources: []library.Source{
				other("Music/Björk/1997 - Homogenic/03 - Unravel.mp3"),
				other("Music/Björk/1997 - Homogenic/cover.jpg"),
				other("Music/Low - Things We Lost in the Fire (2001) [FLAC]/1-02 Sunflower.flac"),
				other("Music/1984/01. Runaround.mp3"),
				other("Music/Various Artists/Nuggets/01 - The Seeds - Pushin' Too Hard.mp3"),
			},
			want: map[string]string{
				"Music/Björk/1997 - Homogenic/03 - Unravel.mp3":                            "Björk/Homogenic/03 Unravel.mp3",
				"Music/Björk/1997 - Homogenic/cover.jpg":                                   "Björk/Homogenic/cover.jpg",
				"Music/Low - Things We Lost in the Fire (2001) [FLAC]/1-02 Sunflower.flac": "Low/Things We Lost in the Fire/02 Sunflower.flac",
				"Music/1984/01. Runaround.mp3":                                             "Unknown Artist/1984/01 Runaround.mp3",
				"Music/Various Artists/Nuggets/01 - The Seeds - Pushin' Too Hard.mp3":      "Various Artists/Nuggets/01 The Seeds - Pushin' Too Hard.mp3",
			},
		},
		"nothing known at all": {
			sources: []library.Source{other("Downloads/song.mp3"), other("Downloads/Moby - Porcelain.mp3")},
			want: map[string]string{
				"Downloads/song.mp3":             "Unknown Artist/Unknown Album/song.mp3",
				"Downloads/Moby - Porcelain.mp3": "Moby/Unknown Album/Porcelain.mp3",
			},
		},
		"an unreadable file goes with its album": {
			sources: []library.Source{audio("in/x/01 a.mp3", song("A", "B", 1, "T")), other("in/x/02 Broken.mp3")},
			want:    map[string]string{"in/x/01 a.mp3": "A/B/01 T.mp3", "in/x/02 Broken.mp3": "A/B/02 Broken.mp3"},
		},
		"a number in the title is no track number": {
			sources: []library.Source{audio("in/x/99 Luftballons.mp3", song("Nena", "Nena", 0, "99 Luftballons")), audio("in/x/07 Indianer.mp3", song("Nena", "Nena", 0, "Indianer"))},
			want:    map[string]string{"in/x/99 Luftballons.mp3": "Nena/Nena/99 Luftballons.mp3", "in/x/07 Indianer.mp3": "Nena/Nena/07 Indianer.mp3"},
		},
		"companions and their folders": {
			sources: []library.Source{
				audio("in/x/1.flac", song("A", "B", 1, "T")),
				other("in/x/Folder.jpg"), other("in/x/rip.log"), other("in/x/Scans/back.png"), other("in/x/Scans/inlay/1.png"),
			},
			want: map[string]string{
				"in/x/1.flac": "A/B/01 T.flac", "in/x/Folder.jpg": "A/B/Folder.jpg", "in/x/rip.log": "A/B/rip.log",
				"in/x/Scans/back.png": "A/B/Scans/back.png", "in/x/Scans/inlay/1.png": "A/B/Scans/inlay/1.png",
			},
		},
		"a cue sheet keeps the names": {
			sources: []library.Source{
				audio("in/x/CD1/A - B.flac", song("A", "B", 0, "Whole disc")), other("in/x/CD1/A - B.cue"), other("in/x/CD1/A - B.log"), other("in/x/front.jpg"),
			},
			want: map[string]string{
				"in/x/CD1/A - B.flac": "A/B/CD1/A - B.flac", "in/x/CD1/A - B.cue": "A/B/CD1/A - B.cue", "in/x/CD1/A - B.log": "A/B/CD1/A - B.log", "in/x/front.jpg": "A/B/front.jpg",
			},
		},
		"a playlist of many albums keeps its folder": {
			sources: []library.Source{
				audio("in/Road Trip/1.mp3", song("A", "B", 7, "T")), audio("in/Road Trip/2.mp3", song("C", "D", 9, "U")), other("in/Road Trip/list.m3u8"),
			},
			want: map[string]string{
				"in/Road Trip/1.mp3": "Various Artists/Road Trip/1.mp3", "in/Road Trip/2.mp3": "Various Artists/Road Trip/2.mp3", "in/Road Trip/list.m3u8": "Various Artists/Road Trip/list.m3u8",
			},
		},
		"files of no album keep their path": {
			sources: []library.Source{audio("Music/A/B/1.mp3", song("A", "B", 1, "T")), other("Music/A/artist.jpg"), other("Music/todo.txt")},
			want:    map[string]string{"Music/A/B/1.mp3": "A/B/01 T.mp3", "Music/A/artist.jpg": "A/artist.jpg", "Music/todo.txt": "Music/todo.txt"},
		},
		"collisions are numbered in the order of their paths": {
			sources: []library.Source{audio("in/z.mp3", song("A", "B", 1, "T")), audio("in/y.mp3", song("A", "B", 1, "t")), audio("in/x.mp3", song("A", "B", 1, "T"))},
			want:    map[string]string{"in/x.mp3": "A/B/01 T.mp3", "in/y.mp3": "A/B/01 t (2).mp3", "in/z.mp3": "A/B/01 T (3).mp3"},
		},
		"what is there keeps its name": {
			locker:  locker{"A/B/01 T.mp3": "other content"},
			sources: []library.Source{audio("in/x.mp3", song("A", "B", 1, "T"))},
			want:    map[string]string{"in/x.mp3": "A/B/01 T (2).mp3"},
		},
		"a file that is there already is filed onto itself": {
			locker:  locker{"A/B/01 T.mp3": "other content", "A/B/01 T (2).mp3": "id of in/x.mp3"},
			sources: []library.Source{audio("in/x.mp3", song("A", "B", 1, "T"))},
			want:    map[string]string{"in/x.mp3": "A/B/01 T (2).mp3"},
		},
		"the spelling of folders that are there": {
			locker:  locker{"the beatles/ABBEY ROAD/01 Come Together.flac": "x"},
			sources: []library.Source{audio("in/x.mp3", song("The Beatles", "Abbey Road", 2, "Something"))},
			want:    map[string]string{"in/x.mp3": "the beatles/ABBEY ROAD/02 Something.mp3"},
		},
		"the commonest spelling of folders that are new": {
			sources: []library.Source{
				audio("in/a/1.mp3", song("BJÖRK", "Post", 1, "T")), audio("in/b/1.mp3", song("Björk", "Debut", 1, "T")), audio("in/c/1.mp3", song("Bjo\u0308rk", "Vespertine", 1, "T")),
			},
			want: map[string]string{"in/a/1.mp3": "Björk/Post/01 T.mp3", "in/b/1.mp3": "Björk/Debut/01 T.mp3", "in/c/1.mp3": "Björk/Vespertine/01 T.mp3"},
		},
		"a file in the way of a folder": {
			locker:  locker{"a": "a file"},
			sources: []library.Source{audio("in/x.mp3", song("A", "B", 2, "T"))},
			want:    map[string]string{"in/x.mp3": "A (2)/B/02 T.mp3"},
		},
		"names that not every system can hold": {
			sources: []library.Source{
				audio("in/a/x.mp3", song("AC/DC", "Who Made Who?", 2, "D.T.")), audio("in/b/x.mp3", song("R.E.M.", "...", 12, "Nul")), audio("in/c/x.mp3", song("Con", "  A\tB ", 0, "aux")),
			},
			want: map[string]string{"in/a/x.mp3": "AC_DC/Who Made Who_/02 D.T..mp3", "in/b/x.mp3": "R.E.M_/_._/12 Nul.mp3", "in/c/x.mp3": "Con_/A B/aux_.mp3"},
		},
	})
}

func TestPlanErrors(t *testing.T) {
	_, err := library.Plan(nil, []library.Source{other("in/a.mp3")}, broken{})
	if err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("Plan over a locker that cannot be listed: %v", err)
	}
}

type broken struct{}

func (broken) Folder(dir string) (*library.Folder, error) {
	return nil, fmt.Errorf("list %s: out of order", path.Join("/", dir))
}

func (broken) Releases(dir string) ([]library.Release, error) {
	return nil, fmt.Errorf("releases of %s: out of order", path.Join("/", dir))
}

func TestDiscFolder(t *testing.T) {
	for name, want := range map[string]int{
		"CD1": 1, "cd 02": 2, "Disc 3": 3, "DISK_4": 4, "Disc 1 - Bonus": 1, "CD2 (Live)": 2, "Best of CD1": 1, "Schwarz (CD 1)": 1, "A [Disc 2]": 2, "Side A": 1, "Seite 2": 2,
		"CD": 0, "Disco 2000": 0, "CDs": 0, "Discovery": 0, "CD1999": 0, "Sidewalk": 0, "Outside": 0, "Side Effects": 0, "Inside a": 0, "Disc 2nd": 0,
	} {
		if got, ok := library.DiscFolder(name); got != want || ok != (want > 0) {
			t.Errorf("DiscFolder(%q) = %d, %t, want %d", name, got, ok, want)
		}
	}
}
