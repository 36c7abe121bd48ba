package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/retry"
)

// exitCode is how a command ended. The numbers are a promise to scripts: they are
// never given another meaning.
type exitCode int

const (
	exitOK exitCode = iota
	exitOther
	exitUsage
	exitNoLocker
	exitUnreachable
	exitDenied
	exitNoStore
	exitNotLocker
	exitNewer
	exitNoFUSE
	exitMountPoint
	exitFull
	exitInUse
	exitSomeFailed
	exitNotFound
	exitNothing
	exitDamaged
	exitInterrupted exitCode = 130
)

// exitMeanings gives every code with what it means, in order.
func exitMeanings() []struct {
	code exitCode
	text string
} {
	return []struct {
		code exitCode
		text string
	}{
		{exitOK, "all went well"},
		{exitOther, "another failure, named in the message"},
		{exitUsage, "the command line or the config file cannot be understood"},
		{exitNoLocker, "there is no locker yet, or none of that name"},
		{exitUnreachable, "the store cannot be reached"},
		{exitDenied, "the store or this machine refuses the credentials or the rights"},
		{exitNoStore, "the bucket or folder is missing"},
		{exitNotLocker, "the store holds no locker, or another than this device's"},
		{exitNewer, "the locker has a newer format than this lockerfs"},
		{exitNoFUSE, "this machine has no FUSE, or no rights to use it"},
		{exitMountPoint, "the mount point cannot be used"},
		{exitFull, "the disk or the store is full"},
		{exitInUse, "the state or cache folder is in use by another process"},
		{exitSomeFailed, "some files failed; all others were done"},
		{exitNotFound, "there is no such file or folder in the locker"},
		{exitNothing, "the search found nothing"},
		{exitDamaged, "something of the locker is missing or damaged in the store"},
		{exitInterrupted, "interrupted"},
	}
}

func exitCodesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("Every command ends with one of these codes:\n\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, m := range exitMeanings() {
		fmt.Fprintf(w, "  %d\t%s\n", m.code, m.text)
	}
	w.Flush()
	return &cobra.Command{Use: "exit-codes", Short: "The exit codes and what they mean", Long: strings.TrimRight(b.String(), "\n")}
}

// fault is an error as it is shown: a cause in one line, and what to do next.
type fault struct {
	code  exitCode
	cause string
	next  string // may be empty
	err   error  // what is behind it; may be nil
}

func (f *fault) Error() string { return f.cause }
func (f *fault) Unwrap() error { return f.err }

func (f *fault) print(w io.Writer) {
	fmt.Fprintf(w, "lockerfs: %s\n", oneLine(f.cause))
	if f.next != "" {
		fmt.Fprintf(w, "next: %s\n", oneLine(f.next))
	}
}

// where is what messages say about the place that failed.
type where struct {
	store, state, mount string
}

// symptom maps a kind of error to a code and words. {store}, {state} and {mount}
// stand for the places.
type symptom struct {
	kind        error
	code        exitCode
	cause, next string
	// detail adds the innermost cause to the words.
	detail bool
}

// symptoms are tried in order; the first that matches counts.
func symptoms() []symptom {
	return []symptom{
		{context.Canceled, exitInterrupted, "interrupted", "", false},
		{fs.ErrNoFUSE, exitNoFUSE, "FUSE cannot be used here", "apt-get install fuse3, and make sure that /dev/fuse is there and yours to open", true},
		{fs.ErrNoFusermount, exitNoFUSE, "fusermount3 is not installed", "apt-get install fuse3, or mount as root", false},
		{fs.ErrMounted, exitMountPoint, "a locker is mounted at {mount} already", "lockerfs umount {mount}, or choose another folder: lockerfs mount DIR", false},
		{fs.ErrNotMounted, exitMountPoint, "{mount} is not a mount of lockerfs", "lockerfs status", false},
		{fs.ErrAllowOther, exitMountPoint, "--allow-other is not permitted to users here", "add a line user_allow_other to /etc/fuse.conf, or mount as root", false},
		{fs.ErrDeadMount, exitMountPoint, "{mount} is a mount whose process is gone", "lockerfs umount {mount}", false},
		{fs.ErrBusy, exitMountPoint, "{mount} is in use", "close the programs that use it (fuser -vm {mount}) and try again", false},
		{fs.ErrMountPoint, exitMountPoint, "{mount} cannot be a mount point", "choose an empty folder: lockerfs mount DIR", true},
		{cache.ErrInUse, exitInUse, "the cache folder is in use by another lockerfs", "lockerfs status, or choose another with --cache", false},
		{catalog.ErrNewer, exitNewer, "the locker at {store} was written by a newer lockerfs", "install the newest lockerfs on this machine", false},
		{catalog.ErrNoLocker, exitNotLocker, "{store} is not a locker", "lockerfs init '{store}', or lockerfs rebuild if it has lost its .lockerfs folder", false},
		{catalog.ErrOther, exitNotLocker, "the state folder {state} belongs to another locker than {store}", "choose a state folder of its own with --state, another --store, or lockerfs rebuild if the store has lost its .lockerfs folder", false},
		{catalog.ErrNotLost, exitOther, "the locker at {store} has its catalog; there is nothing to rebuild", "lockerfs status", false},
		{catalog.ErrBehind, exitOther, "this device does not know all that the locker holds", "run it on the device whose lockerfs status names the highest commit", true},
		{remote.ErrNoStore, exitNoStore, "there is no bucket or folder at {store}", "check the name, create the bucket, or attach the disk it is on", true},
		{remote.ErrDenied, exitDenied, "access to {store} is denied", "check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, or credentials = \"FILE\" in the config) and the rights on the bucket", true},
		{remote.ErrFull, exitFull, "the store {store} is full", "make room there, then run the command again", true},
		{syscall.ENOSPC, exitFull, "the disk is full", "free some space, then run the command again", true},
		{syscall.EDQUOT, exitFull, "the disk quota is used up", "free some space, then run the command again", true},
		{retry.ErrForced, exitUnreachable, "lockerfs was told to stay offline", "lockerfs offline off", false},
		{remote.ErrOffline, exitUnreachable, "the store {store} cannot be reached", "check the network and the endpoint, then run the command again", true},
		{remote.ErrThrottled, exitUnreachable, "the store {store} is busy", "run the command again later", true},
		{context.DeadlineExceeded, exitUnreachable, "the store {store} did not answer in time", "check the network and the endpoint, then run the command again", false},
		{catalog.ErrUnsynced, exitUnreachable, "this device has not read the catalog of {store} yet", "run the command again when the store can be reached", false},
		{catalog.ErrNotFound, exitNotFound, "no such file or folder in the locker", "lockerfs ls", false},
		{library.ErrLayout, exitUsage, "this layout cannot be used", "lockerfs help layout", true},
		{intake.ErrNothingToOrganize, exitUsage, "the layout keep leaves all files where they are", "lockerfs organize --layout plain, or another", false},
		{intake.ErrNotFolder, exitUsage, "only folders can be organized, and this is a file", "lockerfs organize FOLDER", false},
		{intake.ErrRoom, exitFull, "there is not enough room for the export", "free some space there, or export a part: lockerfs export DIR PATH", true},
		{intake.ErrExporting, exitInUse, "another export into this folder is running", "wait until it has ended", false},
		{catalog.ErrQuery, exitUsage, "there are too many words to search for", "search for fewer words", false},
		{remote.ErrInvalid, exitUsage, "the store URL or a name is not valid", "use file:///path or s3://bucket/prefix?endpoint=…&region=…", true},
		{catalog.ErrCorrupt, exitOther, "the catalog in {store} is damaged", "lockerfs status on another device; its index can publish the catalog again with lockerfs rebuild", true},
		{syscall.EACCES, exitDenied, "this machine refuses access", "check the owner and the rights of that folder", true},
		{syscall.EROFS, exitDenied, "the disk is read-only", "choose other folders with --state and --cache", true},
	}
}

// diagnose says an error in the words of the table.
func diagnose(err error, at where) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	places := strings.NewReplacer("{store}", at.store, "{state}", at.state, "{mount}", at.mount)
	var stored *remote.Error
	if errors.As(err, &stored) && stored.Op == "list" && strings.HasPrefix(at.store, "s3:") && errors.Is(err, remote.ErrDenied) {
		return &fault{code: exitDenied, cause: places.Replace("the credentials may not list {store}: ") + innermost(err, remote.ErrDenied),
			next: "allow s3:ListBucket on the bucket; without it a missing object cannot be told from a forbidden one", err: err}
	}
	if f := said(err, places); f != nil {
		return f
	}
	for _, s := range symptoms() {
		if !errors.Is(err, s.kind) && !(s.kind == syscall.ENOSPC && indexFull(err)) {
			continue
		}
		cause := places.Replace(s.cause)
		if s.detail {
			if d := innermost(err, s.kind); d != "" {
				cause += ": " + d
			}
		}
		return &fault{code: s.code, cause: cause, next: places.Replace(s.next), err: err}
	}
	return &fault{code: exitOther, cause: err.Error(), next: "run it again with -v to see more", err: err}
}

// indexFull tells whether the index could not grow: SQLITE_FULL, code 13.
func indexFull(err error) bool {
	var e interface{ Code() int }
	return errors.As(err, &e) && e.Code()&0xff == 13
}

// innermost gives the part of an error that tells a person most: the refused
// connection or the server's own words, not the layers around them.
func innermost(err, kind error) string {
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Error()
	}
	var answer interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if errors.As(err, &answer) && answer.ErrorCode() != "" {
		return strings.TrimSuffix(answer.ErrorCode()+": "+answer.ErrorMessage(), ": ")
	}
	var stored *remote.Error
	if errors.As(err, &stored) {
		if stored.Err == nil {
			return ""
		}
		err = stored.Err
	}
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), kind.Error()), ": ")
}

// oneLine makes text fit a line of a log: no breaks, no control characters, at most
// 400 runes.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }), " ")
	if r := []rune(s); len(r) > 400 {
		s = string(r[:400]) + "…"
	}
	return s
}
