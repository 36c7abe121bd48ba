package library

import (
	"cmp"
	"slices"
)

// credit decides whose album it is. Tracks of several artists are a compilation; but
// those without an album, filed by artist, are none, and each artist has an own one.
func (a *album) credit() []*album {
	guess := commonest(a.tracks, func(t *track) string { return t.folder.artist })
	a.artist = commonest(a.tracks, func(t *track) string { return t.albumArtist })
	if a.artist != "" {
		a.sure, a.various = true, various(a.artist)
		return []*album{a.name()}
	}
	some := func(t *track) bool { return t.artist != "" }
	if a.loose() && slices.ContainsFunc(a.tracks, some) {
		return a.byArtist()
	}
	// A flag or a folder for compilations counts where the tags do not name one artist.
	flagged := slices.ContainsFunc(a.tracks, func(t *track) bool { return t.info.Compilation })
	one, all := lead(a.tracks)
	if all && len(a.tracks) > 1 && !slices.ContainsFunc(a.tracks, func(t *track) bool { return t.guessed }) {
		flagged, guess = false, ""
	}
	a.sure = flagged || one == "" && slices.ContainsFunc(a.tracks, some)
	a.various = a.sure || various(one) || various(guess)
	a.artist = cmp.Or(one, guess, unknownArtist)
	return []*album{a.name()}
}

// sampler tells whether the album artist has none of its tracks, nor any other most of
// them: it is a label, or a DJ.
func (a *album) sampler() bool {
	if a.samples == 0 {
		a.samples = -1
		own := func(t *track) bool {
			return t.albumArtist == "" || t.artist == "" || leads(alike(a.artist), alike(t.artist))
		}
		if one, _ := lead(a.tracks); one == "" && len(a.tracks) > 2 && !a.various && !slices.ContainsFunc(a.tracks, own) {
			a.samples = 1
		}
	}
	return a.samples > 0
}

// name gives an album of various artists the one name that all have. Artist and title that
// are written carelessly are spelt as the names of files and folders spell them.
func (a *album) name() *album {
	if a.various {
		a.artist = variousArtists
	}
	a.artist = spelt(a.artist, a.tracks, func(t *track) string { return t.folder.artist }, func(t *track) string { return t.named })
	a.title = spelt(a.title, a.tracks, func(t *track) string { return t.folder.album })
	return a
}

// spelt gives a name as something else that is known of the tracks spells it better.
func spelt(name string, tracks []*track, sources ...func(*track) string) string {
	for _, source := range sources {
		if other := commonest(tracks, source); careless(name, other) {
			return other
		}
	}
	return name
}

// byArtist makes an album of each artist's tracks. The flag of a compilation counts for
// those that name none, as it does where no track names one.
func (a *album) byArtist() []*album {
	artist := func(t *track) string {
		if t.artist == "" && t.info.Compilation {
			return variousArtists
		}
		return cmp.Or(t.artist, unknownArtist)
	}
	var out []*album
	for _, tracks := range split(a.tracks, func(t *track) string { return words(artist(t)) }) {
		b := &album{title: a.title, stray: a.stray, tracks: tracks, artist: commonest(tracks, artist)}
		b.sure, b.various = b.artist != unknownArtist, various(b.artist)
		out = append(out, b.name())
	}
	return out
}

func various(artist string) bool {
	switch Fold(artist) {
	case "various artists", "various artist", "various", "va", "v.a.", "v/a", "v_a", "diverse", "verschiedene", "verschiedene interpreten",
		"compilation", "compilations", "artistes divers", "varios", "varios artistas", "artisti vari",
		"soundtrack", "soundtracks", "original soundtrack", "ost", "o.s.t.":
		return true
	}
	return false
}

// sortArtist gives the sort name of the album's artist.
func (a *album) sortArtist() string {
	if a.various {
		return a.artist
	}
	name := Fold(a.artist)
	return cmp.Or(commonest(a.tracks, func(t *track) string {
		switch name {
		case Fold(tidy(t.info.AlbumArtist)):
			return tidy(t.info.AlbumArtistSort)
		case Fold(tidy(t.info.Artist)):
			return tidy(t.info.ArtistSort)
		}
		return ""
	}), sortName(a.artist))
}
