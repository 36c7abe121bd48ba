package integration

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/integration/link"
)

// mutagenReads reads tags and duration of every file named on the command line.
const mutagenReads = `
import sys, mutagen
for p in sys.argv[1:]:
    f = mutagen.File(p)
    if f is None: sys.exit("not read: " + p)
    print(f.info.length, sorted((str(k), str(v)[:40]) for k, v in (f.tags or {}).items()))
`

// packsHere is how many scan packs a device that is mounted has.
func (d *device) packsHere() int {
	d.t.Helper()
	var s struct{ Packs struct{ Count int } }
	if err := json.Unmarshal(d.answer("status", "--json"), &s); err != nil {
		d.t.Fatal(err)
	}
	return s.Packs.Count
}

// packFiles are the scan packs in the store, behind its back.
func packFiles(t *testing.T, at place) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(at.root, ".lockerfs/scan/*"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(files, func(f string) bool { return len(filepath.Base(f)) != 64 })
}

// scan reads the tags of all music with mutagen, as a program that scans does, and gives
// what it says.
func scan(t *testing.T, root string) string {
	t.Helper()
	args := []string{"-c", mutagenReads}
	for _, file := range files(t, root) {
		if ext := filepath.Ext(file); ext != ".jpg" && ext != ".pdf" {
			args = append(args, file)
		}
	}
	out, err := command(t, "/usr/bin/python3", args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// files are the files below a folder.
func files(t *testing.T, root string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// longTracks makes one track of each format that is long enough to have a middle which no
// tag reader reads, and gives their folder.
func longTracks(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Long")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.mp3", "b.flac", "c.m4a", "d.ogg", "e.opus", "f.wav"} {
		err := ffmpeg("-f", "lavfi", "-i", "anoisesrc=d=25:a=0.5", "-ac", "2", "-b:a", "192k", "-metadata", "artist=Merzbow", "-metadata", "album=Long",
			"-metadata", "title="+name, filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestScanAsksForNothing: a device that has the packs reads all tags without a request
// for a file, and every byte of every file is right afterwards, mapped or read.
func TestScanAsksForNothing(t *testing.T) {
	need(t, "/usr/bin/python3")
	w := newWire(t, link.Options{})
	newLocker(t, w.at).run("import", built.music, longTracks(t))
	packs := packFiles(t, w.at)
	if len(packs) == 0 {
		t.Fatal("the import made no packs")
	}
	d := newDevice(t, w.at)
	d.mount("--heads", "0") // what is counted is asked for by the scan
	eventually(t, 20*time.Second, "the packs to come", func() bool { return d.packsHere() == len(packs) })
	before := w.requests()
	here := scan(t, d.mnt)
	if n := w.requests() - before; n != 0 {
		t.Errorf("a scan made %d requests", n)
	}
	info := string(d.answer("info", filepath.Join(d.mnt, tracks[0].path)))
	if !strings.Contains(info, "in a scan pack that is here") {
		t.Errorf("info says %s", info)
	}
	if text := string(d.answer("status")); !strings.Contains(text, "heads of files for scans: ") {
		t.Errorf("status says %s", text)
	}
	want, got := wanted(t), mapped(t, d.mnt)
	if diff := cmp.Diff(sums(t, d.mnt), got); diff != "" {
		t.Errorf("mapped (+) and read (-): %s", diff)
	}
	maps.DeleteFunc(got, func(path, _ string) bool { return strings.HasPrefix(path, "Merzbow/") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if again := scan(t, d.mnt); again != here {
		t.Error(cmp.Diff(here, again))
	}
	d.unmount()
}

// mappedReads hashes files through mappings, whose pages it takes from the last to the first.
const mappedReads = `
import sys, mmap, hashlib
for p in sys.argv[1:]:
    with open(p, "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
        pages = [m[at:at + 4096] for at in reversed(range(0, len(m), 4096))]
        print(hashlib.sha256(b"".join(reversed(pages))).hexdigest())
`

// mapped is sums through mappings. Another process reads them: while a thread of this one
// waits for a page, its garbage collector would stop all others, and with them the link.
func mapped(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := files(t, dir)
	out, err := command(t, "/usr/bin/python3", append([]string{"-c", mappedReads}, all...)...)
	lines := strings.Fields(out)
	if err != nil || len(lines) != len(all) {
		t.Fatalf("%v\n%s", err, out)
	}
	m := map[string]string{}
	for i, file := range all {
		m[strings.TrimPrefix(file, dir+"/")] = lines[i]
	}
	return m
}

// TestPacksAreNeverNeeded: damaged packs and packs that are gone cost requests, and
// nothing else.
func TestPacksAreNeverNeeded(t *testing.T) {
	need(t, "/usr/bin/python3")
	at := folder(t)
	newLocker(t, at).run("import", built.music)
	packs := packFiles(t, at)
	if len(packs) == 0 {
		t.Fatal("the import made no packs")
	}
	var right string
	for _, harm := range []string{"none", "flipped", "html", "gone"} {
		for _, file := range packs {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			switch harm {
			case "flipped":
				body[len(body)/2] ^= 1
			case "html":
				body = []byte("<html>please log in</html>")
			case "gone":
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := os.WriteFile(file, body, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		d := newDevice(t, at)
		d.mount()
		said := scan(t, d.mnt)
		if right == "" {
			right = strings.ReplaceAll(said, d.mnt, "")
		}
		if diff := cmp.Diff(right, said); diff != "" {
			t.Errorf("packs %s: %s", harm, diff)
		}
		if got := sums(t, d.mnt); !cmp.Equal(wanted(t), got) {
			t.Errorf("packs %s: %s", harm, cmp.Diff(wanted(t), got))
		}
		d.unmount()
	}
}

// TestReadersAcrossThePack: many programs read across the end of what the pack has, each
// file for the first time, by reads and by mappings, whole and in part. None sees an error,
// although the mount refuses what the kernel reads ahead there.
func TestReadersAcrossThePack(t *testing.T) {
	need(t, "ffmpeg")
	at := folder(t)
	newLocker(t, at).run("import", noise(t, 6, 8), built.music)
	d := newDevice(t, at)
	d.mount("--heads", "0")
	eventually(t, 20*time.Second, "the packs to come", func() bool { return d.packsHere() == len(packFiles(t, at)) })
	for _, file := range files(t, d.mnt) {
		sums := make([]string, 8)
		var all sync.WaitGroup
		for i := range sums {
			all.Go(func() {
				b, err := readOddly(file, i)
				if err != nil {
					t.Errorf("%s, reader %d: %v", file, i, err)
				}
				sum := sha256.Sum256(b)
				sums[i] = hex.EncodeToString(sum[:])
			})
		}
		all.Wait()
		want := sum(t, file)
		for i, got := range sums {
			if got != want {
				t.Errorf("%s, reader %d: %s, want %s", file, i, got, want)
			}
		}
	}
	d.unmount()
}

// readOddly reads a whole file in one of several ways.
func readOddly(file string, way int) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b := make([]byte, info.Size())
	if way%4 == 3 {
		pages, err := unix.Mmap(int(f.Fd()), 0, len(b), unix.PROT_READ, unix.MAP_SHARED)
		if err != nil {
			return nil, err
		}
		defer unix.Munmap(pages)
		copy(b, pages)
		return b, nil
	}
	step := []int{4096, 60_000, 131_072, 1 << 20, 10_000, 4097, 300_000, 0}[way]
	for _, from := range rand.New(rand.NewPCG(uint64(way), 1)).Perm((len(b) + step - 1) / step) {
		part := b[from*step : min((from+1)*step, len(b))]
		if n, err := f.ReadAt(part, int64(from*step)); n < len(part) {
			return nil, err
		}
	}
	return b, nil
}
