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
	same := held
	if !a.loose() {
		same = slices.DeleteFunc(slices.Clone(held), func(h Release) bool {
			return h.Album != "" && alike(h.Album) != alike(a.title) && !(a.stray && alike(CleanPart(h.Album)) == alike(CleanPart(a.title)))
		})
	}
	if len(same) == 0 || a.loose() {
		if exact && (len(held) == 0 || a.stray || a.loose()) {
			return possible
		}
		return different
	}
	year, named, ids, day := 0, false, 0, ""
	others, namely := 0, false // by how many others it is, and whether by the very artist
	for i, h := range same {
		named = named || h.Album != ""
		if h.ID != "" {
			if h.ID == r.id {
				return sameID
			}
			ids++
		}
		if i == 0 || year == 0 {
			year = h.Year
		} else if h.Year != 0 && h.Year != year {
			year = -1
		}
		if i == 0 || day == "" {
			day = h.Day
		} else if h.Day != "" && h.Day != day {
			day = severalDays
		}
		namely = namely || h.Artist == anyArtist || h.Artist == a.artistKey()
		if h.Artist != "" && h.Artist != anyArtist && !a.various && !leads(a.artistKey(), h.Artist) {
			others++
		}
	}
	switch {
	case r.id != "" && ids > 0, year > 0 && r.year > 0 && year != r.year, anotherDay(day, r.day), others == len(same):
		return different
	case year > 0 && year == r.year && namely:
		return sameYear
	case named:
		return sameName
	case exact:
		return possible
	}
	return different
}

// severalDays stands for the day of a folder that has releases of several.
const severalDays = "several"

func anotherDay(held, day string) bool {
	return held != "" && held != severalDays && day != "" && held != day
}
