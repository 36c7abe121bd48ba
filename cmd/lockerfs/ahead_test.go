package main

import (
	"testing"

	"github.com/lockerfs/lockerfs/prefetch"
)

// TestNextTrackBeforeHeads: on a thin link the next track must not wait for the heads of
// tracks that may be played some time.
func TestNextTrackBeforeHeads(t *testing.T) {
	a := &ahead{}
	if next, heads := a.classOf(1, prefetch.NextTrack), a.classOf(1, prefetch.AlbumHeads); next >= heads {
		t.Errorf("the next track has class %d, heads of the album %d", next, heads)
	}
}
