package fs

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
	"golang.org/x/text/unicode/norm"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func (w *world) lookup(parent uint64, name string) (fuse.EntryOut, fuse.Status) {
	var out fuse.EntryOut
	h := header(parent)
	s := w.fs.Lookup(nil, &h, name, &out)
	return out, s
}

func (w *world) getattr(node uint64) (fuse.AttrOut, fuse.Status) {
	var out fuse.AttrOut
	s := w.fs.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(node)}, &out)
	return out, s
}

func TestLookup(t *testing.T) {
	w := newWorld(t, Options{Owner: &Owner{UID: 7, GID: 8}, Umask: 0o027})
	dir := w.folder(catalog.Root, "Sigur Rós")
	file := w.file(dir, "01 Ágætis.ogg", pattern(1025, 1))
	out, s := w.lookup(uint64(dir), "01 Ágætis.ogg")
	if s != fuse.OK {
		t.Fatal(s)
	}
	if out.NodeId != w.node("Sigur Rós/01 Ágætis.ogg") || out.NodeId == uint64(file) || out.Ino != uint64(file) {
		t.Errorf("node %d, inode %d, entry %d: the node is the version, the inode the entry", out.NodeId, out.Ino, file)
	}
	if got, want := out.Mode, uint32(fuse.S_IFREG|0o640); got != want {
		t.Errorf("mode: got %o, want %o", got, want)
	}
	if out.Size != 1025 || out.Blocks != 3 || out.Nlink != 1 || out.Uid != 7 || out.Gid != 8 {
		t.Errorf("got %+v", out.Attr)
	}
	if got := out.ModTime().UnixNano(); got != epoch {
		t.Errorf("time: got %d, want %d", got, int64(epoch))
	}
	if out.EntryTimeout() != brief {
		t.Errorf("unmounted, the kernel cannot be told: got %v, want %v", out.EntryTimeout(), brief)
	}
	if out, s := w.lookup(1, "Sigur Rós"); s != fuse.OK || out.Mode != fuse.S_IFDIR|0o750 || out.Nlink != 1 {
		t.Errorf("folder: %v, %+v", s, out)
	}
}

func TestLookupFailures(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.file(dir, "file", nil)
	w.fs.validity = week
	for _, c := range []struct {
		what   string
		parent uint64
		name   string
		want   syscall.Errno
	}{
		{"unknown folder", 12345678, "file", syscall.ESTALE},
		{"impossible folder", 1 << 63, "file", syscall.ESTALE},
		{"file as folder", w.node("dir/file"), "x", syscall.ENOTDIR},
		{"long name", uint64(dir), strings.Repeat("x", 256), syscall.ENAMETOOLONG},
	} {
		if _, s := w.lookup(c.parent, c.name); s != fuse.Status(c.want) {
			t.Errorf("%s: got %v, want %v", c.what, s, c.want)
		}
	}
	out, s := w.lookup(uint64(dir), "missing")
	if s != fuse.OK || out.NodeId != 0 || out.EntryTimeout() != week {
		t.Errorf("a missing name is an answer to keep: %v, %+v", s, out)
	}
	if _, s := w.lookup(uint64(dir), "\xff\xfe"); s != fuse.OK {
		t.Errorf("a name that cannot be is missing: %v", s)
	}
}

func TestLookupOtherNormalForm(t *testing.T) {
	w := newWorld(t, Options{})
	w.folder(catalog.Root, "Sigur Rós")
	w.fs.validity = week
	out, s := w.lookup(1, norm.NFD.String("Sigur Rós"))
	if s != fuse.OK || out.NodeId != w.node("Sigur Rós") {
		t.Fatalf("got %v, %+v", s, out)
	}
	if out.EntryTimeout() != 0 || out.AttrTimeout() != week {
		t.Errorf("name kept for %v, attributes for %v", out.EntryTimeout(), out.AttrTimeout())
	}
	if out, s := w.lookup(1, norm.NFD.String("Mötley")); s != fuse.OK || out.NodeId != 0 || out.EntryTimeout() != 0 {
		t.Errorf("missing: %v, %+v", s, out)
	}
}

func TestDefaultModes(t *testing.T) {
	w := newWorld(t, Options{})
	for _, c := range []struct {
		attr catalog.Attr
		want uint32
	}{
		{catalog.Attr{Kind: catalog.Dir}, fuse.S_IFDIR | 0o755},
		{catalog.Attr{Kind: catalog.File}, fuse.S_IFREG | 0o644},
		{catalog.Attr{Kind: catalog.File, Mode: 0o600}, fuse.S_IFREG | 0o600},
		{catalog.Attr{Kind: catalog.File, Mode: 0o104755}, fuse.S_IFREG | 0o755},
	} {
		var out fuse.Attr
		w.fs.fill(&out, &c.attr)
		if out.Mode != c.want {
			t.Errorf("%+v: got %o, want %o", c.attr, out.Mode, c.want)
		}
	}
	before := catalog.Attr{Kind: catalog.File, MTime: -1}
	var out fuse.Attr
	w.fs.fill(&out, &before)
	if got := out.ModTime(); !got.Equal(time.Unix(0, -1)) || out.Mtimensec != 999_999_999 {
		t.Errorf("before 1970: got %v", got)
	}
}

func TestGetAttrOfPast(t *testing.T) {
	w := newWorld(t, Options{})
	file := w.file(catalog.Root, "song", pattern(100, 1))
	old := w.node("song")
	w.change(w.replaceOp(file, pattern(200, 2)))
	now := w.node("song")
	if old == now {
		t.Fatal("a new version has the node of the old one")
	}
	w.change(catalog.Op{Verb: catalog.Remove, ID: file})
	for node, size := range map[uint64]uint64{old: 100, now: 200} {
		if out, s := w.getattr(node); s != fuse.OK || out.Size != size || out.Ino != uint64(file) {
			t.Errorf("node %d: %v, %+v, want size %d", node, s, out.Attr, size)
		}
	}
	if _, s := w.getattr(99999999); s != fuse.Status(syscall.ESTALE) {
		t.Errorf("unknown node: got %v, want ESTALE", s)
	}
}

func TestAccess(t *testing.T) {
	w := newWorld(t, Options{})
	for _, c := range []struct {
		node uint64
		mask uint32
		want syscall.Errno
	}{
		{1, unix.R_OK | unix.X_OK, 0},
		{1, unix.W_OK, syscall.EROFS},
		{987654321, unix.R_OK, syscall.ESTALE},
	} {
		if s := w.fs.Access(nil, &fuse.AccessIn{InHeader: header(c.node), Mask: c.mask}); s != fuse.Status(c.want) {
			t.Errorf("%+v: got %v", c, s)
		}
	}
}

// Before the first sync names wait and fail; they are never missing.
func TestUnsynced(t *testing.T) {
	w := emptyWorld(t, Options{Timeout: 50 * time.Millisecond})
	began := time.Now()
	if _, s := w.lookup(1, "Artist"); s != fuse.EIO {
		t.Errorf("lookup: got %v, want EIO", s)
	}
	if took := time.Since(began); took < 50*time.Millisecond || took > 5*time.Second {
		t.Errorf("lookup took %v", took)
	}
	out, s := w.getattr(1)
	if s != fuse.OK || out.Timeout() != 0 {
		t.Errorf("root: got %v, kept for %v; want an answer that is not kept", s, out.Timeout())
	}
	list := fuse.NewDirEntryList(make([]byte, 4096), 0)
	if s := w.fs.ReadDir(nil, &fuse.ReadIn{InHeader: header(1)}, list); s != fuse.EIO {
		t.Errorf("readdir: got %v, want EIO", s)
	}
	interrupted := make(chan struct{})
	close(interrupted)
	var entry fuse.EntryOut
	h := header(1)
	if s := w.fs.Lookup(interrupted, &h, "Artist", &entry); s != fuse.EINTR {
		t.Errorf("interrupted lookup: got %v, want EINTR", s)
	}
}

func TestUnsyncedWaitsForSync(t *testing.T) {
	w := emptyWorld(t, Options{Timeout: 10 * time.Second})
	w.folder(catalog.Root, "Artist")
	answer := make(chan fuse.EntryOut)
	go func() {
		out, _ := w.lookup(1, "Artist")
		answer <- out
	}()
	if err := w.index.MarkSynced(context.Background()); err != nil {
		t.Fatal(err)
	}
	if out := <-answer; out.NodeId != w.node("Artist") {
		t.Errorf("got node %d", out.NodeId)
	}
}

// resyncing is a tree that turns out not to be whole while it is read, once.
type resyncing struct {
	Tree
	synced []bool
}

func (r *resyncing) Synced() bool {
	if len(r.synced) == 0 {
		return true
	}
	now := r.synced[0]
	r.synced = r.synced[1:]
	return now
}

func (r *resyncing) Child(ctx context.Context, parent catalog.ID, name string) (catalog.Attr, error) {
	if len(r.synced) > 0 {
		return catalog.Attr{}, catalog.ErrNotFound // emptied to be read anew
	}
	return r.Tree.Child(ctx, parent, name)
}

func TestTreeEmptiedWhileReading(t *testing.T) {
	w := newWorld(t, Options{})
	w.folder(catalog.Root, "Artist")
	w.fs.tree = &resyncing{Tree: w.index, synced: []bool{true, false, false}}
	if out, s := w.lookup(1, "Artist"); s != fuse.OK || out.NodeId == 0 {
		t.Errorf("got %v, node %d: a tree being read anew looked empty", s, out.NodeId)
	}
}

// inParts is a tree in its first sync, of which one folder is here.
type inParts struct {
	Tree
	here catalog.ID
}

func (p *inParts) Synced() bool { return false }

func (p *inParts) WaitSynced(ctx context.Context) error { return p.Await(ctx, catalog.Root) }

func (p *inParts) Await(ctx context.Context, folder catalog.ID) error {
	if folder == p.here || folder == folders {
		return nil
	}
	<-ctx.Done()
	return fmt.Errorf("%w: %w", catalog.ErrUnsynced, ctx.Err())
}

// TestFirstSyncInParts: a folder that is here is answered for, another waits and fails, and
// whatever changes names waits for all.
func TestFirstSyncInParts(t *testing.T) {
	w := newWorld(t, Options{Timeout: 50 * time.Millisecond, Writer: unusedWriter{}})
	here := w.folder(catalog.Root, "Here")
	w.folder(here, "In it")
	away := w.folder(catalog.Root, "Away")
	w.fs.tree = &inParts{Tree: w.index, here: here}
	if out, s := w.lookup(uint64(here), "In it"); s != fuse.OK || out.NodeId == 0 {
		t.Errorf("in the folder that is here: %v, node %d", s, out.NodeId)
	}
	if _, s := w.lookup(uint64(here), "nothing"); s != fuse.OK {
		t.Errorf("a name that is not in it: %v", s)
	}
	if out, s := w.getattr(uint64(away)); s != fuse.OK || out.Timeout() == 0 {
		t.Errorf("the folder that is not here, itself: %v", s)
	}
	if _, s := w.lookup(uint64(away), "nothing"); s != fuse.EIO {
		t.Errorf("in the folder that is not here: %v", s)
	}
	for folder, want := range map[catalog.ID]fuse.Status{here: fuse.OK, away: fuse.EIO} {
		in := &fuse.ReadIn{InHeader: header(uint64(folder))}
		if s := w.fs.ReadDir(nil, in, fuse.NewDirEntryList(make([]byte, 4096), 0)); s != want {
			t.Errorf("listing %s: %v, want %v", folder, s, want)
		}
	}
	h := header(uint64(here))
	if s := w.fs.Mkdir(nil, &fuse.MkdirIn{InHeader: h}, "new", new(fuse.EntryOut)); s != fuse.EIO {
		t.Errorf("a change: %v", s)
	}
}

// TestRootComesFirst: the root lists when what is in it is here, and does not wait for all
// other folders.
func TestRootComesFirst(t *testing.T) {
	w := newWorld(t, Options{Timeout: 50 * time.Millisecond})
	artist := w.folder(catalog.Root, "Artist")
	w.fs.tree = rootOnly{w.index}
	h := header(1)
	if s := w.fs.Access(nil, &fuse.AccessIn{InHeader: h, Mask: unix.R_OK}); s != fuse.OK {
		t.Errorf("access: %v", s)
	}
	if s := w.fs.ReadDir(nil, &fuse.ReadIn{InHeader: h}, fuse.NewDirEntryList(make([]byte, 4096), 0)); s != fuse.OK {
		t.Errorf("listing: %v", s)
	}
	if _, s := w.lookup(1, "Artist"); s != fuse.OK {
		t.Errorf("lookup: %v", s)
	}
	if s := w.fs.ReadDir(nil, &fuse.ReadIn{InHeader: header(uint64(artist))}, fuse.NewDirEntryList(make([]byte, 4096), 0)); s != fuse.EIO {
		t.Errorf("listing another: %v", s)
	}
}

// rootOnly is a tree in its first sync, of which only what is in the root is here.
type rootOnly struct{ Tree }

func (rootOnly) Synced() bool { return false }

func (rootOnly) Await(ctx context.Context, folder catalog.ID) error {
	if folder == catalog.Root {
		return nil
	}
	<-ctx.Done()
	return fmt.Errorf("%w: %w", catalog.ErrUnsynced, ctx.Err())
}

// unusedWriter must not be called.
type unusedWriter struct{ Writer }
