package pending_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/pending"
)

// TestWhatComesWhilePacksAreSentWaitsForItsOwn: a file whose upload ends while the packs of
// others are on their way to the store is in the next commit, with its pack, and not in this
// one without.
func TestWhatComesWhilePacksAreSentWaitsForItsOwn(t *testing.T) {
	d := plug(t, t.TempDir(), "one", newStore(t))
	d.uploader.New = 0
	var once sync.Once
	d.uploader.Pack = func(ctx context.Context, files []pending.Packable) (names []string) {
		for _, f := range files {
			names = append(names, "pack of "+f.Name)
		}
		once.Do(func() {
			d.write("second.flac", "two")
			for deadline := time.Now().Add(10 * time.Second); d.objects() < 2 || len(d.uploader.Waiting(ctx).Sending) > 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Error("the second file was not uploaded")
					return
				}
			}
		})
		return names
	}
	d.write("first.flac", "one")
	d.sync()
	d.sync()
	for _, name := range []string{"first.flac", "second.flac"} {
		e, err := d.index.Resolve(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Version.Pack; !strings.HasSuffix(got, name) {
			t.Errorf("%s is in pack %q", name, got)
		}
	}
}
