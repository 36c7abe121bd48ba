package library

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/fs/tag"
)

const (
	unknownArtist  = "Unknown Artist"
	unknownAlbum   = "Unknown Album"
	variousArtists = "Various Artists"
)

// track is an audio file with what is known of it.
type track struct {
	file
	ext         string
	title       string
	credit      string // the artist as the file displays it
	artist      string // the first artist, without guests
	album       string
	albumArtist string
	compilation bool
	disc, discs int
	number      int
}

// newTrack takes what the tags say, and from the names what concerns the file alone.
func newTrack(s Source, index int, rel string) *track {
	info := s.Info
	if info == nil {
		info = &tag.Info{}
	}
	stem, ext := SplitExt(path.Base(s.Path))
	t := &track{
		file: file{Source: s, index: index, rel: rel}, ext: ext,
		title: info.Title, credit: info.Artist, artist: firstArtist(info.Artist, info.Artists),
		album: info.Album, albumArtist: info.AlbumArtist, compilation: info.Compilation,
		disc: info.Disc, discs: info.DiscTotal, number: info.Track,
	}
	g := guessFile(stem)
	if t.title == "" {
		t.title = g.title
		if t.artist == "" {
			t.credit, t.artist = g.artist, g.artist
		} else if g.artist != "" && Fold(g.artist) != Fold(t.artist) {
			t.title = g.artist + " - " + g.title
		}
		g.sure = true
	}
	if t.number == 0 && (g.sure || Fold(g.title) == Fold(t.title)) {
		t.number = g.track
		if t.disc == 0 {
			t.disc = g.disc
		}
	}
	if disc, ok := DiscFolder(path.Base(path.Dir(s.Path))); ok && t.disc == 0 && path.Dir(rel) != "." {
		t.disc = disc
	}
	return t
}

// firstArtist gives the artist to file by: the first of several, without guests.
func firstArtist(credit string, single []string) string {
	if len(single) > 0 {
		credit = single[0]
	}
	for _, guest := range []string{" feat. ", " feat ", " ft. ", " featuring ", " (feat. ", " (ft. ", " [feat. "} {
		for i := 1; i+len(guest) <= len(credit); i++ {
			if strings.EqualFold(credit[i:i+len(guest)], guest) {
				credit = credit[:i]
			}
		}
	}
	return strings.TrimSpace(credit)
}

// album is the tracks of one folder that share an album.
type album struct {
	artist, title string
	various       bool
	tracks        []*track
}

// albums sorts the group's tracks into albums, the one with most tracks first.
func (g *group) albums() []*album {
	slices.SortFunc(g.tracks, func(a, b *track) int { return a.order(&b.file) })
	g.fillAlbums()
	byTitle := map[string]*album{}
	var out []*album
	for _, t := range g.tracks {
		// Two artists' albums of one name in one folder are two, where the tags say so.
		key := Fold(CleanPart(t.album)) + "/" + Fold(t.albumArtist)
		a := byTitle[key]
		if a == nil {
			a = &album{title: t.album}
			byTitle[key] = a
			out = append(out, a)
		}
		a.tracks = append(a.tracks, t)
	}
	guess, _ := guessFolder(g.root)
	var credited []*album
	for _, a := range out {
		credited = append(credited, a.credit(guess)...)
	}
	slices.SortStableFunc(credited, func(a, b *album) int {
		return cmp.Or(-cmp.Compare(len(a.tracks), len(b.tracks)), cmp.Compare(a.artist+"/"+a.title, b.artist+"/"+b.title))
	})
	return credited
}

// order is a total order of files that does not depend on that of the sources.
func (f *file) order(g *file) int {
	return cmp.Or(cmp.Compare(f.Path, g.Path), cmp.Compare(f.ID, g.ID))
}

// fillAlbums fills in albums and album artists that some tracks of the folder do not
// name: what all the others agree on, or what the folder is called.
func (g *group) fillAlbums() {
	title := agreed(g.tracks, func(t *track) string { return t.album })
	_, guess := guessFolder(g.root)
	byTitle := map[string][]*track{}
	for _, t := range g.tracks {
		t.album = cmp.Or(t.album, title, guess, unknownAlbum)
		byTitle[Fold(t.album)] = append(byTitle[Fold(t.album)], t)
	}
	for _, tracks := range byTitle {
		artist := agreed(tracks, func(t *track) string { return t.albumArtist })
		for _, t := range tracks {
			t.albumArtist = cmp.Or(t.albumArtist, artist)
		}
	}
}

// agreed gives the one value that all tracks have which have any, or "".
func agreed(tracks []*track, value func(*track) string) string {
	one := ""
	for _, t := range tracks {
		v := value(t)
		switch {
		case v == "" || Fold(v) == Fold(one):
		case one == "":
			one = v
		default:
			return ""
		}
	}
	return one
}

// credit decides whose album it is. Tracks of several artists are a compilation; but
// those without an album, filed by artist, are none, and each artist has an own one.
func (a *album) credit(guess string) []*album {
	first := a.tracks[0]
	a.artist = first.albumArtist
	if a.artist != "" {
		a.various = various(a.artist)
		if a.various {
			a.artist = variousArtists
		}
		return []*album{a}
	}
	some := func(t *track) bool { return t.artist != "" }
	if a.title == unknownAlbum && slices.ContainsFunc(a.tracks, some) {
		return a.byArtist()
	}
	one := agreed(a.tracks, func(t *track) string { return t.artist })
	a.various = various(guess) || one == "" && slices.ContainsFunc(a.tracks, some) ||
		slices.ContainsFunc(a.tracks, func(t *track) bool { return t.compilation })
	a.artist = cmp.Or(one, guess, unknownArtist)
	if a.various {
		a.artist = variousArtists
	}
	return []*album{a}
}

// byArtist makes an album of each artist's tracks.
func (a *album) byArtist() []*album {
	byName := map[string]*album{}
	var out []*album
	for _, t := range a.tracks {
		artist := cmp.Or(t.artist, unknownArtist)
		b := byName[Fold(artist)]
		if b == nil {
			b = &album{artist: artist, title: a.title}
			byName[Fold(artist)] = b
			out = append(out, b)
		}
		b.tracks = append(b.tracks, t)
	}
	return out
}

func various(artist string) bool {
	switch Fold(artist) {
	case "various artists", "various", "va", "v.a.", "diverse", "verschiedene", "verschiedene interpreten", "compilation", "compilations", "artistes divers":
		return true
	}
	return false
}

// folderAsAlbum gives artist and album of a folder that stays together: those of its
// one album, or its own name when it holds several.
func (g *group) folderAsAlbum(albums []*album) (artist, title string) {
	artist = albums[0].artist
	if len(albums) == 1 {
		return artist, albums[0].title
	}
	for _, a := range albums {
		if Fold(a.artist) != Fold(artist) {
			artist = variousArtists
		}
	}
	_, name := guessFolder(g.root)
	return artist, cmp.Or(name, path.Base(g.root))
}

// name is the file's name in its album's folder.
func (t *track) name(various bool, discs int) string {
	stem := t.title
	if various && t.credit != "" {
		stem = t.credit + " - " + stem
	}
	if t.number > 0 {
		stem = fmt.Sprintf("%02d %s", t.number, stem)
		if discs > 1 && t.disc > 0 {
			stem = fmt.Sprintf("%0*d-%s", len(fmt.Sprint(discs)), t.disc, stem)
		}
	}
	return CleanFile(stem, t.ext)
}
