package catalog

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	manifestPrefix = ".lockerfs/checkpoint/manifest/"
	segmentPrefix  = ".lockerfs/checkpoint/segment/"
)

// Bounds of a checkpoint's objects, in bytes.
const (
	maxManifestBody, maxManifestText = 64 << 20, 256 << 20
	maxSegmentBody, maxSegmentText   = 16 << 20, segmentSize + 1<<20
)

// manifestHead is the first line of a manifest. The segments and the folders
// follow, a line each.
type manifestHead struct {
	Format int    `json:"lockerfs"`
	N      int64  `json:"n"`
	Epoch  string `json:"epoch"`
	// Segments and Folders count the lines that follow: a manifest cut short shows.
	Segments int `json:"segments"`
	Folders  int `json:"folders"`
	// Settings are nil where nothing was set.
	Settings *Settings `json:"settings,omitempty"`
}

// segmentRef names a segment: the files, and the past, of the folders whose ids
// lie from First to Last.
type segmentRef struct {
	Hash  string `json:"segment"`
	First ID     `json:"first"`
	Last  ID     `json:"last"`
	Lines int    `json:"lines"`
}

// segmentLine is one line of a segment: a file, something past, or an object that was
// given up or is ignored.
type segmentLine struct {
	Entry     *Entry     `json:"entry,omitempty"`
	Past      *Past      `json:"past,omitempty"`
	Condemned *condemned `json:"condemned,omitempty"`
	Ignored   *ignored   `json:"ignored,omitempty"`
}

// cutMask decides where segments are cut: after a folder whose id has these bits
// clear, one in 256. Ids are random and stay, so a change in one folder changes
// one segment and leaves the cuts of all others where they were.
const cutMask = 0xff

// NewestCheckpoint gives the number of the newest manifest in the store, whether
// it is good or not; 0 for none.
func NewestCheckpoint(ctx context.Context, s remote.Lister) (int64, error) {
	keys, err := manifests(ctx, s)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	n, _, _ := parseManifestKey(keys[len(keys)-1])
	return n, nil
}

// manifests lists the manifests' keys, oldest first.
func manifests(ctx context.Context, s remote.Lister) ([]string, error) {
	var keys []string
	for after := ""; ; {
		page, err := s.List(ctx, manifestPrefix, after, 0)
		if err != nil {
			return nil, fmt.Errorf("listing checkpoints: %w", err)
		}
		for _, o := range page.Objects {
			if _, _, ok := parseManifestKey(o.Key); ok {
				keys = append(keys, o.Key)
			}
		}
		if after = page.Next; after == "" {
			return keys, nil
		}
	}
}

func parseManifestKey(key string) (n int64, hash string, ok bool) {
	digits, hash, ok := strings.Cut(path.Base(key), "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, hash, ok && err == nil && n > 0 && len(digits) == 20 && len(hash) == 32
}

// load takes one checkpoint into the index, whole or not at all.
func (x *Index) load(ctx context.Context, s remote.Getter, format Format, key string) error {
	head, refs, folders, err := readManifest(ctx, s, key)
	if err != nil {
		return err
	}
	if head.Epoch != format.Epoch {
		return fmt.Errorf("epoch %.40q: %w", head.Epoch, ErrEpoch)
	}
	return x.update(ctx, func(st *txState) error {
		if err := st.begin(format, head.N); err != nil {
			return err
		}
		if err := st.restoreSettings(head.Settings); err != nil {
			return err
		}
		for _, e := range folders {
			if err := st.restore(segmentLine{Entry: &e}, Dir); err != nil {
				return err
			}
		}
		for len(refs) > 0 {
			batch := refs[:min(parallelReads, len(refs))]
			refs = refs[len(batch):]
			if err := st.loadSegments(ctx, s, batch); err != nil {
				return err
			}
		}
		return st.checkTree(len(folders))
	})
}

func (s *txState) loadSegments(ctx context.Context, from remote.Getter, refs []segmentRef) error {
	bodies := make([][]byte, len(refs))
	g, gctx := errgroup.WithContext(ctx)
	for i, ref := range refs {
		g.Go(func() (err error) {
			bodies[i], err = get(gctx, from, segmentPrefix+ref.Hash, maxSegmentBody)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, ref := range refs {
		if bodyHash(bodies[i]) != ref.Hash {
			return fmt.Errorf("segment %.16s is not what its name says: %w", ref.Hash, ErrCorrupt)
		}
		text, err := unpack(bodies[i], maxSegmentText)
		if err != nil {
			return fmt.Errorf("segment %.16s: %v: %w", ref.Hash, err, ErrCorrupt)
		}
		err = readLines(&lines{text}, ref.Lines, func(line *segmentLine) error { return s.restore(*line, File) })
		if err != nil {
			return fmt.Errorf("segment %.16s: %w", ref.Hash, err)
		}
	}
	return nil
}

// restore takes one entry of a checkpoint, under the same rules as Apply.
func (s *txState) restore(line segmentLine, kind Kind) error {
	switch {
	case line.Past != nil:
		past := &line.Past.Entry
		if err := checkEntry(past); err != nil || !past.ID.valid() || past.Version != nil && !past.Version.ID.valid() {
			return fmt.Errorf("past entry: %v: %w", err, ErrCorrupt)
		}
		return corruptIfConstraint(s.keep(*line.Past))
	case line.Condemned != nil:
		return s.restoreCondemned(line.Condemned)
	case line.Ignored != nil:
		return s.restoreIgnored(line.Ignored)
	case line.Entry == nil:
		return fmt.Errorf("empty line: %w", ErrCorrupt)
	}
	e := line.Entry
	if e.ID == Root && kind == Dir {
		r := root()
		r.MTime, r.Mode, r.Xattrs = e.MTime, e.Mode, e.Xattrs
		if err := checkShared(&r); err != nil {
			return fmt.Errorf("root: %v: %w", err, ErrCorrupt)
		}
		return s.Put(r)
	}
	if err := checkEntry(e); err != nil || e.Kind != kind {
		return fmt.Errorf("entry %s, a %s: %v: %w", e.ID, e.Kind, err, ErrCorrupt)
	}
	if !e.ID.valid() || e.Version != nil && !e.Version.ID.valid() {
		return fmt.Errorf("entry %s: id out of range: %w", e.ID, ErrCorrupt)
	}
	// Ids and names given twice are caught by the index's own unique columns.
	return corruptIfConstraint(s.insert(*e))
}

// corruptIfConstraint tells a checkpoint that contradicts itself from a failing disk.
func corruptIfConstraint(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT {
		return fmt.Errorf("%v: %w", err, ErrCorrupt)
	}
	return err
}

// checkTree makes sure that every entry hangs in the tree: it counts the folders
// that can be reached from the root, and the entries whose folder is none. What hangs
// under the root is a tree, so the walk ends.
func (s *txState) checkTree(folders int) error {
	var reached, lost int
	_, err := s.one(`WITH RECURSIVE t(id) AS (SELECT 1 UNION ALL
		SELECT e.id FROM entry e JOIN t ON e.parent = t.id WHERE e.kind = 1)
		SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM entry e
			WHERE e.id <> 1 AND NOT EXISTS (SELECT 1 FROM entry p WHERE p.id = e.parent AND p.kind = 1))`, nil, &reached, &lost)
	if err != nil {
		return err
	}
	if reached != folders || lost > 0 {
		return fmt.Errorf("%d of %d folders hang in the tree, %d entries have no folder: %w", reached, folders, lost, ErrCorrupt)
	}
	return nil
}

func readManifest(ctx context.Context, s remote.Getter, key string) (head manifestHead, refs []segmentRef, folders []Entry, err error) {
	body, err := get(ctx, s, key, maxManifestBody)
	if err != nil {
		return head, nil, nil, err
	}
	n, hash, _ := parseManifestKey(key)
	if bodyHash(body)[:32] != hash {
		return head, nil, nil, fmt.Errorf("manifest is not what its name says: %w", ErrCorrupt)
	}
	text, err := unpack(body, maxManifestText)
	if err != nil {
		return head, nil, nil, fmt.Errorf("manifest: %v: %w", err, ErrCorrupt)
	}
	l := lines{text}
	if err := l.next(&head); err != nil {
		return head, nil, nil, fmt.Errorf("manifest: %v: %w", err, ErrCorrupt)
	}
	if head.Format > commitFormat {
		return head, nil, nil, fmt.Errorf("manifest format %d: %w", head.Format, ErrNewer)
	}
	if head.N != n {
		return head, nil, nil, fmt.Errorf("manifest of commit %d says %d: %w", n, head.N, ErrCorrupt)
	}
	err = readLines(&l, head.Segments, func(ref *segmentRef) error {
		if _, err := hex.DecodeString(ref.Hash); err != nil || len(ref.Hash) != 64 {
			return fmt.Errorf("segment name %.80q: %w", ref.Hash, ErrCorrupt)
		}
		refs = append(refs, *ref)
		return nil
	})
	if err == nil {
		err = readLines(&l, head.Folders, func(e *Entry) error {
			if e.ID != Root && (e.Kind != Dir || checkEntry(e) != nil) {
				return fmt.Errorf("entry %s is no folder: %w", e.ID, ErrCorrupt)
			}
			folders = append(folders, *e)
			return nil
		})
	}
	return head, refs, folders, err
}

// readLines reads n JSON values and gives each to f. n is a claim: nothing is kept
// that f has not looked at.
func readLines[T any](l *lines, n int, f func(*T) error) error {
	for i := range n {
		var v T
		if err := l.next(&v); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("line %d of %d: %v: %w", i+1, n, err, ErrCorrupt)
		}
		if err := f(&v); err != nil {
			return err
		}
	}
	return nil
}
