package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/remote"
)

// Checkpoint writes the present tree to the store as a checkpoint, and gives its
// commit number. Segments that an earlier checkpoint wrote with the same content
// are not written again.
func (x *Index) Checkpoint(ctx context.Context, s remote.Store) (int64, error) {
	c, err := x.copyTree(ctx)
	if err != nil {
		return 0, err
	}
	defer c.close()
	return c.n, c.publish(ctx, s, c.n, c.epoch)
}

// treeCopy is the tree of one commit on its way to the store: the segments in a file,
// so that the index is not held, and grows, while the network takes its time.
type treeCopy struct {
	n        int64
	epoch    string
	file     *os.File // beside the index, without a name
	segments []copiedSegment
	folders  []folderLine
	settings *Settings // nil where nothing was set
	// anew: segments that are in the store already are not trusted.
	anew bool
}

// copiedSegment is a segment, and where it lies in the file.
type copiedSegment struct {
	segmentRef
	at, size int64
}

// copyTree takes a copy of the present tree.
func (x *Index) copyTree(ctx context.Context) (*treeCopy, error) {
	file, err := os.CreateTemp(filepath.Dir(x.path), "checkpoint-*")
	if err != nil {
		return nil, err
	}
	c := &treeCopy{file: file}
	if err := errors.Join(os.Remove(file.Name()), c.fill(ctx, x)); err != nil {
		c.close()
		return nil, fmt.Errorf("copying the tree: %w", err)
	}
	return c, nil
}

func (c *treeCopy) close() { c.file.Close() }

func (c *treeCopy) fill(ctx context.Context, x *Index) error {
	snap, err := x.snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.close()
	c.n, c.epoch = snap.n, snap.epoch
	if c.segments, err = snap.copySegments(ctx, c.file); err != nil {
		return err
	}
	if c.settings, err = snap.settings(ctx); err != nil {
		return err
	}
	c.folders, err = snap.folders(ctx)
	return err
}

// publish writes the copy as the checkpoint of commit n: the segments first, the
// manifest that names them last.
func (c *treeCopy) publish(ctx context.Context, to remote.Store, n int64, epoch string) error {
	refs := make([]segmentRef, len(c.segments))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelReads) // nearly all are there already: a million tracks have 330
	for i, seg := range c.segments {
		refs[i] = seg.segmentRef
		g.Go(func() error {
			return putSegment(gctx, to, seg.Hash, io.NewSectionReader(c.file, seg.at, seg.size), c.anew)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return writeManifest(ctx, to, manifestHead{N: n, Epoch: epoch, Settings: c.settings}, refs, c.folders)
}

// writeManifest writes what makes segments a checkpoint.
func writeManifest(ctx context.Context, to remote.Putter, head manifestHead, refs []segmentRef, folders []folderLine) error {
	head.Format, head.Segments, head.Folders = commitFormat, len(refs), len(folders)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	err := enc.Encode(head)
	for i := 0; err == nil && i < len(refs); i++ {
		err = enc.Encode(refs[i])
	}
	for i := 0; err == nil && i < len(folders); i++ {
		err = enc.Encode(folders[i])
	}
	if err != nil {
		return err
	}
	body, err := pack(text.Bytes())
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%s%020d-%s", manifestPrefix, head.N, bodyHash(body)[:32])
	_, err = to.Put(ctx, key, section(body), remote.PutOptions{ContentType: "application/zstd"})
	return err
}

// putSegment writes a segment, unless it stands there already and anew is not set.
func putSegment(ctx context.Context, s remote.Store, hash string, body *io.SectionReader, anew bool) error {
	_, err := s.Head(ctx, segmentPrefix+hash)
	if errors.Is(err, remote.ErrNotFound) || err == nil && anew {
		_, err = s.Put(ctx, segmentPrefix+hash, body, remote.PutOptions{ContentType: "application/zstd"})
	}
	return err
}

func bodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
