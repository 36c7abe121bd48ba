package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// configPatience is how long a command waits for others that write the config.
const configPatience = 30 * time.Second

// addLocker writes a [locker.NAME] table at the end of the config file at path,
// and touches nothing else in it. It tells whether it had to: the same table may
// be there already, and then the file need not be writable. Another one of that
// name is left alone, with an error.
func addLocker(ctx context.Context, path, name string, l lockerConfig) (added bool, err error) {
	if _, there, err := findLocker(path, name, l); err != nil || there {
		return false, err
	}
	err = lockConfig(ctx, path, func() error {
		added, err = appendLocker(path, name, l)
		return err
	})
	return added, err
}

// lockConfig runs change while no other lockerfs changes the config file at path. The
// lock is a file beside it, which stays: the config itself is replaced whole.
func lockConfig(ctx context.Context, path string, change func() error) error {
	path = followed(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() // frees the lock
	err = patiently(ctx, configPatience, func() error { return flock(f) })
	if errors.Is(err, errLocked) {
		return &fault{code: exitInUse, cause: "another lockerfs is writing " + path, next: "try again when it has ended (fuser -v " + f.Name() + " shows it)"}
	}
	if err != nil {
		return err
	}
	return change()
}

// appendLocker needs the lock of the config file.
func appendLocker(path, name string, l lockerConfig) (added bool, err error) {
	old, there, err := findLocker(path, name, l)
	if err != nil || there {
		return false, err
	}
	table, err := l.table(name)
	if err != nil {
		return false, err
	}
	if old != "" {
		old = strings.TrimRight(old, "\n") + "\n\n"
	}
	// An inline `locker = {…}` takes no table after it: the file must stay readable.
	if _, err := parseConfig(path, old+table); err != nil {
		return false, &fault{code: exitUsage, cause: "cannot add [locker." + name + "] to " + path + " as it is written",
			next: "write its lockers as [locker.NAME] tables, then try again", err: err}
	}
	return true, writePrivately(path, []byte(old+table))
}

// findLocker gives the text of the config file, and whether it holds the table
// that is to be added. An error when it holds another one of that name.
func findLocker(path, name string, l lockerConfig) (text string, there bool, err error) {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	c, err := parseConfig(path, string(b))
	if err != nil {
		return "", false, err
	}
	old, there := c.Locker[name]
	if !there {
		return string(b), false, nil
	}
	same, err := sameLocker(filepath.Dir(path), old, l)
	if err == nil && !same {
		err = &fault{code: exitUsage, cause: fmt.Sprintf("%s has another [locker.%s] already, for %s", path, name, old.Store),
			next: "choose another name with --name, or edit the file"}
	}
	return string(b), true, err
}

// sameLocker tells whether what is wanted stands in the config already, however its
// paths are written. What was not asked for may be anything.
func sameLocker(dir string, old, wanted lockerConfig) (bool, error) {
	old, err := old.under(dir)
	if err != nil {
		return false, err
	}
	if wanted, err = wanted.under(dir); err != nil {
		return false, err
	}
	for _, pair := range [][2]string{{wanted.Mount, old.Mount}, {wanted.Credentials, old.Credentials}} {
		if pair[0] != "" && pair[0] != pair[1] {
			return false, nil
		}
	}
	return sameStore(old.Store, wanted.Store), nil
}

// table gives the TOML of the keys that are set.
func (l lockerConfig) table(name string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "[locker.%s]\n", name)
	for _, kv := range []struct{ key, value string }{
		{"store", l.Store}, {"mount", l.Mount}, {"cache", l.Cache}, {"cache_size", l.CacheSize},
		{"heads", l.Heads},
		{"state", l.State}, {"credentials", l.Credentials},
	} {
		if kv.value == "" {
			continue
		}
		line, err := toml.Marshal(map[string]string{kv.key: kv.value})
		if err != nil {
			return "", err
		}
		b.Write(line)
	}
	return b.String(), nil
}

// writePrivately replaces a file of mode 0600, whole and durably. A link is
// followed: people keep their config files in repositories.
func writePrivately(path string, content []byte) error {
	path = followed(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".lockerfs-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	defer syncFolder(filepath.Dir(path))
	return os.Rename(f.Name(), path)
}

// followed gives the file that a link leads to.
func followed(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}

// likeness compares a file with what is about to be written there.
type likeness int

const (
	missing likeness = iota
	equal
	differs
)

func holds(path, content string) (likeness, error) {
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing, nil
	case err != nil:
		return missing, err
	case string(b) == content:
		return equal, nil
	}
	return differs, nil
}
