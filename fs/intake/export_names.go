package intake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"

	"github.com/lockerfs/lockerfs/fs/library"
)

// nameLimits are the rules of a disk for names.
type nameLimits struct {
	// narrow: it holds only what Windows can name.
	narrow bool
	// folds: it tells no case apart.
	folds bool
	// short: its names end long before 255 bytes.
	short bool
}

// maxShort is the longest name on a disk with short ones, in bytes: 143 where names are
// encrypted.
const maxShort = 140

// probeNames finds out what names a disk holds, by files in a folder of ours on it.
func probeNames(dir string) (limits nameLimits, err error) {
	at, err := os.MkdirTemp(dir, "names-")
	if err != nil {
		return limits, err
	}
	defer os.RemoveAll(at)
	if ok, err := holdsName(at, "Case"); !ok || err != nil {
		return limits, errors.Join(err, fs.ErrInvalid)
	}
	if _, err := os.Lstat(filepath.Join(at, "cASE")); err == nil {
		limits.folds = true
	}
	for _, name := range []string{"a:b", "a?b", "dot.", "space "} {
		ok, err := holdsName(at, name)
		if err != nil {
			return limits, err
		}
		limits.narrow = limits.narrow || !ok
	}
	ok, err := holdsName(at, strings.Repeat("n", library.MaxName))
	limits.short = !ok
	return limits, err
}

// holdsName tells whether a file of that name can be made, and is then called so.
func holdsName(dir, name string) (bool, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return false, fatal(err)
	}
	f.Close()
	list, err := os.ReadDir(dir)
	for _, e := range list {
		if e.Name() == name {
			return true, err
		}
	}
	return false, err
}

// safe gives a name that the disk can hold: name itself if it can.
func (l nameLimits) safe(name string) string {
	if l.narrow && !windowsName(name) || l.short && len(name) > maxShort {
		stem, ext := library.SplitExt(name)
		if l.short && len(name) > maxShort {
			stem = strings.ToValidUTF8(stem[:max(0, min(len(stem), maxShort-len(ext)))], "")
		}
		return library.CleanFile(stem, ext)
	}
	return name
}

// windowsName tells whether Windows, and what was made for it, can hold a name.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func windowsName(name string) bool {
	if strings.ContainsAny(name, `<>:"/\|?*`) || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") || len(utf16.Encode([]rune(name))) > 255 {
		return false
	}
	for _, r := range name {
		if r < 0x20 {
			return false
		}
	}
	// Cleaning marks the name of a device, as CON, which is one with any extension.
	stem, _, _ := strings.Cut(name, ".")
	return stem == "" || library.CleanPart(stem) != stem+"_"
}
