package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Names gives the files of the folder but the spares, in order.
func (s *Store) Names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("staged files: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !s.spares.has(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Sweep looks for files that neither a draft of this process has nor known knows: empty
// ones of ours are removed, the names of all others are given back. known may be nil. It is
// meant for the start, when all records were looked at.
func (s *Store) Sweep(known func(name string) bool) (unknown []string, err error) {
	names, err := s.Names()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if s.owns(name) || known != nil && known(name) {
			continue
		}
		info, err := os.Lstat(filepath.Join(s.dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err == nil && info.Mode().IsRegular() && info.Size() == 0 && validName(name):
			// A draft may have taken it as a spare since the folder was listed.
			if err := s.Remove(name); err != nil && !errors.Is(err, ErrInUse) {
				s.log.Warn("empty staged file cannot be removed", "file", name, "err", err)
			}
		default:
			unknown = append(unknown, name)
		}
	}
	return unknown, nil
}

// Remove deletes a local file. One that is not there is no error. ErrInUse: a draft that is
// open has it; see [Draft.Discard].
func (s *Store) Remove(name string) error {
	if !validName(name) {
		return fmt.Errorf("remove staged file %.70q: %w", name, fs.ErrInvalid)
	}
	if !s.own(name) {
		return fmt.Errorf("remove %s: %w", name, ErrInUse)
	}
	return s.unlink(name)
}

// unlink deletes a file that the caller owns, and disowns it only then, so that nobody
// takes it for a stray.
func (s *Store) unlink(name string) error {
	defer s.disown(name)
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove staged file: %w", err)
	}
	return nil
}

// Quarantine moves a file of the folder to dir, which is made and must be on the same file
// system, under a name that is not taken there. ErrInUse as Remove.
func (s *Store) Quarantine(name, dir string) error {
	if name == "" || name == "." || name == ".." || filepath.Base(name) != name {
		return fmt.Errorf("quarantine %.70q: %w", name, fs.ErrInvalid)
	}
	if !s.own(name) {
		return fmt.Errorf("quarantine %s: %w", name, ErrInUse)
	}
	defer s.disown(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	to := filepath.Join(dir, name)
	for i := 1; ; i++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return fmt.Errorf("quarantine: %w", err)
		}
		to = filepath.Join(dir, name+"."+strconv.Itoa(i))
	}
	if err := os.Rename(filepath.Join(s.dir, name), to); err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	return errors.Join(s.tune.syncDir(dir), s.tune.syncDir(s.dir))
}
