package pending

import (
	"strings"
)

// litter are names that desktops leave everywhere and nobody wants on other devices. They
// are kept on this machine.
var litter = []struct{ name, prefix string }{
	{name: ".DS_Store"}, {name: ".localized"}, {name: ".apdisk"}, {name: ".fseventsd"},
	{name: ".Spotlight-V100"}, {name: ".TemporaryItems"}, {name: ".DocumentRevisions-V100"}, {name: ".Trashes"},
	{name: "Thumbs.db"}, {name: "ehthumbs.db"}, {name: "desktop.ini"}, {name: "$RECYCLE.BIN"},
	{name: "System Volume Information"}, {name: ".directory"},
	{prefix: "._"}, {prefix: ".Trash-"}, {prefix: ".goutputstream-"}, {prefix: ".nfs"}, {prefix: ".fuse_hidden"}, {prefix: ".~lock."},
}

// Litter tells whether a name is one of those that stay on this machine, with all that is
// in a folder of that name.
func Litter(name string) bool {
	for _, l := range litter {
		if name == l.name || l.prefix != "" && strings.HasPrefix(name, l.prefix) {
			return true
		}
	}
	return false
}

// isLocal tells whether an entry stays on this machine: it is litter, or in a folder that
// is.
func (x *Overlay) isLocal(c *change) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	// A folder without a change is in the locker, so it is no litter.
	for range maxDepth {
		if Litter(c.Name) {
			return true
		}
		if c = x.changes[c.Parent]; c == nil {
			return false
		}
	}
	return false
}
