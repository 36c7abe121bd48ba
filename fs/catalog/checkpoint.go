package catalog

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

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
	// Other: it holds no files.
	Other bool `json:"other,omitempty"`
}

// folderLine is a folder in a manifest.
type folderLine struct {
	Entry
	// Bare: it has no files of its own, so it is here whole with the folders.
	Bare bool `json:"bare,omitempty"`
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

func readManifest(ctx context.Context, s remote.Getter, key string) (head manifestHead, refs []segmentRef, folders []folderLine, err error) {
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
		folders, err = readFolders(l.rest, head.Folders)
	}
	return head, refs, folders, err
}

// readFolders reads n folders, in parts side by side: a person waits for them.
func readFolders(text []byte, n int) ([]folderLine, error) {
	parts := make([][]folderLine, runtime.GOMAXPROCS(0))
	var g errgroup.Group
	for i := range parts {
		cut := len(text) / (len(parts) - i)
		if end := bytes.IndexByte(text[cut:], '\n'); end >= 0 {
			cut += end + 1
		} else {
			cut = len(text)
		}
		part := text[:cut]
		text = text[cut:]
		g.Go(func() (err error) {
			parts[i], err = readPart(&lines{part})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	folders := slices.Concat(parts...)
	if len(folders) != n {
		return nil, fmt.Errorf("%d folders, %d are said to be there: %w", len(folders), n, ErrCorrupt)
	}
	return folders, nil
}

// readPart reads folders to the end of the text.
func readPart(l *lines) (folders []folderLine, err error) {
	for {
		var e folderLine
		if err := l.next(&e); err == io.EOF {
			return folders, nil
		} else if err != nil {
			return nil, fmt.Errorf("folder: %v: %w", err, ErrCorrupt)
		}
		if e.ID != Root && (e.Kind != Dir || checkEntry(&e.Entry) != nil) {
			return nil, fmt.Errorf("entry %s is no folder: %w", e.ID, ErrCorrupt)
		}
		folders = append(folders, e)
	}
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
