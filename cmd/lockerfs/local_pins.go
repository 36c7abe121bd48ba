package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// pinProgress says how far what was pinned is.
type pinProgress struct {
	Files     int   `json:"files"`
	Here      int   `json:"here"`
	Bytes     int64 `json:"bytes"`
	HereBytes int64 `json:"here_bytes"`
	Failed    int   `json:"failed,omitempty"`
	// Waiting is why nothing comes now, if nothing does.
	Waiting string `json:"waiting,omitempty"`
}

// pinAnswer is the answer of `lockerfs pin`. The JSON names are a promise.
type pinAnswer struct {
	Pins []pinLine `json:"pins"`
}

// unpinned is the answer of `lockerfs unpin`. The JSON names are a promise.
type unpinned struct {
	Unpinned []string `json:"unpinned"`
	// NotPinned were not, so there was nothing to let go.
	NotPinned []string `json:"not_pinned,omitempty"`
}

// pinReport is the answer of `lockerfs pins`. The JSON names are a promise.
type pinReport struct {
	Pins []pinLine `json:"pins"`
	// Total is of all pins; what lies under two of them counts once.
	Total pinStats `json:"total"`
	// Checked files were read again, Damaged of them were, and come again.
	Checked int `json:"checked,omitempty"`
	Damaged int `json:"damaged,omitempty"`
}

func (e *engine) pinsHere() error {
	if e.pins == nil {
		return &fault{code: exitOther, cause: errNoPins.Error(), next: "lockerfs -v pins", err: errNoPins}
	}
	return nil
}

// Pin is pinner's.
func (e *engine) Pin(ctx context.Context, paths []string, wait bool, hear func(pinProgress)) (answer pinAnswer, err error) {
	if err := errors.Join(e.pinsHere(), e.fresh(ctx, false)); err != nil {
		return answer, err
	}
	list := make([]catalog.Entry, len(paths))
	ids := map[int64]bool{}
	for i, at := range paths {
		if list[i], err = e.resolve(ctx, at); err != nil {
			return answer, err
		}
		ids[int64(list[i].ID)] = true
		e.readAhead(ctx, list[i])
	}
	short, err := e.pins.add(ctx, list)
	if err != nil {
		return answer, err
	}
	if short != nil {
		return answer, &fault{code: exitFull, cause: fmt.Sprintf("there is no room to keep that here: %s on the disk of %s", short, e.place.state),
			next: "free some space, let go of something else (lockerfs pins shows what is kept), or pin less", err: short}
	}
	if wait {
		if !e.following.Load() {
			defer background(e.pins.run)()
		}
		err = e.awaitPins(ctx, ids, hear)
	}
	return pinAnswer{Pins: e.pins.lines(ids)}, err
}

// readAhead reads a playlist, if it can be had now, so that the room for what it names can be
// counted.
func (e *engine) readAhead(ctx context.Context, list catalog.Entry) {
	if list.Kind == catalog.Dir || !isPlaylist(list.Name) || list.Version == nil || list.Version.Object.Key == "" || list.Version.Size > maxPlaylist {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, firstContact)
	defer cancel()
	c, err := e.contents().Open(ctx, list.Version)
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.ReadAt(ctx, make([]byte, list.Version.Size), 0) // what cannot be read now comes later
}

// pinLook is how often it is looked how far pins are.
const pinLook = 100 * time.Millisecond

// awaitPins waits until what is pinned is here, or cannot be had.
func (e *engine) awaitPins(ctx context.Context, ids map[int64]bool, hear func(pinProgress)) error {
	last, since := int64(-1), time.Now()
	for {
		p, over := e.pinProgress(ids)
		hear(p)
		if p.HereBytes != last || p.Waiting == "" {
			last, since = p.HereBytes, time.Now()
		}
		switch {
		case over && p.Failed > 0:
			return &fault{code: exitSomeFailed, cause: count(int64(p.Failed), "file is", "files are") + " not to be had from the store; all others are here", next: "lockerfs pins names the pins, lockerfs verify the files"}
		case over:
			return nil
		case e.pins.keeper.Stats().Full:
			return &fault{code: exitFull, cause: fmt.Sprintf("pinned, but the disk has become full: %s of %s are here", humanSize(p.HereBytes), humanSize(p.Bytes)), next: "free some space, then it goes on; lockerfs unpin lets go"}
		case time.Since(since) > durationOf("LOCKERFS_CONTACT", firstContact):
			return &fault{code: exitUnreachable, cause: fmt.Sprintf("pinned, but %s of %s are not here yet: %s", humanSize(p.Bytes-p.HereBytes), humanSize(p.Bytes), oneLine(p.Waiting)), next: "nothing; the rest comes by itself when the locker is mounted and the store can be reached"}
		}
		if err := rest(ctx, pinLook); err != nil {
			return err
		}
	}
}

// pinProgress tells how far some pins are, and whether all that can be had is here.
func (e *engine) pinProgress(ids map[int64]bool) (p pinProgress, over bool) {
	over = true
	for _, l := range e.pins.lines(ids) {
		p.Files, p.Here, p.Failed = p.Files+l.Files, p.Here+l.Here, p.Failed+l.Failed
		p.Bytes, p.HereBytes = p.Bytes+l.Bytes, p.HereBytes+l.HereBytes
		over = over && (l.State == pinComplete || l.State == pinGone || l.State == pinComing && l.Here+l.Failed >= l.Files)
	}
	p.Waiting = e.pins.keeper.Stats().Waiting
	return p, over
}

// Unpin is pinner's.
func (e *engine) Unpin(ctx context.Context, paths []string) (u unpinned, err error) {
	if err := errors.Join(e.pinsHere(), e.fresh(ctx, false)); err != nil {
		return u, err
	}
	u.Unpinned = []string{}
	ids := map[int64]bool{}
	for _, at := range paths {
		at = clean(at)
		id, err := e.pinAt(ctx, at)
		switch {
		case err != nil:
			return unpinned{}, err
		case id == 0:
			u.NotPinned = append(u.NotPinned, at)
		default:
			u.Unpinned = append(u.Unpinned, at)
			ids[id] = true
		}
	}
	if len(ids) == 0 {
		return u, nil
	}
	return u, e.pins.remove(ids)
}

// pinAt finds the pin of a locker path, also one of what is gone; 0 for none.
func (e *engine) pinAt(ctx context.Context, at string) (int64, error) {
	entry, err := e.overlay.Resolve(ctx, at)
	if err == nil {
		own, inherited, err := e.pins.pinned(ctx, e.overlay, entry)
		switch {
		case err != nil:
			return 0, err
		case own:
			return int64(entry.ID), nil
		case inherited:
			return 0, &fault{code: exitUsage, cause: fmt.Sprintf("%q is not pinned itself, but with a folder above it or a playlist", printable("/"+at)), next: "lockerfs pins, then lockerfs unpin with that"}
		}
	} else if !errors.Is(err, catalog.ErrNotFound) {
		return 0, err
	}
	for _, r := range e.pins.rules.List() {
		if r.Path == at {
			return r.ID, nil
		}
	}
	if err != nil {
		_, err = e.resolve(ctx, at) // in words
	}
	return 0, err
}

// Pins is pinner's.
func (e *engine) Pins(ctx context.Context, check bool) (r pinReport, err error) {
	if err := errors.Join(e.pinsHere(), e.fresh(ctx, false)); err != nil {
		return r, err
	}
	if s := e.statusOfPins(ctx); s != nil {
		r.Total = *s
	}
	if check {
		r.Checked, r.Damaged, err = e.pins.keeper.Check(ctx)
	}
	r.Pins = e.pins.lines(nil)
	return r, err
}

// statusOfPins is what status tells of pins.
func (e *engine) statusOfPins(ctx context.Context) *pinStats {
	if e.pins == nil {
		return nil
	}
	if !e.following.Load() {
		if err := e.pins.catchUp(ctx); err != nil {
			e.log("pins").Debug("it is not known yet what all pins cover", "reason", err)
		}
	}
	return e.pins.stats()
}
