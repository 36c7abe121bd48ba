package remotetest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// maxPage is the most objects in one page of a listing, S3's own limit.
const maxPage = 1000

// Memory is a store in this process's memory: strict about the contract, with MD5
// ETags as S3 has them, and able to play a store that treats conditions worse.
type Memory struct {
	mu      sync.Mutex // guards all below; nothing is called while it is held
	objects map[string]version
	keys    []string // keys of objects in byte order
	treat   remote.Conditions
	now     func() time.Time
}

// version is one object's content; it never changes once it is in the map.
type version struct {
	object  remote.Object
	content []byte
}

var _ remote.Store = (*Memory)(nil)

// NewMemory gives an empty store that enforces every condition.
func NewMemory() *Memory {
	return &Memory{
		objects: make(map[string]version),
		treat:   remote.Conditions{Create: remote.Enforced, Replace: remote.Enforced, Read: remote.Enforced},
		now:     time.Now,
	}
}

// Treat makes the store treat conditions as c says from now on.
func (m *Memory) Treat(c remote.Conditions) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.treat = c
}

// SetClock replaces the store's clock, which stamps ModTime. now is called under
// the store's lock and must not call the store.
func (m *Memory) SetClock(now func() time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = now
}

// Get implements [remote.Getter].
func (m *Memory) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	fail := func(err error) (io.ReadCloser, remote.Object, error) {
		return nil, remote.Object{}, fmt.Errorf("get %q: %w", key, err)
	}
	v, treat, err := m.find(ctx, key)
	if err != nil {
		return fail(err)
	}
	if ifMatch != "" && treat.Read == remote.Refused {
		return fail(remote.ErrNotImplemented)
	}
	if ifMatch != "" && treat.Read == remote.Enforced && ifMatch != v.object.ETag {
		return fail(remote.ErrPrecondition)
	}
	n, err := r.Within(v.object.Size)
	if err != nil {
		return fail(err)
	}
	return &memoryBody{ctx: ctx, r: bytes.NewReader(v.content[r.Offset : r.Offset+n])}, v.describe(), nil
}

// Head implements [remote.Header].
func (m *Memory) Head(ctx context.Context, key string) (remote.Object, error) {
	v, _, err := m.find(ctx, key)
	if err != nil {
		return remote.Object{}, fmt.Errorf("head %q: %w", key, err)
	}
	return v.describe(), nil
}

func (m *Memory) find(ctx context.Context, key string) (version, remote.Conditions, error) {
	if err := ready(ctx, key); err != nil {
		return version{}, remote.Conditions{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.objects[key]
	if !ok {
		return version{}, m.treat, remote.ErrNotFound
	}
	return v, m.treat, nil
}

// Put implements [remote.Putter].
func (m *Memory) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	object, err := m.put(ctx, key, body, o)
	if err != nil {
		return remote.Object{}, fmt.Errorf("put %q: %w", key, err)
	}
	return object, nil
}

func (m *Memory) put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	if err := ctx.Err(); err != nil {
		return remote.Object{}, err
	}
	if err := remote.CheckPut(key, body, o); err != nil {
		return remote.Object{}, err
	}
	content := make([]byte, body.Size())
	if n, err := body.ReadAt(content, 0); n < len(content) {
		return remote.Object{}, fmt.Errorf("%w: body: %w", remote.ErrInvalid, err)
	}
	if err := errors.Join(remote.WaitPace(ctx, len(content)), ctx.Err()); err != nil {
		return remote.Object{}, err
	}
	sum := md5.Sum(content)
	v := version{content: content, object: remote.Object{
		Key: key, Size: int64(len(content)), ETag: hex.EncodeToString(sum[:]), Metadata: maps.Clone(o.Metadata),
	}}

	m.mu.Lock()
	defer m.mu.Unlock()
	old, there := m.objects[key]
	if err := m.allow(o.If, old.object.ETag, there); err != nil {
		return remote.Object{}, err
	}
	v.object.ModTime = m.now()
	if i, found := slices.BinarySearch(m.keys, key); !found {
		m.keys = slices.Insert(m.keys, i, key)
	}
	m.objects[key] = v
	return v.describe(), nil
}

// allow decides on a condition; m.mu is held.
func (m *Memory) allow(c remote.Condition, etag string, there bool) error {
	switch {
	case c.Absent && m.treat.Create == remote.Refused, c.ETag != "" && m.treat.Replace == remote.Refused:
		return remote.ErrNotImplemented
	case c.Absent && m.treat.Create == remote.Enforced && there:
		return remote.ErrExists
	case c.ETag != "" && m.treat.Replace == remote.Enforced && (!there || etag != c.ETag):
		return remote.ErrPrecondition
	}
	return nil
}

// Delete implements [remote.Deleter].
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := ready(ctx, key); err != nil {
		return fmt.Errorf("delete %q: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	if i, found := slices.BinarySearch(m.keys, key); found {
		m.keys = slices.Delete(m.keys, i, i+1)
	}
	return nil
}

// List implements [remote.Lister].
func (m *Memory) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	if err := ctx.Err(); err != nil {
		return remote.Page{}, fmt.Errorf("list %q: %w", prefix, err)
	}
	if limit < 0 {
		return remote.Page{}, fmt.Errorf("list %q: %w: limit %d", prefix, remote.ErrInvalid, limit)
	}
	if limit == 0 || limit > maxPage {
		limit = maxPage
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i, found := slices.BinarySearch(m.keys, max(prefix, after))
	if found && after >= prefix {
		i++
	}
	var page remote.Page
	for ; i < len(m.keys) && strings.HasPrefix(m.keys[i], prefix); i++ {
		if len(page.Objects) == limit {
			page.Next = page.Objects[limit-1].Key
			break
		}
		object := m.objects[m.keys[i]].object
		object.Metadata = nil
		page.Objects = append(page.Objects, object)
	}
	return page, nil
}

func (v version) describe() remote.Object {
	object := v.object
	object.Metadata = maps.Clone(v.object.Metadata)
	return object
}

func ready(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !remote.ValidKey(key) {
		return remote.ErrInvalid
	}
	return nil
}

// memoryBody ends with its context, as a body from the network does.
type memoryBody struct {
	ctx context.Context
	r   *bytes.Reader
}

func (b *memoryBody) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.r.Read(p)
}

func (b *memoryBody) Close() error { return nil }
