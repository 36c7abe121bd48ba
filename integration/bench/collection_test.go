package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCollection: every format decodes without complaint, has its own tags and its
// cover, and no two files are the same.
func TestCollection(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	const cut = 8
	c, err := makeCollection(ctx, t.TempDir(), size{tracks: 5*perAlbum + 1, cut: cut, larges: 1, large: 2, mix: 2, album: 2, play: 2, thin: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(c.all()); got != len(c.tracks)+1+1+2+thins {
		t.Errorf("%d tracks in all", got)
	}
	for _, tr := range c.all() {
		if tr.size < firstBytes || tr.length < time.Second {
			t.Errorf("%s has %d bytes and %v of sound", tr.path, tr.size, tr.length)
		}
	}
	seen := map[string]string{}
	for i, tr := range c.tracks {
		b, err := os.ReadFile(tr.source)
		if err != nil {
			t.Fatal(err)
		}
		if other, is := seen[string(b)]; is {
			t.Errorf("%s is the same as %s", tr.source, other)
		}
		seen[string(b)] = tr.source
		if tr.size != int64(len(b)) || tr.size < trackSize/cut*8/10 || tr.size > trackSize/cut*13/10 {
			t.Errorf("%s has %d bytes, said are %d, wanted about %d", tr.source, len(b), tr.size, trackSize/cut)
		}
		if i%perAlbum == 3 {
			tagsAreOurs(t, ctx, tr, i)
		}
	}
}

func tagsAreOurs(t *testing.T, ctx context.Context, tr track, i int) {
	t.Helper()
	out, err := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", tr.source, "-map", "0:a", "-f", "null", "-").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%s does not decode: %v\n%s", tr.source, err, out)
	}
	out, err = exec.CommandContext(ctx, "ffprobe", "-v", "error", "-of", "json", "-show_entries", "format_tags:stream_tags:stream=codec_type", tr.source).Output()
	if err != nil {
		t.Fatal(err)
	}
	type tags = map[string]string
	var probed struct {
		Format  struct{ Tags tags }
		Streams []struct {
			Kind string `json:"codec_type"`
			Tags tags
		}
	}
	if err := json.Unmarshal(out, &probed); err != nil {
		t.Fatal(err)
	}
	got, pictures := tags{}, 0
	sets := []tags{probed.Format.Tags}
	for _, s := range probed.Streams {
		if s.Kind == "video" {
			pictures++
		} else {
			sets = append(sets, s.Tags)
		}
	}
	for _, set := range sets {
		for k, v := range set {
			if k = strings.ToLower(k); k == "artist" || k == "album" || k == "title" || k == "track" {
				got[k] = v
			}
		}
	}
	parts := strings.Split(tr.path, "/")
	_, title, _ := strings.Cut(strings.TrimSuffix(parts[2], "."+shapes(1)[i/perAlbum%5].ext), " ")
	if diff := cmp.Diff(tags{"artist": parts[0], "album": parts[1], "title": title, "track": "4"}, got); diff != "" || pictures != 1 {
		t.Errorf("%s has %d pictures and the tags (-want +got):\n%s", tr.source, pictures, diff)
	}
}

func TestVary(t *testing.T) {
	got, err := vary([]byte("..of 9999..Album 9999.."), "flac", map[string]string{titleMark: "of 0001", albumMark: "Album 0002"})
	if want := "..of 0001..Album 0002.."; string(got) != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for name, c := range map[string]struct{ content, ext, text string }{
		"another length": {titleMark, "flac", "of 1"},
		"no mark":        {"nothing", "flac", "of 0001"},
		"not Ogg":        {titleMark, "ogg", "of 0001"},
		"cut off":        {"OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\xff" + titleMark, "ogg", "of 0001"},
	} {
		if _, err := vary([]byte(c.content), c.ext, map[string]string{titleMark: c.text}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
