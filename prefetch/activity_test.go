package prefetch

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestActivity: what is open is told of, what is closed is not, though it is remembered.
func TestActivity(t *testing.T) {
	s := scriptOf(t, newAlbums(40, 10), Options{})
	first := s.play("x", 3, 10*time.Second)
	s.read(s.open("y", 7), 0, 4096)
	s.close(s.open("z", 8))
	all := s.planner.Activity()
	if len(all) != 2 || all[0].File != 3 || all[0].Does != Play || all[0].Process.Name != "x" || all[0].At == 0 || !all[0].Since.Before(all[1].Since) {
		t.Errorf("got %+v", all)
	}
	if all[1].File != 7 || all[1].Does != Unknown || all[1].At != 4096 {
		t.Errorf("got %+v", all[1])
	}
	s.close(first)
	if diff := cmp.Diff(all[1:], s.planner.Activity()); diff != "" {
		t.Error(diff)
	}
}
