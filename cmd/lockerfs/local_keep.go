package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
)

// Verify is locker's.
func (e *engine) Verify(ctx context.Context, opts catalog.VerifyOptions, progress func(catalog.VerifyProgress)) (catalog.VerifyReport, error) {
	// A catalog that is damaged is what is looked for: then the index tells what there was.
	if err := e.fresh(ctx, true); err != nil && !(errors.Is(err, catalog.ErrCorrupt) && e.index.Synced()) {
		return catalog.VerifyReport{}, err
	}
	v := &catalog.Verifier{Store: e.store, Index: e.index, Memory: filepath.Join(e.place.state, "verify.db"), Logger: e.log("catalog")}
	return v.Run(ctx, opts, progress)
}

// Export is locker's.
func (e *engine) Export(ctx context.Context, path string, opts intake.ExportOptions, progress func(intake.ExportProgress)) (intake.ExportReport, error) {
	if err := e.fresh(ctx, false); err != nil {
		return intake.ExportReport{}, err
	}
	x := &intake.Exporter{Store: e.store, Index: e.index, Logger: e.log("intake")}
	report, err := x.Run(ctx, clean(path), opts, progress)
	if errors.Is(err, catalog.ErrNotFound) {
		err = &fault{code: exitNotFound, cause: fmt.Sprintf("%q is not in the locker", printable("/"+clean(path))), next: "lockerfs ls -R", err: err}
	}
	if e.uploads != nil {
		report.Pending = int64(e.uploads.Waiting(ctx).Files)
	}
	return report, err
}
