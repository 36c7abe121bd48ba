package integration

import (
	"encoding/json"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// organizes files a locker anew that has just been imported: nothing moves. Then by
// other layouts and back: nothing is lost, and the tree is as the dry run said.
func organizes(t *testing.T, d *device, stands map[string]string) {
	still := func(args ...string) {
		t.Helper()
		if moves := d.organize(args...); len(moves) > 0 {
			t.Errorf("organize %q moves %d files and folders, first %+v", args, len(moves), moves[0])
		}
	}
	still("--dry-run")
	still()
	for _, layout := range []string{"year", "{codec}/{albumartist} - {album}/{track - }{title}", "plain"} {
		planned := moved(stands, d.organize("--dry-run", "--layout", layout))
		d.organize("--layout", layout)
		before := stands
		stands = d.whatStands()
		if diff := cmp.Diff(contents(before), contents(stands)); diff != "" {
			t.Errorf("organize --layout %q changed bytes or lost some:\n%s", layout, diff)
		}
		if diff := cmp.Diff(planned, stands); diff != "" {
			t.Errorf("organize --layout %q (-as the dry run said +as it is):\n%s", layout, diff)
		}
		still("--dry-run", "--layout", layout)
	}
}

// move is what organize says of one file, or of a folder that moves whole.
type move struct {
	From, To string
	Dir      bool
}

func (d *device) organize(args ...string) []move {
	d.t.Helper()
	var said struct{ Moves []move }
	out := d.answer(append([]string{"organize", "--json"}, args...)...)
	if err := json.Unmarshal(out, &said); err != nil {
		d.t.Fatalf("organize %q: %v\n%s", args, err, out)
	}
	return said.Moves
}

// moved gives the tree as it is after moves that were only planned: those of single
// files say more than those of their folders.
func moved(stands map[string]string, moves []move) map[string]string {
	to := map[string]string{}
	for _, m := range moves {
		to[m.From] = m.To
	}
	after := map[string]string{}
	for file, h := range stands {
		at := file
		for up := file; up != "."; up = path.Dir(up) {
			if dest, ok := to[up]; ok {
				at = dest + strings.TrimPrefix(file, up)
				break
			}
		}
		after[at] = h
	}
	return after
}

// contents gives the hashes of files, each as often as it is there.
func contents(stands map[string]string) []string {
	return slices.Sorted(maps.Values(stands))
}

// TestMessyKept imports folders of the messy collection as they are.
func TestMessyKept(t *testing.T) {
	music := makeMessy(t)
	args := []string{"--layout", "keep"}
	for _, dir := range []string{"CDs of Anna", "Favourites", "Latin-1", "Live", "Mac", "Odd names", "Playlists", "Vinyl"} {
		args = append(args, filepath.Join(music, dir))
	}
	d := newLocker(t, folder(t))
	planned := d.imports(append([]string{"--dry-run"}, args...)...)
	from := planned.sources(t, music)
	said := d.imports(args...)
	stands := d.whatStands()
	golden(t, "kept", drawn(music, from, said))
	bitExact(t, music, stands, from)
	if again := d.imports(args...).counts; again != (counts{Present: said.Imported + said.Matched + said.Present}) {
		t.Errorf("a second import says %+v, the first said %+v", again, said.counts)
	}
}
