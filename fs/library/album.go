package library

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	unknownArtist  = "Unknown Artist"
	unknownAlbum   = "Unknown Album"
	variousArtists = "Various Artists"
)

// album is the tracks of one folder that are of one release.
type album struct {
	artist, title string
	various       bool
	tracks        []*track
	others        []*file   // that go with it
	sidecars      []sidecar // of its tracks
	keep          bool      // the names of its files, and their folders

	id    string // MusicBrainz release id, may be empty
	year  int    // of the release; 0 when unknown, or when the tracks have several
	mixed bool   // they have
	day   string // of the release, as 1995-05-21; "" when unknown or when they have several
	// sure means that the tags alone tell the artist, stray that none tells the title.
	sure, stray bool
	// present is the folder that held tracks stand in, by its parts; stays means that
	// they do not leave it.
	present []string
	stays   bool

	// Where the layout wants it: the folders above, and the names of its own folder with
	// and without years.
	above        []string
	own, undated string

	said    map[field]string
	samples int // 1 when it is a sampler, -1 when not, 0 when it was not asked
}

// albums sorts the group's tracks into albums, the one with most tracks first.
func (g *group) albums(l *Layout) []*album {
	slices.SortFunc(g.tracks, func(a, b *track) int { return a.order(&b.file) })
	g.guess()
	g.fillTitles(l)
	var out []*album
	for _, titled := range split(g.tracks, func(t *track) string { return alike(t.album) }) {
		for _, tracks := range byRelease(titled) {
			fillArtists(tracks)
			// Two artists' albums of one name in one folder are two, where the tags say so.
			for _, tracks := range split(tracks, func(t *track) string { return words(t.albumArtist) }) {
				out = append(out, describe(tracks).credit()...)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *album) int {
		return cmp.Or(-cmp.Compare(len(a.tracks), len(b.tracks)), cmp.Compare(a.artist+"/"+a.title, b.artist+"/"+b.title), cmp.Compare(a.id, b.id))
	})
	return out
}

// fillArtists fills in album artists that some tracks of an album do not name: whom all
// the others agree on, or for those of which nothing is known, whom most name. What is of
// no album has no one's.
func fillArtists(tracks []*track) {
	if Fold(tracks[0].album) == Fold(unknownAlbum) {
		return
	}
	said := func(t *track) string { return t.albumArtist }
	artist, most := agreed(tracks, said), commonest(tracks, said)
	for _, t := range tracks {
		if t.albumArtist = cmp.Or(t.albumArtist, artist); t.albumArtist == "" && t.artist == "" {
			t.albumArtist = most
		}
	}
}

// split parts tracks by a key, keeping their order.
func split(tracks []*track, key func(*track) string) [][]*track {
	index := map[string]int{}
	var out [][]*track
	for _, t := range tracks {
		k := key(t)
		i, ok := index[k]
		if !ok {
			i = len(out)
			index[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], t)
	}
	return out
}

// fillTitles fills in albums that some tracks of the folder do not name: what all the
// others agree on, if they are half of them and the folder is one of an album, or it is a
// folder of the locker of that name; or what the folder is called. One that is called as
// the artist is not called after an album.
func (g *group) fillTitles(l *Layout) {
	title := agreed(g.tracks, func(t *track) string { return t.album })
	named := 0
	for _, t := range g.tracks {
		if t.album != "" {
			named++
		}
	}
	if (2*named < len(g.tracks) || anyFolder(path.Base(g.root))) && !(g.held && g.called(l, title)) {
		title = ""
	}
	for _, t := range g.tracks {
		guess := t.folder.album
		if artist := cmp.Or(t.albumArtist, t.artist); g.held || !t.guessed && words(guess) == words(artist) && words(t.folder.artist) != words(artist) {
			guess = ""
		}
		t.stray = t.album == "" && title == ""
		t.album = cmp.Or(t.album, title, guess, unknownAlbum)
		// "Album - Part" is no artist's name and title.
		if about := words(strings.TrimLeft(t.album, "0123456789 -._")); t.guessed && (words(t.artist) == words(t.album) || words(t.artist) == about) {
			t.artist, t.credit, t.guessed = "", "", false
		}
	}
}

// called tells whether a folder of the locker is the one that the layout makes for an album
// of that title, by whom its tracks say.
func (g *group) called(l *Layout, title string) bool {
	artists := []string{commonest(g.tracks, func(t *track) string { return t.albumArtist })}
	if artists[0] == "" {
		artists = []string{commonest(g.tracks, func(t *track) string { return t.artist }), variousArtists}
	}
	return title != "" && slices.ContainsFunc(artists, func(artist string) bool {
		a := &album{title: title, artist: artist, various: various(artist), tracks: g.tracks, present: strings.Split(g.root, "/")}
		return a.standsRight(l)
	})
}

// guess reads the names of the folders that the tracks are in. A name that the folders of
// several discs have before that of the disc, "Sandinista! CD1", is the album's.
func (g *group) guess() {
	discs := map[string]map[string]bool{}
	for _, t := range g.tracks {
		if name, _, ok := trailingDisc(path.Dir(t.rel)); ok {
			if discs[name] == nil {
				discs[name] = map[string]bool{}
			}
			discs[name][path.Dir(t.rel)] = true
		}
	}
	whole := folderGuess{}
	whole.artist, whole.album = guessFolder(g.root)
	for _, t := range g.tracks {
		t.folder = whole
		name, _, ok := trailingDisc(path.Dir(t.rel))
		if ok && (len(discs[name]) > 1 || whole.album == "") && !strings.Contains(words(whole.album), words(name)) {
			t.folder.artist, t.folder.album = guessFolder(path.Join(g.root, name))
		}
	}
}

// byRelease parts tracks that share folder and title by the ids of their releases. One
// without an id goes with those of its year, or with the most. Years do not part them:
// on a collection of hits each track may have its own.
func byRelease(tracks []*track) [][]*track {
	byID := split(tracks, (*track).release)
	none := slices.IndexFunc(byID, func(some []*track) bool { return some[0].release() == "" })
	if none < 0 || len(byID) == 1 {
		return byID
	}
	without := byID[none]
	byID = slices.Delete(byID, none, none+1)
	slices.SortFunc(byID, func(a, b []*track) int {
		return cmp.Or(-cmp.Compare(len(a), len(b)), cmp.Compare(a[0].release(), b[0].release()))
	})
	byYear := map[int]int{}
	for i, some := range byID {
		if year, _ := agreedYear(some); byYear[year] == 0 {
			byYear[year] = i
		}
	}
	for _, t := range without {
		i := byYear[t.year()]
		byID[i] = append(byID[i], t)
	}
	for _, some := range byID {
		slices.SortFunc(some, func(t, u *track) int { return t.order(&u.file) })
	}
	return byID
}

// describe makes an album of tracks, with what they say of their release together.
func describe(tracks []*track) *album {
	a := &album{tracks: tracks}
	a.title = commonest(tracks, func(t *track) string { return t.album })
	a.year, a.mixed = agreedYear(tracks)
	if a.year > 0 {
		a.day = agreed(tracks, (*track).day)
	}
	a.stray = !slices.ContainsFunc(tracks, func(t *track) bool { return !t.stray })
	a.id = commonest(tracks, (*track).release)
	return a
}

// agreedYear gives the year that all tracks have which have any, or 0; mixed when they
// have several.
func agreedYear(tracks []*track) (year int, mixed bool) {
	for _, t := range tracks {
		switch y := t.year(); {
		case y == 0 || y == year:
		case year == 0:
			year = y
		default:
			return 0, true
		}
	}
	return year, false
}

// loose tells whether the album is none: what an artist has without an album.
func (a *album) loose() bool { return Fold(a.title) == Fold(unknownAlbum) }

// keepTogether makes one album of those in a folder whose files something refers to, by
// the folder's own name when they are several.
func (g *group) keepTogether(albums []*album) []*album {
	for _, dir := range slices.Sorted(maps.Keys(g.keep)) {
		var in, rest []*album
		for _, a := range albums {
			if dir == "." || slices.ContainsFunc(a.tracks, func(t *track) bool { return path.Dir(t.rel) == dir }) {
				in = append(in, a)
			} else {
				rest = append(rest, a)
			}
		}
		if len(in) > 0 {
			albums = append([]*album{g.folderAsAlbum(in)}, rest...)
		}
	}
	return albums
}

func (g *group) folderAsAlbum(albums []*album) *album {
	whole := albums[0]
	if len(albums) > 1 {
		whole = &album{artist: albums[0].artist, stray: true, stays: g.held}
		for _, a := range albums {
			whole.tracks = append(whole.tracks, a.tracks...)
			whole.various = whole.various || a.various || words(a.artist) != words(whole.artist)
		}
		slices.SortFunc(whole.tracks, func(a, b *track) int { return a.order(&b.file) })
		_, name := guessFolder(g.root)
		whole.title = cmp.Or(name, path.Base(g.root))
		whole.name()
	}
	whole.keep = true
	return whole
}

// says gives what the tracks say for a field of the album.
func (a *album) says(f field) string {
	if a.said == nil {
		a.said = map[field]string{}
	}
	v, ok := a.said[f]
	if !ok {
		v = a.ask(f)
		a.said[f] = v
	}
	return v
}

func (a *album) ask(f field) string {
	value := func(t *track) string { return t.says(f) }
	switch f {
	case "artist", "artists":
		return a.artist // so that the album stays together
	case "artistsort", "albumartistsort":
		return a.sortArtist()
	case "albumsort":
		return cmp.Or(commonest(a.tracks, value), sortName(a.title))
	case "composer":
		if composer := agreed(a.tracks, value); !various(composer) {
			return composer
		}
		return ""
	}
	if dated(f) && a.loose() {
		return "" // it has no date, however few tracks it has today
	}
	return commonest(a.tracks, value)
}
