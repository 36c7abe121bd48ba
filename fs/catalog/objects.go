package catalog

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/unicode/norm"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

// What our objects say of themselves in their metadata, for the day the catalog
// is lost.
const (
	metaPath = "lockerfs-path"
	metaTime = "lockerfs-mtime" // nanoseconds since 1970, UTC
	metaHash = "lockerfs-sha256"
	// metaLocker tells whose object it is: others may be copied here from another locker.
	metaLocker = "lockerfs-locker"
)

// maxMetaPath bounds the path in the metadata: S3 allows 2 KiB for all of it after
// encoding, which can triple a path.
const maxMetaPath = 560

// ObjectMetadata is what an object is uploaded with: its locker path, its time in
// nanoseconds since 1970, its hash. A very long path is left to the key.
func ObjectMetadata(lockerPath string, mtime int64, h Hash) map[string]string {
	m := map[string]string{metaTime: strconv.FormatInt(mtime, 10), metaHash: h.String()}
	if len(lockerPath) <= maxMetaPath {
		m[metaPath] = lockerPath
	}
	return m
}

// ObjectMetadata is the function of that name, for an object of the locker that the index
// is tied to.
func (x *Index) ObjectMetadata(ctx context.Context, lockerPath string, mtime int64, h Hash) (map[string]string, error) {
	m := ObjectMetadata(lockerPath, mtime, h)
	locker, _, err := x.Bound(ctx)
	if locker != "" {
		m[metaLocker] = locker
	}
	return m, err
}

// Found is what a search for our objects found.
type Found struct {
	// Files are in the rebuilt catalog.
	Files int `json:"files"`
	// Older are objects whose path a newer object has.
	Older int `json:"older"`
	// Foreign are objects that lockerfs did not write, or that say nothing sound.
	Foreign int `json:"foreign"`
	// Untagged are audio files whose tags could not be read again.
	Untagged int `json:"untagged"`
}

// suffix is the random part of our keys: see library.ObjectKey.
var suffix = regexp.MustCompile(`\.[0-9a-f]{12}(\.[^./]*)?$`)

// findObjects looks at every object in the store that may be ours, and gives the
// operations that create the tree they tell of.
func findObjects(ctx context.Context, s remote.Store, progress func(int)) (Found, []Op, error) {
	var found Found
	newest := map[string]remote.Object{}
	looked := 0
	for after := ""; ; {
		page, err := s.List(ctx, "", after, 0)
		if err != nil {
			return found, nil, fmt.Errorf("listing the objects: %w", err)
		}
		objects, err := headAll(ctx, s, page.Objects)
		if err != nil {
			return found, nil, err
		}
		for _, o := range objects {
			keep(newest, o, &found)
		}
		if looked += len(page.Objects); progress != nil {
			progress(looked)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	ops, err := createAll(ctx, s, newest, &found)
	return found, ops, err
}

// headAll describes the objects that may be ours: those not lockerfs's records,
// with the random part in their key.
func headAll(ctx context.Context, s remote.Store, objects []remote.Object) ([]remote.Object, error) {
	heads := make([]remote.Object, len(objects))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(32)
	for i, o := range objects {
		if heads[i] = o; strings.HasPrefix(o.Key, ".lockerfs/") || !suffix.MatchString(o.Key) {
			continue
		}
		g.Go(func() (err error) {
			heads[i], err = s.Head(gctx, o.Key)
			return err
		})
	}
	return heads, g.Wait()
}

// keep takes o if it is ours and the newest of its path.
func keep(newest map[string]remote.Object, o remote.Object, found *Found) {
	if strings.HasPrefix(o.Key, ".lockerfs/") {
		return
	}
	p, ok := objectPath(o)
	if !ok {
		found.Foreign++
		return
	}
	old, taken := newest[p]
	if taken {
		found.Older++
	}
	if !taken || o.ModTime.After(old.ModTime) || o.ModTime.Equal(old.ModTime) && o.Key > old.Key {
		newest[p] = o
	}
}

// objectPath is where o belongs in the tree; ok is false for what is not ours.
func objectPath(o remote.Object) (p string, ok bool) {
	var h Hash
	if h.UnmarshalText([]byte(o.Metadata[metaHash])) != nil || !h.Known() || checkKey(o.Key) != nil {
		return "", false
	}
	if p = o.Metadata[metaPath]; p == "" {
		p = suffix.ReplaceAllString(strings.TrimPrefix(o.Key, "Music/"), "$1")
	}
	p = norm.NFC.String(p)
	for i, part := range strings.Split(p, "/") {
		if library.ValidName(part) != nil || i == 0 && part == ".lockerfs" {
			return "", false
		}
	}
	return p, true
}

// objectTime is the time of o's file: the store's where the object tells none.
func objectTime(o remote.Object) int64 {
	mtime, err := strconv.ParseInt(o.Metadata[metaTime], 10, 64)
	if err != nil || mtime <= -maxTime || mtime >= maxTime {
		return o.ModTime.UnixNano()
	}
	return mtime
}

// createAll gives the operations that create the files, and the folders they need.
func createAll(ctx context.Context, s remote.Getter, objects map[string]remote.Object, found *Found) ([]Op, error) {
	paths := make([]string, 0, len(objects))
	for p := range objects {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	folders := map[string]ID{".": Root}
	var ops []Op
	var untagged atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for _, p := range paths {
		if underFile(p, objects) {
			found.Foreign++
			continue
		}
		o := objects[p]
		mtime := objectTime(o)
		parent := folderOps(path.Dir(p), mtime, folders, &ops)
		v := &Version{ID: NewID(), Size: o.Size, Object: Ref{Key: o.Key, ETag: o.ETag}}
		v.SHA256.UnmarshalText([]byte(o.Metadata[metaHash])) // objectPath has read it before
		e := &Entry{ID: NewID(), Parent: parent, Name: path.Base(p), Kind: File, Mode: 0o644, MTime: mtime, Version: v}
		ops = append(ops, Op{Verb: Create, At: mtime, Entry: e})
		found.Files++
		if tag.Audio(e.Name) {
			g.Go(func() error {
				info, err := tag.Read(remote.NewReaderAt(gctx, s, o), o.Size, e.Name)
				switch {
				case errors.Is(err, tag.ErrUnknown) || errors.Is(err, tag.ErrTruncated) || errors.Is(err, tag.ErrBroken):
					untagged.Add(1)
				case err != nil: // the store's: it must not be taken for a file without tags
					return fmt.Errorf("reading the tags of %s: %w", o.Key, err)
				}
				v.Tags = &info
				if checkVersion(v, 0) != nil {
					v.Tags = nil // more of them than a catalog takes
				}
				return nil
			})
		}
	}
	err := g.Wait()
	found.Untagged = int(untagged.Load())
	return ops, err
}

// underFile tells whether a part of p is itself the path of a file: no tree has both.
func underFile(p string, files map[string]remote.Object) bool {
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		if _, ok := files[dir]; ok {
			return true
		}
	}
	return false
}

// folderOps makes sure that folder dir is in folders, adding what creates it.
func folderOps(dir string, at int64, folders map[string]ID, ops *[]Op) ID {
	if id, ok := folders[dir]; ok {
		return id
	}
	parent := folderOps(path.Dir(dir), at, folders, ops)
	id := NewID()
	folders[dir] = id
	e := &Entry{ID: id, Parent: parent, Name: path.Base(dir), Kind: Dir, Mode: 0o755, MTime: at}
	*ops = append(*ops, Op{Verb: Create, At: at, Entry: e})
	return id
}

// NewObjectKey draws the key of a new object for the file at a locker path; see
// [library.ObjectKey].
func NewObjectKey(lockerPath string) string {
	var random [6]byte
	rand.Read(random[:]) // never fails
	return library.ObjectKey(lockerPath, random)
}
