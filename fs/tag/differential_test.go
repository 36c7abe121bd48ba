package tag_test

import (
	"bytes"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// excused looks for an exception.
func excused(all []exception, oracle, field, file string) bool {
	found := false
	for _, e := range all {
		is := func(pattern, s string) bool { return regexp.MustCompile("^(" + pattern + ")$").MatchString(s) }
		if is(e.oracle, oracle) && is(e.field, field) && is(e.files, file) {
			e.used.Store(true)
			found = true
		}
	}
	return found
}

// TestDifferential holds that of every variant we say what was written, and what mutagen,
// ffmpeg and dhowden/tag say in every field that they give; and that the duration is that
// of the sound which ffmpeg decodes, within 50 ms.
func TestDifferential(t *testing.T) {
	s := newStudio(t)
	all := append(s.encoded(), s.tagged()...)
	all = append(all, s.oddities()...)
	if len(all) < 500 {
		t.Fatalf("only %d variants", len(all))
	}
	mutagen := s.mutagen(all)
	var sounding []string
	for _, v := range all {
		if !v.mute {
			sounding = append(sounding, v.File)
		}
	}
	ffmpeg := s.decoded(sounding)
	known := exceptions()
	t.Run("variants", func(t *testing.T) {
		for i, v := range all {
			t.Run(v.name(), func(t *testing.T) {
				t.Parallel()
				b, in := s.check(t, v)
				if !v.mute {
					agree(t, known, "ffmpeg", v, in, ffmpeg[v.File])
				}
				agree(t, known, "mutagen", v, in, mutagen[i])
				if len(b) < 4<<20 { // it copies what it has read of an Ogg again and again
					agree(t, known, "dhowden", v, in, dhowdenSays(b))
				}
			})
		}
	})
	for _, e := range known {
		if !e.used.Load() {
			t.Errorf("no variant needs the exception of %s in %s: %s (%s)", e.oracle, e.files, e.field, e.reason)
		}
	}
	t.Logf("%d variants, %d of them decoded", len(all), len(sounding))
}

// check reads a variant and holds that it says what was written.
func (s *studio) check(t *testing.T, v variant) ([]byte, tag.Info) {
	t.Helper()
	// Without a header only who may read all frames knows how long they play.
	guessed := regexp.MustCompile(`-vbr-no-header\.mp3$|-joined\.mp3$|\.aac$`)
	b, err := os.ReadFile(v.File)
	if err != nil {
		t.Fatal(err)
	}
	in, err := tag.ReadPictures(bytes.NewReader(b), int64(len(b)), v.File)
	if err != nil {
		t.Fatal(err)
	}
	if v.want != nil {
		got := in
		if v.want.Gain == nil { // LAME measures it by itself
			got.Gain = nil
		}
		wantTags(t, got, *v.want)
		if v.covers >= 0 && len(in.Pictures) != v.covers {
			t.Errorf("%d pictures, want %d", len(in.Pictures), v.covers)
		}
	}
	for _, p := range in.Pictures {
		if v.covers > 0 && (p.Hash != s.coverSum || p.Type != 3 && v.Tags != nil || p.MIME != "image/jpeg") { // ffmpeg gives it no type
			t.Errorf("picture %+v is not the cover", p)
		}
	}
	far, err := tag.Read(bytes.NewReader(b), int64(len(b)), v.File)
	if err != nil {
		t.Fatal(err)
	}
	near := in
	near.Pictures = slices.Clone(in.Pictures)
	for i := range near.Pictures {
		near.Pictures[i].Hash = ""
	}
	if guessed.MatchString(v.name()) {
		near.Duration, near.BitRate = far.Duration, far.BitRate
	}
	if diff := cmp.Diff(near, far); diff != "" {
		t.Errorf("(-near +far):\n%s", diff)
	}
	return b, in
}

// agree compares what another program says with what we say.
func agree(t *testing.T, known []exception, oracle string, v variant, in tag.Info, theirs map[string]string) {
	t.Helper()
	ours := said(in)
	for field, their := range theirs {
		if their != "" && !same(field, ours[field], their) && !excused(known, oracle, field, v.name()) {
			t.Errorf("%s is %q, for %s %q", field, ours[field], oracle, their)
		}
	}
}

// same compares two values of a field.
func same(field, ours, theirs string) bool {
	within := func(most float64) bool {
		a, errA := strconv.ParseFloat(ours, 64)
		b, errB := strconv.ParseFloat(strings.TrimSuffix(theirs, " dB"), 64)
		return errA == nil && errB == nil && math.Abs(a-b) <= most
	}
	switch field {
	case "duration":
		return within(0.05)
	case "track_gain", "album_gain", "track_peak", "album_peak":
		return within(0.001)
	case "codec": // of which ffmpeg tells kinds apart
		for name, kinds := range map[string]string{"pcm": "pcm_", "dsd": "dsd_", "musepack": "musepack"} {
			if ours == name && strings.HasPrefix(theirs, kinds) {
				return true
			}
		}
		return ours == theirs
	case "artist", "genre", "composer": // of which there may be several
		loose := strings.NewReplacer("; ", ";", " / ", ";")
		return loose.Replace(ours) == loose.Replace(theirs)
	case "date":
		return strings.Replace(ours, "T", " ", 1) == strings.Replace(theirs, "T", " ", 1)
	}
	return ours == theirs
}
