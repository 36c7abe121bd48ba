package catalog

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/lockerfs/lockerfs/remote"
)

// Publish makes a tree that no index holds the catalog of a place that has none, as
// rebuilding does: a checkpoint and one empty commit. folders are all but the root; it
// sorts them. files come folder by folder in the order of the folders' ids, and in byte
// order of their names, so that nothing is held. scratch is a folder for a copy of the
// segments. The tree is not looked at: devices that read it do that.
func Publish(ctx context.Context, s remote.Store, scratch string, folders []Entry, files iter.Seq[*Entry]) (Format, error) {
	file, err := os.CreateTemp(scratch, "publish-*")
	if err != nil {
		return Format{}, err
	}
	tree := &treeCopy{file: file, folders: make([]folderLine, 0, len(folders)+1)}
	defer tree.close()
	full := map[ID]struct{}{}
	if tree.segments, err = segmentsOf(file, files, full); err == nil {
		err = os.Remove(file.Name())
	}
	for _, e := range append(folders, root()) {
		_, has := full[e.ID]
		tree.folders = append(tree.folders, folderLine{e, !has})
	}
	slices.SortFunc(tree.folders, func(a, b folderLine) int { return cmp.Compare(a.ID, b.ID) })
	if err != nil {
		return Format{}, fmt.Errorf("writing the segments: %w", err)
	}
	return publishAnew(ctx, s, tree, NewCommitID())
}

// segmentsOf writes files as segments, and notes their folders.
func segmentsOf(file io.Writer, files iter.Seq[*Entry], full map[ID]struct{}) ([]copiedSegment, error) {
	w := segmentWriter{file: file}
	for e := range files {
		full[e.Parent] = struct{}{}
		if err := w.addFile(e); err != nil {
			return nil, err
		}
	}
	err := w.flush()
	return w.segments, err
}
