package pending_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// drive is a device with an overlay, whose bytes come from the store without a cache.
type drive struct {
	t         *testing.T
	dir, name string
	store     remote.Store
	index     *catalog.Index
	follower  *catalog.Follower
	committer *pending.Committer
	overlay   *pending.Overlay
	uploader  *pending.Uploader

	mu   sync.Mutex // guards told
	told []catalog.Change
}

// plug starts a device in the state folder dir.
func plug(t *testing.T, dir, name string, store remote.Store) *drive {
	t.Helper()
	d := &drive{t: t, dir: dir, name: name, store: store}
	ctx, logger := context.WithoutCancel(t.Context()), slog.New(slog.DiscardHandler)
	var err error
	if d.index, err = catalog.OpenIndex(ctx, filepath.Join(dir, "index.db"), logger); err != nil {
		t.Fatal(err)
	}
	d.follower = catalog.NewFollower(catalog.NewLog(store, true), d.index, logger, d.applied)
	device, err := pending.OpenDevice(dir)
	if err != nil {
		t.Fatal(err)
	}
	d.committer = pending.NewCommitter(dir, device, d.follower.Log(), d.follower, logger)
	if d.overlay, err = pending.Open(pending.Options{Dir: dir, Index: d.index, Versions: d, Device: name, Changed: d.changed, Log: logger}); err != nil {
		t.Fatal(err)
	}
	if err := d.follower.Open(ctx); err != nil {
		t.Fatal(err)
	}
	d.uploader = pending.NewUploader(d.overlay, store, func(context.Context) (*pending.Committer, error) { return d.committer, nil }, nil)
	d.uploader.New, d.uploader.Edited = time.Hour, time.Hour
	t.Cleanup(d.unplug)
	return d
}

// unplug ends the device's process.
func (d *drive) unplug() {
	if d.overlay == nil {
		return
	}
	if err := errors.Join(d.overlay.Close(), d.index.Close()); err != nil {
		d.t.Error(err)
	}
	d.overlay = nil
}

func (d *drive) applied(a catalog.Applied) {
	if d.overlay == nil {
		return
	}
	changes, err := d.overlay.Applied(context.Background(), a, d.committer.Planned(a))
	if err != nil {
		d.t.Error(err)
	}
	d.changed(changes)
}

func (d *drive) changed(c []catalog.Change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, c...)
}

// Open, Fetch and Keep are pending.Versions'.
func (d *drive) Open(_ context.Context, v *catalog.Version) (pending.Content, error) {
	return &stored{d.store, v}, nil
}
func (d *drive) Fetch(*catalog.Version)        {}
func (d *drive) Keep(*catalog.Version, string) {}

type stored struct {
	store remote.Store
	v     *catalog.Version
}

func (s *stored) Close() {}
func (s *stored) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off >= s.v.Size {
		return 0, io.EOF
	}
	body, _, err := s.store.Get(ctx, s.v.Object.Key, remote.Range{Offset: off, Length: int64(len(p))}, s.v.Object.ETag)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	return io.ReadFull(body, p)
}

// sync brings all changes to the store.
func (d *drive) sync() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer cancel()
	running, end := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		d.uploader.Run(running)
	}()
	if err := d.uploader.Sync(ctx, false); err != nil {
		d.t.Errorf("%s: sync: %v", d.name, err)
	}
	end()
	<-over
}

// follow reads what other devices did.
func (d *drive) follow() {
	d.t.Helper()
	if err := d.follower.Poll(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *drive) at(path string) catalog.Entry {
	d.t.Helper()
	e, err := d.overlay.Resolve(d.t.Context(), path)
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
	return e
}

func (d *drive) folderOf(path string) (catalog.ID, string) {
	d.t.Helper()
	dir, name := "", path
	if i := strings.LastIndex(path, "/"); i >= 0 {
		dir, name = path[:i], path[i+1:]
	}
	return d.at(dir).ID, name
}

func (d *drive) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
}

func (d *drive) mkdir(path string) {
	d.t.Helper()
	parent, name := d.folderOf(path)
	_, err := d.overlay.Mkdir(d.t.Context(), parent, name, 0o755)
	d.must(err)
}

// write saves a file as cp does: over what is there, in place.
func (d *drive) write(path, text string) {
	d.t.Helper()
	ctx := d.t.Context()
	parent, name := d.folderOf(path)
	_, f, err := d.overlay.Create(ctx, parent, name, 0o644)
	if errors.Is(err, pending.ErrExists) {
		for range 2 { // the kernel looks the name up again once
			a, e := d.overlay.Child(ctx, parent, name)
			d.must(e)
			if f, err = d.overlay.Edit(ctx, a.Node, true); !errors.Is(err, pending.ErrMoved) {
				break
			}
		}
	}
	d.must(err)
	_, err = f.WriteAt([]byte(text), 0)
	d.must(err)
	d.must(f.Sync(ctx))
	f.Release()
}

func (d *drive) rename(from, to string) {
	d.t.Helper()
	a, an := d.folderOf(from)
	b, bn := d.folderOf(to)
	d.must(d.overlay.Rename(d.t.Context(), a, an, b, bn, pending.Over))
}

func (d *drive) remove(path string) {
	d.t.Helper()
	e := d.at(path)
	d.must(d.overlay.Remove(d.t.Context(), e.Parent, e.Name, e.Kind))
}

// tree gives every path with a file's text.
func (d *drive) tree() []string {
	d.t.Helper()
	return d.walk(catalog.Root, "")
}

func (d *drive) walk(folder catalog.ID, at string) (list []string) {
	d.t.Helper()
	page, err := d.overlay.Children(d.t.Context(), folder, "", 1000)
	d.must(err)
	for _, a := range page {
		if a.Kind == catalog.Dir {
			list = append(append(list, at+a.Name+"/"), d.walk(a.ID, at+a.Name+"/")...)
			continue
		}
		list = append(list, at+a.Name+"="+d.read(a))
	}
	return list
}

func (d *drive) read(a catalog.Attr) string {
	d.t.Helper()
	p := make([]byte, a.Size)
	var err error
	if f, ok := d.overlay.Open(a.Node); ok {
		defer f.Release()
		_, err = f.ReadAt(d.t.Context(), p, 0)
	} else {
		v, e := d.overlay.Version(d.t.Context(), a.Node)
		d.must(e)
		c, _ := d.Open(d.t.Context(), v)
		_, err = c.ReadAt(d.t.Context(), p, 0)
	}
	if err != nil && err != io.EOF {
		d.t.Fatalf("%s: reading %s: %v", d.name, a.Name, err)
	}
	return string(p)
}

// shows compares the tree; DATE stands for today in the names of conflicts.
func (d *drive) shows(want ...string) {
	d.t.Helper()
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "DATE", time.Now().Format(time.DateOnly))
	}
	if got := d.tree(); !slices.Equal(got, want) {
		d.t.Errorf("%s shows\n%s\nwant\n%s", d.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// log gives the verbs of every commit.
func (d *drive) log() (commits []string) {
	_, epoch, err := d.index.Bound(d.t.Context())
	d.must(err)
	for n := int64(1); ; n++ {
		body, err := catalog.NewLog(d.store, true).Read(d.t.Context(), n)
		if err != nil {
			return commits
		}
		c, err := catalog.DecodeCommit(n, epoch, body)
		d.must(err)
		line := fmt.Sprint(n)
		for _, op := range c.Ops {
			line += " " + string(op.Verb)
		}
		commits = append(commits, line)
	}
}

func (d *drive) troubled(words string) {
	d.t.Helper()
	for _, c := range d.uploader.Waiting(d.t.Context()).Conflicts {
		if strings.Contains(c.What, words) {
			return
		}
	}
	d.t.Errorf("%s: no conflict with %q in %+v", d.name, words, d.uploader.Waiting(d.t.Context()).Conflicts)
}

// TestConflicts: two devices change the same without knowing of each other. first syncs
// before second has heard of it; in the end both show the same.
func TestConflicts(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second func(d *drive)
		want          []string
		trouble       string // that the second device tells of
	}{
		{"both edit", func(d *drive) { d.write("A/B/x.flac", "one") }, func(d *drive) { d.write("A/B/x.flac", "two") },
			[]string{"A/", "A/B/", "A/B/x (conflict, second, DATE).flac=two", "A/B/x.flac=one", "C/"}, "changed on two devices"},
		{"both make the same edit", func(d *drive) { d.write("A/B/x.flac", "one") }, func(d *drive) { d.write("A/B/x.flac", "one") },
			[]string{"A/", "A/B/", "A/B/x.flac=one", "C/"}, ""},
		{"edit and removal", func(d *drive) { d.write("A/B/x.flac", "one") }, func(d *drive) { d.remove("A/B/x.flac") },
			[]string{"A/", "A/B/", "A/B/x.flac=one", "C/"}, "the change stays"},
		{"removal and edit", func(d *drive) { d.remove("A/B/x.flac") }, func(d *drive) { d.write("A/B/x.flac", "two") },
			[]string{"A/", "A/B/", "A/B/x.flac=two", "C/"}, "the change stays"},
		{"removal of the folder and edit", func(d *drive) { d.remove("A/B/x.flac"); d.remove("A/B") }, func(d *drive) { d.write("A/B/x.flac", "two") },
			[]string{"A/", "C/", "Conflicts/", "Conflicts/x.flac=two"}, "the change stays"},
		{"two moves", func(d *drive) { d.rename("A/B", "C/B") }, func(d *drive) { d.rename("A/B", "A/Z") },
			[]string{"A/", "C/", "C/B/", "C/B/x.flac=old"}, "the first move stays"},
		{"the same move", func(d *drive) { d.rename("A/B", "C/B") }, func(d *drive) { d.rename("A/B", "C/B") },
			[]string{"A/", "C/", "C/B/", "C/B/x.flac=old"}, ""},
		{"move and edit", func(d *drive) { d.rename("A/B", "C/B") }, func(d *drive) { d.write("A/B/x.flac", "two") },
			[]string{"A/", "C/", "C/B/", "C/B/x.flac=two"}, ""},
		{"edit and move", func(d *drive) { d.write("A/B/x.flac", "one") }, func(d *drive) { d.rename("A/B/x.flac", "C/y.flac") },
			[]string{"A/", "A/B/", "C/", "C/y.flac=one"}, ""},
		{"a circle", func(d *drive) { d.rename("A", "C/A") }, func(d *drive) { d.rename("C", "A/C") },
			[]string{"Conflicts/", "Conflicts/C/", "Conflicts/C/A/", "Conflicts/C/A/B/", "Conflicts/C/A/B/x.flac=old"}, "Conflicts"},
		{"the same name for two files", func(d *drive) { d.write("C/n.mp3", "one") }, func(d *drive) { d.write("C/n.mp3", "two") },
			[]string{"A/", "A/B/", "A/B/x.flac=old", "C/", "C/n (conflict, second, DATE).mp3=two", "C/n.mp3=one"}, "took the name"},
		{"the same folder", func(d *drive) { d.mkdir("C/N"); d.write("C/N/1.mp3", "one") }, func(d *drive) { d.mkdir("C/N"); d.write("C/N/2.mp3", "two") },
			[]string{"A/", "A/B/", "A/B/x.flac=old", "C/", "C/N/", "C/N/1.mp3=one", "C/N/2.mp3=two"}, ""},
		{"a new file in a folder that is removed", func(d *drive) { d.remove("C") }, func(d *drive) { d.write("C/n.mp3", "two") },
			[]string{"A/", "A/B/", "A/B/x.flac=old", "Conflicts/", "Conflicts/n.mp3=two"}, "it is in Conflicts"},
		{"a file that loses its folder to one of its name", func(d *drive) { d.remove("C") },
			func(d *drive) { d.mkdir("Conflicts"); d.write("Conflicts/n.mp3", "mine"); d.write("C/n.mp3", "two") },
			[]string{"A/", "A/B/", "A/B/x.flac=old", "Conflicts/", "Conflicts/n (conflict, second, DATE).mp3=two", "Conflicts/n.mp3=mine"}, "it is in Conflicts"},
		{"a new file in a folder that is moved here and removed there", func(d *drive) { d.remove("A/B/x.flac"); d.remove("A/B") },
			func(d *drive) { d.write("A/B/n.mp3", "two"); d.rename("A/B", "C/B") },
			[]string{"A/", "C/", "Conflicts/", "Conflicts/n.mp3=two"}, "it is in Conflicts"},
		{"a folder that is moved into one that is moved here and removed there", func(d *drive) { d.remove("A/B/x.flac"); d.remove("A/B") },
			func(d *drive) {
				d.mkdir("N")
				d.write("N/n.mp3", "two")
				d.rename("N", "A/B/N")
				d.rename("A/B", "C/B")
			},
			[]string{"A/", "C/", "Conflicts/", "Conflicts/N/", "Conflicts/N/n.mp3=two"}, "it is in Conflicts"},
		{"an edit of what was moved and removed, when another has the name it was moved to", func(d *drive) { d.write("A/B/x.flac", "one") },
			func(d *drive) { d.rename("A/B/x.flac", "y.flac"); d.remove("y.flac"); d.rename("C", "y.flac") },
			[]string{"A/", "A/B/", "y (conflict, second, DATE).flac=one", "y.flac/"}, "took the name"},
		{"a removed folder that got a file", func(d *drive) { d.write("C/n.mp3", "one") }, func(d *drive) { d.remove("C") },
			[]string{"A/", "A/B/", "A/B/x.flac=old", "C/", "C/n.mp3=one"}, ""},
		{"saved by way of a temporary file, and edited", func(d *drive) { d.write("A/B/t", "one"); d.rename("A/B/t", "A/B/x.flac") }, func(d *drive) { d.write("A/B/x.flac", "two") },
			[]string{"A/", "A/B/", "A/B/x (conflict, second, DATE).flac=two", "A/B/x.flac=one", "C/"}, "changed on two devices"},
		{"edited, and saved by way of a temporary file", func(d *drive) { d.write("A/B/x.flac", "one") }, func(d *drive) { d.write("A/B/t", "two"); d.rename("A/B/t", "A/B/x.flac") },
			[]string{"A/", "A/B/", "A/B/x (conflict, second, DATE).flac=two", "A/B/x.flac=one", "C/"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newStore(t)
			first, second := plug(t, t.TempDir(), "first", store), plug(t, t.TempDir(), "second", store)
			first.mkdir("A")
			first.mkdir("A/B")
			first.mkdir("C")
			first.write("A/B/x.flac", "old")
			first.sync()
			second.follow()
			c.first(first)
			c.second(second)
			first.sync()
			second.follow()
			second.sync()
			second.shows(slices.Clone(c.want)...)
			first.follow()
			first.shows(slices.Clone(c.want)...)
			if c.trouble != "" {
				second.troubled(c.trouble)
			}
			third := plug(t, t.TempDir(), "third", store)
			third.shows(slices.Clone(c.want)...)
		})
	}
}

// TestNamesThatChangeHands: what takes several moves on the way to one tree becomes one
// commit that every device can apply.
func TestNamesThatChangeHands(t *testing.T) {
	for name, change := range map[string]func(d *drive){
		"swap": func(d *drive) {
			a, b := d.at("a"), d.at("b")
			d.must(d.overlay.Rename(d.t.Context(), a.Parent, a.Name, b.Parent, b.Name, pending.Exchange))
		},
		"circle of three": func(d *drive) {
			d.rename("a", "tmp")
			d.rename("b", "a")
			d.rename("c", "b")
			d.rename("tmp", "c")
		},
		"file takes the name of its folder": func(d *drive) {
			d.rename("F/x", "tmp")
			d.remove("F")
			d.rename("tmp", "F")
		},
		"backup and save": func(d *drive) {
			d.rename("a", "a.bak")
			d.write("a", "A2")
			d.remove("a.bak")
		},
		"removed and made again": func(d *drive) {
			d.remove("a")
			d.write("a", "A3")
		},
		"folder removed and made again": func(d *drive) {
			d.remove("F/x")
			d.remove("F")
			d.mkdir("F")
			d.write("F/x", "X2")
		},
		"moved there and back": func(d *drive) {
			d.rename("a", "z")
			d.rename("z", "a")
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			d := plug(t, t.TempDir(), "one", store)
			for _, n := range []string{"a", "b", "c"} {
				d.write(n, n)
			}
			d.mkdir("F")
			d.write("F/x", "X")
			d.sync()
			change(d)
			want := d.tree()
			d.sync()
			d.shows(want...)
			plug(t, t.TempDir(), "two", store).shows(want...)
			d.unplug()
			plug(t, d.dir, "one again", store).shows(want...)
		})
	}
}

// TestOneVersionPerSave: however a file is saved, the store gets one object, and the entry
// lives on with one more version.
func TestOneVersionPerSave(t *testing.T) {
	for name, save := range map[string]func(d *drive){
		"in place":       func(d *drive) { d.write("a", "new") },
		"twice":          func(d *drive) { d.write("a", "nearly"); d.write("a", "new") },
		"temporary file": func(d *drive) { d.write("t", "new"); d.rename("t", "a") },
		"with a backup": func(d *drive) {
			d.rename("a", "a~")
			d.write("a", "new")
			d.remove("a~")
		},
	} {
		t.Run(name, func(t *testing.T) {
			faulty := remotetest.NewFaulty(newStore(t))
			d := plug(t, t.TempDir(), "one", faulty)
			d.write("a", "old")
			d.sync()
			id, puts := d.at("a").ID, faulty.Count(remotetest.Put)
			save(d)
			d.sync()
			if n := faulty.Count(remotetest.Put) - puts; n != 2 {
				t.Errorf("%d objects were put, want the file and one commit", n)
			}
			if got := d.at("a"); got.ID != id {
				t.Errorf("the entry became another: %s, was %s", got.ID, id)
			}
			d.shows("a=new")
		})
	}
}

// TestRestartsKeepEverything: what was acknowledged is there after kill -9, and goes to the
// store then.
func TestRestartsKeepEverything(t *testing.T) {
	store := newStore(t)
	d := plug(t, t.TempDir(), "one", store)
	d.mkdir("A")
	d.write("A/1", "one")
	d.sync()
	d.write("A/1", "ONE")
	d.write("A/2", "two")
	d.mkdir("B")
	d.rename("A/2", "B/2")
	d.write("A/3", "three")
	d.remove("A/3")
	d.must(d.overlay.SetXattr(t.Context(), d.at("B/2").Version.ID, "user.x", []byte("y"), func(bool) error { return nil }))
	want := d.tree()
	for range 3 {
		d.unplug()
		d = plug(t, d.dir, "one", store)
		d.shows(want...)
	}
	d.sync()
	other := plug(t, t.TempDir(), "two", store)
	other.shows(want...)
	if got := other.at("B/2").Xattrs["user.x"]; string(got) != "y" {
		t.Errorf("the attribute is %q", got)
	}
	if w := d.uploader.Waiting(t.Context()); w.Changes != 0 || len(w.Quarantined) != 0 {
		t.Errorf("left over: %+v", w)
	}
}

// TestLargeXattrsStayHere: what is too large to be shared is kept on this machine, also
// when the file is saved by way of another.
func TestLargeXattrsStayHere(t *testing.T) {
	store := newStore(t)
	d := plug(t, t.TempDir(), "one", store)
	d.write("a", "x")
	d.sync()
	d.write("t", "y")
	large := strings.Repeat("z", 10_000)
	set := func(name string, value []byte) error {
		return d.overlay.SetXattr(t.Context(), d.at("t").Version.ID, name, value, func(bool) error { return nil })
	}
	d.must(errors.Join(set("user.large", []byte(large)), set("user.small", []byte("s"))))
	if err := set("user.huge", make([]byte, 100<<10)); !errors.Is(err, pending.ErrXattrs) {
		t.Errorf("got %v, want ErrXattrs", err)
	}
	d.rename("t", "a")
	d.sync()
	d.unplug()
	d = plug(t, d.dir, "one", store)
	if got := d.at("a").Xattrs; string(got["user.large"]) != large || string(got["user.small"]) != "s" {
		t.Errorf("here: %d attributes", len(got))
	}
	if got := plug(t, t.TempDir(), "two", store).at("a").Xattrs; len(got) != 1 || string(got["user.small"]) != "s" {
		t.Errorf("elsewhere: %d attributes", len(got))
	}
	d.must(d.overlay.SetXattr(t.Context(), d.at("a").Version.ID, "user.large", nil, func(there bool) error {
		if !there {
			return errors.New("it is not there")
		}
		return nil
	}))
	if got := d.at("a").Xattrs; len(got) != 1 {
		t.Errorf("after removing: %d attributes", len(got))
	}
}

// TestFirstSyncDoesNotLoseMoves: an index that is read anew lacks entries for a while; what
// was moved here is not taken for removed.
func TestFirstSyncDoesNotLoseMoves(t *testing.T) {
	store := newStore(t)
	d := plug(t, t.TempDir(), "one", store)
	for n := range 5 {
		d.write(fmt.Sprintf("f%d", n), "x")
	}
	d.sync()
	d.rename("f1", "moved")
	want := d.tree()
	d.unplug()
	for _, part := range []string{"", "-wal", "-shm"} {
		if err := removeIfThere(filepath.Join(d.dir, "index.db"+part)); err != nil {
			t.Fatal(err)
		}
	}
	d = plug(t, d.dir, "one", store)
	d.shows(want...)
	d.sync()
	plug(t, t.TempDir(), "two", store).shows(want...)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// TestFolderTimesAreKept: a folder's time that was set, as cp -a does in the end, is its time
// also when what is in it is uploaded later.
func TestFolderTimesAreKept(t *testing.T) {
	store := newStore(t)
	d := plug(t, t.TempDir(), "one", store)
	d.mkdir("A")
	d.mkdir("A/B")
	d.write("A/B/x", "X")
	day := time.Date(1999, 1, 2, 3, 4, 5, 678, time.UTC).UnixNano()
	for _, path := range []string{"A/B", "A"} {
		_, err := d.overlay.Set(t.Context(), d.at(path).ID, pending.Setting{MTime: &day})
		d.must(err)
	}
	is := func(d *drive, what string) {
		t.Helper()
		for _, path := range []string{"A", "A/B"} {
			if got := d.at(path).MTime; got != day {
				t.Errorf("%s: %s has %v", what, path, time.Unix(0, got))
			}
		}
	}
	is(d, "set")
	d.sync()
	is(d, "synced")
	is(plug(t, t.TempDir(), "two", store), "elsewhere")
	d.write("A/B/y", "Y")
	if got := d.at("A/B").MTime; got <= day {
		t.Error("a new file leaves the folder's time as it was")
	}
	d.sync()
	if got, there := d.at("A/B").MTime, plug(t, t.TempDir(), "three", store).at("A/B").MTime; got <= day || got != there {
		t.Errorf("after a new file: %v here, %v elsewhere", time.Unix(0, got), time.Unix(0, there))
	}
}

// TestTrash: what goes into the trash is gone for others and stays whole here, and taken out
// again it is back without its bytes being sent.
func TestTrash(t *testing.T) {
	faulty := remotetest.NewFaulty(newStore(t))
	d, other := plug(t, t.TempDir(), "one", faulty), plug(t, t.TempDir(), "two", faulty)
	d.mkdir("A")
	d.mkdir("A/B")
	d.write("A/B/x", "X")
	d.write("A/y", "Y")
	d.sync()
	want := d.tree()
	d.mkdir(".Trash-1000")
	d.mkdir(".Trash-1000/files")
	d.rename("A", ".Trash-1000/files/A")
	trashed := d.tree()
	for range 2 { // before its removal is committed, and after
		d.shows(trashed...)
		d.sync()
		other.follow()
		other.shows()
	}
	d.unplug()
	d = plug(t, d.dir, "one", faulty)
	d.shows(trashed...)
	puts := faulty.Count(remotetest.Put)
	d.rename(".Trash-1000/files/A", "A")
	d.sync()
	d.shows(append([]string{".Trash-1000/", ".Trash-1000/files/"}, want...)...)
	other.follow()
	other.shows(want...)
	if n := faulty.Count(remotetest.Put) - puts; n != 1 {
		t.Errorf("%d objects were put, want one commit: %v", n, d.log())
	}
	d.write("A/y", "YY") // what came back can be edited
	d.rename("A/B", ".Trash-1000/files/B")
	d.remove(".Trash-1000/files/B/x")
	d.remove(".Trash-1000/files/B")
	d.sync()
	other.follow()
	other.shows("A/", "A/y=YY")
}
