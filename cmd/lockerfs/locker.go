package main

import (
	"context"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// locker is what commands speak to: the engine of this process, or a client of the
// process that owns the state folder. Both answer alike, errors included.
type locker interface {
	reader
	filer
	keeper
	adopting
	tended
	// Close gives back what is held.
	Close() error
}

// tended is a locker that is told how to go about its work.
type tended interface {
	pinner
	// Sync waits until everything that was changed here is in the store. When the store
	// does not take it, it goes on waiting if patient.
	Sync(ctx context.Context, patient bool) error
	// Offline has a mount leave the store alone until it is called with false.
	Offline(ctx context.Context, on bool) error
	// Set changes how a mount works until it ends; see settable.
	Set(ctx context.Context, key, value string) error
}

// reader is a locker that is asked.
type reader interface {
	// Status says how the locker is, without waiting for the network.
	Status(ctx context.Context) (status, error)
	// List gives the entry at a locker path and, for a folder, what is in it, all the
	// way down when deep, in the order of a walk. emit may end it with an error.
	List(ctx context.Context, path string, deep bool, emit func(listed) error) error
	// Info says all about one entry.
	Info(ctx context.Context, path string) (info, error)
	// Search gives the files that have all the words, the best first; see
	// catalog.Index.Search.
	Search(ctx context.Context, words string, limit int) ([]catalog.Finding, error)
	// History gives what stands and stood at a locker path; see catalog.Index.History.
	History(ctx context.Context, path string, limit int) (history, error)
}

// filer is a locker whose names are changed. When ctx ends it stops, and the report
// says what was done.
type filer interface {
	// Import takes in files of this machine; see intake.Importer.
	Import(ctx context.Context, paths []string, opts intake.Options, l listener) (intake.Report, error)
	// Organize files anew what is at a locker path and below; see intake.Organizer.
	Organize(ctx context.Context, path string, opts intake.OrganizeOptions, l organizeListener) (intake.OrganizeReport, error)
	// Restore brings back what stood at a locker path after a commit, or when it was
	// removed; see catalog.Index.Restore. dry: it is only worked out.
	Restore(ctx context.Context, path string, commit int64, dry bool) (restored, error)
}

// keeper is a locker whose bytes are looked after.
type keeper interface {
	// Verify looks whether the locker is whole; see catalog.Verifier.
	Verify(ctx context.Context, opts catalog.VerifyOptions, progress func(catalog.VerifyProgress)) (catalog.VerifyReport, error)
	// Collect frees what is not needed; see catalog.Collector. dry: it is only worked out.
	// progress is told how many objects have been listed.
	Collect(ctx context.Context, dry bool, progress func(int64)) (catalog.Collected, error)
	// Export copies what is at a locker path out into a folder; see intake.Exporter.
	Export(ctx context.Context, path string, opts intake.ExportOptions, progress func(intake.ExportProgress)) (intake.ExportReport, error)
}

// pinner is a locker that keeps what it is told to on this machine.
type pinner interface {
	// Pin has what is at locker paths, and all below, kept here from now on: all of it or
	// none. wait: until it is here, as far as it can be had. When ctx ends it stays pinned.
	Pin(ctx context.Context, paths []string, wait bool, hear func(pinProgress)) (pinAnswer, error)
	// Unpin lets go of what was pinned at locker paths.
	Unpin(ctx context.Context, paths []string) (unpinned, error)
	// Pins tells what is pinned. check: all of it is read and compared before.
	Pins(ctx context.Context, check bool) (pinReport, error)
}

// listener hears how an import goes, each of its functions from one goroutine. Those
// that are nil are not called.
type listener struct {
	progress func(intake.Progress)
	// placed is told where each file of a dry run would stand; the import waits for it.
	placed func(intake.Placed)
}

// organizeListener hears how organize goes, as listener does of an import.
type organizeListener struct {
	progress func(intake.OrganizeProgress)
	// moved is told of every move; organize waits for it.
	moved func(intake.Move)
}

// The network as seen from here.
const (
	linkConnecting = "connecting"
	linkOnline     = "online"
	linkOffline    = "offline"
)

// status is the answer of `lockerfs status`. The JSON names are a promise.
type status struct {
	Name  string `json:"name"`
	Store string `json:"store"`
	// Mount is the mount point, empty when it is not mounted.
	Mount string `json:"mount,omitempty"`
	// Process is the number of the process that answered.
	Process int `json:"process"`
	// Safe tells whether everything acknowledged is in the store.
	Safe bool `json:"safe"`
	// Unsafe says what is not.
	Unsafe []string `json:"unsafe,omitempty"`
	// Network is connecting, online or offline.
	Network string `json:"network"`
	// Trouble is why the network is not online, if known.
	Trouble string `json:"trouble,omitempty"`
	// Metered: bytes cost money, so nothing is fetched that nobody asked for.
	Metered bool `json:"metered,omitempty"`
	// Requests is what this device has asked the store for this month.
	Requests *tally `json:"requests,omitempty"`
	// Since is when Network became what it is.
	Since time.Time `json:"since"`
	// Access is read-only or read-write.
	Access string `json:"access"`
	// Barred is why it is read-only, if nobody asked for that.
	Barred string `json:"read_only_because,omitempty"`
	// Synced tells whether this device has ever read the whole catalog.
	Synced bool           `json:"synced"`
	Commit int64          `json:"commit"`
	Totals catalog.Totals `json:"totals"`
	Change *change        `json:"last_change,omitempty"`
	Device device         `json:"device"`
	Cache  *cache.Stats   `json:"cache,omitempty"`
	// Packs are the scan packs on this machine.
	Packs  *packStats       `json:"packs,omitempty"`
	Import *intake.Progress `json:"import,omitempty"`
	// Adopted is there where something of the bucket is.
	Adopted *adoptedStats `json:"adopted,omitempty"`
	// Waiting is what was changed here and is not in the store yet.
	Waiting *pending.Waiting `json:"waiting,omitempty"`
	// Passthrough, Traffic and Heads, the tracks that begin at once, are there while the
	// locker is mounted.
	Passthrough *fs.Passthrough `json:"passthrough,omitempty"`
	Traffic     *trafficStats   `json:"traffic,omitempty"`
	Heads       *headStats      `json:"heads,omitempty"`
	// Activity is what programs have open for reading, longest open first.
	Activity []activity `json:"activity,omitempty"`
	// Pins is what must stay on this machine, if anything must.
	Pins *pinStats `json:"pins,omitempty"`
	// Memory is what the daemon has of it, in bytes, while it is mounted; 0 where this system
	// does not say.
	Memory int64 `json:"memory,omitempty"`
	// Runner is who starts the daemon again after a crash; while the locker is mounted.
	Runner *runner `json:"runner,omitempty"`
	// GivenUp is there after a mount that crashed too often.
	GivenUp *givenUp `json:"given_up,omitempty"`
	// Started is when the process that answered opened the locker.
	Started time.Time `json:"started"`
	Version string    `json:"version"`
}

// change is the newest commit.
type change struct {
	Time   time.Time `json:"time"`
	Device string    `json:"device"`
}

type device struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Shared tells whether other devices may write to this locker too; unknown (null)
	// until the store has been probed.
	Shared *bool `json:"shared"`
}

// listed is one line of `lockerfs ls`.
type listed struct {
	// Path is the locker path without a leading slash; empty for the root.
	Path string       `json:"path"`
	Kind catalog.Kind `json:"kind"`
	// Size in bytes; 0 for a folder.
	Size  int64      `json:"size"`
	MTime time.Time  `json:"mtime"`
	ID    catalog.ID `json:"id"`
}

// info is the answer of `lockerfs info`.
type info struct {
	listed
	// Files and Bytes count what is under a folder.
	Files int64 `json:"files,omitempty"`
	Bytes int64 `json:"bytes,omitempty"`
	// SHA256 is in hex, empty while unknown.
	SHA256 string `json:"sha256,omitempty"`
	// Object is where the bytes are.
	Object *catalog.Ref `json:"object,omitempty"`
	// Cached is how many of the file's bytes are on this machine.
	Cached int64 `json:"cached"`
	// Pending: it was written here, and is not in the store yet.
	Pending bool      `json:"pending,omitempty"`
	Tags    *tag.Info `json:"tags,omitempty"`
	// Pack is the scan pack that has the file's head and tail, if any.
	Pack *inPack `json:"pack,omitempty"`
	// Open is there while programs have the file open.
	Open *openHandles `json:"open,omitempty"`
}
