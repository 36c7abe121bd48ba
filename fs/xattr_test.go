package fs

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func (w *world) getxattr(node uint64, name string, size int) (string, fuse.Status) {
	h := header(node)
	dest := make([]byte, size)
	n, s := w.fs.GetXAttr(nil, &h, name, dest)
	if s != fuse.OK {
		return fmt.Sprint(n), s
	}
	return string(dest[:n]), s
}

func (w *world) listxattr(node uint64) []string {
	h := header(node)
	dest := make([]byte, 4096)
	n, s := w.fs.ListXAttr(nil, &h, dest)
	if s != fuse.OK {
		w.t.Fatal(s)
	}
	return strings.Split(strings.TrimSuffix(string(dest[:n]), "\x00"), "\x00")
}

func TestXattrs(t *testing.T) {
	w := newWorld(t, Options{})
	content := pattern(100, 1)
	file := w.file(catalog.Root, "song", content)
	w.change(catalog.Op{Verb: catalog.Set, ID: file, Xattrs: map[string][]byte{"user.rating": []byte("80"), "user.empty": {}}})
	node := w.node("song")
	hash := fmt.Sprintf("%x", sha256.Sum256(content))
	for _, c := range []struct {
		name string
		size int
		want string
		err  syscall.Errno
	}{
		{"user.lockerfs.sha256", 64, hash, 0},
		{"user.lockerfs.sha256", 63, "64", syscall.ERANGE},
		{"user.lockerfs.sha256", 0, "64", syscall.ERANGE},
		{"user.lockerfs.state", 64, "online", 0},
		{"user.lockerfs.key", 64, fmt.Sprintf("Music/%016x.bin", node), 0},
		{"user.rating", 64, "80", 0},
		{"user.empty", 0, "", 0},
		{"user.other", 64, "0", syscall.Errno(fuse.ENOATTR)},
		{"security.capability", 64, "0", syscall.Errno(fuse.ENOATTR)},
		{"system.posix_acl_access", 64, "0", syscall.Errno(fuse.ENOATTR)},
	} {
		if got, s := w.getxattr(node, c.name, c.size); s != fuse.Status(c.err) || got != c.want {
			t.Errorf("%s in %d bytes: got %q, %v; want %q, %v", c.name, c.size, got, s, c.want, c.err)
		}
	}
	want := []string{"user.empty", "user.rating", "user.lockerfs.sha256", "user.lockerfs.key", "user.lockerfs.state"}
	if diff := cmp.Diff(want, w.listxattr(node)); diff != "" {
		t.Error(diff)
	}
	h := header(node)
	if n, s := w.fs.ListXAttr(nil, &h, make([]byte, 10)); s != fuse.ERANGE || n == 0 {
		t.Errorf("short list: got %d, %v", n, s)
	}
}

func TestXattrState(t *testing.T) {
	w := newWorld(t, Options{})
	w.file(catalog.Root, "song", pattern(100, 1))
	node := w.node("song")
	for here, want := range map[int64]string{0: "online", 1: "partial", 99: "partial", 100: "local", 4096: "local"} {
		w.bytes.present[catalog.ID(node)] = here
		if got, s := w.getxattr(node, attrState, 64); s != fuse.OK || got != want {
			t.Errorf("%d of 100 bytes: got %q, %v; want %q", here, got, s, want)
		}
	}
	w.file(catalog.Root, "empty", nil)
	if got, _ := w.getxattr(w.node("empty"), attrState, 64); got != "local" {
		t.Errorf("nothing to have: got %q", got)
	}
}

func TestXattrsWithoutHashOrVersion(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	_, op := w.fileOp(dir, "adopted", pattern(10, 1))
	op.Entry.Version.SHA256 = catalog.Hash{}
	op.Entry.Version.Object = catalog.Ref{Key: "shop/song.mp3", ETag: "e", Foreign: true}
	w.change(op)
	node := w.node("dir/adopted")
	if _, s := w.getxattr(node, attrSHA256, 64); s != fuse.ENOATTR {
		t.Errorf("unknown hash: got %v, want ENODATA", s)
	}
	if diff := cmp.Diff([]string{attrKey, attrState}, w.listxattr(node)); diff != "" {
		t.Error(diff)
	}
	if _, s := w.getxattr(uint64(dir), attrKey, 64); s != fuse.ENOATTR {
		t.Errorf("folder: got %v, want ENODATA", s)
	}
	if got := w.listxattr(uint64(dir)); len(got) != 1 || got[0] != "" {
		t.Errorf("folder: got %q", got)
	}
	if _, s := w.getxattr(404404404, "user.x", 64); s != fuse.Status(syscall.ESTALE) {
		t.Errorf("unknown node: got %v", s)
	}
	w.change(catalog.Op{Verb: catalog.Remove, ID: catalog.ID(w.attrIno(node))})
	if got, s := w.getxattr(node, attrKey, 64); s != fuse.OK || got != "shop/song.mp3" {
		t.Errorf("removed while open: got %q, %v", got, s)
	}
}

func (w *world) attrIno(node uint64) uint64 {
	w.t.Helper()
	out, s := w.getattr(node)
	if s != fuse.OK {
		w.t.Fatal(s)
	}
	return out.Ino
}
