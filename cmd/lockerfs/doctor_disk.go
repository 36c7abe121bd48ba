package main

import (
	"errors"
	"os"
	"slices"
)

// errNoHoles: the file system cannot give back parts of files.
var errNoHoles = errors.New("no holes in files")

const (
	// littleRoom and noRoom are what is free on a disk, in bytes.
	littleRoom = 2 << 30
	noRoom     = 64 << 20
)

// checkFolders looks at the disks of state and cache.
func (x *examination) checkFolders() {
	for _, f := range []struct{ check, dir, flag string }{{"state", x.place.state, "--state"}, {"cache", x.place.cache, "--cache"}} {
		x.checkFolder(f.check, f.dir, f.flag)
	}
}

func (x *examination) checkFolder(check, dir, flag string) {
	at := standing(dir)
	kind, free, err := kindOfDisk(at)
	if err == nil {
		err = canPunch(at)
	}
	elsewhere := "choose a folder on a local disk with " + flag
	switch room := humanSize(free) + " free"; {
	case errors.Is(err, errNoHoles):
		x.warn(check, elsewhere+" (ext4, btrfs or xfs)", "%s (%s) does not keep holes in files, which then take more room than they should", dir, kind)
	case errors.Is(err, os.ErrPermission):
		x.fail(exitDenied, check, "check the owner and the rights of "+at, "%s cannot be written to", at)
	case err != nil:
		x.failed(check, err)
	case free < noRoom:
		x.fail(exitFull, check, "free some space, or "+elsewhere, "%s: the disk is full, %s", dir, room)
	case check == "state" && kind == "tmpfs":
		x.warn(check, elsewhere, "%s is in memory (tmpfs): what was written and not uploaded is lost with the machine", dir)
	case slices.Contains([]string{"nfs", "smb", "fuse", "9p", "vfat", "exfat", "ntfs3"}, kind):
		x.warn(check, elsewhere, "%s is on %s: locks, holes or syncs may not hold there", dir, kind)
	case free < littleRoom:
		x.warn(check, "free some space, or "+elsewhere, "%s: %s", dir, room)
	default:
		x.ok(check, "%s: %s, %s", dir, kind, room)
	}
}
