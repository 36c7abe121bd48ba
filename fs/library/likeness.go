package library

import "slices"

// likeness says how much speaks for a release and a folder of the locker being one.
type likeness int

const (
	different likeness = iota
	possible           // nothing tells them apart
	sameName           // nothing tells them apart, and tags tell the same title
	sameYear
	sameID
)

// likeness compares the release with those of a folder; exact tells that the folder has
// the name that the release wants.
func (r *release) likeness(held []Release, exact bool) likeness {
	a := r.album()
	if a.loose() {
		if exact {
			return possible
		}
		return different
	}
	same := slices.DeleteFunc(slices.Clone(held), func(h Release) bool {
		return h.Album != "" && alike(h.Album) != alike(a.title) && !(a.stray && alike(CleanPart(h.Album)) == alike(CleanPart(a.title)))
	})
	if len(same) == 0 {
		if exact && (len(held) == 0 || a.stray) {
			return possible
		}
		return different
	}
	some := func(is func(Release) bool) bool { return slices.ContainsFunc(same, is) }
	if some(func(h Release) bool { return h.ID != "" && h.ID == r.id }) {
		return sameID
	}
	year := agree(same, severalYears, func(h Release) int { return h.Year })
	day := agree(same, severalDays, func(h Release) string { return h.Day })
	switch {
	case r.id != "" && some(func(h Release) bool { return h.ID != "" }), year > 0 && r.year > 0 && year != r.year, anotherDay(day, r.day),
		!some(func(h Release) bool { return a.various || h.by(anyArtist, "") || leads(a.artistKey(), h.Artist) }):
		return different
	case year > 0 && year == r.year && some(func(h Release) bool { return h.by(anyArtist, a.artistKey()) }):
		return sameYear
	case some(func(h Release) bool { return h.Album != "" }):
		return sameName
	case exact:
		return possible
	}
	return different
}

// by tells whether a release is by one of these artists.
func (r Release) by(artists ...string) bool { return slices.Contains(artists, r.Artist) }

// agree gives the one value that all have which have any, or what stands for several.
func agree[T comparable](held []Release, several T, value func(Release) T) (all T) {
	var none T
	for _, h := range held {
		switch v := value(h); {
		case v == none || v == all:
		case all == none:
			all = v
		default:
			return several
		}
	}
	return all
}

// What stands for the day and the year of a folder that has releases of several.
const (
	severalDays  = "several"
	severalYears = -1
)

func anotherDay(held, day string) bool {
	return held != "" && held != severalDays && day != "" && held != day
}
