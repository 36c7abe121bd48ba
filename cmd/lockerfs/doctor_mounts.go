package main

import (
	"errors"
	"io/fs"
	"os"

	lockerfs "github.com/lockerfs/lockerfs/fs"
)

// checkMountPoint looks at the folder while nothing is mounted there.
func (x *examination) checkMountPoint() {
	point, err := realPath(x.place.mount, liveMounts())
	if err != nil {
		x.failed("mount point", err)
		return
	}
	if inside(point, liveMounts()) {
		return // checkMounts says how it is
	}
	info, err := os.Stat(point)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.ok("mount point", "%s will be made", point)
		return
	case err != nil:
		x.failed("mount point", err)
		return
	case !info.IsDir():
		x.fail(exitMountPoint, "mount point", "choose an empty folder: lockerfs mount DIR", "%s is a file", point)
		return
	}
	list, err := os.ReadDir(point)
	bare := info.Mode().Perm() == 0
	switch {
	case errors.Is(err, fs.ErrPermission) && bare, err == nil && bare && onlyMarker(list):
		x.ok("mount point", "%s is guarded: who is not root gets an error there while nothing is mounted", point)
	case err != nil:
		x.failed("mount point", err)
	case !onlyMarker(list):
		x.fail(exitMountPoint, "mount point", "choose an empty folder: lockerfs mount DIR", "%s is not empty", point)
	default:
		x.ok("mount point", "%s is empty; the first mount puts a guard on it", point)
	}
}

func onlyMarker(list []fs.DirEntry) bool {
	return len(list) == 0 || len(list) == 1 && list[0].Name() == lockerfs.Marker
}

// checkMounts looks for mounts of lockerfs that do not answer. Those of other lockers are
// somebody else's to mend.
func (x *examination) checkMounts() {
	points := liveMounts()
	sound := 0
	for _, point := range points {
		bad := finding{Check: "mounts", Level: levelWarn, Says: point + " does not answer", Next: "lockerfs status; fuser -vm " + point + " shows who waits there"}
		switch probeMount(point) {
		case mountAnswers:
			sound++
			continue
		case mountDead:
			bad.Says, bad.Next = point+" is a mount whose process has died", "lockerfs umount "+point
		}
		if x.place.state != "" && (point == x.place.mount || point == recordedMount(x.place.state)) {
			bad.Level, bad.code = levelFail, exitMountPoint
		}
		x.say(bad)
	}
	if sound == len(points) {
		x.ok("mounts", "%s of lockerfs, none is dead", count(int64(sound), "mount", "mounts"))
	}
}

// howMounted is how a mount answers.
type howMounted int

const (
	mountAnswers howMounted = iota
	mountDead
	mountSilent
)
