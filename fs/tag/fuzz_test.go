package tag_test

import (
	"bytes"
	"fmt"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// fuzz feeds damaged files of one container; seeds are the samples with these extensions.
func fuzz(f *testing.F, name string, exts ...string) {
	for sample, b := range samples() {
		for _, ext := range exts {
			if strings.HasSuffix(sample, ext) {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		// The fuzzer does not notice a file that takes for ever. Any real one takes far below
		// a millisecond, so this waits long enough on the slowest machine.
		watch := time.AfterFunc(20*time.Second, func() { panic(fmt.Sprintf("a file of %d bytes takes 20 s", len(b))) })
		defer watch.Stop()
		before := allocated()
		r := &counting{r: bytes.NewReader(b), good: 1 << 30}
		tag.ReadPictures(r, int64(len(b)), name)
		if r.reads > 512 || r.bytes > 32<<20 {
			t.Fatalf("a file of %d bytes takes %d reads of %d bytes", len(b), r.reads, r.bytes)
		}
		if got, most := allocated()-before, uint64(4*r.bytes+4*len(b)+16<<20); got > most {
			t.Fatalf("a file of %d bytes, of which %d were read, allocates %d", len(b), r.bytes, got)
		}
		near, errNear := checked(t, b, name)
		far, errFar := tag.Read(bytes.NewReader(b), int64(len(b)), name)
		if near.Title != far.Title || (errNear == nil) != (errFar == nil) {
			t.Fatalf("title %q, error %v; without pictures %q, %v", near.Title, errNear, far.Title, errFar)
		}
	})
}

// allocated gives how many bytes were allocated so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func FuzzReadMP3(f *testing.F)       { fuzz(f, "a.mp3", ".mp3", ".aac") }
func FuzzReadFLAC(f *testing.F)      { fuzz(f, "a.flac", ".flac") }
func FuzzReadOgg(f *testing.F)       { fuzz(f, "a.ogg", ".ogg", ".opus", ".oga") }
func FuzzReadMP4(f *testing.F)       { fuzz(f, "a.m4a", ".m4a") }
func FuzzReadMatroska(f *testing.F)  { fuzz(f, "a.mka", ".mka") }
func FuzzReadWAVE(f *testing.F)      { fuzz(f, "a.wav", ".wav") }
func FuzzReadAIFF(f *testing.F)      { fuzz(f, "a.aiff", ".aiff") }
func FuzzReadDSF(f *testing.F)       { fuzz(f, "a.dsf", ".dsf") }
func FuzzReadDSDIFF(f *testing.F)    { fuzz(f, "a.dff", ".dff") }
func FuzzReadASF(f *testing.F)       { fuzz(f, "a.wma", ".wma") }
func FuzzReadWavPack(f *testing.F)   { fuzz(f, "a.wv", ".wv") }
func FuzzReadMonkeys(f *testing.F)   { fuzz(f, "a.ape", ".ape") }
func FuzzReadMusepack(f *testing.F)  { fuzz(f, "a.mpc", ".mpc") }
func FuzzReadTrueAudio(f *testing.F) { fuzz(f, "a.tta", ".tta") }
func FuzzReadTAK(f *testing.F)       { fuzz(f, "a.tak", ".tak") }
