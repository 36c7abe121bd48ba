package remote_test

import (
	"errors"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestProbe(t *testing.T) {
	kinds := []remote.Support{remote.Enforced, remote.Ignored, remote.Refused}
	for _, create := range kinds {
		for _, replace := range kinds {
			for _, read := range kinds {
				want := remote.Conditions{Create: create, Replace: replace, Read: read}
				store := remotetest.NewMemory()
				store.Treat(want)
				got, err := remote.Probe(t.Context(), store, "probe/")
				if err != nil || got != want {
					t.Errorf("got %+v, %v; want %+v", got, err, want)
				}
				if page, err := store.List(t.Context(), "", "", 0); err != nil || len(page.Objects) != 0 {
					t.Errorf("%+v left %v, %v", want, page.Objects, err)
				}
			}
		}
	}
}

// A write that won and then reports a failed condition, as a retried one does,
// must not look like a store that refuses or ignores.
func TestProbeSurvivesLies(t *testing.T) {
	enforced := remote.Conditions{Create: remote.Enforced, Replace: remote.Enforced, Read: remote.Enforced}
	store := remotetest.NewFaulty(remotetest.NewMemory())
	for _, lie := range []error{remote.ErrExists, remote.ErrExists, nil, remote.ErrPrecondition, remote.ErrPrecondition} {
		store.Lose(remotetest.Put, "probe/", lie)
	}
	got, err := remote.Probe(t.Context(), store, "probe/")
	if err != nil || got != enforced {
		t.Errorf("got %+v, %v; want %+v", got, err, enforced)
	}
	store.AssertFired(t)
}

func TestProbeErrorIsNoVerdict(t *testing.T) {
	for _, op := range []remotetest.Op{remotetest.List, remotetest.Put, remotetest.Get, remotetest.Delete} {
		for _, kind := range []error{remote.ErrOffline, remote.ErrDenied, remote.ErrThrottled, remote.ErrFull} {
			for skip := range 8 {
				store := remotetest.NewFaulty(remotetest.NewMemory())
				for range skip {
					store.Lose(op, "", nil)
				}
				store.Fail(op, "", kind)
				got, err := remote.Probe(t.Context(), store, "probe/")
				if len(store.Pending()) > 0 {
					break // the probe makes fewer such calls
				}
				if !errors.Is(err, kind) || got != (remote.Conditions{}) {
					t.Errorf("%s %d fails with %v: got %+v, %v", op, skip, kind, got, err)
				}
			}
		}
	}
}

// Credentials that may read and not write are a verdict; nothing is left, and nothing is
// deleted.
func TestProbeWithoutTheRightToWrite(t *testing.T) {
	store := remotetest.NewFaulty(remotetest.NewMemory())
	store.Fail(remotetest.Put, "probe/", remote.ErrDenied)
	store.Fail(remotetest.Put, "probe/", remote.ErrDenied)
	got, err := remote.Probe(t.Context(), store, "probe/")
	if want := (remote.Conditions{Create: remote.Denied, Replace: remote.Denied}); err != nil || got != want || got.Writable() || got.Shareable() {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	store.AssertFired(t)
}
