package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// addLocker writes a [locker.NAME] table at the end of the config file at path,
// and touches nothing else in it. It tells whether it had to: the same table may
// be there already. Another one of that name is left alone, with an error.
func addLocker(path, name string, l lockerConfig) (added bool, err error) {
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
	if there && (old.Store != l.Store || l.Mount != "" && old.Mount != l.Mount || l.Credentials != "" && old.Credentials != l.Credentials) {
		return "", false, &fault{code: exitUsage, cause: fmt.Sprintf("%s has another [locker.%s] already, for %s", path, name, old.Store),
			next: "choose another name with --name, or edit the file"}
	}
	return string(b), there, nil
}

// table gives the TOML of the keys that are set.
func (l lockerConfig) table(name string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "[locker.%s]\n", name)
	for _, kv := range []struct{ key, value string }{
		{"store", l.Store}, {"mount", l.Mount}, {"cache", l.Cache}, {"cache_size", l.CacheSize},
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
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
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
	return os.Rename(f.Name(), path)
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
