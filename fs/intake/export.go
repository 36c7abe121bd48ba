package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// Errors of an export.
var (
	// ErrRoom: the disk has not enough room for what would be copied.
	ErrRoom = errors.New("not enough room")
	// ErrExporting: another export into the same folder is running.
	ErrExporting = errors.New("another export into this folder is running")
)

// exportAtOnce is how many files are copied at a time.
const exportAtOnce = 6

// Exporter copies a locker out into plain files.
type Exporter struct {
	Store  remote.Getter
	Index  *catalog.Index
	Logger *slog.Logger
}

// ExportOptions say where to, and how.
type ExportOptions struct {
	// Dir is an absolute path; it is made if it is missing.
	Dir string `json:"dir"`
	// Check: hash also the files that an earlier export wrote and nobody touched since.
	Check bool `json:"check,omitempty"`
	// Bandwidth bounds reading, in bytes a second; 0: no limit.
	Bandwidth int64 `json:"bandwidth,omitempty"`
}

// ExportProgress is how far an export has come.
type ExportProgress struct {
	Files     int64 `json:"files"`
	Bytes     int64 `json:"bytes"`
	Done      int64 `json:"done"`
	DoneBytes int64 `json:"done_bytes"`
}

// ExportReport is what became of an export. Its lists hold the first MaxNotes files of
// their sort.
type ExportReport struct {
	// Commit is the one whose tree was copied.
	Commit int64 `json:"commit"`
	Files  int64 `json:"files"`
	Bytes  int64 `json:"bytes"`
	// Copied files were written, Replaced ones over what an earlier export had written.
	Copied      int64 `json:"copied"`
	CopiedBytes int64 `json:"copied_bytes"`
	Replaced    int64 `json:"replaced"`
	// Present files were there already.
	Present int64 `json:"present"`
	// Unhashed files were adopted and no hash of them is known: they are as the store
	// gave them.
	Unhashed int64 `json:"unhashed"`
	// Renamed lists files and folders that the disk cannot hold under their names, and
	// how they are called there.
	Renamed      []Note `json:"renamed,omitempty"`
	RenamedCount int64  `json:"renamed_count"`
	// Failed lists the files that could not be copied.
	Failed      []Note `json:"failed,omitempty"`
	FailedCount int64  `json:"failed_count"`
	// Pending counts files that were written on this device and are not in the store yet.
	Pending int64 `json:"pending,omitempty"`
	// Elapsed is how long it took, in nanoseconds.
	Elapsed time.Duration `json:"elapsed_ns"`
}

// export is one run.
type export struct {
	*Exporter
	opts    ExportOptions
	journal *exportJournal
	plan    *exportPlan
	tell    func(ExportProgress)

	mu      sync.Mutex // guards the fields below, and tell: who copies waits for who tells
	report  ExportReport
	far     ExportProgress
	renamed noted
	failed  noted
}

// Run copies what stands at a locker path, and below, to the same path in a folder. What
// is there already and is not what an earlier export wrote stays as it is. An error says
// that it could not go on; run again, it goes on where it was.
func (x *Exporter) Run(ctx context.Context, path string, opts ExportOptions, progress func(ExportProgress)) (ExportReport, error) {
	if progress == nil {
		progress = func(ExportProgress) {}
	}
	began := time.Now()
	run := &export{Exporter: x, opts: opts, tell: progress}
	err := run.all(remote.WithTicket(newPacer(opts.Bandwidth).of(ctx), remote.NewTicket(remote.Pin)), path)
	r := &run.report
	run.renamed.put(&r.Renamed, &r.RenamedCount)
	run.failed.put(&r.Failed, &r.FailedCount)
	r.Elapsed = time.Since(began)
	return *r, err
}

func (x *export) all(ctx context.Context, path string) (err error) {
	if err := os.MkdirAll(x.opts.Dir, 0o755); err != nil {
		return err
	}
	if x.journal, err = openExportJournal(x.opts.Dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.journal.close()) }()
	limits, err := probeNames(x.journal.dir)
	if err != nil {
		return fmt.Errorf("trying which names %s can hold: %w", x.opts.Dir, err)
	}
	if x.plan, err = x.draw(ctx, path, limits); err != nil {
		return err
	}
	defer x.plan.close()
	if err := x.room(); err != nil {
		return err
	}
	x.tell(x.far)
	if err := x.copyAll(ctx); err != nil {
		return err
	}
	return x.folders()
}

// room makes sure that what is to be copied fits on the disk.
func (x *export) room() error {
	const block = 4096
	var need int64
	err := x.plan.each(func(p *planned) error {
		if p.Dir {
			return nil
		}
		if info, err := os.Lstat(x.at(p)); err == nil && info.Size() == p.Size {
			return nil
		}
		need += (p.Size + block - 1) / block * block
		return nil
	})
	if err != nil {
		return err
	}
	free, err := freeBytes(x.opts.Dir)
	if err != nil || free >= need {
		return err
	}
	return fmt.Errorf("%w: %d MB are to be copied to %s, and %d MB are free", ErrRoom, need/1e6, x.opts.Dir, free/1e6)
}

// at is where a planned file or folder stands on the disk.
func (x *export) at(p *planned) string { return filepath.Join(x.opts.Dir, filepath.FromSlash(p.To)) }

func (x *export) copyAll(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(exportAtOnce)
	err := x.plan.each(func(p *planned) error {
		if err := gctx.Err(); err != nil {
			return err
		}
		if p.Dir {
			return x.makeFolder(p)
		}
		one := *p
		g.Go(func() error { return x.file(gctx, &one) })
		return nil
	})
	if failed := g.Wait(); failed != nil {
		return failed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (x *export) makeFolder(p *planned) error {
	err := os.Mkdir(x.at(p), 0o755)
	if info, statErr := os.Lstat(x.at(p)); statErr == nil && info.IsDir() {
		return nil
	} else if statErr == nil {
		err = errInTheWay
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.failed.add(p.Path, "its folder cannot be made: "+err.Error())
	return fatal(err)
}

// fatal gives the errors after which nothing can be written any more.
func fatal(err error) error {
	for _, kind := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.ENODEV, syscall.ENXIO} {
		if errors.Is(err, kind) {
			return err
		}
	}
	return nil
}

// folders gives the folders their times and modes, now that nothing is put into them any
// more, and makes their names durable. It goes by disk alone.
func (x *export) folders() error {
	return x.plan.each(func(p *planned) error {
		if !p.Dir {
			return nil
		}
		at := x.at(p)
		d, err := os.Open(at)
		if err != nil {
			return nil // it could not be made, and that was said
		}
		defer d.Close()
		_ = d.Sync() // not every file system knows how
		// The owner can always go in: a second export must.
		if err := os.Chmod(at, fs.FileMode(p.Mode&0o777|0o700)); err != nil && !modeless(err) {
			return err
		}
		when := time.Unix(0, p.MTime)
		return os.Chtimes(at, when, when)
	})
}

// modeless tells whether a file system keeps no modes.
func modeless(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.EOPNOTSUPP)
}
