package integration

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

func nz(n int, seed int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 7}).Read(b)
	return b
}
func cflac(comments []string, picture, sound []byte) []byte {
	var list bytes.Buffer
	binary.Write(&list, binary.LittleEndian, uint32(0))
	binary.Write(&list, binary.LittleEndian, uint32(len(comments)))
	for _, c := range comments {
		binary.Write(&list, binary.LittleEndian, uint32(len(c)))
		list.WriteString(c)
	}
	var b bytes.Buffer
	b.WriteString("fLaC")
	binary.Write(&b, binary.BigEndian, uint32(34))
	b.Write([]byte{16, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x42, 0xf0, 0, 0, 0, 0})
	b.Write(make([]byte, 16))
	binary.Write(&b, binary.BigEndian, uint32(0x04<<24|list.Len()))
	b.Write(list.Bytes())
	block := binary.BigEndian.AppendUint32(nil, 3)
	block = append(binary.BigEndian.AppendUint32(block, 10), "image/jpeg"...)
	block = append(block, make([]byte, 4+16)...)
	block = append(binary.BigEndian.AppendUint32(block, uint32(len(picture))), picture...)
	binary.Write(&b, binary.BigEndian, uint32(0x86<<24|uint32(len(block))))
	b.Write(block)
	b.Write(sound)
	return b.Bytes()
}

func TestZZScanExp(t *testing.T) {
	src, err := os.MkdirTemp("", "scanexp-")
	if err != nil { t.Fatal(err) }
	defer os.RemoveAll(src)
	const albums, per = 20, 12
	for a := range albums {
		for i := range per {
			al, ti := fmt.Sprintf("Album %02d", a), fmt.Sprintf("Song %02d", i)
			p := filepath.Join(src, al, ti+".flac")
			os.MkdirAll(filepath.Dir(p), 0o755)
			os.WriteFile(p, cflac([]string{"ARTIST=Artist", "ALBUM=" + al, "TITLE=" + ti, fmt.Sprint("TRACKNUMBER=", i+1)}, nz(60_000, a), nz(500_000, 1000+a*per+i)), 0o644)
		}
	}
	w := newWire(t, link.Options{})
	began := time.Now()
	newLocker(t, w.at).run("import", src)
	t.Logf("import %v, packs %d", time.Since(began), len(packFiles(t, w.at)))
	for _, p := range packFiles(t, w.at) { i, _ := os.Stat(p); t.Log(i.Size()) }
	w.link.SetRTT(50 * time.Millisecond)
	w.link.SetRates(6_250_000, 6_250_000)
	for _, what := range []string{"here", "not here"} {
		d := newDevice(t, w.at)
		start0 = time.Now()
		d.mount("--heads", "0")
		eventually(t, 20*time.Second, "tree", func() bool { m, _ := filepath.Glob(d.mnt + "/*/*/*"); return len(m) == albums*per })
		if what == "here" {
		eventually(t, 60*time.Second, "packs", func() bool { return d.packsHere() == len(packFiles(t, w.at)) })
		fmt.Fprintln(os.Stderr, "ALL PACKS")
		}
		before, down := w.requests(), w.link.Traffic()
		began = time.Now()
		out, err := command(t, "/usr/bin/python3", "-c", `
import os,sys,mutagen
for d,s,f in os.walk(sys.argv[1]):
    for n in sorted(f):
        if mutagen.File(os.path.join(d,n)) is None: sys.exit(n)
`, d.mnt)
		if err != nil { t.Fatal(err, out) }
		n := albums * per
		took := time.Since(began)
		time.Sleep(300 * time.Millisecond)
		tr := w.link.Traffic()
		t.Logf("%s: %v a track, song requests %.3f, all requests %.3f, %d bytes a track", what, took/time.Duration(n), float64(w.requests()-before)/float64(n), float64(tr.Requests-down.Requests)/float64(n), (tr.Down-down.Down)/int64(n))
		d.unmount()
	}
}

var start0 time.Time
