package pending_test

import "testing"

// TestWrittenOnAfterTheSameCameIn: two devices make the same edit, and one has the file still
// open when the other's comes in. What it writes then is the file's next content.
func TestWrittenOnAfterTheSameCameIn(t *testing.T) {
	store := newStore(t)
	first, second := plug(t, t.TempDir(), "first", store), plug(t, t.TempDir(), "second", store)
	first.write("x.flac", "old")
	first.sync()
	second.follow()
	first.write("x.flac", "one")
	second.write("x.flac", "one")
	f := second.edit("x.flac")
	first.sync()
	second.follow()
	if _, err := f.WriteAt([]byte("two"), 0); err != nil {
		t.Fatal(err)
	}
	second.must(f.Sync(t.Context()))
	f.Release()
	second.shows("x.flac=two")
	second.sync()
	second.shows("x.flac=two")
	first.follow()
	first.shows("x.flac=two")
	plug(t, t.TempDir(), "third", store).shows("x.flac=two")
}
