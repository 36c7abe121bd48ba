package library

import (
	"cmp"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// Release is what tells two albums of one name apart.
type Release struct {
	Album  string
	Artist string // the album's, or else the track's; may be empty
	Year   int    // of the release; 0 when unknown
	Day    string // of the release, as 1995-05-21; "" when unknown
	ID     string // MusicBrainz release id, lower case; may be empty
}

// ReleaseOf tells from what release a file comes, as Plan compares them; an empty one
// for nil.
func ReleaseOf(info *tag.Info) Release {
	if info == nil {
		return Release{}
	}
	t := newTrack(Source{Info: info}, 0, "")
	return Release{Album: t.album, Artist: cmp.Or(t.albumArtist, t.artist), Year: t.year(), Day: t.day(), ID: t.release()}
}

// release is the albums of several folders that are one, and go to one folder.
type release struct {
	albums []*album
	id     string
	year   int    // 0 also when the tracks have several
	mixed  bool   // they have
	day    string // likewise
	days   bool
	// own is the name of the folder it wants, undated the same without years, mark what it
	// has behind that where others want it too, name the one it gets.
	own, undated, mark, name string

	taken map[string]bool // names that keep, folded
}

// same is what makes albums of one name one release.
type same struct {
	artist, id, title string
	year              int
	present           string
}

// gatherer makes releases of albums that would have one name: those of one id are one,
// then those of one year, unless they have whole dates that differ; what tells neither
// joins the one release that it can be.
type gatherer struct {
	all   []*release
	known map[same][]*release
}

func gather(albums []*album) []*release {
	g := gatherer{known: map[same][]*release{}}
	slices.SortFunc(albums, (*album).order)
	var dated, vague, staying []*album
	for _, a := range albums {
		switch {
		case a.stays:
			staying = append(staying, a)
		case a.id != "":
			g.join(a, same{id: a.id})
		case a.year > 0 && !a.loose():
			dated = append(dated, a)
		default:
			vague = append(vague, a)
		}
	}
	for _, r := range g.all { // of which all albums are known by now
		if r.year > 0 {
			for _, k := range r.titles() {
				k.year = r.year
				g.known[k] = append(g.known[k], r)
			}
		}
	}
	undated := slices.Clone(g.all)
	slices.SortStableFunc(dated, func(a, b *album) int { return -compareBool(a.day != "", b.day != "") })
	for _, a := range dated {
		g.join(a, same{artist: a.artistKey(), title: a.titleKey(), year: a.year})
	}
	if len(undated) == 1 && len(g.all) == 2 && undated[0].year == 0 && undated[0].like(g.all[1]) {
		for _, a := range g.all[1].albums { // nothing tells these two apart
			undated[0].add(a)
		}
		g.all = undated
	}
	stray := slices.IndexFunc(vague, func(a *album) bool { return a.stray })
	if stray < 0 {
		stray = len(vague)
	}
	g.vague(vague[:stray])
	g.vague(vague[stray:])
	for _, a := range staying {
		g.join(a, same{present: path.Join(a.present...)})
	}
	return g.all
}

// vague adds the albums of which neither id nor year is known, to the one release that
// each can be.
func (g *gatherer) vague(albums []*album) {
	could := map[same][]*release{}
	for _, r := range g.all {
		for _, k := range r.titles() {
			could[k] = append(could[k], r)
		}
	}
	for _, a := range albums {
		k := same{artist: a.artistKey(), title: a.titleKey()}
		if one := could[k]; len(one) == 1 && !one[0].apart(a) && !one[0].clashes(a) {
			one[0].add(a)
			continue
		}
		k.present = strings.Join(a.present, "/")
		g.join(a, k)
	}
}

// join adds an album to the release of that key, or makes it one of its own.
func (g *gatherer) join(a *album, k same) {
	for _, r := range g.known[k] {
		if !r.clashes(a) && (k.year == 0 || r.day == "" || a.day == "" || r.day == a.day) {
			r.add(a)
			return
		}
	}
	r := &release{id: a.id}
	r.add(a)
	g.all = append(g.all, r)
	g.known[k] = append(g.known[k], r)
}

// titles are the keys under which albums of the release's title look for it.
func (r *release) titles() []same {
	a := r.album()
	return []same{{artist: a.artistKey(), title: "tag " + alike(a.title)}, {artist: a.artistKey(), title: "name " + alike(CleanPart(a.title))}}
}

// titleKey is how titles are compared: one that was guessed from a folder's name, as the
// name of a folder.
func (a *album) titleKey() string {
	if a.stray {
		return "name " + alike(CleanPart(a.title))
	}
	return "tag " + alike(a.title)
}

// artistKey is how artists are compared: without their guests.
func (a *album) artistKey() string { return alike(firstArtist(a.artist, nil)) }

func (r *release) like(s *release) bool {
	return r.titles()[1] == s.titles()[1] && !r.apart(s.albums[0]) && !slices.ContainsFunc(s.albums, r.clashes)
}

// album is the one whose title counts.
func (r *release) album() *album {
	i := slices.IndexFunc(r.albums, func(a *album) bool { return !a.stray })
	return r.albums[max(i, 0)]
}

func (r *release) add(a *album) {
	r.albums = append(r.albums, a)
	switch {
	case a.mixed, r.year > 0 && a.year > 0 && a.year != r.year:
		r.mixed = true
	case !r.mixed:
		r.year = max(r.year, a.year)
	}
	if r.mixed {
		r.year = 0
	}
	switch {
	case r.day != "" && a.day != "" && a.day != r.day:
		r.days = true
	case !r.days:
		r.day = max(r.day, a.day)
	}
	if r.days || r.mixed {
		r.day = ""
	}
	if a.keep {
		if r.taken == nil {
			r.taken = map[string]bool{}
		}
		for f := range a.fixed() {
			r.taken[Fold(f.rel)] = true
		}
	}
}

// order is that in which albums of one name are numbered.
func (a *album) order(b *album) int {
	return cmp.Or(compareBool(a.stray, b.stray), cmp.Compare(a.year, b.year), cmp.Compare(a.day, b.day), cmp.Compare(a.id, b.id), cmp.Compare(a.title, b.title), a.tracks[0].order(&b.tracks[0].file))
}

// apart tells whether an album stands in another folder of the locker than the release:
// then it takes more than a likeness to bring them together.
func (r *release) apart(a *album) bool {
	b := r.albums[0]
	return a.present != nil && b.present != nil && !slices.Equal(a.present, b.present)
}

// clashes tells whether the release has files of the names that an album must keep.
func (r *release) clashes(a *album) bool {
	if !a.keep || r.taken == nil {
		return false
	}
	for f := range a.fixed() {
		if r.taken[Fold(f.rel)] {
			return true
		}
	}
	return false
}

// fixed gives the files that something refers to by name, and what refers to them.
func (a *album) fixed() iter.Seq[*file] {
	return func(yield func(*file) bool) {
		for _, t := range a.tracks {
			if !yield(&t.file) {
				return
			}
		}
		for _, f := range a.others {
			if playlist(f.rel) && !yield(f) {
				return
			}
		}
	}
}
