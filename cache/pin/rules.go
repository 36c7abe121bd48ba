package pin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Rule says that something must stay here.
type Rule struct {
	// ID is of the entry that is pinned. It means nothing to this package.
	ID int64 `json:"id"`
	// List: the files that this one names are meant too.
	List bool `json:"list,omitempty"`
	// Path is where it was when that was looked at last: for people, and to find again a
	// file that was replaced by another.
	Path string `json:"path"`
	// Since is when it was pinned.
	Since time.Time `json:"since"`
}

const (
	rulesFormat = 1
	// maxRules bounds the file of the rules, in bytes, and with it their number.
	maxRules = 16 << 20
	// asideMark is in the name of rules that were put aside.
	asideMark = ".damaged-"
)

// ErrTooMany: the rules take more than any person makes.
var ErrTooMany = errors.New("too many pins")

type rulesFile struct {
	Format int    `json:"format"`
	Pins   []Rule `json:"pins"`
}

// Rules are the rules of one state folder, made durable before they count. Its methods may
// be called from many goroutines.
type Rules struct {
	path string

	turn sync.Mutex // held by whoever writes the file; before mu
	mu   sync.Mutex // guards list; no I/O under it
	list []Rule
}

// OpenRules reads the rules in a state folder. aside is where what was there lies now, if
// it could not be understood; then there are none.
func OpenRules(dir string) (r *Rules, aside string, err error) {
	r = &Rules{path: filepath.Join(dir, "pins")}
	info, err := os.Stat(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading the pins: %w", err)
	}
	var f rulesFile
	if info.Mode().IsRegular() && info.Size() <= maxRules {
		text, err := os.ReadFile(r.path)
		if err != nil {
			return nil, "", fmt.Errorf("reading the pins: %w", err)
		}
		if json.Unmarshal(text, &f) == nil && f.Format == rulesFormat && !slices.ContainsFunc(f.Pins, Rule.odd) {
			r.list = f.Pins
			return r, "", nil
		}
	}
	aside = fmt.Sprintf("%s%s%d", r.path, asideMark, time.Now().Unix())
	for n := 1; exists(aside); n++ {
		aside = fmt.Sprintf("%s%s%d-%d", r.path, asideMark, time.Now().Unix(), n)
	}
	if err := os.Rename(r.path, aside); err != nil {
		return nil, "", fmt.Errorf("putting damaged pins aside: %w", err)
	}
	return r, aside, syncFolder(dir)
}

// odd tells whether no rule of ours looks like this.
func (r Rule) odd() bool { return r.ID <= 0 || len(r.Path) > 64<<10 }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Aside gives the files of rules that were put aside and that nobody has removed.
func (r *Rules) Aside() []string {
	dir, name := filepath.Split(r.path)
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range list {
		if strings.HasPrefix(e.Name(), name+asideMark) {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	return found
}

// List gives the rules in the order in which they were made.
func (r *Rules) List() []Rule {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// Has tells whether there is a rule for this entry.
func (r *Rules) Has(id int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.list, func(x Rule) bool { return x.ID == id })
}

// Any tells whether there is any rule.
func (r *Rules) Any() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.list) > 0
}

// Change has edit change the rules. They count, and are durable, when it returns nil.
func (r *Rules) Change(edit func([]Rule) []Rule) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	list := edit(r.List())
	text, err := json.MarshalIndent(rulesFile{rulesFormat, list}, "", "  ")
	if err != nil {
		return err
	}
	if len(text) > maxRules {
		return ErrTooMany
	}
	if err := replace(r.path, text); err != nil {
		return fmt.Errorf("writing the pins: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = list
	return nil
}

// replace puts text in the place of a file, whole or not at all.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".pins-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
