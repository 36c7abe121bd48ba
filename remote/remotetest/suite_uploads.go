package remotetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// unfinishedUploads: what broke off and may go on is told of, and can be given up; to give
// it up twice is no error.
func unfinishedUploads(t *testing.T, s remote.Store) {
	u, ok := s.(remote.Uploads)
	if !ok {
		return // nothing of what broke off is kept
	}
	ctx, cancel := context.WithCancel(t.Context())
	body := &endingBody{Reader: bytes.NewReader(bytes.Repeat([]byte("large"), 5<<20)), after: 16 << 20, end: cancel}
	_, err := s.Put(ctx, "Music/Ä large & one.flac", io.NewSectionReader(body, 0, body.Size()), remote.PutOptions{Resume: true})
	if err == nil {
		t.Fatal("a put whose context ended went through")
	}
	put(t, s, "Music/whole", []byte("whole"))
	for _, prefix := range []string{"Music/", ""} {
		list, err := u.ListUploads(t.Context(), prefix)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			if one.Key != "Music/Ä large & one.flac" || one.ID == "" || time.Since(one.Begun).Abs() > time.Hour {
				t.Errorf("unfinished is %+v", one)
			}
		}
		if len(list) > 1 {
			t.Errorf("%d uploads are unfinished: %+v", len(list), list)
		}
		if other, err := u.ListUploads(t.Context(), "Other/"); err != nil || len(other) > 0 {
			t.Errorf("under another prefix: %+v, %v", other, err)
		}
	}
	list, err := u.ListUploads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		for range 2 {
			if err := u.AbortUpload(t.Context(), one); err != nil {
				t.Errorf("giving up: %v", err)
			}
		}
	}
	if list, err = u.ListUploads(t.Context(), ""); err != nil || len(list) > 0 {
		t.Errorf("left: %+v, %v", list, err)
	}
	if _, err := s.Head(t.Context(), "Music/Ä large & one.flac"); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("head: %v", err)
	}
}

// endingBody ends a context when it has been read so far.
type endingBody struct {
	*bytes.Reader
	after int64
	end   func()
}

// ReadAt implements io.ReaderAt.
func (b *endingBody) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.after {
		b.end()
	}
	return b.Reader.ReadAt(p, off)
}
