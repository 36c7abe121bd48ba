package remotetest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestMemory(t *testing.T) {
	remotetest.Run(t, func(*testing.T) remote.Store { return remotetest.NewMemory() })
}

func TestFaultyWithoutFaults(t *testing.T) {
	remotetest.Run(t, func(*testing.T) remote.Store { return remotetest.NewFaulty(remotetest.NewMemory()) })
}

func TestMemoryTreatsConditionsAsTold(t *testing.T) {
	put := func(s remote.Store, c remote.Condition) error {
		_, err := s.Put(t.Context(), "k", section("x"), remote.PutOptions{If: c})
		return err
	}
	absent, wrong := remote.Condition{Absent: true}, remote.Condition{ETag: "wrong"}
	for _, c := range []struct {
		support                  remote.Support
		onCreate, onReplace, get error
	}{
		{remote.Enforced, remote.ErrExists, remote.ErrPrecondition, remote.ErrPrecondition},
		{remote.Ignored, nil, nil, nil},
		{remote.Refused, remote.ErrNotImplemented, remote.ErrNotImplemented, remote.ErrNotImplemented},
	} {
		s := remotetest.NewMemory()
		if err := put(s, remote.Condition{}); err != nil {
			t.Fatal(err)
		}
		s.Treat(remote.Conditions{Create: c.support, Replace: c.support, Read: c.support})
		_, _, getErr := s.Get(t.Context(), "k", remote.Range{}, "wrong")
		for name, got := range map[string][2]error{
			"create": {put(s, absent), c.onCreate}, "replace": {put(s, wrong), c.onReplace}, "get": {getErr, c.get},
		} {
			if !errors.Is(got[0], got[1]) {
				t.Errorf("%s %s: got %v, want %v", c.support, name, got[0], got[1])
			}
		}
	}
}

func TestMemoryClock(t *testing.T) {
	s := remotetest.NewMemory()
	want := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	s.SetClock(func() time.Time { return want })
	object, err := s.Put(t.Context(), "k", section("x"), remote.PutOptions{})
	if err != nil || !object.ModTime.Equal(want) {
		t.Errorf("got %v, %v; want %v", object.ModTime, err, want)
	}
}
