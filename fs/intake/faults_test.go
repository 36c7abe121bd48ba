package intake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/dir"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// before is a store that calls f before the first object is written, and then writes.
type before struct {
	intake.Store
	once sync.Once
	f    func()
}

func (b *before) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	b.once.Do(b.f)
	return b.Store.Put(ctx, key, body, o)
}

// TestImportChecksWhatItSent: a page of a mapping that is dirty already is written to
// without any change of the file's times.
func TestImportChecksWhatItSent(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	src := filepath.Join(t.TempDir(), "in")
	write(t, src+"/song.mp3", make([]byte, 64<<10))
	f, err := os.OpenFile(src+"/song.mp3", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pages, err := unix.Mmap(int(f.Fd()), 0, 64<<10, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(pages)
	pages[40000] = 1
	d.importer.Store = &before{Store: d.store, f: func() { pages[40000] = 2 }}
	r := d.run(t, intake.Options{}, src)
	if r.Imported != 0 || len(r.Failed) != 1 || !strings.Contains(r.Failed[0].What, "changed while it was read") {
		t.Errorf("report: %+v", r)
	}
	if tree := d.tree(t); len(tree) != 0 {
		t.Errorf("in the locker: %v", tree)
	}
	if r := d.run(t, intake.Options{}, src); r.Imported != 1 {
		t.Errorf("the second time: %+v", r)
	}
	d.tree(t)
}

// stores are those that read a body each in its own way.
func stores(t *testing.T) map[string]remote.Store {
	t.Helper()
	folder, err := dir.Create(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return map[string]remote.Store{"memory": remotetest.NewMemory(), "folder": folder}
}

// TestImportGoesOnPastFiles: whatever becomes of some files between the walk and the
// upload, they fail, and the others come in.
func TestImportGoesOnPastFiles(t *testing.T) {
	const files, harmed = 12, 2 // all of them are examined before the first is sent
	for name, harm := range map[string]func(path string) error{
		"shrunk":  func(p string) error { return os.Truncate(p, 1) },
		"removed": os.Remove,
		"a pipe":  func(p string) error { return errors.Join(os.Remove(p), unix.Mkfifo(p, 0o600)) },
		"a link":  func(p string) error { return errors.Join(os.Rename(p, p+".old"), os.Symlink(p+".old", p)) },
	} {
		for kind, store := range stores(t) {
			t.Run(name+"/"+kind, func(t *testing.T) {
				src := filepath.Join(t.TempDir(), "in")
				for i := range files {
					write(t, fmt.Sprintf("%s/%02d.mp3", src, i), fmt.Appendf(nil, "bytes of %d", i))
				}
				d := newDevice(t, store)
				d.importer.Store = &before{Store: d.store, f: func() {
					// Those that come last wait for the first to be sent.
					for i := files - harmed; i < files; i++ {
						if err := harm(fmt.Sprintf("%s/%02d.mp3", src, i)); err != nil {
							t.Error(err)
						}
					}
				}}
				r := d.run(t, intake.Options{}, src)
				if r.Imported != files-harmed || len(r.Failed) != harmed || int(r.Imported) != len(d.tree(t)) {
					t.Errorf("report: imported %d, failed %v", r.Imported, r.Failed)
				}
			})
		}
	}
}

// TestFileThatShrinksWhileItIsSent: the store reads a body that ends too early, and
// says so in an error of its own.
func TestFileThatShrinksWhileItIsSent(t *testing.T) {
	for kind, store := range stores(t) {
		t.Run(kind, func(t *testing.T) {
			d, src := newDevice(t, store), songs(t, 1)
			d.importer.Store = &before{Store: d.store, f: func() {
				if err := os.Truncate(song(src, 0), 1); err != nil {
					t.Error(err)
				}
			}}
			r := d.run(t, intake.Options{}, src)
			if diff := cmp.Diff([]string{"song.mp3: changed while it was read; run the import again when it is finished"}, said(r.Failed)); diff != "" {
				t.Error(diff)
			}
			if r := d.run(t, intake.Options{}, src); r.Imported != 1 || len(d.tree(t)) != 1 {
				t.Errorf("the second time: %+v", r)
			}
		})
	}
}

// TestEqualFilesDoNotShareAFailure: when the file that sends their content fails,
// another one of the same content sends it.
func TestEqualFilesDoNotShareAFailure(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), filepath.Join(t.TempDir(), "in")
	for _, name := range []string{"a", "b", "c"} {
		write(t, src+"/"+name+"/song.mp3", []byte("the same"))
	}
	d.importer.Store = &before{Store: d.store, f: func() {
		// Whichever is sent first: it fails alone.
		if err := os.Truncate(src+"/a/song.mp3", 1); err != nil {
			t.Error(err)
		}
	}}
	r := d.run(t, intake.Options{}, src)
	if got := r.Imported + r.Matched + int64(len(r.Failed)); got != 3 || r.Imported != 1 || len(r.Failed) > 1 {
		t.Errorf("report: %+v", r)
	}
}

// refusing is a store that takes the first few objects and no more.
type refusing struct {
	intake.Store
	mu   sync.Mutex // guards left
	left int
}

func (s *refusing) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	s.mu.Lock()
	s.left--
	refuse := s.left < 0
	s.mu.Unlock()
	if refuse {
		return remote.Object{}, &remote.Error{Op: "put", Key: key, Kind: remote.ErrDenied}
	}
	return s.Store.Put(ctx, key, body, o)
}

func TestStoreFailsForGood(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), songs(t, 40)
	d.importer.Store = &refusing{Store: d.store, left: 15}
	first, err := d.importer.Run(t.Context(), []string{src}, intake.Options{}, nil)
	if !errors.Is(err, remote.ErrDenied) {
		t.Fatalf("the store refuses, the import says %v", err)
	}
	if got := len(d.tree(t)); got != 15 || first.Imported != 15 {
		t.Errorf("15 objects were taken; %d files in the locker, %d reported", got, first.Imported)
	}
	d.importer.Store = d.store
	if r := d.run(t, intake.Options{}, src); r.Present != 15 || r.Imported != 25 || d.objects(t) != 40 {
		t.Errorf("the second run: %+v, %d objects", r, d.objects(t))
	}
}

// TestStoreRefusesOneObject: a key that a store cannot have is that file's misfortune.
func TestStoreRefusesOneObject(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), songs(t, 5)
	faulty := remotetest.NewFaulty(d.store.(*remotetest.Memory))
	faulty.Fail(remotetest.Put, "Music/", &remote.Error{Op: "put", Kind: remote.ErrInvalid, Err: errors.New("key too long")})
	d.importer.Store = faulty
	if r := d.run(t, intake.Options{}, src); r.Imported != 4 || len(r.Failed) != 1 {
		t.Errorf("report: %+v", r)
	}
	faulty.AssertFired(t)
}

// TestStoreThatIsBusyIsAskedAgain: nothing fails for it.
func TestStoreThatIsBusyIsAskedAgain(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), songs(t, 3)
	faulty := remotetest.NewFaulty(d.store.(*remotetest.Memory))
	faulty.Fail(remotetest.Put, "Music/", remote.ErrThrottled)
	d.importer.Store = faulty
	if r := d.run(t, intake.Options{}, src); r.Imported != 3 || len(r.Failed) != 0 {
		t.Errorf("report: %+v", r)
	}
	faulty.AssertFired(t)
}
