package remotetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
)

func readableKeys(t *testing.T, s remote.Store) {
	keys := []string{
		"Music/Sigur Rós/( )/01 Untitled.0123456789ab.flac",
		"Music/AC⁄DC/Back in Black/01 Hells Bells.0123456789ab.mp3",
		"Music/日本/曲 #1 + 100% & more?.opus",
		"Music/...And Justice for All/1-01 Blackened.flac",
		"Music/" + strings.Repeat("é", 100) + "/" + strings.Repeat("x", 200) + ".m4a",
		"Music/tilde~ 'quotes' \"double\" a=b;c,d:e@f!$*[x]{y}|^`\\<z>.wav",
		".lockerfs/log/00000000000000000001",
	}
	for _, key := range keys {
		put(t, s, key, []byte("content of "+key))
	}
	for _, key := range keys {
		content, object := get(t, s, key, remote.Range{})
		if string(content) != "content of "+key || object.Key != key {
			t.Errorf("%q: got %q of %q", key, content, object.Key)
		}
		if object, err := s.Head(t.Context(), key); err != nil || object.Key != key {
			t.Errorf("head %q: got %+v, %v", key, object, err)
		}
	}
	if got := listAll(t, s, "Music/", "", 0); len(got) != len(keys)-1 {
		t.Errorf("got %d keys listed, want %d: %q", len(got), len(keys)-1, got)
	}
	for _, key := range keys {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	if got := listAll(t, s, "", "", 0); len(got) != 0 {
		t.Errorf("got %q left", got)
	}
}

func invalidRequests(t *testing.T, s remote.Store) {
	put(t, s, "a/b", []byte("x"))
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "a\x00b", "a\nb", "\xff",
		strings.Repeat("x", 256), strings.Repeat("x/", 450) + "y",
	} {
		_, err := s.Put(t.Context(), key, section(nil), remote.PutOptions{})
		wantKind(t, "put "+key, err, remote.ErrInvalid)
		_, _, err = s.Get(t.Context(), key, remote.Range{}, "")
		wantKind(t, "get "+key, err, remote.ErrInvalid)
		_, err = s.Head(t.Context(), key)
		wantKind(t, "head "+key, err, remote.ErrInvalid)
		wantKind(t, "delete "+key, s.Delete(t.Context(), key), remote.ErrInvalid)
	}
	for name, o := range map[string]remote.PutOptions{
		"two conditions":     {If: remote.Condition{Absent: true, ETag: "x"}},
		"bad metadata key":   {Metadata: map[string]string{"Upper": "x"}},
		"bad metadata value": {Metadata: map[string]string{"k": "\xff"}},
		"too much metadata":  {Metadata: map[string]string{"k": strings.Repeat("x", remote.MaxMetadata)}},
	} {
		_, err := s.Put(t.Context(), "k", section(nil), o)
		wantKind(t, name, err, remote.ErrInvalid)
	}
	large := section(make([]byte, remote.MaxConditional+1))
	_, err := s.Put(t.Context(), "k", large, remote.PutOptions{If: remote.Condition{Absent: true}})
	wantKind(t, "a large body with a condition", err, remote.ErrInvalid)
	for _, r := range []remote.Range{{Offset: -1}, {Length: -1}} {
		_, _, err := s.Get(t.Context(), "a/b", r, "")
		wantKind(t, "a negative range", err, remote.ErrInvalid)
	}
	_, err = s.List(t.Context(), "", "", -1)
	wantKind(t, "a negative limit", err, remote.ErrInvalid)
	short := io.NewSectionReader(bytes.NewReader([]byte("abc")), 0, 10)
	_, err = s.Put(t.Context(), "short", short, remote.PutOptions{})
	wantKind(t, "a body shorter than it says", err, remote.ErrInvalid)
	if got := listAll(t, s, "", "", 0); len(got) != 1 {
		t.Errorf("refused writes left %q", got)
	}
}

func conditionalPut(t *testing.T, s remote.Store) {
	try := func(content string, c remote.Condition) (remote.Object, error) {
		return s.Put(t.Context(), "k", section([]byte(content)), remote.PutOptions{If: c})
	}
	_, err := try("x", remote.Condition{ETag: "d41d8cd98f00b204e9800998ecf8427e"})
	wantKind(t, "replace of nothing", err, remote.ErrPrecondition)
	first, err := try("first", remote.Condition{Absent: true})
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	_, err = try("again", remote.Condition{Absent: true})
	wantKind(t, "create over an object", err, remote.ErrExists)
	second, err := try("second", remote.Condition{ETag: first.ETag})
	if err != nil {
		t.Fatalf("replace of the right version: %v", err)
	}
	_, err = try("third", remote.Condition{ETag: first.ETag})
	wantKind(t, "replace of a stale version", err, remote.ErrPrecondition)
	if got, object := get(t, s, "k", remote.Range{}); string(got) != "second" || object.ETag != second.ETag {
		t.Errorf("got %q %q, want the second write, %q", got, object.ETag, second.ETag)
	}
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, err := try("new", remote.Condition{Absent: true}); err != nil {
		t.Errorf("create after delete: %v", err)
	}
	full := section(pattern(remote.MaxConditional, 1))
	if _, err := s.Put(t.Context(), "full", full, remote.PutOptions{If: remote.Condition{Absent: true}}); err != nil {
		t.Errorf("the largest body with a condition: %v", err)
	}
}

func deleteIdempotent(t *testing.T, s remote.Store) {
	put(t, s, "a/b/c", []byte("x"))
	put(t, s, "a/b/d", []byte("y"))
	for _, key := range []string{"a/b/c", "a/b/c", "a/b/none", "none", "a/b", "no/such/folder/k"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	_, err := s.Head(t.Context(), "a/b/c")
	wantKind(t, "head of the deleted", err, remote.ErrNotFound)
	if got, _ := get(t, s, "a/b/d", remote.Range{}); string(got) != "y" {
		t.Errorf("its neighbour holds %q", got)
	}
	if err := s.Delete(t.Context(), "a/b/d"); err != nil {
		t.Error(err)
	}
	put(t, s, "a/b", []byte("a folder may become an object"))
}

// cancelling is a body that ends the put's context as soon as it is read.
type cancelling struct {
	io.ReaderAt
	cancel context.CancelFunc
}

func (c cancelling) ReadAt(p []byte, off int64) (int, error) {
	c.cancel()
	return c.ReaderAt.ReadAt(p, off)
}

func putEndsWithContext(t *testing.T, s remote.Store) {
	for _, size := range []int{1000, 8 << 20, 24 << 20} {
		old := put(t, s, "k", []byte("old"))
		ctx, cancel := context.WithCancel(t.Context())
		body := cancelling{bytes.NewReader(pattern(size, 9)), cancel}
		_, err := s.Put(ctx, "k", io.NewSectionReader(body, 0, int64(size)), remote.PutOptions{})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d bytes: got %v, want context.Canceled", size, err)
		}
		if got, object := get(t, s, "k", remote.Range{}); string(got) != "old" || object.ETag != old.ETag {
			t.Errorf("%d bytes: the object is %d bytes now, want the old version", size, len(got))
		}
		if got := listAll(t, s, "", "", 0); len(got) != 1 {
			t.Errorf("%d bytes: got %q listed, want one object", size, got)
		}
	}
}

// putKeepsPace: the pace is asked for every byte that goes out, none twice, and what it
// answers ends the put.
func putKeepsPace(t *testing.T, s remote.Store) {
	errEnough := errors.New("enough")
	for _, size := range []int{1000, 1 << 20, 24 << 20} {
		var asked, most atomic.Int64
		ctx := remote.WithPace(t.Context(), func(_ context.Context, n int) error {
			asked.Add(int64(n))
			if int64(n) > most.Load() {
				most.Store(int64(n))
			}
			return nil
		})
		if _, err := s.Put(ctx, "k", section(pattern(size, 9)), remote.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		// A large object has a few bytes about it.
		if got := asked.Load(); got < int64(size) || got > int64(size)+64<<10 || most.Load() > remote.PacePiece {
			t.Errorf("%d bytes: the pace was asked for %d, at most %d at once", size, got, most.Load())
		}
		ctx = remote.WithPace(t.Context(), func(context.Context, int) error { return errEnough })
		if _, err := s.Put(ctx, "k2", section(pattern(size, 8)), remote.PutOptions{}); err == nil {
			t.Errorf("%d bytes were put against the pace", size)
		}
		if got := listAll(t, s, "", "", 0); len(got) != 1 {
			t.Errorf("%d bytes: got %q listed, want one object", size, got)
		}
	}
}

func probeEnforced(t *testing.T, s remote.Store) {
	got, err := remote.Probe(t.Context(), s, ".lockerfs/probe/")
	want := remote.Conditions{Create: remote.Enforced, Replace: remote.Enforced, Read: remote.Enforced}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if left := listAll(t, s, "", "", 0); len(left) != 0 {
		t.Errorf("the probe left %q", left)
	}
}
