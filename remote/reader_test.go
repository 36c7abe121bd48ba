package remote_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestReaderAt(t *testing.T) {
	store := remotetest.NewFaulty(remotetest.NewMemory())
	want := bytes.Repeat([]byte("lockerfs "), 50_000)
	obj, err := store.Put(t.Context(), "key", io.NewSectionReader(bytes.NewReader(want), 0, int64(len(want))), remote.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := remote.NewReaderAt(t.Context(), store, obj)
	if err := iotest.TestReader(io.NewSectionReader(r, 0, obj.Size), want); err != nil {
		t.Error(err)
	}
	before := store.Count(remotetest.Get)
	for range 10 {
		if _, err := r.ReadAt(make([]byte, 16), 100); err != nil {
			t.Fatal(err)
		}
	}
	if got := store.Count(remotetest.Get) - before; got > 1 {
		t.Errorf("ten reads in one place made %d requests", got)
	}
	if n, err := r.ReadAt(make([]byte, 10), obj.Size-4); n != 4 || err != io.EOF {
		t.Errorf("across the end: %d, %v", n, err)
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); !errors.Is(err, remote.ErrInvalid) {
		t.Errorf("before the beginning: %v", err)
	}
	if _, err := store.Put(t.Context(), "key", io.NewSectionReader(bytes.NewReader(want[1:]), 0, int64(len(want)-1)), remote.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadAt(make([]byte, 10), 200_000); !errors.Is(err, remote.ErrPrecondition) {
		t.Errorf("after the object changed: %v", err)
	}
}
