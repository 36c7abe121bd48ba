package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/cache/pin"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

var _ fs.Pins = (*pins)(nil)

// entries finds entries by their ids.
type entries interface {
	Entry(ctx context.Context, id catalog.ID) (catalog.Entry, error)
}

// pinned tells whether an entry is pinned itself, or with a folder or playlist.
func (p *pins) pinned(ctx context.Context, tree entries, e catalog.Entry) (own, inherited bool, err error) {
	if !p.rules.Any() {
		return false, false, nil
	}
	own = p.rules.Has(int64(e.ID))
	p.mu.Lock()
	for _, set := range p.sets {
		inherited = inherited || set.listed[e.ID]
	}
	p.mu.Unlock()
	for range listDepth {
		if inherited || e.ID == catalog.Root {
			break
		}
		if inherited = p.rules.Has(int64(e.Parent)); inherited || e.Parent == catalog.Root {
			break
		}
		if e, err = tree.Entry(ctx, e.Parent); err != nil {
			return own, false, err
		}
	}
	return own, inherited, nil
}

// Pinned is fs.Pins'.
func (p *pins) Pinned(ctx context.Context, id catalog.ID) (own, inherited bool, err error) {
	if !p.rules.Any() {
		return false, false, nil
	}
	e, err := p.overlay.Entry(ctx, id)
	if err != nil {
		return false, false, err
	}
	return p.pinned(ctx, p.overlay, e)
}

// Kept is fs.Pins'.
func (p *pins) Kept(v *catalog.Version) bool { return p.has(v) }

// Pin is fs.Pins'.
func (p *pins) Pin(ctx context.Context, id catalog.ID, keep bool) error {
	e, err := p.overlay.Entry(ctx, id)
	if err != nil {
		return err
	}
	if keep {
		short, err := p.add(ctx, []catalog.Entry{e})
		if err == nil && short != nil {
			err = fmt.Errorf("%w: %w", pending.ErrFull, short)
		}
		return err
	}
	own, inherited, err := p.pinned(ctx, p.overlay, e)
	switch {
	case err != nil:
		return err
	case own:
		return p.remove(map[int64]bool{int64(id): true})
	case inherited:
		return fs.ErrInherited
	}
	return nil
}

// shortage says that there is no room for what is to be pinned.
type shortage struct {
	needed int64 // bytes that would have to come
	spare  int64 // bytes there is room for
}

func (s *shortage) Error() string {
	return fmt.Sprintf("%s would have to come, and there is room for %s", humanSize(s.needed), humanSize(s.spare))
}

// add pins entries, all or none; none when there is no room. What a playlist names that is not
// here is not counted. The network is not waited for.
func (p *pins) add(ctx context.Context, list []catalog.Entry) (short *shortage, err error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	var rules []pin.Rule
	sets := map[int64]*pinSet{}
	for _, e := range list {
		id := int64(e.ID)
		if p.rules.Has(id) || sets[id] != nil {
			continue
		}
		at, err := p.overlay.Path(ctx, e.ID)
		if err != nil {
			return nil, err
		}
		r := pin.Rule{ID: id, Path: at, Since: time.Now().UTC().Truncate(time.Second), List: e.Kind != catalog.Dir && isPlaylist(e.Name)}
		set, err := p.coverEntry(ctx, e, r.List)
		if err != nil && !set.unread {
			return nil, err
		}
		rules, sets[id] = append(rules, r), set
	}
	if len(rules) == 0 {
		return nil, nil
	}
	if short, err = p.room(sets); short != nil || err != nil {
		return short, err
	}
	if err := p.rules.Change(func(l []pin.Rule) []pin.Rule { return append(l, rules...) }); err != nil {
		return nil, err
	}
	p.mu.Lock()
	for id, set := range sets {
		p.sets[id] = set
		if set.unread {
			p.stale[id] = true
		}
	}
	p.mu.Unlock()
	p.want()
	p.look()
	return nil, nil
}

// remove lets go of what some rules cover, at once.
func (p *pins) remove(ids map[int64]bool) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	err := p.rules.Change(func(l []pin.Rule) (left []pin.Rule) {
		for _, r := range l {
			if !ids[r.ID] {
				left = append(left, r)
			}
		}
		return left
	})
	if err == nil {
		p.want()
	}
	return err
}

// room tells whether there is room for what sets cover and is not here, beside what is on
// its way already.
func (p *pins) room(sets map[int64]*pinSet) (*shortage, error) {
	coming := p.keeper.Stats()
	needed := coming.Bytes - coming.HereBytes
	seen := map[string]bool{}
	for _, set := range sets {
		for i, s := range p.keeper.State(set.objects) {
			obj := set.objects[i]
			if name := obj.Name(); !seen[name] && !s.Here && !p.keeper.Has(obj) {
				seen[name] = true
				needed += obj.Size
			}
		}
	}
	spare, err := p.keeper.Free()
	if err != nil {
		return nil, err
	}
	if spare += p.yields(); needed > spare {
		return &shortage{needed, spare}, nil
	}
	return nil, nil
}

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

// errNoPins: the state folder's pins could not be opened.
var errNoPins = errors.New("what is pinned cannot be opened; the log says why")
