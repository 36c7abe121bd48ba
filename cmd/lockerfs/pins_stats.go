package main

import (
	"time"

	"github.com/lockerfs/lockerfs/cache/pin"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// pinLine is one pin as people and machines see it. The JSON names are a promise.
type pinLine struct {
	Path string `json:"path"`
	// Kind is dir, file or playlist.
	Kind  string     `json:"kind"`
	ID    catalog.ID `json:"id"`
	Since time.Time  `json:"since"`
	// Files are kept, Tracks of them are audio. Of Bytes in all HereBytes are here.
	Files     int   `json:"files"`
	Tracks    int   `json:"tracks"`
	Bytes     int64 `json:"bytes"`
	Here      int   `json:"here"`
	HereBytes int64 `json:"here_bytes"`
	// Failed counts files that the store does not have as they should be.
	Failed int `json:"failed,omitempty"`
	// State is complete, coming, gone (nothing of that name is in the locker any more), or
	// unread (a playlist that could not be read yet).
	State string `json:"state"`
}

// States of a pin.
const (
	pinComplete = "complete"
	pinComing   = "coming"
	pinGone     = "gone"
	pinUnread   = "unread"
)

// lines gives the pins as they are now; only is nil for all.
func (p *pins) lines(only map[int64]bool) []pinLine {
	list := []pinLine{}
	for _, r := range p.rules.List() {
		if only != nil && !only[r.ID] {
			continue
		}
		p.mu.Lock()
		set := p.sets[r.ID]
		p.mu.Unlock()
		list = append(list, p.line(r, set))
	}
	return list
}

func (p *pins) line(r pin.Rule, set *pinSet) pinLine {
	l := pinLine{Path: r.Path, Kind: string(catalog.Dir), ID: catalog.ID(r.ID), Since: r.Since, State: pinUnread}
	switch {
	case r.List:
		l.Kind = "playlist"
	case set != nil && len(set.albums) == 0 && set.files == 1:
		l.Kind = string(catalog.File)
	}
	if set == nil {
		return l
	}
	l.Files, l.Tracks, l.Bytes = set.files, set.tracks, set.bytes
	l.Here, l.HereBytes = set.waiting, set.waitingBytes
	l.count(p.keeper.State(set.objects))
	switch {
	case set.gone:
		l.State = pinGone
	case set.unread:
	case l.Here >= l.Files:
		l.State = pinComplete
	default:
		l.State = pinComing
	}
	return l
}

// count adds what of the objects is here. What lies under a file that was changed here is
// no file of its own.
func (l *pinLine) count(states []pin.State) {
	for _, s := range states {
		l.HereBytes += s.Got
		if s.Here {
			l.Here++
		}
		if s.Err != nil {
			l.Failed++
		}
	}
	l.Here, l.HereBytes = min(l.Here, l.Files), min(l.HereBytes, l.Bytes)
}

// pinStats is what status tells of pins.
type pinStats struct {
	Pins int `json:"pins"`
	// Albums, Playlists and Tracks that are neither are pinned.
	Albums    int `json:"albums"`
	Playlists int `json:"playlists"`
	Tracks    int `json:"tracks"`
	pin.Stats
	// Complete: all of it is here.
	Complete bool `json:"complete"`
	// Counting: it is not known yet what all pins cover.
	Counting bool `json:"counting,omitempty"`
	// Aside are lists of pins that could not be read.
	Aside []string `json:"aside,omitempty"`
}

// stats is nil where nothing is pinned.
func (p *pins) stats() *pinStats {
	if p == nil || !p.rules.Any() && len(p.rules.Aside()) == 0 {
		return nil
	}
	s := &pinStats{Stats: p.keeper.Stats(), Aside: p.rules.Aside()}
	albums := map[catalog.ID]bool{}
	for _, r := range p.rules.List() {
		s.Pins++
		p.mu.Lock()
		set := p.sets[r.ID]
		p.mu.Unlock()
		switch {
		case set == nil:
			s.Counting = true
		case r.List:
			s.Playlists++
			s.Counting = s.Counting || set.unread
		case len(set.albums) == 0:
			s.Tracks += set.tracks
		default:
			for _, a := range set.albums {
				albums[a] = true
			}
		}
	}
	s.Albums = len(albums)
	s.Complete = !s.Counting && s.Here == s.Files
	return s
}
