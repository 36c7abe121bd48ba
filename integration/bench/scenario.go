package main

import (
	"context"
	"slices"
	"strings"
	"time"
)

// scenario is one kind of work, over one kind of link.
type scenario struct {
	name, about string
	wire        wire
	// run measures one subject; nil is measured before there are any.
	run func(*bench, context.Context, subject) error
}

// scenarios are all there are, in the order they are run.
func scenarios() []scenario {
	home := wire{50 * time.Millisecond, 50e6}
	thin := wire{50 * time.Millisecond, 3e6}
	fast := wire{50 * time.Millisecond, 400e6}
	return []scenario{
		{"import", "how fast an import reads, beside sha256sum", wire{}, nil},
		{"walk", "every name and size, on a known device and on a new one", home, (*bench).walking},
		{"scan", "mutagen reads the tags of the whole library", home, (*bench).scan},
		{"mpd", "MPD's update of the whole library", home, (*bench).mpd},
		{"start", "the first 64 KB of a track", home, (*bench).start},
		{"seek", "a seek in a track that plays", home, (*bench).seek},
		{"gap", "from one track of an album to the next, played as fast as it sounds", home, (*bench).gap},
		{"thin", "a track of 320 kbit/s beside a copy, on a thin link", thin, (*bench).thinLink},
		{"cold", "whole files never read before, on a fast link", fast, (*bench).cold},
		{"streams", "64 tracks at once", fast, (*bench).streams},
		{"local", "files that are here, beside the local file system", wire{}, (*bench).local},
		// What follows writes, and takes away again what it wrote.
		{"beside", "the same track beside an upload", thin, (*bench).beside},
		{"copy", "an album copied in, beside the local file system, and until it is in the store", fast, (*bench).copyAlbum},
		{"many", "many small files copied in, likewise", fast, (*bench).copyMany},
		{"rename", "an album renamed", home, (*bench).rename},
		{"delete", "an album deleted", home, (*bench).remove},
		{"edit", "the title of a FLAC changed with mutagen, and until it is in the store", home, (*bench).edit},
	}
}

func scenarioNames() []string {
	var names []string
	for _, sc := range scenarios() {
		names = append(names, sc.name)
	}
	return names
}

// wants tells whether a scenario was asked for.
func (s settings) wants(name string) bool { return len(s.only) == 0 || slices.Contains(s.only, name) }

// scenarioHelp lists them for -help.
func scenarioHelp() string {
	var b strings.Builder
	for _, sc := range scenarios() {
		b.WriteString("\n" + sc.name + ": " + sc.about)
	}
	b.WriteString("\n" + scaleName + ": a catalog of so many tracks without audio, a million perhaps; only by itself")
	return b.String()
}
