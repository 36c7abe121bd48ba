package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// forged writes a commit into a log by hand, in the place after the last, and gives its
// number. Its lines may be anything.
func forged(t *testing.T, root string, lines ...string) int {
	t.Helper()
	log := filepath.Join(root, ".lockerfs/log")
	n := len(files(t, log)) + 1
	b, err := os.ReadFile(filepath.Join(root, ".lockerfs/format.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, epoch, _ := strings.Cut(string(b), `"epoch": "`)
	epoch, _, _ = strings.Cut(epoch, `"`)
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	head := fmt.Sprintf(`{"lockerfs":1,"n":%d,"id":"forged","epoch":%q,"device":"x","time":1}`, n, epoch)
	body := enc.EncodeAll([]byte(head+"\n"+strings.Join(lines, "\n")), nil)
	if err := os.WriteFile(filepath.Join(log, fmt.Sprintf("%020d", n)), body, 0o644); err != nil {
		t.Fatal(err)
	}
	return n
}

// forgedFolder is the line that makes a folder.
func forgedFolder(id, parent, name string) string {
	return fmt.Sprintf(`{"op":"create","at":1,"entry":{"id":%q,"parent":%q,"name":"%s","kind":"dir","mode":493,"mtime":1}}`, id, parent, name)
}

// forgedFile is the line that makes a file of which the object says nothing true.
func forgedFile(id, parent, name, key string, size int64) string {
	return fmt.Sprintf(`{"op":"create","at":1,"entry":{"id":%q,"parent":%q,"name":"%s","kind":"file","mode":420,"mtime":1,"version":{"id":"00%s","size":%d,`+
		`"sha256":"%s","object":{"key":"%s","etag":"e"}}}}`, id, parent, name, id[2:15]+"7", size, strings.Repeat("5a", 32), key)
}

const (
	forgedID   = "0000000000a00000"
	forgedID2  = "0000000000b00000"
	forgedRoot = "0000000000000001"
)

// TestHostileLog: a mount that follows a log lives through whatever stands in it, shows
// sound names only, and says which commits it passed over. So does a new device.
func TestHostileLog(t *testing.T) {
	at := folder(t)
	at.env = append(at.env, hurry...)
	d := newLocker(t, at)
	d.run("import", filepath.Join(built.music, "MP3s"))
	d.mount("--heads", "0")
	before := everything(t, d.mnt)
	bad := map[string][]string{
		"dots":         {forgedFolder(forgedID, forgedRoot, "..")},
		"slash":        {forgedFolder(forgedID, forgedRoot, "a/b")},
		"NUL":          {forgedFolder(forgedID, forgedRoot, `a\u0000b`)},
		"not NFC":      {forgedFolder(forgedID, forgedRoot, `Bjo\u0308rk`)},
		"ours":         {forgedFolder(forgedID, forgedRoot, ".lockerfs")},
		"id 0":         {forgedFolder("0000000000000000", forgedRoot, "x")},
		"id 1":         {forgedFolder(forgedRoot, forgedRoot, "x")},
		"top bit":      {forgedFolder("8000000000a00000", forgedRoot, "x")},
		"twice":        {forgedFolder(forgedID, forgedRoot, "x"), forgedFolder(forgedID, forgedRoot, "y")},
		"under itself": {forgedFolder(forgedID, forgedID, "x")},
		"loop": {forgedFolder(forgedID, forgedRoot, "x"), forgedFolder(forgedID2, forgedID, "y"),
			`{"op":"move","at":1,"id":"` + forgedID + `","parent":"` + forgedID2 + `","name":"z"}`},
		"key":       {forgedFile(forgedID, forgedRoot, "x.flac", "../../../etc/passwd", 5)},
		"our key":   {forgedFile(forgedID, forgedRoot, "x.flac", ".lockerfs/format.json", 5)},
		"size":      {forgedFile(forgedID, forgedRoot, "x.flac", "Music/x", -1)},
		"huge":      {forgedFile(forgedID, forgedRoot, "x.flac", "Music/x", 1<<63-1)},
		"a million": {strings.Repeat(forgedFolder(forgedID, forgedRoot, "x")+"\n", 100_000)},
		"structs":   {`{"op":"configure","settings":{"watches":[1` + strings.Repeat(",1", 8_000_000) + `]}}`},
		"nesting":   {`{"op":` + strings.Repeat("[", 8_000_000)},
		"words":     {`{"op":"` + strings.Repeat("x", 15<<20) + `"}`},
		"bomb":      {strings.Repeat(" ", 200<<20)},
		"end":       {`{"op":"set","at":9223372036854775807,"id":"` + forgedRoot + `","mtime":-9223372036854775808}`},
	}
	numbers := map[string]int{}
	last := 0
	for name, lines := range bad {
		last = forged(t, at.root, append([]string{forgedFolder("0000000000c00000", forgedRoot, "half of it")}, lines...)...)
		numbers[name] = last
	}
	// Behind them one that is good, of which only the object lies.
	good := forged(t, at.root, forgedFile(forgedID, forgedRoot, "liar.flac", "Music/liar", 1<<40), forgedFolder(forgedID2, forgedRoot, "sound"))
	eventually(t, 60*time.Second, "the good commit to show", func() bool { return exists(d.mnt + "/sound") })
	fresh := newDevice(t, at)
	fresh.mount("--heads", "0")
	eventually(t, 60*time.Second, "the good commit to show", func() bool { return exists(fresh.mnt + "/sound") })
	for _, x := range []*device{d, fresh} {
		x.passedOver(len(bad), last)
		for name, n := range numbers {
			if !strings.Contains(x.out.String(), fmt.Sprintf("commit=%d ", n)) {
				t.Errorf("%s: the daemon does not tell of commit %d", name, n)
			}
		}
		if out, err := command(t, "head", "-c", "100", x.mnt+"/liar.flac"); err == nil {
			t.Errorf("what is not there was read: %q", out)
		}
		if err := os.Remove(x.mnt + "/liar.flac"); err != nil && x == d {
			t.Error(err)
		}
		if x == d {
			d.safe()
			eventually(t, 10*time.Second, "the removal to arrive", func() bool { return !exists(fresh.mnt + "/liar.flac") })
		}
		got := everything(t, x.mnt)
		if delete(got, "sound"); len(got) != len(before) {
			t.Errorf("it shows %v, want %v", got, before)
		}
		if peak := x.peak(); peak > 700<<20 {
			t.Errorf("the daemon took %d MiB", peak>>20)
		}
	}
	if good != last+1 {
		t.Errorf("the good commit is %d", good)
	}
	fresh.unmount()
	d.unmount()
}

// passedOver looks whether status names the broken commits.
func (d *device) passedOver(n, last int) {
	d.t.Helper()
	out := d.run("status")
	if !strings.Contains(out, fmt.Sprintf("%d broken commits were passed over", n)) || !strings.Contains(out, fmt.Sprintf("commit %d was passed over: ", last)) {
		d.t.Errorf("status says %s", out)
	}
}
