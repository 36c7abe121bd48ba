package main

import (
	"errors"
	"log/slog"
	"os"

	"github.com/lockerfs/lockerfs/fs"
)

// A player that is started before the mount sees the bare folder, takes it for an empty
// library and forgets its own. So a bare mount point has mode 000 and a marker: who is not
// root gets an error, which is not absence. Root reads it all the same; there the marker
// tells people, and players of root wait for the mount (README).
//
// It is put so while something is mounted over it, through the folder's own descriptor.
// So it is guarded however the mount ends: unmounted by anybody, by a crash, by a restart
// of the machine.

// guardText is what the marker says.
const guardText = `No locker is mounted here, so its music is not to be seen. Nothing is lost.
"lockerfs mount" shows it again. Until then only root may look into this folder, so that no
player takes it for an empty library. To use the folder for something else, unmount, give
it back its rights (chmod 755) and delete this file.
`

// guard is the bare folder under a mount, opened before there is one.
type guard struct {
	root *os.Root
	dir  *os.File
	// lifted tells whether the mode was taken away to mount, and before what it was.
	lifted bool
	before os.FileMode
	log    *slog.Logger
}

// liftGuard opens a mount point, and makes one that is guarded one that can be mounted on:
// fusermount3 refuses mode 000. It looks at nothing that is mounted. It gives nil where
// the folder cannot be opened; then mounting says why.
func liftGuard(point string, log *slog.Logger) *guard {
	g := &guard{log: log}
	var err error
	if g.root, err = os.OpenRoot(point); errors.Is(err, os.ErrPermission) {
		info, statErr := os.Stat(point)
		if statErr != nil || os.Chmod(point, 0o700) != nil {
			return nil
		}
		g.lifted, g.before = true, info.Mode().Perm()
		g.root, err = os.OpenRoot(point)
	}
	if err == nil {
		g.dir, err = g.root.Open(".")
	}
	if err != nil {
		g.close(false)
		return nil
	}
	return g
}

// close guards the folder, over which something is mounted now, or puts it back as it
// was. A folder that is not ours to change stays as it is.
func (g *guard) close(mounted bool) {
	if g == nil {
		return
	}
	if mounted {
		if err := g.set(); err != nil {
			g.log.Info("the bare mount point cannot be guarded: start players after the mount", "reason", err)
		}
	} else if g.lifted && g.dir != nil {
		_ = g.dir.Chmod(g.before)
	}
	if g.dir != nil {
		g.dir.Close()
	}
	if g.root != nil {
		g.root.Close()
	}
}

// set writes the marker and takes all rights away.
func (g *guard) set() error {
	f, err := g.root.OpenFile(fs.Marker, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err == nil {
		_, err = f.WriteString(guardText)
		err = errors.Join(err, f.Close())
	} else if errors.Is(err, os.ErrExist) {
		err = nil
	}
	return errors.Join(err, g.dir.Chmod(0))
}
