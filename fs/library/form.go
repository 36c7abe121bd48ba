package library

import (
	"strings"
	"time"
	"unicode"
)

// formKey is equal for names that differ by years and numbers behind them at most, also
// where they were cut to make room for those.
func formKey(name string) string {
	name, _ = bare(name, "")
	folded := alike(name)
	n := 0
	for i := range folded {
		if n == 32 {
			folded = folded[:i]
			break
		}
		n++
	}
	return strings.TrimRight(folded, " ")
}

// bare cuts a year or a date, and a number in brackets off the end of a name, no further than to
// what is wanted.
func bare(name, wanted string) (rest, marks string) {
	rest = name
	for range 2 {
		if wanted != "" && alike(rest) == alike(wanted) {
			break
		}
		open := strings.LastIndex(rest, " (")
		if open <= 0 || !strings.HasSuffix(rest, ")") {
			break
		}
		inside := rest[open+2 : len(rest)-1]
		n, after := leadingNumber(inside)
		if _, err := time.Parse(time.DateOnly, inside); err != nil && (n == 0 || after != "") {
			break
		}
		rest = rest[:open]
	}
	return rest, name[len(rest):]
}

// isForm tells whether name is wanted, with a year or a number or both behind it.
func isForm(name, wanted string) bool {
	_, marks := bare(name, wanted)
	return alike(mark(wanted, marks)) == alike(name)
}

// mark puts a year or a number behind the name of a folder.
func mark(name, mark string) string {
	if mark == "" {
		return name
	}
	return strings.TrimRight(cut(name, MaxPart-len(mark)), " ") + mark
}

// alike is equal for names of artists and albums that are one name: those that differ by
// case, normal form, or by typographic quotes and dashes in place of plain ones.
func alike(name string) string {
	return Fold(strings.Map(func(r rune) rune {
		switch r {
		case '\u2018', '\u2019', '\u02bc', '\u00b4', '\u0060', '\u2032':
			return '\''
		case '\u201c', '\u201d', '\u2033':
			return '"'
		case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2212':
			return '-'
		}
		return r
	}, name))
}

// words is equal for names of the same letters and digits, whatever is between them. Of a
// name that has none it is all.
func words(name string) string {
	folded := alike(name)
	bare := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.N, unicode.M) {
			return r
		}
		return -1
	}, folded)
	if bare == "" {
		return folded
	}
	return bare
}
