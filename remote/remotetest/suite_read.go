package remotetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
)

func getRanges(t *testing.T, s remote.Store) {
	content := pattern(1000, 1)
	written := put(t, s, "a/track.flac", content)
	for _, c := range []struct {
		r    remote.Range
		want []byte
	}{
		{remote.Range{}, content},
		{remote.Range{Length: 1}, content[:1]},
		{remote.Range{Offset: 10, Length: 90}, content[10:100]},
		{remote.Range{Offset: 990}, content[990:]},
		{remote.Range{Offset: 999, Length: 1}, content[999:]},
		{remote.Range{Offset: 990, Length: 5000}, content[990:]},
		{remote.Range{Length: 1000}, content},
		{remote.Range{Length: 1001}, content},
		{remote.Range{Offset: 1, Length: math.MaxInt64}, content[1:]},
	} {
		got, object := get(t, s, "a/track.flac", c.r)
		if !bytes.Equal(got, c.want) {
			t.Errorf("%+v: got %d bytes, want %d, or other bytes", c.r, len(got), len(c.want))
		}
		if object.Key != "a/track.flac" || object.Size != 1000 || object.ETag != written.ETag {
			t.Errorf("%+v: got object %+v, want the whole object's key, size and ETag", c.r, object)
		}
	}
	for _, r := range []remote.Range{{Offset: 1000}, {Offset: 1000, Length: 1}, {Offset: 1 << 40, Length: 7}} {
		_, _, err := read(t, s, "a/track.flac", r, "")
		wantKind(t, r.String(), err, remote.ErrRange)
	}
}

func emptyObject(t *testing.T, s remote.Store) {
	written := put(t, s, "empty", nil)
	if written.Size != 0 || written.ETag == "" {
		t.Errorf("put gave %+v, want size 0 and an ETag", written)
	}
	for _, r := range []remote.Range{{}, {Length: 10}} {
		if got, object := get(t, s, "empty", r); len(got) != 0 || object.Size != 0 || object.ETag != written.ETag {
			t.Errorf("%+v: got %d bytes of %+v", r, len(got), object)
		}
	}
	_, _, err := read(t, s, "empty", remote.Range{Offset: 1}, "")
	wantKind(t, "start 1 of an empty object", err, remote.ErrRange)
	_, _, err = read(t, s, "empty", remote.Range{Length: 1}, "other")
	wantKind(t, "another ETag of an empty object", err, remote.ErrPrecondition)
}

func getIfMatch(t *testing.T, s remote.Store) {
	old := put(t, s, "k", []byte("old content"))
	now := put(t, s, "k", []byte("new content"))
	if old.ETag == now.ETag {
		t.Fatalf("both versions have ETag %q", old.ETag)
	}
	for _, r := range []remote.Range{{}, {Offset: 4, Length: 3}} {
		if _, _, err := read(t, s, "k", r, now.ETag); err != nil {
			t.Errorf("%v with the right ETag: %v", r, err)
		}
		_, _, err := read(t, s, "k", r, old.ETag)
		wantKind(t, "a stale ETag", err, remote.ErrPrecondition)
	}
	_, _, err := read(t, s, "none", remote.Range{}, now.ETag)
	wantKind(t, "an ETag on no object", err, remote.ErrNotFound)
}

func headDescribes(t *testing.T, s remote.Store) {
	written := put(t, s, "d/k", []byte("content"))
	got, err := s.Head(t.Context(), "d/k")
	if err != nil {
		t.Fatal(err)
	}
	if got.Key != "d/k" || got.Size != 7 || got.ETag != written.ETag {
		t.Errorf("got %+v, want what put gave, %+v", got, written)
	}
	if age := time.Since(got.ModTime); age < -time.Minute || age > time.Minute {
		t.Errorf("got ModTime %v, want about now", got.ModTime)
	}
	if bytes.ContainsAny([]byte(got.ETag), `"`) {
		t.Errorf("ETag %s has quotes", got.ETag)
	}
}

func missingObject(t *testing.T, s remote.Store) {
	put(t, s, "folder/k", []byte("x"))
	for _, key := range []string{"k", "folder", "folder/other", "no/such/folder/k"} {
		_, err := s.Head(t.Context(), key)
		wantKind(t, "head "+key, err, remote.ErrNotFound)
		_, _, err = read(t, s, key, remote.Range{}, "")
		wantKind(t, "get "+key, err, remote.ErrNotFound)
		_, _, err = read(t, s, key, remote.Range{Offset: 5, Length: 5}, "")
		wantKind(t, "get a range of "+key, err, remote.ErrNotFound)
	}
}

func metadataComesBack(t *testing.T, s remote.Store) {
	want := map[string]string{
		"path":   "Music/Sigur Rós/( )/01 Untitled 100%.flac",
		"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"odd":    "  two  spaces, 日本 =?UTF-8?q?x?= \"quotes\" a%2Fb\tand\nlines ",
		"mtime":  "1795259821.123456789",
	}
	o := remote.PutOptions{Metadata: want, ContentType: "audio/flac"}
	written, err := s.Put(t.Context(), "k", section([]byte("x")), o)
	if err != nil {
		t.Fatal(err)
	}
	head, err := s.Head(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	_, got := get(t, s, "k", remote.Range{})
	for op, object := range map[string]remote.Object{"put": written, "head": head, "get": got} {
		if diff := cmp.Diff(want, object.Metadata); diff != "" {
			t.Errorf("%s, -want +got:\n%s", op, diff)
		}
	}
	put(t, s, "k", []byte("x"))
	if _, object := get(t, s, "k", remote.Range{}); len(object.Metadata) != 0 {
		t.Errorf("metadata outlives its version: %v", object.Metadata)
	}
}

// largeObject is larger than what S3 stores send in one piece.
func largeObject(t *testing.T, s remote.Store) {
	content := pattern(20<<20+12345, 7)
	o := remote.PutOptions{Metadata: map[string]string{"path": "é"}, ContentType: "audio/flac"}
	written, err := s.Put(t.Context(), "large.wav", section(content), o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := written.Size, int64(len(content)); got != want {
		t.Errorf("put gave size %d, want %d", got, want)
	}
	hash := sha256.New()
	for offset := 0; offset < len(content); offset += 3 << 20 {
		r := remote.Range{Offset: int64(offset), Length: 3 << 20}
		part, object, err := read(t, s, "large.wav", r, written.ETag)
		if err != nil || object.Metadata["path"] != "é" {
			t.Fatalf("%v: %+v, %v", r, object, err)
		}
		hash.Write(part)
	}
	if got, want := [32]byte(hash.Sum(nil)), sha256.Sum256(content); got != want {
		t.Errorf("the ranges add up to %x, want %x", got, want)
	}
	if whole, _ := get(t, s, "large.wav", remote.Range{}); !bytes.Equal(whole, content) {
		t.Error("the whole object is not what was put")
	}
}

func getEndsWithContext(t *testing.T, s remote.Store) {
	put(t, s, "k", pattern(8<<20, 3))
	ctx, cancel := context.WithCancel(t.Context())
	body, _, err := s.Get(ctx, "k", remote.Range{}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadFull(body, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, body); !errors.Is(err, context.Canceled) {
		t.Errorf("reading on: got %v, want context.Canceled", err)
	}
}

func endedContext(t *testing.T, s remote.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, getErr := s.Get(ctx, "k", remote.Range{}, "")
	_, headErr := s.Head(ctx, "k")
	_, putErr := s.Put(ctx, "k", section([]byte("x")), remote.PutOptions{})
	_, listErr := s.List(ctx, "", "", 0)
	errs := map[Op]error{Get: getErr, Head: headErr, Put: putErr, Delete: s.Delete(ctx, "k"), List: listErr}
	for op, err := range errs {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled", op, err)
		}
	}
	_, err := s.Head(t.Context(), "k")
	wantKind(t, "the put must not have happened", err, remote.ErrNotFound)
}

// useAndAbandon does what leaves goroutines behind in a careless store: half-read
// bodies, cancelled calls, failures.
func useAndAbandon(t *testing.T, s remote.Store) {
	put(t, s, "k", pattern(4<<20, 5))
	for range 4 {
		body, _, err := s.Get(t.Context(), "k", remote.Range{}, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(body, make([]byte, 10)); err != nil {
			t.Error(err)
		}
		if err := body.Close(); err != nil {
			t.Errorf("closing a half-read body: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if body, _, err = s.Get(ctx, "k", remote.Range{}, ""); err != nil {
			t.Fatal(err)
		}
		cancel()
		body.Close()
		_, _, err = read(t, s, "none", remote.Range{}, "")
		wantKind(t, "get of none", err, remote.ErrNotFound)
	}
}
