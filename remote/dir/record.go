package dir

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	attrName = "user.lockerfs.object"
	// maxRecord is the most a record takes: the metadata twice over for JSON's
	// escapes, and room for the rest.
	maxRecord = 3 * remote.MaxMetadata
	// maxCandidates is how many records of other versions are looked at to find
	// the metadata of a file whose time alone has changed.
	maxCandidates = 16
	// settled is how long a file must have been left alone before its computed
	// ETag is remembered: a later write within the file system's time step would
	// not show in its time.
	settled = 3 * time.Second
)

// record is what is remembered about one version of an object. It holds for a file
// of exactly this size and time. Metadata values are escaped as in S3 headers.
type record struct {
	ETag     string            `json:"etag"`
	Size     int64             `json:"size"`
	ModTime  int64             `json:"mtime_ns"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

func (r record) fits(info os.FileInfo) bool {
	return r.Size == info.Size() && r.ModTime == info.ModTime().UnixNano()
}

func (r record) object(key string, info os.FileInfo) remote.Object {
	object := remote.Object{Key: key, Size: info.Size(), ETag: r.ETag, ModTime: info.ModTime()}
	if len(r.Metadata) > 0 {
		object.Metadata = make(map[string]string, len(r.Metadata))
		for k, v := range r.Metadata {
			object.Metadata[k] = remote.UnescapeMetadata(v)
		}
	}
	return object
}

func parseRecord(text []byte) (record, bool) {
	var r record
	if len(text) > maxRecord || json.Unmarshal(text, &r) != nil {
		return record{}, false
	}
	sum, err := hex.DecodeString(r.ETag)
	return r, err == nil && len(sum) == md5.Size && r.Size >= 0
}

// describe gives the record of an open object: the remembered one, or one made by
// reading the file, which then is remembered if it can be. With errBusy it gives a
// passing one.
func describe(ctx context.Context, root *folder, key string, f *os.File, info os.FileInfo) (record, error) {
	known, found := root.readAttr(f)
	if found && known.fits(info) {
		return known, nil
	}
	if r, ok := readSidecar(root, sidecar(key, info)); ok && r.fits(info) {
		return r, nil
	}
	r, err := compute(ctx, f, info)
	if err != nil {
		return r, err
	}
	if found && known.ETag == r.ETag {
		r.Metadata = known.Metadata
	} else {
		r.Metadata = metadataOf(root, key, r.ETag)
	}
	if time.Since(info.ModTime()) > settled {
		_ = r.remember(root, key, f, info) // it will be computed again
	}
	return r, nil
}

// errBusy: the file changed while it was read, so that its ETag says little.
var errBusy = fmt.Errorf("%w: the file is being written by another program", remote.ErrThrottled)

// compute reads the file. With errBusy it gives what it found all the same.
func compute(ctx context.Context, f *os.File, info os.FileInfo) (record, error) {
	hash := md5.New()
	n, err := io.Copy(hash, &contextReader{ctx: ctx, r: io.NewSectionReader(f, 0, info.Size())})
	if err != nil {
		return record{}, err
	}
	now, err := f.Stat()
	if err != nil {
		return record{}, err
	}
	r := record{ETag: hex.EncodeToString(hash.Sum(nil)), Size: n, ModTime: info.ModTime().UnixNano()}
	if !r.fits(now) {
		return r, errBusy
	}
	return r, nil
}

// remember keeps r with the file, or beside it where files have no attributes.
func (r record) remember(root *folder, key string, f *os.File, info os.FileInfo) error {
	text, err := r.text()
	if err != nil {
		return err
	}
	if root.setAttr(f, text) == nil {
		return nil
	}
	return writeSidecar(root, sidecar(key, info), text)
}

func (r record) text() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return bytes.TrimSpace(b.Bytes()), err
}

func (r *folder) setAttr(f *os.File, text []byte) error {
	if r.bare {
		return errors.ErrUnsupported
	}
	return setAttr(f, attrName, text)
}

func (r *folder) readAttr(f *os.File) (record, bool) {
	if r.bare {
		return record{}, false
	}
	text := make([]byte, maxRecord)
	n, err := getAttr(f, attrName, text)
	if err != nil {
		return record{}, false
	}
	return parseRecord(text[:n])
}

// sidecarFolder holds the records of the versions of key.
func sidecarFolder(key string) string {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	return path.Join(metaDir, name[:2], name)
}

// sidecar names the record of one version, so that record and file belong together
// at every moment although they cannot be replaced at once.
func sidecar(key string, info os.FileInfo) string {
	return fmt.Sprintf("%s/%d-%d", sidecarFolder(key), info.ModTime().UnixNano(), info.Size())
}

func readSidecar(root *folder, name string) (record, bool) {
	f, err := root.Open(name)
	if err != nil {
		return record{}, false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err != nil {
		return record{}, false
	}
	return parseRecord(text)
}

func writeSidecar(root *folder, name string, text []byte) error {
	tmp := tmpDir + "/" + rand.Text()
	if err := root.WriteFile(tmp, text, 0o644); err != nil {
		return err
	}
	defer root.Remove(tmp)
	if err := syncIn(root, tmp); err != nil {
		return err
	}
	for {
		err := root.MkdirAll(path.Dir(name), 0o755)
		if err == nil {
			err = root.Rename(tmp, name)
		}
		if err == nil {
			return syncUp(root, name)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if _, gone := root.Lstat(tmp); gone != nil {
			return err // not a folder that a delete removed meanwhile
		}
	}
}

// metadataOf finds the metadata of a file whose content has not changed, only its
// time, as in a copy of the folder that did not keep times.
func metadataOf(root *folder, key, etag string) map[string]string {
	for _, name := range sidecars(root, key) {
		if r, ok := readSidecar(root, name); ok && r.ETag == etag {
			return r.Metadata
		}
	}
	return nil
}

func sidecars(root *folder, key string) []string {
	folder := sidecarFolder(key)
	dir, err := root.Open(folder)
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxCandidates)
	for i := range names {
		names[i] = folder + "/" + names[i]
	}
	return names
}

// dropSidecars removes the records of all versions of key but keep; no other writer
// is at work. A record that stays all the same is only a small file too many.
func dropSidecars(root *folder, key, keep string) {
	for _, name := range sidecars(root, key) {
		if name != keep {
			_ = root.Remove(name)
		}
	}
}

// dropSidecar removes the record of one version, others may be in use.
func dropSidecar(root *folder, key string, version os.FileInfo) {
	if root.Remove(sidecar(key, version)) != nil {
		return
	}
	folder := sidecarFolder(key)
	if removeFolder(root, folder) == nil {
		_ = removeFolder(root, path.Dir(folder))
	}
}

func escaped(metadata map[string]string) map[string]string {
	out := make(map[string]string, len(metadata))
	for k, v := range metadata {
		out[k] = remote.EscapeMetadata(v)
	}
	return out
}
