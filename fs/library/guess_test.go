package library

import "testing"

func TestGuessFile(t *testing.T) {
	for stem, want := range map[string]fileGuess{
		"03 - Title":                 {track: 3, title: "Title", sure: true},
		"03. Title":                  {track: 3, title: "Title", sure: true},
		"03-Title":                   {track: 3, title: "Title", sure: true},
		"03 Title":                   {track: 3, title: "Title"},
		"03_Title_of_it":             {track: 3, title: "Title of it"},
		"103 - Title":                {track: 103, title: "Title", sure: true},
		"1-03 Title":                 {disc: 1, track: 3, title: "Title"},
		"2.11 - Title":               {disc: 2, track: 11, title: "Title", sure: true},
		"03 - Artist - Title":        {track: 3, artist: "Artist", title: "Title", sure: true},
		"Artist - Title":             {artist: "Artist", title: "Title"},
		"Artist - Title - Live":      {artist: "Artist", title: "Title - Live"},
		"Title":                      {title: "Title"},
		"7 Seconds":                  {title: "7 Seconds"},
		"1999":                       {title: "1999"},
		"1979 - Title":               {title: "1979 - Title"},
		"00 Intro":                   {position: "00", title: "Intro"},
		"0 - Intro":                  {title: "0 - Intro"},
		"1-00 Intro":                 {disc: 1, position: "00", title: "Intro"},
		"A1 - Title":                 {position: "A1", title: "Title", sure: true},
		"B12. Artist - Title":        {position: "B12", artist: "Artist", title: "Title", sure: true},
		"A2 Title":                   {position: "A2", title: "Title"},
		"A0 Title":                   {title: "A0 Title"},
		"U2 - One":                   {artist: "U2", title: "One"},
		"B52s":                       {title: "B52s"},
		"99 Luftballons":             {track: 99, title: "Luftballons"},
		"12345 Title":                {title: "12345 Title"},
		"03":                         {title: "03"},
		"03 - ":                      {title: "03 -"},
		"Artist - 03 - Title":        {track: 3, artist: "Artist", title: "Title", sure: true},
		"some%20one%20-%20a%20title": {artist: "some one", title: "a title"},
		"100%20":                     {title: "100"},
		"50%zz%20":                   {title: "50%zz%20"},
		"Artist - 03 Title":          {artist: "Artist", title: "03 Title"},
		"03-some_one-a_title":        {track: 3, artist: "some one", title: "a title", sure: true},
		"b1-some_one-a_title":        {position: "B1", artist: "some one", title: "a title", sure: true},
		"":                           {},
	} {
		if got := guessFile(stem, scene{}); got != want {
			t.Errorf("guessFile(%q) = %+v, want %+v", stem, got, want)
		}
	}
}

func TestGuessFileOfScene(t *testing.T) {
	in, ok := sceneFolder("Interpol-Turn_On_The_Bright_Lights-VINYL-2002-FTS")
	if want := (scene{"Interpol", "Turn On The Bright Lights", "FTS"}); !ok || in != want {
		t.Fatalf("sceneFolder: %v, %t, want %v", in, ok, want)
	}
	for stem, want := range map[string]fileGuess{
		"01-interpol-untitled-fts":   {track: 1, artist: "Interpol", title: "untitled", sure: true},
		"a-interpol-pda":             {position: "A", artist: "Interpol", title: "pda", sure: true},
		"02-INTERPOL-say_no-reprise": {track: 2, artist: "INTERPOL", title: "say no-reprise", sure: true},
	} {
		if got := guessFile(stem, in); got != want {
			t.Errorf("guessFile(%q) = %+v, want %+v", stem, got, want)
		}
	}
	for _, name := range []string{"AC-DC", "Jay-Z - The Black Album-2003-X", "a-b-c-d", "Artist-Album-2002-", "Jay-Z-The_Black_Album-2003-X"} {
		if s, ok := sceneFolder(name); ok {
			t.Errorf("sceneFolder(%q) = %v", name, s)
		}
	}
}

func TestTrailingDisc(t *testing.T) {
	for name, want := range map[string]struct {
		rest string
		disc int
	}{
		"London Calling (Disc 1)": {"London Calling", 1}, "Volume II [CD 02]": {"Volume II", 2}, "A, Disc 3": {"A", 3}, "Sandinista! CD1": {"Sandinista!", 1},
		"A - Side B": {"A", 2}, "A (Seite 1)": {"A", 1},
		"CD 1": {"CD 1", 0}, "ACDC": {"ACDC", 0}, "A Side": {"A Side", 0}, "Outside A": {"Outside A", 0}, "The Far Side a": {"The Far", 1}, "Disco 2000": {"Disco 2000", 0},
	} {
		if rest, disc, _ := trailingDisc(name); rest != want.rest || disc != want.disc {
			t.Errorf("trailingDisc(%q) = %q, %d, want %v", name, rest, disc, want)
		}
	}
}

func TestGuessFolder(t *testing.T) {
	for root, want := range map[string][2]string{
		"Björk/1997 - Homogenic":                              {"Björk", "Homogenic"},
		"Music/Björk/Homogenic (1997)":                        {"Björk", "Homogenic"},
		"Music/Björk/[1997] Homogenic":                        {"Björk", "Homogenic"},
		"Music/Björk - Homogenic":                             {"Björk", "Homogenic"},
		"Björk - 1997 - Homogenic [FLAC]":                     {"Björk", "Homogenic"},
		"Music/Björk - Homogenic (Live)":                      {"Björk", "Homogenic (Live)"},
		"Van Halen/1984":                                      {"Van Halen", "1984"},
		"Prince/1999 (1982)":                                  {"Prince", "1999"},
		"Oasis/(What's the Story)":                            {"Oasis", "(What's the Story)"},
		"Blur/13":                                             {"Blur", "13"},
		"Music/Homogenic":                                     {"", "Homogenic"},
		"Homogenic":                                           {"", "Homogenic"},
		"Music":                                               {"", ""},
		"Music/Clash/1980 - Sandinista!/Sandinista!":          {"Clash", "Sandinista!"},
		"Music/Satie/Gymnopédies - Pascal Rogé":               {"Gymnopédies", "Pascal Rogé"},
		"Music/Die drei Fragezeichen/001 - Der Super-Papagei": {"Die drei Fragezeichen", "001 - Der Super-Papagei"},
		"Music/Scene/Interpol-Turn_On_The_Bright_Lights-2CD-2002-FTS": {"Interpol", "Turn On The Bright Lights"},
		"Music/Live/Paramount 1991":                                   {"", "Paramount 1991"},
		"Music/Compilations/Nuggets":                                  {"Compilations", "Nuggets"},
		"Music/Four Tet/Bandcamp":                                     {"", ""},
		"a/Downloads":                                                 {"", ""},
		".":                                                           {"", ""},
		"":                                                            {"", ""},
	} {
		if artist, album := guessFolder(root); artist != want[0] || album != want[1] {
			t.Errorf("guessFolder(%q) = %q, %q, want %q", root, artist, album, want)
		}
	}
}

func TestFirstArtist(t *testing.T) {
	for credit, want := range map[string]string{
		"Jay-Z": "Jay-Z", "Jay-Z feat. Alicia Keys": "Jay-Z", "Jay-Z (Feat. Drake)": "Jay-Z", "A ft. B": "A", "A Featuring B": "A",
		"Little Feat": "Little Feat", "Feat. of Clay": "Feat. of Clay", "Simon & Garfunkel": "Simon & Garfunkel", "İ feat. B": "İ", "": "",
	} {
		if got := firstArtist(credit, nil); got != want {
			t.Errorf("firstArtist(%q) = %q, want %q", credit, got, want)
		}
	}
	if got := firstArtist("A; B", []string{"A feat. C", "B"}); got != "A" {
		t.Errorf("of several: %q", got)
	}
}

func TestNumbered(t *testing.T) {
	long := make([]byte, 251)
	for i := range long {
		long[i] = 'x'
	}
	for _, tt := range []struct {
		name string
		i    int
		want string
	}{
		{"01 T.mp3", 2, "01 T (2).mp3"}, {"cover", 12, "cover (12)"}, {"01. Intro", 2, "01. Intro (2)"},
		{string(long) + ".mp3", 2, string(long[:247]) + " (2).mp3"},
	} {
		got := numbered(tt.name, tt.i, MaxName)
		if got != tt.want {
			t.Errorf("numbered(%q, %d) = %q, want %q", tt.name, tt.i, got, tt.want)
		}
		if !isNumbered(got, tt.name) || isNumbered(got, "other.mp3") {
			t.Errorf("isNumbered(%q) does not tell whose number it is", got)
		}
	}
	for _, name := range []string{"T (Live).mp3", "T (1).mp3", "T(2).mp3", "T (2) x.mp3", "T (02.mp3"} {
		if isNumbered(name, "T.mp3") {
			t.Errorf("isNumbered(%q)", name)
		}
	}
}
