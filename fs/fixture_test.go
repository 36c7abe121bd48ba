package fs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// epoch is long ago, with nanoseconds, so that a time that was invented shows.
const epoch = 1_600_000_000_123_456_789

// world is a file system over a real index whose bytes are in memory.
type world struct {
	t     *testing.T
	index *catalog.Index
	bytes *memory
	fs    *FS
	n     int64 // last commit
	clock int64
	run   string
}

func newWorld(t *testing.T, opts Options) *world {
	t.Helper()
	w := emptyWorld(t, opts)
	if err := w.index.MarkSynced(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// emptyWorld is one whose device has not read the catalog yet.
func emptyWorld(t *testing.T, opts Options) *world {
	t.Helper()
	index, err := catalog.OpenIndex(t.Context(), filepath.Join(t.TempDir(), "index"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { index.Close() })
	w := &world{t: t, index: index, clock: epoch, run: strings.Repeat("e", 32),
		bytes: &memory{versions: map[catalog.ID][]byte{}, stalled: map[catalog.ID]bool{}, present: map[catalog.ID]int64{}, files: map[catalog.ID]*os.File{}}}
	t.Cleanup(w.bytes.closeFiles) // after unmounting
	if err := index.Bind(t.Context(), catalog.Format{Format: 1, Locker: strings.Repeat("a", 32), Epoch: w.run}); err != nil {
		t.Fatal(err)
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	w.fs = New(index, w.bytes, index, opts)
	return w
}

// commit applies ops as the next commit and gives what changed.
func (w *world) commit(ops ...catalog.Op) []catalog.Change {
	w.t.Helper()
	w.n++
	for i := range ops {
		w.clock += int64(time.Second)
		ops[i].At = w.clock
	}
	c := catalog.Commit{Header: catalog.Header{N: w.n, ID: catalog.NewCommitID(), Epoch: w.run, Time: w.clock}, Ops: ops}
	body, err := c.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	done, err := w.index.Apply(context.Background(), w.n, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if done.Invalid != nil {
		w.t.Fatal(done.Invalid)
	}
	return done.Changes
}

// change commits ops and tells the file system.
func (w *world) change(ops ...catalog.Op) {
	w.t.Helper()
	w.fs.Changed(w.commit(ops...))
}

func folderOp(parent catalog.ID, name string) (catalog.ID, catalog.Op) {
	e := catalog.Entry{ID: catalog.NewID(), Parent: parent, Name: name, Kind: catalog.Dir, Mode: 0o755, MTime: epoch}
	return e.ID, catalog.Op{Verb: catalog.Create, Entry: &e}
}

// fileOp makes the operation that creates a file with content.
func (w *world) fileOp(parent catalog.ID, name string, content []byte) (catalog.ID, catalog.Op) {
	e := catalog.Entry{ID: catalog.NewID(), Parent: parent, Name: name, Kind: catalog.File, Mode: 0o644, MTime: epoch,
		Version: w.bytes.version(content)}
	return e.ID, catalog.Op{Verb: catalog.Create, Entry: &e}
}

func (w *world) folder(parent catalog.ID, name string) catalog.ID {
	w.t.Helper()
	id, op := folderOp(parent, name)
	w.change(op)
	return id
}

func (w *world) file(parent catalog.ID, name string, content []byte) catalog.ID {
	w.t.Helper()
	id, op := w.fileOp(parent, name, content)
	w.change(op)
	return id
}

func (w *world) replaceOp(file catalog.ID, content []byte) catalog.Op {
	mtime := w.clock
	return catalog.Op{Verb: catalog.Replace, ID: file, Version: w.bytes.version(content), MTime: &mtime}
}

// node gives what the kernel calls the entry at path.
func (w *world) node(path string) uint64 {
	w.t.Helper()
	e, err := w.index.Resolve(context.Background(), path)
	if err != nil {
		w.t.Fatal(err)
	}
	return uint64(e.Attr().Node)
}

func header(node uint64) fuse.InHeader { return fuse.InHeader{NodeId: node} }

// memory holds contents, and can make readers wait.
type memory struct {
	mu       sync.Mutex // guards the fields below
	versions map[catalog.ID][]byte
	stalled  map[catalog.ID]bool
	present  map[catalog.ID]int64
	files    map[catalog.ID]*os.File // contents that are here whole
	opened   int
	closed   int
	reads    int
	failure  error
	// How many reads have waited, and how many of them were interrupted.
	waited, interrupted int
}

// version makes a version of content known.
func (m *memory) version(content []byte) *catalog.Version {
	v := &catalog.Version{ID: catalog.NewID(), Size: int64(len(content)), SHA256: sha256.Sum256(content)}
	v.Object = catalog.Ref{Key: "Music/" + v.ID.String() + ".bin", ETag: "e"}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.versions[v.ID] = content
	return v
}

func (m *memory) stall(node uint64, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stalled[catalog.ID(node)] = on
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

func (m *memory) balance() (opened, closed int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.opened, m.closed
}

func (m *memory) waiters() (waited, interrupted int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waited, m.interrupted
}

func (m *memory) Present(v *catalog.Version) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.present[v.ID]
}

func (m *memory) Open(_ context.Context, v *catalog.Version) (Content, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failure != nil {
		return nil, m.failure
	}
	m.opened++
	return &memoryContent{m: m, id: v.ID, bytes: m.versions[v.ID]}, nil
}

type memoryContent struct {
	m     *memory
	id    catalog.ID
	bytes []byte
}

func (c *memoryContent) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if c.m.isStalled(c.id) {
		<-ctx.Done()
		c.m.gaveUp(ctx.Err())
		return 0, ctx.Err()
	}
	return bytes.NewReader(c.bytes).ReadAt(p, off)
}

func (m *memory) isStalled(id catalog.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.stalled[id] {
		m.waited++
	}
	return m.stalled[id]
}

func (m *memory) gaveUp(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if errors.Is(err, context.Canceled) {
		m.interrupted++
	}
}

// Backing implements Backed.
func (c *memoryContent) Backing() (*os.File, bool) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	f, ok := c.m.files[c.id]
	return f, ok
}

// complete puts the content of a node into a file, as a cache does that has all of it.
func (m *memory) complete(t *testing.T, node uint64) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	path := filepath.Join(t.TempDir(), "whole")
	if err := os.WriteFile(path, m.versions[catalog.ID(node)], 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m.files[catalog.ID(node)] = f
}

func (m *memory) closeFiles() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.files {
		f.Close()
	}
}

// readCount is how many reads came to this process.
func (m *memory) readCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads
}

func (c *memoryContent) Close() {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.m.closed++
}

// pattern gives n bytes of which no two pages are alike.
func pattern(n, seed int) []byte {
	p := make([]byte, n)
	x := uint64(seed)*0x9e3779b97f4a7c15 + 1
	for i := range p {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		p[i] = byte(x)
	}
	return p
}

// eventually polls until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s still not: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// quiet is a log for tests that provoke what would be logged.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
