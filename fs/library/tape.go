package library

import "strings"

// taped reads disc and track from the end of a name as those who trade concerts give it:
// gd77-05-08d1t01, d2t05. The disc may be missing, 0, behind a date.
func taped(stem string) (disc, track int, ok bool) {
	at := strings.LastIndexByte(stem, 't')
	if at <= 0 || !decimal(stem[at-1]) {
		return 0, 0, false
	}
	track, rest := leadingNumber(stem[at+1:])
	if track == 0 || rest != "" {
		return 0, 0, false
	}
	if d := strings.LastIndexByte(stem[:at], 'd'); d >= 0 && (d == 0 || !letter(stem[d-1])) {
		if disc, rest = leadingNumber(stem[d+1 : at]); rest == "" && disc > 0 && disc < 100 {
			return disc, track, true
		}
	}
	return 0, track, strings.Count(stem[:at], "-") > 1
}

func decimal(c byte) bool { return c >= '0' && c <= '9' }
