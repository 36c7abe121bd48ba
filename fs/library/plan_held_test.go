package library_test

import (
	"maps"
	"path"
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestPlanHeldFound holds what TestPlanHeld holds for what it once found to move.
func TestPlanHeldFound(t *testing.T) {
	long := strings.Repeat("ö", 130) // longer than a name
	type files map[string]*tag.Info
	for name, c := range map[string]struct {
		layout string // "" for plain
		// before is imported first.
		before, files files
	}{
		"one release, whose year its second album tells": {files: files{
			"a/1.mp3": {Title: "One", Album: "A", AlbumArtist: "B", ReleaseID: "r1"},
			"b/2.mp3": {Title: "Two", Album: "A", AlbumArtist: "B", ReleaseID: "r1", Year: 1990},
			"c/3.mp3": {Title: "Three", Album: "A", AlbumArtist: "B", Year: 1990},
		}},
		"an album called as a disc, below a folder that not all are in": {
			layout: "Music/{if compilation}VA{end}/{first(artists)}/{album}{ (originalyear)}/{upper(title)}",
			files:  files{"CD1/01 T.mp3": {Title: "A", Compilation: true}},
		},
		"what has no title stays beside an album whose name begins with its year": {
			layout: "{sort(albumartist)}/{[year] }{album}/{track - }{title}",
			files: files{
				"01 T.mp3":            nil,
				"x01 T.mp3":           {Title: "A", Artist: "A", Album: "B", AlbumArtist: "A", Year: 1990},
				"a-b-1990-C/01 T.mp3": nil,
			},
		},
		"two of three tracks tell no album": {layout: "year", files: files{
			"01 T.mp3":    {Title: "A", Artist: "A", Album: "A", AlbumArtist: "C"},
			"x01 T.mp3":   {Title: "A", Artist: "A", AlbumArtist: "C", Year: 1990},
			"xx01 T.mp3":  nil,
			"xxx01 T.mp3": {Title: "a", Artist: "A", Album: "A", AlbumArtist: "B", Track: 3, Disc: 1},
		}},
		"an artist longer than a name": {layout: "classical", files: files{
			"in/in/in/01 T.mp3": {Title: "A", Artist: long, Album: "A", Composer: "Händel", Year: 1990},
			"01-a_b-c.mp3":      {Title: "B", Album: "A", AlbumArtist: long, Composer: "Händel", Track: 2, Disc: 2, Year: 1990},
		}},
		"disc 1 of 1, beside another disc": {files: files{
			"in/cd 2/t.mp3": nil,
			"in/Ä.MP3":      {Title: "T", Album: "Ä", AlbumArtist: "B", Track: 3, Disc: 1, DiscTotal: 1},
		}},
		"two titles of one release": {files: files{
			"01 T.mp3":    nil,
			"x01 T.mp3":   {Title: "A", Artist: "A", Album: "B (2)", AlbumArtist: "B", ReleaseID: "r1"},
			"in/01 T.mp3": {Title: "A", Artist: "B", Album: "B", ReleaseID: "r1"},
		}},
		"a title in small letters, which another album told": {files: files{
			"in/01 T.mp3":       {Title: "A", Artist: "B", AlbumArtist: "B"},
			"in/T.MP3":          {Album: "A", AlbumArtist: "A", Track: 3},
			"B (CD 2)/01 T.mp3": {Title: "A", Artist: "C", Album: "a", AlbumArtist: "B"},
		}},
		"a title that is another and its year": {layout: "classical", files: files{
			"01 T.mp3":           {Title: "A", Artist: "AAAA", Album: "A", Composer: "Bach", Year: 1990},
			"x01 T.mp3":          {Title: "A", Artist: "A", Album: "A (1990)", AlbumArtist: "A", Composer: "Bach", Year: 1990, ReleaseID: "r2"},
			"B (2)/01 T (2).mp3": {Title: "a", Artist: "A", Album: "A", AlbumArtist: "A", Composer: "Bach", Year: 1991},
		}},
		"no album and no artist, of a compilation": {files: files{
			"01 T.mp3":  {Title: "A", Artist: "A"},
			"x01 T.mp3": {Title: "A", Compilation: true},
		}},
		"names that were cut to be one": {
			layout: "{albumartist} - {album}/{if track}{track}. {end}{artist - }{title}",
			files: files{
				"01 T.mp3":    {Artist: "A", ReleaseID: "r1"},
				"in/01 T.mp3": {Album: "A", AlbumArtist: long, ReleaseID: "r1"},
				"x01 T.mp3":   {Artist: "A", Album: "B (2)", AlbumArtist: long, Track: 2},
			},
		},
		"an artist whose name a file has": {
			before: files{"B": nil},
			files: files{
				"01 T.mp3":      {Title: "A", Artist: "A", Album: "A", AlbumArtist: "B"},
				"B/in/01 T.mp3": nil,
			},
		},
		"the year of a track without album": {
			layout: "{albumartist} - {album}/{if track}{track}. {end}{artist - }{title}",
			before: files{"in/01 T.mp3": {Title: "Ä", Artist: "con", Album: "B", AlbumArtist: long, Year: 1991}},
			files: files{
				"01 T.mp3":   {Title: "A", Artist: "A", Album: long, AlbumArtist: long, ReleaseID: "r2"},
				"x01 T.mp3":  {Artist: "A", AlbumArtist: "A"},
				"xx01 T.mp3": {Title: "A", Artist: "A", AlbumArtist: long, Year: 1990, ReleaseID: "r2"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.layout == "" {
				c.layout = "plain"
			}
			l, full, before := layout(t, c.layout), shelf{}, shelf{}
			for _, some := range []files{c.before, c.files} {
				before = maps.Clone(full)
				var sources []library.Source
				for p, info := range some {
					sources = append(sources, library.Source{Path: p, Info: info, ID: "id of " + p})
				}
				full = full.with(sources, place(t, l, full, sources))
			}
			held, rest := full.held(func(p string) bool { _, there := before[p]; return !there })
			checkStays(t, l, held, rest)
			for dir := range full.albumFolders() {
				held, rest := full.held(func(p string) bool { return strings.HasPrefix(p, dir+"/") })
				if len(path.Base(dir)) < library.MaxPart-20 {
					checkStays(t, l, held, rest)
				}
			}
		})
	}
}
