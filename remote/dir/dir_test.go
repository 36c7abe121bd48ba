package dir_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/dir"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func create(t *testing.T, root string) *dir.Store {
	t.Helper()
	s, err := dir.Create(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func createBare(t *testing.T, root string) *dir.Store {
	t.Helper()
	s := create(t, root)
	s.IgnoreAttributes()
	return s
}

func put(t *testing.T, s remote.Store, key, content string, o remote.PutOptions) remote.Object {
	t.Helper()
	object, err := s.Put(t.Context(), key, section(content), o)
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return object
}

func section(s string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
}

func keys(t *testing.T, s remote.Store) []string {
	t.Helper()
	page, err := s.List(t.Context(), "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range page.Objects {
		keys = append(keys, o.Key)
	}
	return keys
}

func wantKind(t *testing.T, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
}

// wantAll expects every verb to answer with kind.
func wantAll(t *testing.T, s remote.Store, kind error) {
	t.Helper()
	_, _, err := s.Get(t.Context(), "k", remote.Range{}, "")
	wantKind(t, "get", err, kind)
	_, err = s.Head(t.Context(), "k")
	wantKind(t, "head", err, kind)
	_, err = s.Put(t.Context(), "k", section("x"), remote.PutOptions{})
	wantKind(t, "put", err, kind)
	wantKind(t, "delete", s.Delete(t.Context(), "k"), kind)
	_, err = s.List(t.Context(), "", "", 0)
	wantKind(t, "list", err, kind)
	_, err = s.List(t.Context(), "no/such/", "", 0)
	wantKind(t, "list of a folder", err, kind)
}

func md5hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestContract(t *testing.T) {
	for name, open := range map[string]func(*testing.T, string) *dir.Store{"attributes": create, "sidecars": createBare} {
		t.Run(name, func(t *testing.T) {
			remotetest.Run(t, func(t *testing.T) remote.Store { return open(t, t.TempDir()) })
		})
	}
}

func TestNested(t *testing.T) {
	root := t.TempDir()
	outer := create(t, root)
	remotetest.RunNested(t, outer, create(t, root+"/some/prefix"), "some/prefix/")
}

func TestOpenWithoutStore(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(root+"/file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{root, root + "/none", root + "/file"} {
		_, err := dir.Open(path)
		wantKind(t, path, err, remote.ErrNoStore)
	}
	create(t, root+"/new/folder")
	if _, err := dir.Open(root + "/new/folder"); err != nil {
		t.Error(err)
	}
}

func TestVanishedRoot(t *testing.T) {
	for name, vanish := range map[string]func(root string) error{
		"moved away": func(root string) error { return os.Rename(root, root+"-moved") },
		"removed":    os.RemoveAll,
		"removed and made again": func(root string) error {
			return errors.Join(os.RemoveAll(root), os.Mkdir(root, 0o755))
		},
		"under an empty mount point": func(root string) error {
			return errors.Join(os.Rename(root, root+"-moved"), os.Mkdir(root, 0o755))
		},
		"emptied": func(root string) error { return os.RemoveAll(root + "/.lockerfs") },
		"another store": func(root string) error {
			if err := os.Rename(root, root+"-moved"); err != nil {
				return err
			}
			s, err := dir.Create(root)
			if err == nil {
				err = s.Close()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir() + "/root"
			s := create(t, root)
			put(t, s, "k", "content", remote.PutOptions{})
			if err := vanish(root); err != nil {
				t.Fatal(err)
			}
			wantAll(t, s, remote.ErrNoStore)
		})
	}
}

func TestClosed(t *testing.T) {
	s := create(t, t.TempDir())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantAll(t, s, remote.ErrNoStore)
}

func TestRootComesBack(t *testing.T) {
	root := t.TempDir() + "/root"
	s := create(t, root)
	put(t, s, "k", "content", remote.PutOptions{})
	if err := os.Rename(root, root+"-away"); err != nil {
		t.Fatal(err)
	}
	wantAll(t, s, remote.ErrNoStore)
	// A copy is another folder with the same marker, as a disk mounted again is.
	if err := os.CopyFS(root, os.DirFS(root+"-away")); err != nil {
		t.Fatal(err)
	}
	if got, want := keys(t, s), []string{"k"}; !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCopyKeepsETags(t *testing.T) {
	root := t.TempDir()
	s := create(t, root+"/a")
	o := remote.PutOptions{Metadata: map[string]string{"path": "é"}}
	want := put(t, s, "Music/k.flac", "content", o)
	if got := want.ETag; got != md5hex("content") {
		t.Errorf("got ETag %s, want the MD5", got)
	}
	if err := os.CopyFS(root+"/b", os.DirFS(root+"/a")); err != nil {
		t.Fatal(err)
	}
	got, err := create(t, root+"/b").Head(t.Context(), "Music/k.flac")
	if err != nil || got.ETag != want.ETag {
		t.Errorf("got %+v, %v; want ETag %s", got, err, want.ETag)
	}
}

func TestETagFollowsForeignWrites(t *testing.T) {
	for name, open := range map[string]func(*testing.T, string) *dir.Store{"attributes": create, "sidecars": createBare} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, root)
			o := remote.PutOptions{Metadata: map[string]string{"path": "é"}}
			put(t, s, "k", "content", o)
			file := filepath.Join(root, "k")
			old := time.Now().Add(-time.Hour)

			if err := os.Chtimes(file, old, old); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				got, err := s.Head(t.Context(), "k")
				if err != nil || got.ETag != md5hex("content") || got.Metadata["path"] != "é" {
					t.Errorf("touched: got %+v, %v; want the same ETag and metadata", got, err)
				}
			}
			if err := os.WriteFile(file, []byte("CONTENT"), 0o644); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				got, err := s.Head(t.Context(), "k")
				if err != nil || got.ETag != md5hex("CONTENT") || len(got.Metadata) != 0 {
					t.Errorf("written: got %+v, %v; want the new ETag and no metadata", got, err)
				}
			}
		})
	}
}

func TestChangedWhileRead(t *testing.T) {
	root := t.TempDir()
	s := create(t, root)
	put(t, s, "k", strings.Repeat("x", 1000), remote.PutOptions{})
	for name, change := range map[string]string{"shorter": "y", "as long": strings.Repeat("y", 1000)} {
		body, _, err := s.Get(t.Context(), "k", remote.Range{}, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+"/k", []byte(change), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = io.ReadAll(body)
		wantKind(t, name, err, remote.ErrCorrupt)
		body.Close()
		put(t, s, "k", strings.Repeat("x", 1000), remote.PutOptions{})
	}
}

func TestWhatIsNoObject(t *testing.T) {
	root := t.TempDir()
	s := create(t, root+"/store")
	put(t, s, "real/k", "inside", remote.PutOptions{})
	if err := os.WriteFile(root+"/secret", []byte("outside"), 0o644); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return root + "/store/" + name }
	for _, err := range []error{
		os.Symlink(root+"/secret", at("link")), os.Symlink("../../secret", at("real/link")), os.Symlink("real/k", at("inner")),
		os.Symlink(root, at("up")), os.Symlink("real", at("folder")), syscall.Mkfifo(at("pipe"), 0o644), os.Mkdir(at("empty"), 0o755),
		os.WriteFile(at("bad\xffname"), nil, 0o644), os.WriteFile(at("new\nline"), nil, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, want := keys(t, s), []string{"real/k"}; !cmp.Equal(got, want) {
		t.Errorf("got %q listed, want %q", got, want)
	}
	for _, key := range []string{"link", "real/link", "inner", "up/secret", "folder/k", "pipe", "empty"} {
		_, _, err := s.Get(t.Context(), key, remote.Range{}, "")
		wantKind(t, "get "+key, err, remote.ErrNotFound)
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %s: %v", key, err)
		}
		if key == "empty" {
			continue // an empty folder is in nobody's way
		}
		for _, c := range []remote.Condition{{}, {Absent: true}} {
			_, err = s.Put(t.Context(), key, section("x"), remote.PutOptions{If: c})
			wantKind(t, "put "+key, err, remote.ErrInvalid)
		}
	}
	if text, err := os.ReadFile(root + "/secret"); string(text) != "outside" {
		t.Errorf("the file outside holds %q, %v", text, err)
	}
	if text, err := os.ReadFile(at("real/k")); string(text) != "inside" {
		t.Errorf("the object behind the link holds %q, %v", text, err)
	}
	put(t, s, "empty", "x", remote.PutOptions{If: remote.Condition{Absent: true}})
}

func TestObjectOrFolder(t *testing.T) {
	s := create(t, t.TempDir())
	put(t, s, "x", "file", remote.PutOptions{})
	put(t, s, "d/y", "file", remote.PutOptions{})
	for _, c := range []remote.Condition{{}, {Absent: true}, {ETag: md5hex("file")}} {
		for _, key := range []string{"x/y", "x/y/z", "d"} {
			_, err := s.Put(t.Context(), key, section("other"), remote.PutOptions{If: c})
			wantKind(t, fmt.Sprintf("put %s %+v", key, c), err, remote.ErrInvalid)
		}
	}
	if got, want := keys(t, s), []string{"d/y", "x"}; !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOwnFolders(t *testing.T) {
	s := create(t, t.TempDir())
	for _, key := range []string{".lockerfs/tmp", ".lockerfs/meta", ".lockerfs/tmp/x", ".lockerfs/meta/store", "a/.lockerfs/meta/store"} {
		_, err := s.Put(t.Context(), key, section("x"), remote.PutOptions{})
		wantKind(t, "put "+key, err, remote.ErrInvalid)
		_, _, err = s.Get(t.Context(), key, remote.Range{}, "")
		wantKind(t, "get "+key, err, remote.ErrInvalid)
		wantKind(t, "delete "+key, s.Delete(t.Context(), key), remote.ErrInvalid)
	}
	put(t, s, ".lockerfs/tmpx/y", "x", remote.PutOptions{})
	if got, want := keys(t, s), []string{".lockerfs/tmpx/y"}; !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	for name, open := range map[string]func(*testing.T, string) *dir.Store{"attributes": create, "sidecars": createBare} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, root)
			put(t, s, "a/b/c", "1", remote.PutOptions{})
			put(t, s, "a/b/c", "22", remote.PutOptions{})
			_, err := s.Put(t.Context(), "a/b/c", section("3"), remote.PutOptions{If: remote.Condition{Absent: true}})
			wantKind(t, "create again", err, remote.ErrExists)
			_, err = s.Put(t.Context(), "d/e", section("3"), remote.PutOptions{If: remote.Condition{ETag: "x"}})
			wantKind(t, "replace of nothing", err, remote.ErrPrecondition)
			if err := s.Delete(t.Context(), "a/b/c"); err != nil {
				t.Fatal(err)
			}
			var left []string
			err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
				if rel, _ := filepath.Rel(root, path); rel != "." {
					left = append(left, rel)
				}
				return err
			})
			want := []string{".lockerfs", ".lockerfs/meta", ".lockerfs/meta/lock", ".lockerfs/meta/store", ".lockerfs/tmp"}
			if diff := cmp.Diff(want, left); err != nil || diff != "" {
				t.Errorf("%v, -want +got:\n%s", err, diff)
			}
		})
	}
}

func TestSweep(t *testing.T) {
	root := t.TempDir()
	create(t, root)
	old := time.Now().Add(-48 * time.Hour)
	for name, when := range map[string]time.Time{"dead": old, "busy": time.Now()} {
		file := root + "/.lockerfs/tmp/" + name
		if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Chtimes(file, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	create(t, root)
	left, err := os.ReadDir(root + "/.lockerfs/tmp")
	if err != nil || len(left) != 1 || left[0].Name() != "busy" {
		t.Errorf("got %v, %v; want only the young file", left, err)
	}
}

func TestReadOnlyStore(t *testing.T) {
	root := t.TempDir()
	put(t, create(t, root), "k", "content", remote.PutOptions{})
	if err := os.RemoveAll(root + "/.lockerfs/tmp"); err != nil {
		t.Fatal(err)
	}
	s, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	body, _, err := s.Get(t.Context(), "k", remote.Range{}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); !bytes.Equal(got, []byte("content")) || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestErrorKinds(t *testing.T) {
	for errno, want := range map[syscall.Errno]error{
		syscall.ENOSPC: remote.ErrFull, syscall.EDQUOT: remote.ErrFull, syscall.EACCES: remote.ErrDenied, syscall.EPERM: remote.ErrDenied,
		syscall.EROFS: remote.ErrDenied, syscall.EIO: remote.ErrThrottled, syscall.ENODEV: remote.ErrOffline, syscall.ESTALE: remote.ErrOffline,
		syscall.ENAMETOOLONG: remote.ErrInvalid, syscall.ENOENT: remote.ErrNotFound, syscall.EXDEV: remote.ErrThrottled,
	} {
		if got := dir.KindOf(fmt.Errorf("wrapped: %w", &fs.PathError{Op: "open", Path: "k", Err: errno})); got != want {
			t.Errorf("%v: got %v, want %v", errno, got, want)
		}
	}
}
