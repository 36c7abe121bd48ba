package integration

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// TestMessyCollection imports what a person has gathered in twenty years
// (testdata/messy): every file is in the tree that the golden file shows or named as
// left out, bit-exact, and the tree is the same in every locker and in every run.
func TestMessyCollection(t *testing.T) {
	music := makeMessy(t)
	d := newLocker(t, folder(t))
	said := d.imports(music)
	stands := d.whatStands()
	planned := newLocker(t, folder(t)).imports("--dry-run", music)
	from := planned.sources(t, music)

	t.Run("golden", func(t *testing.T) { golden(t, "messy", drawn(music, from, said)) })
	t.Run("dry run", func(t *testing.T) {
		if said.counts != planned.counts {
			t.Errorf("the import says %+v, the dry run said %+v", said.counts, planned.counts)
		}
	})
	t.Run("bit-exact", func(t *testing.T) { bitExact(t, music, stands, from) })
	t.Run("nothing lost", func(t *testing.T) { accounted(t, music, planned) })
	t.Run("search", func(t *testing.T) { searches(t, d) })
	t.Run("again", func(t *testing.T) {
		before := objects(t, d.at)
		if again := d.imports(music).counts; again != (counts{Present: said.Imported + said.Matched + said.Present}) {
			t.Errorf("a second import says %+v, the first said %+v", again, said.counts)
		}
		if after := objects(t, d.at); after != before {
			t.Errorf("a second import left %d objects, %d before", after, before)
		}
		if diff := cmp.Diff(stands, d.whatStands()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("organize", func(t *testing.T) { organizes(t, d, stands) })
	t.Run("another locker", func(t *testing.T) {
		fresh := newLocker(t, folder(t))
		fresh.imports(music)
		if diff := cmp.Diff(stands, fresh.whatStands()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("another order", func(t *testing.T) {
		turned := backwards(t, music)
		fresh := newLocker(t, folder(t))
		fresh.imports(turned)
		if diff := cmp.Diff(stands, fresh.whatStands()); diff != "" {
			t.Error(diff)
		}
	})
}

// report is what `lockerfs import --json` says.
type report struct {
	counts
	Companions                        int
	Renamed, Skipped, Damaged, Failed []note
	NotAudio                          []note `json:"not_audio"`
	Placed                            []note // of a dry run: Source goes to File
}

type counts struct{ Imported, Updated, Matched, Present int }

type note struct{ File, What, Source string }

// makeMessy makes the collection, in a folder called Music.
func makeMessy(t *testing.T) string {
	t.Helper()
	need(t, "ffmpeg")
	music := filepath.Join(t.TempDir(), "Music")
	// Debian's Python is the one that has Debian's mutagen.
	if out, err := command(t, "/usr/bin/python3", "-B", "testdata/messy/make.py", music); err != nil {
		t.Fatalf("%v: run `make setup`\n%s", err, out)
	}
	return music
}

// imports runs an import, in which nothing may fail, and gives its report.
func (d *device) imports(args ...string) report {
	d.t.Helper()
	var r report
	out := d.answer(append([]string{"import", "--json"}, args...)...)
	if err := json.Unmarshal(out, &r); err != nil {
		d.t.Fatalf("import %q: %v\n%s", args, err, out)
	}
	return r
}

// whatStands mounts the locker and gives the SHA-256 of every file in it.
func (d *device) whatStands() map[string]string {
	d.t.Helper()
	d.mount()
	defer d.unmount()
	return sums(d.t, d.mnt)
}

// sources gives the files below music that a dry run puts at each path of the locker.
func (r report) sources(t *testing.T, music string) map[string][]string {
	t.Helper()
	real := map[string]string{}
	for _, path := range plainFiles(t, music) {
		if other, twice := real[inJSON(path)]; twice {
			t.Fatalf("%q and %q are the same in JSON", other, path)
		}
		real[inJSON(path)] = path
	}
	from := map[string][]string{}
	for _, p := range r.Placed {
		source, ok := real[strings.TrimPrefix(p.Source, music+"/")]
		if !ok {
			t.Errorf("%q goes to %q, and is no file of the collection", p.Source, p.File)
		}
		from[p.File] = append(from[p.File], source)
	}
	for _, all := range from {
		slices.Sort(all)
	}
	return from
}

// inJSON is how a name comes through JSON, which has no bytes that are no UTF-8.
func inJSON(name string) string { return string([]rune(name)) }

// plainFiles gives the paths of all plain files below a folder.
func plainFiles(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			paths = append(paths, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// objects counts the objects of a locker's files.
func objects(t *testing.T, at place) int { return len(plainFiles(t, at.root+"/Music")) }

// bitExact holds every file of the locker against its sources, and the locker's paths
// against those of the dry run.
func bitExact(t *testing.T, music string, stands map[string]string, from map[string][]string) {
	t.Helper()
	for path, h := range stands {
		if len(from[path]) == 0 {
			t.Errorf("%s is in the locker, and not in the dry run", path)
		}
		for _, source := range from[path] {
			if sum(t, filepath.Join(music, source)) != h {
				t.Errorf("%s has other bytes than %s", path, source)
			}
		}
	}
	for path := range from {
		if stands[path] == "" {
			t.Errorf("%s is in the dry run, and not in the locker", path)
		}
	}
}

// accounted finds files that were neither placed nor named as left out, and those of
// which both is said.
func accounted(t *testing.T, music string, said report) {
	t.Helper()
	placed, named := map[string]bool{}, map[string]bool{}
	for _, p := range said.Placed {
		placed[p.Source] = true
	}
	for _, n := range slices.Concat(said.Skipped, said.NotAudio, said.Failed) {
		named[n.File] = true
	}
	for _, path := range plainFiles(t, music) {
		path := inJSON(filepath.Join(music, path))
		left := false
		for up := path; up != music && !left; up = filepath.Dir(up) {
			left = named[up]
		}
		if placed[path] == left {
			t.Errorf("%q: placed %v, named as left out %v", path, placed[path], left)
		}
	}
}

// backwards gives a copy of a folder, of the same name, that was made in the opposite
// order: many file systems list what a folder holds in the order it came.
func backwards(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(dir))
	var copyOf func(from, to string)
	copyOf = func(from, to string) {
		entries, err := os.ReadDir(from)
		if err == nil {
			err = os.Mkdir(to, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range slices.Backward(entries) {
			if a, b := filepath.Join(from, e.Name()), filepath.Join(to, e.Name()); e.IsDir() {
				copyOf(a, b)
			} else if err := os.Link(a, b); err != nil { // links and pipes too
				t.Fatal(err)
			}
		}
	}
	copyOf(dir, to)
	return to
}
