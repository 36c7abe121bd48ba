package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
)

//go:embed config.example.toml
var exampleConfig string

// maxConfig bounds the config file, in bytes.
const maxConfig = 1 << 20

// config is config.toml.
type config struct {
	Default string                  `toml:"default"`
	Locker  map[string]lockerConfig `toml:"locker"`
}

// lockerConfig is one [locker.NAME] table. config.example.toml says what the keys
// mean.
type lockerConfig struct {
	Store       string   `toml:"store"`
	Mount       string   `toml:"mount"`
	Cache       string   `toml:"cache"`
	CacheSize   string   `toml:"cache_size"`
	Heads       string   `toml:"heads"`
	Metered     string   `toml:"metered"`
	Bandwidth   string   `toml:"bwlimit"`
	OnChange    []string `toml:"on_change"`
	Notify      *bool    `toml:"notify"`
	State       string   `toml:"state"`
	Credentials string   `toml:"credentials"`
	AllowOther  bool     `toml:"allow_other"`
	UID         *int     `toml:"uid"`
	GID         *int     `toml:"gid"`
	Umask       string   `toml:"umask"`
	Layout      string   `toml:"layout"`
}

func configTopic() *cobra.Command {
	return &cobra.Command{Use: "config", Short: "An annotated config.toml", Long: strings.TrimRight(exampleConfig, "\n")}
}

// readConfig reads the config file. One that is missing is an empty config.
func readConfig(path string) (config, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return config{}, nil
	}
	if err == nil && info.Size() > maxConfig {
		err = fmt.Errorf("%s is larger than a config file can be", path)
	}
	if err != nil {
		return config{}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return config{}, err
	}
	return parseConfig(path, string(text))
}

// parseConfig reads the text of a config file. Its errors name path and line.
func parseConfig(path, text string) (config, error) {
	var c config
	err := toml.NewDecoder(strings.NewReader(text)).DisallowUnknownFields().Decode(&c)
	if err != nil {
		return config{}, configFault(path, err)
	}
	for _, name := range c.names() {
		if err := c.Locker[name].check(name); err != nil {
			line := 1 + strings.Count(before(text, "[locker."+name+"]"), "\n")
			return config{}, configFaultAt(path, line, err.Error())
		}
	}
	if _, ok := c.Locker[c.Default]; c.Default != "" && !ok {
		return config{}, configFaultAt(path, 1+strings.Count(before(text, "default"), "\n"),
			fmt.Sprintf("default names %q, which has no [locker.%s]", c.Default, c.Default))
	}
	return c, nil
}

// before gives the text up to mark, and nothing when mark is not there.
func before(text, mark string) string {
	head, _, ok := strings.Cut(text, mark)
	if !ok {
		return ""
	}
	return head
}

func (l lockerConfig) check(name string) error {
	if !validLockerName(name) {
		return fmt.Errorf("%q cannot name a locker: use letters, digits, dash and underscore", name)
	}
	if l.Store == "" {
		return fmt.Errorf("[locker.%s] has no store", name)
	}
	if _, err := parseStore(l.Store); err != nil {
		return fmt.Errorf("[locker.%s] store: %w", name, err)
	}
	if l.CacheSize != "" {
		if _, err := parseSize(l.CacheSize); err != nil {
			return fmt.Errorf("[locker.%s] cache_size: %w", name, err)
		}
	}
	if l.Heads != "" {
		if _, err := parseSize(l.Heads); err != nil {
			return fmt.Errorf("[locker.%s] heads: %w", name, err)
		}
	}
	if l.Bandwidth != "" {
		if _, err := parseTimetable(l.Bandwidth); err != nil {
			return fmt.Errorf("[locker.%s] bwlimit: %w", name, err)
		}
	}
	if err := checkMetered(l.Metered); err != nil {
		return fmt.Errorf("[locker.%s] metered: %w", name, err)
	}
	if err := checkLayout(fmt.Sprintf("[locker.%s] layout", name), l.Layout); err != nil {
		return err
	}
	if l.Umask != "" {
		if _, err := parseUmask(l.Umask); err != nil {
			return fmt.Errorf("[locker.%s] umask: %w", name, err)
		}
	}
	return nil
}

// under gives the config with every path absolute: ~ is the home folder, and a
// relative one starts at dir, where the config file is.
func (l lockerConfig) under(dir string) (lockerConfig, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return l, err
	}
	paths := []*string{&l.Mount, &l.Cache, &l.State, &l.Credentials}
	if pathStore(l.Store) {
		paths = append(paths, &l.Store)
	}
	for _, p := range paths {
		if *p == "" {
			continue
		}
		if *p, err = expandHome(*p); err != nil {
			return l, err
		}
		if !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	return l, nil
}

func (c config) names() []string {
	names := make([]string, 0, len(c.Locker))
	for name := range c.Locker {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func configFault(path string, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		first := unknown.Errors[0]
		row, _ := first.Position()
		return configFaultAt(path, row, fmt.Sprintf("unknown key %q", strings.Join(first.Key(), ".")))
	}
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		row, _ := syntax.Position()
		return configFaultAt(path, row, strings.TrimPrefix(syntax.Error(), "toml: "))
	}
	return configFaultAt(path, 1, err.Error())
}

func configFaultAt(path string, line int, what string) error {
	return &fault{code: exitUsage, cause: fmt.Sprintf("%s:%d: %s", path, line, what), next: "lockerfs help config shows an annotated example"}
}

// validLockerName tells whether a name can stand in config.toml and as a folder.
func validLockerName(name string) bool {
	return len(name) <= 64 && regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*$`).MatchString(name)
}

func parseUmask(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > 0o777 {
		return 0, fmt.Errorf("%q is not an octal mask like 022", s)
	}
	return uint32(n), nil
}

// expandHome replaces a leading ~ by the home folder.
func expandHome(path string) (string, error) {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, path[1:]), nil
}
