package fs

import (
	"context"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

// pinsHeld are pins in memory.
type pinsHeld struct {
	own       map[catalog.ID]bool
	inherited map[catalog.ID]bool
	kept      map[catalog.ID]bool
	full      bool
}

func (p *pinsHeld) Pin(_ context.Context, entry catalog.ID, keep bool) error {
	switch {
	case keep && p.full:
		return pending.ErrFull
	case !keep && !p.own[entry] && p.inherited[entry]:
		return ErrInherited
	}
	p.own[entry] = keep
	return nil
}

func (p *pinsHeld) Pinned(_ context.Context, entry catalog.ID) (own, inherited bool, err error) {
	return p.own[entry], p.inherited[entry], nil
}

func (p *pinsHeld) Kept(v *catalog.Version) bool { return p.kept[v.ID] }

func (w *world) setPin(node uint64, value string) fuse.Status {
	return w.fs.SetXAttr(nil, &fuse.SetXAttrIn{InHeader: header(node)}, attrPin, []byte(value))
}

func TestXattrPin(t *testing.T) {
	held := &pinsHeld{own: map[catalog.ID]bool{}, inherited: map[catalog.ID]bool{}, kept: map[catalog.ID]bool{}}
	w := newWorld(t, Options{Pins: held})
	dir := w.folder(catalog.Root, "Album")
	w.file(dir, "01.flac", pattern(100, 1))
	track := w.node("Album/01.flac")
	entry := catalog.ID(w.attrIno(track))
	h := header(uint64(dir))

	if _, s := w.getxattr(uint64(dir), attrPin, 64); s != fuse.ENOATTR {
		t.Errorf("not pinned: %v", s)
	}
	if s := w.fs.RemoveXAttr(nil, &h, attrPin); s != fuse.ENOATTR {
		t.Errorf("removing what is not there: %v", s)
	}
	if s := w.setPin(uint64(dir), "yes"); s != fuse.EINVAL {
		t.Errorf("another value: %v", s)
	}
	// setfattr and file managers may send a newline.
	if s := w.setPin(uint64(dir), "1\n"); s != fuse.OK || !held.own[dir] {
		t.Errorf("pinning a folder: %v, %v", s, held.own)
	}
	held.inherited[entry] = true
	for node, want := range map[uint64]string{uint64(dir): "1", track: "inherited"} {
		if got, s := w.getxattr(node, attrPin, 64); s != fuse.OK || got != want {
			t.Errorf("got %q, %v; want %q", got, s, want)
		}
	}
	for _, name := range w.listxattr(track) {
		if name == attrPin {
			t.Error("it is listed, so that copies would be pinned")
		}
	}
	if s := w.setPin(track, "0"); s != fuse.EPERM {
		t.Errorf("letting go of what a folder keeps: %v", s)
	}
	if s := w.setPin(uint64(dir), "0"); s != fuse.OK || held.own[dir] {
		t.Errorf("letting go: %v", s)
	}
	held.own[dir] = true
	if s := w.fs.RemoveXAttr(nil, &h, attrPin); s != fuse.OK || held.own[dir] {
		t.Errorf("removing: %v", s)
	}
	held.full = true
	if s := w.setPin(track, "1"); s != fuse.Status(28) {
		t.Errorf("a full disk: %v, want ENOSPC", s)
	}
}

func TestXattrPinWithoutPins(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "Album")
	if s := w.setPin(uint64(dir), "1"); s != fuse.EPERM {
		t.Errorf("got %v", s)
	}
	if _, s := w.getxattr(uint64(dir), attrPin, 64); s != fuse.ENOATTR {
		t.Errorf("got %v", s)
	}
}

func TestStateOfFolders(t *testing.T) {
	held := &pinsHeld{kept: map[catalog.ID]bool{}}
	w := newWorld(t, Options{Pins: held})
	dir := w.folder(catalog.Root, "Artist")
	album := w.folder(dir, "Album")
	w.file(album, "1", pattern(100, 1))
	_, op := w.fileOp(album, "2", pattern(100, 2))
	op.Entry.Version.Object.Foreign = true
	w.change(op)
	one, two := catalog.ID(w.node("Artist/Album/1")), catalog.ID(w.node("Artist/Album/2"))
	for _, c := range []struct {
		here1, here2 int64
		kept         []catalog.ID
		want         string
	}{
		{0, 0, nil, "online"}, {100, 0, nil, "partial"}, {50, 50, nil, "partial"}, {100, 100, nil, "local"},
		{0, 0, []catalog.ID{one, two}, "pinned"}, {100, 100, []catalog.ID{one}, "local"}, {0, 0, []catalog.ID{one}, "partial"},
	} {
		w.bytes.present = map[catalog.ID]int64{one: c.here1, two: c.here2}
		clear(held.kept)
		for _, k := range c.kept {
			held.kept[k] = true
		}
		if got, s := w.getxattr(uint64(dir), attrState, 64); s != fuse.OK || got != c.want {
			t.Errorf("%+v: got %q, %v", c, got, s)
		}
	}
	if got, _ := w.getxattr(uint64(w.folder(dir, "Empty")), attrState, 64); got != "local" {
		t.Errorf("an empty folder is %q", got)
	}
	for _, c := range []struct {
		seen []string
		want string
	}{
		{[]string{"missing"}, "missing"}, {[]string{"missing", "online"}, "missing"}, {[]string{"missing", "pinned"}, "partial"},
		{[]string{"pending", "pinned"}, "pending"}, {[]string{"pending", "online"}, "partial"},
	} {
		seen := map[string]bool{}
		for _, s := range c.seen {
			seen[s] = true
		}
		if got := summed(seen); got != c.want {
			t.Errorf("%v: %s", c.seen, got)
		}
	}
}
