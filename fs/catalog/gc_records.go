package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/remote"
)

// keptCheckpoints is how many good checkpoints stay.
const keptCheckpoints = 2

// findPacks finds scan packs that no version names, and what earlier runs left behind.
func (r *collecting) findPacks(ctx context.Context) error {
	packs, err := r.list(ctx, packPrefix)
	if err != nil {
		return err
	}
	// After the listing, so that what a commit names meanwhile counts.
	named, err := r.index.packNames(ctx)
	if err != nil {
		return err
	}
	for _, o := range packs {
		if !named[strings.TrimPrefix(o.Key, packPrefix)] && r.old(o.ModTime, keepPack) {
			r.rest = append(r.rest, o)
			r.out.Packs.add(o.Size)
		}
	}
	clocks, err := r.list(ctx, clockPrefix)
	for _, o := range clocks {
		if r.old(o.ModTime, keepUpload) {
			r.rest = append(r.rest, o)
		}
	}
	return err
}

// packNames gives the scan packs that versions name, present and past.
func (x *Index) packNames(ctx context.Context) (map[string]bool, error) {
	rows, err := x.read.QueryContext(ctx, `SELECT DISTINCT CAST(body AS TEXT) ->> '$.pack' AS pack FROM content WHERE pack <> ''
		UNION SELECT DISTINCT CAST(body AS TEXT) ->> '$.version.pack' AS pack FROM past WHERE pack <> ''`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names[name] = true
	}
	return names, rows.Err()
}

// list gives all objects below a prefix.
func (r *collecting) list(ctx context.Context, prefix string) (all []remote.Object, err error) {
	for after := ""; ; {
		page, err := r.store.List(ctx, prefix, after, 0)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", prefix, err)
		}
		all = append(all, page.Objects...)
		if after = page.Next; after == "" {
			return all, nil
		}
	}
}

// findCheckpoints finds manifests but the newest good ones, and segments that no manifest
// names which stays. Who writes a checkpoint at this moment may count on a segment that
// goes now; such a checkpoint is not whole, and whoever reads it takes the one before.
func (r *collecting) findCheckpoints(ctx context.Context) error {
	format, err := ReadFormat(ctx, r.store)
	if err != nil {
		return err
	}
	manifests, err := r.list(ctx, manifestPrefix)
	if err != nil {
		return err
	}
	segments, err := r.list(ctx, segmentPrefix)
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(segments)) // true: named by a manifest that stays
	for _, o := range segments {
		there[strings.TrimPrefix(o.Key, segmentPrefix)] = false
	}
	over, err := r.staleManifests(ctx, format, manifests, there)
	if err != nil || over == nil {
		return err
	}
	for _, o := range segments {
		if !there[strings.TrimPrefix(o.Key, segmentPrefix)] && r.old(o.ModTime, keepCheckpoint) {
			over = append(over, o)
		}
	}
	for _, o := range over {
		r.rest = append(r.rest, o)
		r.out.Checkpoints.add(o.Size)
	}
	return nil
}

// staleManifests gives the manifests that may go, and marks the segments that the others
// name; nil, and nothing may go, where there are too few good ones.
func (r *collecting) staleManifests(ctx context.Context, format Format, manifests []remote.Object, segments map[string]bool) ([]remote.Object, error) {
	over, good := []remote.Object{}, 0
	for _, o := range slices.Backward(manifests) {
		n, _, ok := parseManifestKey(o.Key)
		if !ok {
			continue // nothing of ours
		}
		stays := !r.old(o.ModTime, keepCheckpoint) || n == format.Base
		if !stays && good >= keptCheckpoints {
			over = append(over, o)
			continue
		}
		whole, err := r.mark(ctx, format, o.Key, segments)
		if err != nil {
			return nil, err
		}
		if whole {
			good++
		} else if !stays {
			over = append(over, o)
		}
	}
	if good < keptCheckpoints {
		return nil, nil
	}
	return over, nil
}

// mark marks the segments that a manifest names, and tells whether it is a good one.
func (r *collecting) mark(ctx context.Context, format Format, key string, segments map[string]bool) (whole bool, err error) {
	head, refs, _, err := readManifest(ctx, r.store, key)
	switch {
	case errors.Is(err, ErrNewer):
		return false, err
	case errors.Is(err, ErrCorrupt) || errors.Is(err, remote.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading %s: %w", key, err)
	}
	whole = head.Epoch == format.Epoch
	for _, ref := range refs {
		if _, there := segments[ref.Hash]; !there {
			whole = false
			continue
		}
		segments[ref.Hash] = true
	}
	return whole, nil
}

// findUploads finds large uploads of ours that nobody finished.
func (r *collecting) findUploads(ctx context.Context) error {
	if r.Uploads == nil {
		return nil
	}
	for _, prefix := range []string{ourPrefix, ".lockerfs/"} {
		list, err := r.Uploads.ListUploads(ctx, prefix)
		if errors.Is(err, remote.ErrNotImplemented) || errors.Is(err, remote.ErrDenied) {
			r.Logger.Info("the store does not tell of unfinished uploads", "error", err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("listing unfinished uploads: %w", err)
		}
		for _, u := range list {
			ours := prefix != ourPrefix || looksOurs(u.Key)
			if ours && r.old(u.Begun, keepUpload) {
				r.broken = append(r.broken, u)
				r.out.Uploads++
			}
		}
	}
	return nil
}
