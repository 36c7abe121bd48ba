package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/lockerfs/lockerfs/remote"
)

// records looks whether log and checkpoints are whole, and whether a device that began
// with them would hold the tree that this index holds.
func (v *verification) records(ctx context.Context) error {
	format, err := ReadFormat(ctx, v.Store)
	if err != nil {
		return err
	}
	tree, err := v.Index.named(ctx)
	if err != nil {
		return err
	}
	v.report.Commit = tree.n
	if tree.epoch != format.Epoch {
		return fmt.Errorf("the catalog was rebuilt meanwhile: %w", ErrOther)
	}
	gap, err := v.log(ctx, format, tree.n)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(v.Index.path), "verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	scratch, err := OpenIndex(ctx, filepath.Join(dir, "index.db"), v.Logger)
	if err != nil {
		return err
	}
	defer scratch.Close()
	if _, err := scratch.write.ExecContext(ctx, "PRAGMA synchronous = off"); err != nil { // it need not last
		return err
	}
	whole, err := v.checkpoints(ctx, scratch, format, tree.n)
	if err != nil || !whole || gap > scratch.Applied() {
		return err // what is left of the catalog leads nowhere, and that is said
	}
	return v.compare(ctx, scratch, tree)
}

// log looks for holes in the log up to commit last, and gives the number of the last
// that is missing; 0 for none.
func (v *verification) log(ctx context.Context, format Format, last int64) (gap int64, err error) {
	next := max(format.Base, 1)
	missing := func(upTo int64) {
		if next > upTo {
			return
		}
		gap = upTo
		what := fmt.Sprintf("commit %d is missing from the log", next)
		if next < upTo {
			what = fmt.Sprintf("commits %d to %d are missing from the log", next, upTo)
		}
		v.fault(Fault{Kind: LogFault, Key: logKey(next), What: what})
	}
	for after := logKey(next - 1); ; {
		page, err := v.Store.List(ctx, logPrefix, after, 0)
		if err != nil {
			return 0, fmt.Errorf("listing the log: %w", err)
		}
		for _, o := range page.Objects {
			n, ok := parseLogKey(o.Key)
			if !ok || n < next {
				continue // nothing of ours
			}
			missing(n - 1)
			v.report.Commits++
			next = n + 1
		}
		if after = page.Next; after == "" {
			missing(last)
			return gap, nil
		}
	}
}

// maxTried is how many checkpoints that are not whole are looked at.
const maxTried = 5

// checkpoints loads the newest whole checkpoint up to commit last into scratch, or ties
// scratch to the beginning of the log. whole is false where there is no way to begin.
func (v *verification) checkpoints(ctx context.Context, scratch *Index, format Format, last int64) (whole bool, err error) {
	keys, err := manifests(ctx, v.Store)
	if err != nil {
		return false, err
	}
	for i, tried := len(keys)-1, 0; i >= 0 && tried < maxTried; i-- {
		n, _, _ := parseManifestKey(keys[i])
		if n > last || n < format.Base {
			continue
		}
		err := scratch.load(ctx, v.Store, format, keys[i])
		switch {
		case err == nil:
			v.report.Checkpoint = n
			return true, nil
		case errors.Is(err, ErrEpoch):
			continue
		case !errors.Is(err, ErrCorrupt) && !errors.Is(err, remote.ErrNotFound):
			return false, fmt.Errorf("reading checkpoint %d: %w", n, err)
		}
		tried++
		v.fault(Fault{Kind: CheckpointFault, Key: keys[i], What: fmt.Sprintf("checkpoint %d is not whole: %v", n, err)})
	}
	if format.Base > 0 {
		v.fault(Fault{Kind: CheckpointFault, What: fmt.Sprintf("there is no whole checkpoint, and the log begins with one, that of commit %d", format.Base)})
		return false, nil
	}
	return true, scratch.update(ctx, func(st *txState) error { return st.begin(format, 0) })
}

// compare brings scratch up to the tree's commit and compares the two.
func (v *verification) compare(ctx context.Context, scratch *Index, tree namedTree) error {
	f := NewFollower(NewLog(v.Store, true), scratch, v.Logger, nil)
	var numbers []int64
	for n := scratch.Applied() + 1; n <= tree.n; n++ {
		numbers = append(numbers, n)
	}
	switch err := f.applyAll(ctx, numbers); {
	case errors.Is(err, errRebuilt):
		return fmt.Errorf("the catalog was rebuilt meanwhile: %w", ErrOther)
	case err != nil:
		return err
	}
	other, err := scratch.named(ctx)
	if err != nil || other == tree {
		return err
	}
	v.fault(Fault{Kind: IndexFault, What: fmt.Sprintf("this device's index differs from what log and checkpoint %d say of commit %d", v.report.Checkpoint, tree.n)})
	return nil
}

// namedTree is the tree of a commit, by a name that tells it from every other.
type namedTree struct {
	n           int64
	epoch, name string
}

// named gives the index's tree: its name is the key that its manifest would have.
func (x *Index) named(ctx context.Context) (namedTree, error) {
	c, err := x.copyTree(ctx)
	if err != nil {
		return namedTree{}, err
	}
	defer c.close()
	refs := make([]segmentRef, len(c.segments))
	for i, seg := range c.segments {
		refs[i] = seg.segmentRef
	}
	var name keyOnly
	err = writeManifest(ctx, &name, manifestHead{N: c.n, Epoch: c.epoch, Settings: c.settings}, refs, c.folders)
	return namedTree{c.n, c.epoch, string(name)}, err
}

// keyOnly is a store that takes one object and keeps its key.
type keyOnly string

// Put is remote.Putter.
func (k *keyOnly) Put(_ context.Context, key string, _ *io.SectionReader, _ remote.PutOptions) (remote.Object, error) {
	*k = keyOnly(key)
	return remote.Object{Key: key}, nil
}
