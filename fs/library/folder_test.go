package library_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/library"
)

func TestFolderTellsNamesApart(t *testing.T) {
	var f library.Folder
	if c, ok := f.Child("A"); ok {
		t.Errorf("an empty folder has %v", c)
	}
	f.Add(library.Child{Name: "A", Dir: true})
	f.Add(library.Child{Name: "a", ID: "1"})
	f.Add(library.Child{Name: "a", ID: "2"})
	for name, want := range map[string]library.Child{"A": {Name: "A", Dir: true}, "a": {Name: "a", ID: "2"}} {
		if got, ok := f.Child(name); !ok || got != want {
			t.Errorf("Child(%q) = %v, %t, want %v", name, got, ok, want)
		}
	}
	if c, ok := f.Child("ä"); ok {
		t.Errorf("there is no ä, and yet %v", c)
	}
}

// TestFolderRemove holds that a child that was taken out leaves nothing behind.
func TestFolderRemove(t *testing.T) {
	plain, other := new(library.Folder), new(library.Folder)
	stay := []library.Child{{Name: "1-01 T.mp3", ID: "1"}, {Name: "B", Dir: true}, {Name: "b", ID: "3"}}
	for _, c := range stay {
		plain.Add(c)
		other.Add(c)
	}
	for range 2 {
		for _, c := range []library.Child{{Name: "B (2)", Dir: true}, {Name: "12-001 T.mp3", ID: "1"}, {Name: "1-01 T (2).mp3", ID: "1"}, {Name: "cover.jpg"}} {
			other.Add(c)
			other.Add(c)
		}
		for _, name := range []string{"B (2)", "12-001 T.mp3", "1-01 T (2).mp3", "cover.jpg", "not there", "1-01 t.mp3"} {
			other.Remove(name)
		}
	}
	if diff := cmp.Diff(plain, other, cmp.AllowUnexported(library.Folder{})); diff != "" {
		t.Errorf("after Remove (-never added +removed):\n%s", diff)
	}
}

// kept is a locker whose folders are made once.
type kept map[string]*library.Folder

func (k kept) Folder(dir string) (*library.Folder, error) {
	if k[dir] == nil {
		k[dir] = new(library.Folder)
	}
	return k[dir], nil
}

func (kept) Releases(string) ([]library.Release, error) { return nil, nil }

// TestPlanDoesNotListFolders holds that one album costs the same, however many the
// locker, the artist and the album have already: else a large import is quadratic.
func TestPlanDoesNotListFolders(t *testing.T) {
	cost := func(children int) float64 {
		k := kept{"": {}, "A": {}, "A/B": {}}
		k[""].Add(library.Child{Name: "A", Dir: true})
		k["A"].Add(library.Child{Name: "B", Dir: true})
		for n := range children {
			k[""].Add(library.Child{Name: fmt.Sprintf("Ärtist %d", n), Dir: true})
			k["A"].Add(library.Child{Name: fmt.Sprintf("Älbum %d", n), Dir: true})
			k["A/B"].Add(library.Child{Name: fmt.Sprintf("Söng %d.mp3", n), ID: fmt.Sprint(n)})
		}
		sources := []library.Source{audio("in/1.mp3", song("A", "B", 1, "T")), other("in/cover.jpg")}
		return testing.AllocsPerRun(10, func() {
			if _, err := library.Plan(nil, sources, k); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := cost(10), cost(10000); many > few+5 {
		t.Errorf("planning an album allocates %v times among 10 others, %v times among 10,000", few, many)
	}
}
