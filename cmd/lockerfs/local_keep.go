package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/lockerfs/lockerfs/fs/catalog"
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
