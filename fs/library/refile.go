package library

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// Files of the locker are filed anew by their tags alone. What the tags do not say was
// once taken from folders and names that are no more, and the locker's own names are
// made by a layout, this one or another: guessing from them would move files each time.
// So where a path is what the layout could have made of the tags, with some value for
// what they do not say, that value is taken to be it.
//
// A folder may have come together of several, each of which told more than is left now: so
// what stands in one whose name is right stays together, unless an id, a year, a day or the
// artist says that it is not one album.

// probe is printed for an unknown artist, to see where the layout has it.
const probe = "\ue000"

// refile takes what the tags of held tracks leave open from where they stand.
func (g *group) refile(l *Layout, albums []*album) {
	for _, a := range albums {
		if g.root == "." {
			continue
		}
		a.present = strings.Split(g.root, "/")
		switch {
		case a.stays:
		case a.stray:
			a.refileStray(l)
		case !a.sure:
			a.refileArtist(l)
		}
		for _, t := range a.tracks {
			if !a.keep {
				t.refile(l, a)
			}
		}
	}
}

// refileStray settles an album whose title no tag tells. It stays where it is if that
// can be the folder of an album, but for the folder of those without an album.
func (a *album) refileStray(l *Layout) {
	a.title = unknownAlbum
	_, own, _ := l.folders(a)
	if a.refileArtist(l) || Fold(own) == Fold(a.present[len(a.present)-1]) {
		return
	}
	if l.leastDepth() <= len(a.present) && len(a.present) <= l.album+1 {
		a.stays = true
		right := a.rightNames(l)
		if a.various, a.said = !a.various, nil; a.rightNames(l) <= right {
			a.various, a.said = !a.various, nil
		}
		return
	}
	if _, guess := guessFolder(path.Join(a.present...)); guess != "" {
		a.title = guess
	}
}

// refileArtist settles whose album it is, and tells whether it stands right.
func (a *album) refileArtist(l *Layout) bool {
	type answer struct {
		artist  string
		various bool
	}
	answers := []answer{{a.artist, a.various}}
	if !a.sure {
		artist := a.artist
		if a.various {
			artist = "" // which nothing but the folder's name says
		}
		if slices.ContainsFunc(a.tracks, func(t *track) bool { return t.artist == "" }) {
			artist = a.presentArtist(l)
		}
		answers = append(answers, answer{artist, false}, answer{variousArtists, true})
	}
	before := *a
	best, most := answer{}, -1
	for _, try := range answers {
		if try.artist == "" {
			continue
		}
		a.artist, a.various, a.said = try.artist, try.various, nil
		if fits := a.fits(l); fits > most {
			best, most = try, fits
		}
	}
	if *a = before; most < 0 {
		return false
	}
	a.artist, a.various, a.said = best.artist, best.various, nil
	return true
}

// fits counts the tracks whose names are as the layout makes them; -1 when the album's
// folder is not.
func (a *album) fits(l *Layout) int {
	if !a.standsRight(l) {
		return -1
	}
	return a.rightNames(l)
}

// rightNames counts the tracks whose names are as the layout makes them.
func (a *album) rightNames(l *Layout) (count int) {
	for _, t := range a.tracks {
		if _, _, ok := t.read(strings.Split(t.rel, "/"), func(s *scope) []string { s.album = a; return l.below(s) }); ok && !t.untitled {
			count++
		}
	}
	return count
}

// standsRight tells whether the present folder is one where the layout wants the album.
func (a *album) standsRight(l *Layout) bool {
	above, own, undated := l.folders(a)
	last := len(a.present) - 1
	if len(above) != last {
		return false
	}
	for i, name := range above {
		if alike(name) != alike(a.present[i]) {
			return false
		}
	}
	return isForm(a.present[last], own) || isForm(a.present[last], undated)
}

// presentArtist gives the artist that the present folders tell, read the way the layout
// writes it, or "".
func (a *album) presentArtist(l *Layout) string {
	asked := *a
	asked.artist, asked.various, asked.said = probe, false, nil
	above, own, _ := l.folders(&asked)
	if len(above)+1 != len(a.present) {
		return ""
	}
	for i, name := range append(above, own) {
		before, after, ok := strings.Cut(name, probe)
		if !ok {
			continue
		}
		artist, ok := strings.CutPrefix(a.present[i], before)
		if artist, ok2 := strings.CutSuffix(artist, after); ok && ok2 {
			return artist
		}
		break
	}
	return ""
}

// refile settles a track's number and disc, where its tags do not tell them, or its
// whole name where they do not tell its title.
func (t *track) refile(l *Layout, a *album) {
	here := strings.Split(t.rel, "/")
	if t.untitled {
		t.stands = here
		return
	}
	disc, number, ok := t.read(here, func(s *scope) []string { s.album = a; return l.below(s) })
	if !ok { // a sampler is seen by its tracks together, which may have come one by one
		other := *a
		if other.samples = 1; a.sampler() {
			other.samples = -1
		}
		if disc, number, ok = t.read(here, func(s *scope) []string { s.album = &other; return l.below(s) }); ok {
			t.stands = here
		}
	}
	if ok && *disc != "" && (t.discs == 0 || t.discs == 1 && slices.ContainsFunc(a.tracks, func(u *track) bool { return u.info.Disc == 0 })) {
		t.discs = max(2, 10*(len(*disc)-1)) // its name tells that there are several
	}
	if !ok || t.info.Track > 0 && t.info.Disc > 0 {
		return
	}
	if t.stands = here; t.info.Disc == 0 {
		t.disc = value(*disc)
	}
	if t.info.Track == 0 {
		t.number, t.position = value(*number), ""
	}
	if t.number == 0 {
		t.position = *number
	}
}

// read finds disc and number, as far as the tags leave them open, with which a layout
// makes the path where the track is.
func (t *track) read(here []string, made func(*scope) []string) (disc, number *string, ok bool) {
	runs := numbers(strings.Join(here, "/"))
	for _, disc := range choices(runs, t.info.Disc) {
		for _, number := range choices(runs, t.info.Track) {
			s := scope{track: t, discs: t.discs, disc: disc, number: number}
			if matches(made(&s), here) {
				return disc, number, true
			}
		}
	}
	return nil, nil, false
}

// matches tells whether a path is made, or a numbered form of it.
func matches(made, here []string) bool {
	last := len(made) - 1
	if len(here) != len(made) || !isNumbered(here[last], made[last]) {
		return false
	}
	return slices.EqualFunc(made[:last], here[:last], func(a, b string) bool { return Fold(a) == Fold(b) })
}

// choices gives what a number may be, as it would be written: what the tags tell, in
// any width or not at all, or if they tell nothing, none and then what the path has.
func choices(runs []string, told int) []*string {
	out := []*string{new(string)}
	for _, run := range runs {
		if n := value(run); told == 0 || n == told {
			out = append(out, &run)
		}
	}
	return out
}

// value reads a number; one with a letter or of zeros only is none.
func value(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return sane(n)
}

// numbers lists the numbers in a path, with the letter of a record's side, each once
// and no more than eight.
func numbers(s string) (out []string) {
	for i := 0; i < len(s) && len(out) < 8; {
		from := i
		if s[i] >= 'A' && s[i] <= 'H' {
			i++
		}
		digits := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		if i == digits {
			i = from + 1
			continue
		}
		for _, run := range []string{s[from:i], s[digits:i]} {
			if !slices.Contains(out, run) {
				out = append(out, run)
			}
		}
	}
	return out
}
