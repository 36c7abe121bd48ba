package main

import (
	"context"
	"path/filepath"

	"github.com/lockerfs/lockerfs/fs/intake"
)

// alone makes the caller the only one who files: imports and organize decide about
// names one after the other. Others are refused until done is called.
func (e *engine) alone() (done func(), err error) {
	select {
	case e.importing <- struct{}{}:
		return func() { <-e.importing }, nil
	default:
		return nil, &fault{code: exitInUse, cause: "another import or organize is running", next: "lockerfs status shows how far it is; run this one after it"}
	}
}

// Import is locker's.
func (e *engine) Import(ctx context.Context, paths []string, opts intake.Options, l listener) (intake.Report, error) {
	done, err := e.alone()
	if err != nil {
		return intake.Report{}, err
	}
	defer done()
	if err := e.fresh(ctx, true); err != nil {
		return intake.Report{}, err
	}
	im := &intake.Importer{Store: e.store, Index: e.index, Memory: filepath.Join(e.place.state, "import.db"), Logger: e.log("intake"), Placed: l.placed}
	if opts.DryRun {
		return im.Run(ctx, paths, opts, l.progress)
	}
	if e.packs != nil {
		im.Keep = e.packs.shelf.Put
	}
	if im.Commit, err = e.writer(ctx); err != nil {
		return intake.Report{}, err
	}
	defer e.importAt(nil)
	return im.Run(ctx, paths, opts, func(p intake.Progress) {
		e.importAt(&p)
		if l.progress != nil {
			l.progress(p)
		}
	})
}

// Organize is locker's.
func (e *engine) Organize(ctx context.Context, path string, opts intake.OrganizeOptions, l organizeListener) (intake.OrganizeReport, error) {
	done, err := e.alone()
	if err != nil {
		return intake.OrganizeReport{}, err
	}
	defer done()
	if err := e.fresh(ctx, !opts.DryRun); err != nil {
		return intake.OrganizeReport{}, err
	}
	if _, err := e.resolve(ctx, path); err != nil {
		return intake.OrganizeReport{}, err
	}
	o := &intake.Organizer{Index: e.index, Logger: e.log("intake")}
	if !opts.DryRun {
		if o.Commit, err = e.writer(ctx); err != nil {
			return intake.OrganizeReport{}, err
		}
	}
	return o.Run(ctx, clean(path), opts, l.moved, l.progress)
}

func (e *engine) importAt(p *intake.Progress) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress = p
}
