package library_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// known is a track of which everything is known.
func known() tag.Info {
	return tag.Info{
		Title: "The Song", TitleSort: "Song, The", Artist: "Can; Neu!", Artists: []string{"Can", "Neu!"}, AlbumArtist: "The Band", Album: "The Album",
		Track: 3, Disc: 2, DiscTotal: 2, TrackTotal: 12, Year: 1997, Date: "1997-05-21", OriginalDate: "1971-02-01", Genre: "Krautrock", Composer: "Czukay; Liebezeit",
		Codec: "flac",
	}
}

// TestLayouts shows what templates make of a track of which all is known, and of one of
// which little is.
func TestLayouts(t *testing.T) {
	plain := "{albumartist}/{album}/"
	various := known()
	various.AlbumArtist, various.Compilation = "", true
	for _, tt := range []struct{ layout, full, bare string }{
		{"plain", "The Band/The Album/2-03 The Song.flac", "Unknown Artist/B/x.flac"},
		{"year", "The Band/The Album (1997)/2-03 The Song.flac", "Unknown Artist/B/x.flac"},
		{"classical", "Czukay; Liebezeit/The Album/2-03 The Song.flac", "Unknown Artist/B/x.flac"},
		{"{sort(albumartist)}/{[year] }{album}/{track - }{title}", "Band, The/[1997] The Album/03 - The Song.flac", "Unknown Artist/B/x.flac"},
		{"{albumartistsort}/{albumsort}/{titlesort}", "Band, The/Album, The/Song, The.flac", "Unknown Artist/B/x.flac"},
		{"{genre}/{first(composer)}/{album}/{pad(track, 4)} {title}", "Krautrock/Czukay/The Album/0003 The Song.flac", "Unknown Genre/Unknown Composer/B/x.flac"},
		{"{originalyear}/{year(date)} {album}/{lower(title)}", "1971/1997 The Album/the song.flac", "Unknown Year/B/x.flac"},
		{"{originaldate}/{date}/{album}/{upper(title)}", "1971-02-01/1997-05-21/The Album/THE SONG.flac", "Unknown Year/Unknown Year/B/X.flac"},
		{plain + "{if disc}Disc {disc}{end}/{track} {title}", "The Band/The Album/Disc 2/03 The Song.flac", "Unknown Artist/B/x.flac"},
		{plain + "{if disc}Disc {disc}{else}Only{end}/{title}", "The Band/The Album/Disc 2/The Song.flac", "Unknown Artist/B/Only/x.flac"},
		{plain + "{if discs}{disc} of {discs}, {end}{track} of {tracks}", "The Band/The Album/2 of 2, 03 of 12.flac", "Unknown Artist/B/of.flac"},
		{plain + "{artist} + {artists} - {title}", "The Band/The Album/Can; Neu! + Can; Neu! - The Song.flac", "Unknown Artist/B/+ - x.flac"},
		{plain + "{first(artists)} {codec}", "The Band/The Album/Can flac.flac", "Unknown Artist/B/x.flac"},
		{"{if compilation}Compilations{else}{albumartist}{end}/{album}/{title}", "The Band/The Album/The Song.flac", "Unknown Artist/B/x.flac"},
		{"{composer|albumartist}/{album}/{{{title}}}", "Czukay; Liebezeit/The Album/{The Song}.flac", "Unknown Artist/B/{x}.flac"},
	} {
		for info, want := range map[*tag.Info]string{
			new(known()): tt.full,
			{Album: "B"}: tt.bare,
		} {
			out, err := library.Plan(layout(t, tt.layout), []library.Source{{Path: "x.flac", Info: info, ID: "1"}}, locker{})
			if err != nil || out[0].Path != want {
				t.Errorf("%s gives %q, %v, want %q", tt.layout, out[0].Path, err, want)
			}
			held, err := library.Plan(layout(t, tt.layout), []library.Source{{Path: want, Info: info, ID: "1", Held: true}}, locker{})
			if err != nil || held[0].Path != want {
				t.Errorf("filed anew under %s, %q goes to %q, %v", tt.layout, want, held[0].Path, err)
			}
		}
	}
	out, err := library.Plan(layout(t, "{if compilation}Compilations{else}{albumartist}{end}/{album}/{artist - }{title}"), []library.Source{{Path: "x.flac", Info: &various}}, locker{})
	if want := "Compilations/The Album/Can; Neu! - The Song.flac"; err != nil || out[0].Path != want {
		t.Errorf("a compilation goes to %q, %v, want %q", out[0].Path, err, want)
	}
}

// TestLayoutErrors: they say where, and what was expected there.
func TestLayoutErrors(t *testing.T) {
	deep := strings.Repeat("{if disc}", 9) + "x" + strings.Repeat("{end}", 9)
	for text, want := range map[string]string{
		"beets":                           `"beets" is neither plain, year, classical, keep nor a template`,
		"":                                "is neither",
		"{album}":                         "expected a folder with {album} in it",
		"{artist}/{title}":                "expected a folder with {album} in it",
		"{if album}{album}{end}/{title}":  "expected a folder with {album} in it",
		"{album}/song":                    "at character 9: expected a field in the name of the file",
		"{album}/":                        "at character 9: expected the name of a folder or file, found the end",
		"{track}/{album}/{title}":         `at character 2: expected a field of the whole album, found "track"`,
		"{if disc}x{end}/{album}/{title}": `expected a field of the whole album, found "disc"`,
		"{album}/{tittle}":                `at character 10: expected a field or a function, found "tittle"; there are the fields albumartist`,
		"{album}/{}":                      `at character 10: expected a field or a function, found "}"`,
		"{album}/{title":                  `expected "}" to end the "{" at character 9, found the end`,
		"{album}/title}":                  `at character 14: expected "{" before "}"`,
		"{album}/{else}{title}":           `expected "{if field}" before this`,
		"{album}/{if disc{title}":         `expected "}" after the condition, found "{"`,
		"{album}/{if disc}{title}":        `expected "{end}" in the same part as the "{if" at character 9`,
		"{album}/{pad(track)}":            `expected a comma and the number of digits`,
		"{album}/{pad(track, 0)}":         `expected a number of digits from 1 to 9, found "0"`,
		"{album}/{first(artist}":          `expected ")", found "}"`,
		"{album}/" + deep + "{title}":     "expected no more than 8 conditions in each other",
		"{album}/{" + strings.Repeat("first(", 9) + "title" + strings.Repeat(")", 9) + "}": "expected no more than 8 functions in each other",
		strings.Repeat("a/", 16) + "{album}/{title}":                                       "expected no more than 16 parts",
		"{album}/{title}" + strings.Repeat("x", 2000):                                      "expected at most 2000 bytes of UTF-8",
		"{album}/\xff{title}": "expected at most 2000 bytes of UTF-8",
	} {
		l, err := library.ParseLayout(text)
		if err == nil || !errors.Is(err, library.ErrLayout) || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseLayout(%.60q) = %v, %v, want %q", text, l, err, want)
		}
	}
}

// TestLayoutString: a layout prints as it was written.
func TestLayoutString(t *testing.T) {
	for _, text := range []string{"plain", "keep", "{album}/{title}"} {
		if got := layout(t, text).String(); got != text {
			t.Errorf("%q prints as %q", text, got)
		}
	}
	if got := (*library.Layout)(nil).String(); got != "plain" {
		t.Errorf("none prints as %q", got)
	}
}
