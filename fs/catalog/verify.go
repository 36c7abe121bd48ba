package catalog

import (
	"context"
	"log/slog"

	"github.com/lockerfs/lockerfs/remote"
)

// Verifier looks whether a locker is whole: that what its catalog says is in the store.
// It writes nothing there. Others may go on writing meanwhile: it looks at the tree of one
// commit, and what nobody refers to any more when a fault shows is no fault.
type Verifier struct {
	Store remote.Store
	Index *Index
	// Memory is a file that keeps what was read and found good, so that reading goes on
	// where it was broken off.
	Memory string
	Logger *slog.Logger
}

// VerifyOptions say how closely to look.
type VerifyOptions struct {
	// Data: read and hash everything, not only what listings tell.
	Data bool `json:"data,omitempty"`
	// Again: read also what was read before.
	Again bool `json:"again,omitempty"`
	// Bandwidth bounds reading, in bytes a second; 0: no limit.
	Bandwidth int64 `json:"bandwidth,omitempty"`
}

// VerifyProgress is how far a look has come.
type VerifyProgress struct {
	// Listed counts the objects that the store has told of, Wanted those it should have.
	Listed int64 `json:"listed"`
	Wanted int64 `json:"wanted"`
	// ReadBytes of ToRead bytes were read, in this run or before; both 0 until listings
	// were looked at.
	ReadBytes int64 `json:"read_bytes"`
	ToRead    int64 `json:"to_read"`
	// Faults counts what was found so far.
	Faults int64 `json:"faults"`
}

// FaultKind tells the sorts of fault apart.
type FaultKind string

// The sorts of fault.
const (
	// ObjectMissing: the store has no such object.
	ObjectMissing FaultKind = "missing"
	// ObjectSize: it has another size than the catalog says.
	ObjectSize FaultKind = "size"
	// ObjectChanged: it has another ETag, so that reading refuses it.
	ObjectChanged FaultKind = "changed"
	// ObjectDamaged: its bytes have another SHA-256, or cannot be read.
	ObjectDamaged FaultKind = "damaged"
	// PackFault: a scan pack is missing or damaged. Scans read the files then.
	PackFault FaultKind = "pack"
	// LogFault: a commit is missing.
	LogFault FaultKind = "commit"
	// CheckpointFault: a checkpoint is not whole, or does not say what the log says.
	CheckpointFault FaultKind = "checkpoint"
	// IndexFault: this device's index is not what the store's catalog says.
	IndexFault FaultKind = "index"
)

// Fault is something that is not as the catalog says.
type Fault struct {
	Kind FaultKind `json:"kind"`
	// Path is that of a file whose bytes it is; empty where no file is concerned.
	Path string `json:"path,omitempty"`
	// Others counts the other files with the same bytes.
	Others int64 `json:"others,omitempty"`
	// Past: only a version of the file that was replaced or removed has them.
	Past bool `json:"past,omitempty"`
	// Foreign: the object was adopted.
	Foreign bool   `json:"foreign,omitempty"`
	Key     string `json:"key,omitempty"`
	What    string `json:"what"`
}

// MaxFaults is how many faults a report names.
const MaxFaults = 10_000

// maxBlamed bounds what is remembered of faults in memory; what is beyond is found again.
const maxBlamed = 100_000

// VerifyReport is what was found. Sizes are in bytes.
type VerifyReport struct {
	// Commit is the one whose tree was looked at.
	Commit int64 `json:"commit"`
	// Objects that the tree or its past refer to, and their bytes.
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Past counts those of Objects that only the past refers to.
	Past int64 `json:"past"`
	// Foreign counts those that were adopted; of Unhashed no hash is known yet.
	Foreign  int64 `json:"foreign"`
	Unhashed int64 `json:"unhashed"`
	// Packs are the scan packs that files refer to.
	Packs int64 `json:"packs"`
	// Commits of the log, and the checkpoint that was loaded, by its number; 0 for none.
	Commits    int64 `json:"commits"`
	Checkpoint int64 `json:"checkpoint"`
	// Spare are objects of ours to which nothing refers, Strange all others.
	Spare        int64 `json:"spare"`
	SpareBytes   int64 `json:"spare_bytes"`
	Strange      int64 `json:"strange"`
	StrangeBytes int64 `json:"strange_bytes"`
	// Read counts the objects that were read and are good; Earlier those of them that
	// an earlier run read, since when in nanoseconds since 1970 Since tells.
	Read      int64 `json:"read"`
	ReadBytes int64 `json:"read_bytes"`
	Earlier   int64 `json:"earlier"`
	Since     int64 `json:"since,omitempty"`

	Faults     []Fault `json:"faults"`
	FaultCount int64   `json:"fault_count"`
}

// verification is one run of a Verifier.
type verification struct {
	*Verifier
	opts   VerifyOptions
	report VerifyReport
	far    VerifyProgress
	tell   func(VerifyProgress)
	wanted *wantedList
	// blamed are keys that need not be read: listings showed what is wrong with them.
	blamed map[string]bool
}

// Run looks. progress, if not nil, is told how far it is. An error says that it could not
// look to the end; the report has what was found until then.
func (v *Verifier) Run(ctx context.Context, opts VerifyOptions, progress func(VerifyProgress)) (VerifyReport, error) {
	if progress == nil {
		progress = func(VerifyProgress) {}
	}
	run := &verification{Verifier: v, opts: opts, tell: progress, report: VerifyReport{Faults: []Fault{}}, blamed: map[string]bool{}}
	err := run.all(remote.WithTicket(ctx, remote.NewTicket(remote.Verify)))
	return run.report, err
}

func (v *verification) all(ctx context.Context) (err error) {
	if !v.Index.Synced() {
		return ErrUnsynced
	}
	if err := v.records(ctx); err != nil {
		return err
	}
	if v.wanted, err = v.Index.wantedObjects(ctx); err != nil {
		return err
	}
	defer v.wanted.close()
	if v.far.Wanted, err = v.wanted.count(ctx); err != nil {
		return err
	}
	if err := v.objects(ctx); err != nil || !v.opts.Data {
		return err
	}
	return v.data(ctx)
}

func (v *verification) fault(f Fault) {
	v.report.FaultCount++
	v.far.Faults++
	if len(v.report.Faults) < MaxFaults {
		v.report.Faults = append(v.report.Faults, f)
	}
}

// blame notes that something is wrong with an object, unless nothing refers to it any
// more.
func (v *verification) blame(ctx context.Context, w *wanted, kind FaultKind, what string) error {
	if len(v.blamed) < maxBlamed {
		v.blamed[w.key] = true
	}
	f := Fault{Kind: kind, Key: w.key, What: what, Others: w.refs - 1, Past: w.past, Foreign: w.foreign}
	if w.pack {
		f.Kind, f.Others = PackFault, 0
		v.fault(f)
		return nil
	}
	path, now, err := v.Index.owner(ctx, w)
	if err != nil || path == "" {
		return err
	}
	if !now {
		// A former version whose bytes a file has again, from another object, is mended.
		if v, found, err := v.Index.Match(ctx, w.hash, w.size); err != nil || found && w.hash.Known() && v.Object.Key != w.key {
			return err
		}
	}
	f.Path, f.Past = path, !now
	v.fault(f)
	return nil
}
