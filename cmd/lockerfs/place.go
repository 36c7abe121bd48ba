package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/adrg/xdg"

	"github.com/lockerfs/lockerfs/remote/s3"
)

// place is one locker as this machine knows it: where its parts are.
type place struct {
	name string
	// store is the URL as it was given; it never holds a secret.
	store string
	// state and cache are absolute folders.
	state, cache string
	// mount is the mount point; absolute.
	mount string
	// cacheSize is in bytes; 0 takes the default.
	cacheSize int64
	// heads is how many bytes of the starts of tracks are fetched when idle; nil takes the
	// default, and 0 fetches none.
	heads *int64
	// metered is the config's word on whether bytes cost money.
	metered string
	// onChange is the program that runs after the tree has changed, and its arguments.
	onChange []string
	// mute: no desktop notifications.
	mute bool
	// bandwidth is what a mount may use of the link; nil for all.
	bandwidth timetable
	// credentials is a file of keys for the store, or empty.
	credentials string
	owner       ownership
	readOnly    bool
	// layout is how its files are filed, empty for the default.
	layout string
}

// ownership says to whom the mounted files belong and who may read them.
type ownership struct {
	allowOther bool
	uid, gid   *int
	umask      string // octal, empty for the default
}

// where gives the places for messages.
func (p place) where() where {
	return where{store: p.store, state: p.state, mount: p.mount}
}

// own gives the folders of this machine that are the locker's.
func (p place) own() []string {
	folders := []string{p.state, p.cache}
	if u, err := url.Parse(p.store); err == nil && u.Scheme == "file" {
		folders = append(folders, u.Path)
	}
	return folders
}

// configPath is the config file that counts.
func (a *app) configPath() string {
	if a.flags.config != "" {
		return a.flags.config
	}
	return filepath.Join(xdg.ConfigHome, "lockerfs", "config.toml")
}

// configDir is the folder at which relative paths of the config file start.
func (a *app) configDir() string { return filepath.Dir(a.configPath()) }

// place finds out which locker is meant: by --store, by --locker, else the default
// one or the only one of the config file.
func (a *app) place() (place, error) {
	p, err := a.choose()
	if err != nil {
		return place{}, err
	}
	a.where = p.where()
	return p, nil
}

func (a *app) choose() (place, error) {
	f := a.flags
	if f.store != "" && f.state != "" && f.cache != "" && f.locker == "" && f.config == "" {
		return a.fill(nameOf(f.store), lockerConfig{})
	}
	c, err := readConfig(a.configPath())
	if err != nil {
		return place{}, err
	}
	switch {
	case f.locker != "":
		l, ok := c.Locker[f.locker]
		if !ok && f.store == "" {
			return place{}, unknownLocker(f.locker, c)
		}
		return a.fill(f.locker, l)
	case f.store != "":
		for _, name := range c.names() {
			l, err := c.Locker[name].under(a.configDir())
			if err == nil && sameStore(l.Store, f.store) {
				return a.fill(name, l)
			}
		}
		return a.fill(nameOf(f.store), lockerConfig{})
	case len(c.Locker) == 0:
		return place{}, &fault{code: exitNoLocker, cause: "no locker yet", next: "lockerfs init s3://bucket"}
	case len(c.Locker) == 1:
		return a.fill(c.names()[0], c.Locker[c.names()[0]])
	case c.Default != "":
		return a.fill(c.Default, c.Locker[c.Default])
	}
	return place{}, &fault{code: exitUsage, cause: fmt.Sprintf("there are several lockers: %s", strings.Join(c.names(), ", ")),
		next: fmt.Sprintf("say which one: --locker %s, or default = %q in %s", c.names()[0], c.names()[0], a.configPath())}
}

func unknownLocker(name string, c config) error {
	if len(c.Locker) == 0 {
		return &fault{code: exitNoLocker, cause: fmt.Sprintf("no locker named %q, and no other yet", name), next: "lockerfs init --name " + name + " s3://bucket"}
	}
	return &fault{code: exitNoLocker, cause: fmt.Sprintf("no locker named %q; there are: %s", name, strings.Join(c.names(), ", ")),
		next: "lockerfs --locker " + c.names()[0]}
}

// fill completes a place: flags before config before defaults. A relative path of a
// flag starts at the working folder, one of the config at the config file's.
func (a *app) fill(name string, l lockerConfig) (place, error) {
	l, err := l.under(a.configDir())
	if err != nil {
		return place{}, err
	}
	p := place{name: name, credentials: l.Credentials, layout: l.Layout, store: first(a.flags.store, l.Store),
		owner: ownership{allowOther: l.AllowOther, uid: l.UID, gid: l.GID, umask: l.Umask}}
	u, err := parseStore(p.store)
	if err != nil {
		return place{}, &fault{code: exitUsage, cause: err.Error(), next: "use file:///path or s3://bucket/prefix?endpoint=…&region=…"}
	}
	p.store = u.String()
	if l.CacheSize != "" {
		if p.cacheSize, err = parseSize(l.CacheSize); err != nil {
			return place{}, err
		}
	}
	p.metered, p.onChange = l.Metered, l.OnChange
	p.mute = l.Notify != nil && !*l.Notify
	if l.Bandwidth != "" {
		if p.bandwidth, err = parseTimetable(l.Bandwidth); err != nil {
			return place{}, err
		}
	}
	if l.Heads != "" {
		if p.heads, err = headSize(l.Heads); err != nil {
			return place{}, err
		}
	}
	if p.state, err = absolute(first(a.flags.state, l.State, filepath.Join(xdg.StateHome, "lockerfs", name))); err != nil {
		return place{}, err
	}
	if p.cache, err = absolute(first(a.flags.cache, l.Cache, filepath.Join(xdg.CacheHome, "lockerfs", name))); err != nil {
		return place{}, err
	}
	p.mount, err = absolute(first(l.Mount, "~/Locker"))
	return p, err
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func absolute(p string) (string, error) {
	p, err := expandHome(p)
	if err != nil {
		return "", err
	}
	return filepath.Abs(p)
}

// pathStore tells whether a store is written as a plain path.
func pathStore(s string) bool {
	return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "~/")
}

// sameStore tells whether two stores, with absolute paths, are one.
func sameStore(a, b string) bool {
	x, err := parseStore(a)
	if err != nil {
		return a == b
	}
	y, err := parseStore(b)
	return err == nil && x.String() == y.String()
}

// parseStore reads a store URL. A plain path is a folder.
func parseStore(s string) (*url.URL, error) {
	if pathStore(s) {
		dir, err := absolute(s)
		if err != nil {
			return nil, err
		}
		return &url.URL{Scheme: "file", Path: dir}, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%q is not a store URL", s)
	}
	switch {
	case u.Scheme == "s3":
		_, err := s3.ParseURL(u)
		return u, err
	case u.Scheme != "file":
		return nil, fmt.Errorf("store %q is neither file:// nor s3://", u.Redacted())
	case u.Host != "" && u.Host != "localhost" || !strings.HasPrefix(u.Path, "/"):
		return nil, fmt.Errorf("store %q: a folder is written with three slashes, file:///path", s)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("store %q: ? and # in a path are written %%3F and %%23", s)
	}
	u.Host, u.Path = "", path.Clean(u.Path)
	u.RawPath = ""
	return u, nil
}

// shortStore is the store without the technical part of its URL.
func shortStore(store string) string {
	short, _, _ := strings.Cut(store, "?")
	return short
}

// nameOf makes a name for a locker that has none: the last part of its store, and
// enough of a hash to tell it from others.
func nameOf(store string) string {
	if pathStore(store) {
		// However the folder is written, it is one locker.
		if u, err := parseStore(store); err == nil {
			store = u.String()
		}
	}
	base := path.Base(shortStore(store))
	base = strings.Trim(regexp.MustCompile(`[^A-Za-z0-9_]+`).ReplaceAllString(base, "-"), "-")
	sum := sha256.Sum256([]byte(store))
	return first(base[:min(len(base), 40)], "locker") + "-" + hex.EncodeToString(sum[:3])
}

// homeDir is the user's home folder, or empty.
func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return home
}
