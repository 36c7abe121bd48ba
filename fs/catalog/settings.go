package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/lockerfs/lockerfs/fs/library"
)

// Settings are what all devices of a locker share.
type Settings struct {
	// Watches are the adopted prefixes.
	Watches []Watch `json:"watches,omitempty"`
	// Own: gc may delete adopted objects that nothing refers to any more.
	Own bool `json:"own,omitempty"`
}

// Watch is one adopted prefix of the bucket, and how it is shown.
type Watch struct {
	// Prefix of the keys, relative to the locker's own; "" for all of it.
	Prefix string `json:"prefix"`
	// Every is how often it is looked at, in seconds; 0: it is not watched.
	Every int64 `json:"every"`
	// Layout is "keys", the bucket's own folders, or "tags".
	Layout string `json:"layout"`
	// Under is the locker folder it is shown in; "" for the root.
	Under string `json:"under,omitempty"`
	// Include and Exclude are globs over keys.
	Include []string `json:"include,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
}

// Bounds of settings.
const (
	maxWatches  = 100
	maxGlobs    = 100 // of one watch
	maxSettings = 256 << 10
	maxPattern  = 1024
	maxEvery    = 366 * 24 * 3600
)

// check tells whether settings are such as a catalog may hold.
func (s *Settings) check() error {
	if len(s.Watches) > maxWatches {
		return fmt.Errorf("%d watches: %w", len(s.Watches), ErrInvalid)
	}
	for i := range s.Watches {
		if err := s.Watches[i].check(); err != nil {
			return err
		}
	}
	if text, err := json.Marshal(s); err != nil || len(text) > maxSettings {
		return fmt.Errorf("settings of %d bytes (%v): %w", len(text), err, ErrInvalid)
	}
	return nil
}

func (w *Watch) check() error {
	switch {
	case !soundText(w.Prefix) || strings.HasPrefix(w.Prefix, "/") || strings.HasPrefix(w.Prefix, ".lockerfs/"):
		return fmt.Errorf("prefix %.80q: %w", w.Prefix, ErrInvalid)
	case w.Every < 0 || w.Every > maxEvery:
		return fmt.Errorf("watched every %d s: %w", w.Every, ErrInvalid)
	case w.Layout != "keys" && w.Layout != "tags":
		return fmt.Errorf("layout %.20q: %w", w.Layout, ErrInvalid)
	case len(w.Include) > maxGlobs || len(w.Exclude) > maxGlobs:
		return fmt.Errorf("%d globs: %w", len(w.Include)+len(w.Exclude), ErrInvalid)
	}
	for i, part := range partsIf(w.Under) {
		if library.ValidName(part) != nil || i == 0 && reserved(Root, part) {
			return fmt.Errorf("folder %.80q: %w", w.Under, ErrInvalid)
		}
	}
	for _, glob := range append(append([]string(nil), w.Include...), w.Exclude...) {
		if _, err := path.Match(glob, ""); err != nil || glob == "" || !soundText(glob) {
			return fmt.Errorf("glob %.80q: %w", glob, ErrInvalid)
		}
	}
	return nil
}

// partsIf splits a path that may be empty.
func partsIf(p string) []string {
	if p == "" {
		return nil
	}
	return strings.Split(p, "/")
}

// soundText tells whether s is short, and text.
func soundText(s string) bool {
	return len(s) <= maxPattern && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// Configure implements State.
func (s *txState) Configure(settings Settings) error {
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	return s.setMeta("settings", string(text))
}

// Settings gives what all devices share; the zero Settings where nothing was set.
func (x *Index) Settings(ctx context.Context) (Settings, error) {
	text, err := x.meta(ctx, "settings")
	if err != nil || text == "" {
		return Settings{}, err
	}
	var s Settings
	err = json.Unmarshal([]byte(text), &s)
	return s, err
}
