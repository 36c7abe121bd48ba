package remotetest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func section(s string) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader([]byte(s)), 0, int64(len(s)))
}

func TestFaultyFailBefore(t *testing.T) {
	memory := remotetest.NewMemory()
	f := remotetest.NewFaulty(memory)
	f.Fail(remotetest.Put, "log/", remote.ErrOffline)
	if _, err := f.Put(t.Context(), "other", section("x"), remote.PutOptions{}); err != nil {
		t.Errorf("a put under another prefix: %v", err)
	}
	if got := f.Pending(); len(got) != 1 {
		t.Errorf("got pending %v, want the one fault", got)
	}
	if _, err := f.Put(t.Context(), "log/1", section("x"), remote.PutOptions{}); !errors.Is(err, remote.ErrOffline) {
		t.Errorf("got %v, want ErrOffline", err)
	}
	if _, err := memory.Head(t.Context(), "log/1"); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("got %v, want nothing written", err)
	}
	if _, err := f.Put(t.Context(), "log/1", section("x"), remote.PutOptions{}); err != nil {
		t.Errorf("a fault strikes once, got %v", err)
	}
	f.AssertFired(t)
	if got, want := f.Count(remotetest.Put), 3; got != want {
		t.Errorf("got %d puts, want %d", got, want)
	}
}

func TestFaultyLose(t *testing.T) {
	memory := remotetest.NewMemory()
	f := remotetest.NewFaulty(memory)
	f.Lose(remotetest.Put, "", remote.ErrOffline)
	object, err := f.Put(t.Context(), "a", section("x"), remote.PutOptions{If: remote.Condition{Absent: true}})
	if !errors.Is(err, remote.ErrOffline) || object.ETag != "" {
		t.Errorf("got %+v, %v; want an empty answer and ErrOffline", object, err)
	}
	if _, err := memory.Head(t.Context(), "a"); err != nil {
		t.Errorf("the write must be there: %v", err)
	}
	f.AssertFired(t)
}

func TestFaultyCut(t *testing.T) {
	f := remotetest.NewFaulty(remotetest.NewMemory())
	if _, err := f.Put(t.Context(), "a", section("0123456789"), remote.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	f.Cut("", 4, remote.ErrOffline)
	body, _, err := f.Get(t.Context(), "a", remote.Range{}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	if string(got) != "0123" || !errors.Is(err, remote.ErrOffline) {
		t.Errorf("got %q, %v; want the first 4 bytes and ErrOffline", got, err)
	}
}

func TestFaultyHold(t *testing.T) {
	memory := remotetest.NewMemory()
	f := remotetest.NewFaulty(memory)
	before, after := f.Hold(remotetest.Put, "a"), f.HoldAnswer(remotetest.Put, "b")
	done := make(chan error, 2)
	for _, key := range []string{"a", "b"} {
		go func() {
			_, err := f.Put(t.Context(), key, section("x"), remote.PutOptions{})
			done <- err
		}()
	}
	<-before.Reached()
	<-after.Reached()
	if _, err := memory.Head(t.Context(), "a"); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("held before: got %v, want it not written yet", err)
	}
	if _, err := memory.Head(t.Context(), "b"); err != nil {
		t.Errorf("held after: got %v, want it written", err)
	}
	before.Release()
	after.Release()
	after.Release()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestFaultyHoldEndsWithContext(t *testing.T) {
	f := remotetest.NewFaulty(remotetest.NewMemory())
	gate := f.Hold(remotetest.Head, "")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-gate.Reached()
		cancel()
	}()
	if _, err := f.Head(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestFaultyBreak(t *testing.T) {
	f := remotetest.NewFaulty(remotetest.NewMemory())
	f.Break(remote.ErrOffline)
	if _, err := f.List(t.Context(), "", "", 0); !errors.Is(err, remote.ErrOffline) {
		t.Errorf("got %v, want ErrOffline", err)
	}
	f.Break(nil)
	if _, err := f.List(t.Context(), "", "", 0); err != nil {
		t.Error(err)
	}
}
