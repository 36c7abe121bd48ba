package intake

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
)

func many(n int, s string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

func TestTrimLeavesWhatFits(t *testing.T) {
	in := tag.Info{Title: strings.Repeat("T", 4<<10), Artists: many(64, "Somebody"), Pictures: make([]tag.Picture, 100)}
	want := in
	if err := trim(&in); err != nil {
		t.Errorf("trim says %v", err)
	}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Error(diff)
	}
}

func TestTrimMakesItFit(t *testing.T) {
	for name, in := range map[string]tag.Info{
		"names":    {Title: "Title", Artists: many(64, strings.Repeat("ä", 2<<10)), AlbumArtists: many(64, strings.Repeat("x", 4<<10))},
		"pictures": {Title: "Title", Pictures: make([]tag.Picture, 5000)},
		"types":    {Title: "Title", Pictures: []tag.Picture{{MIME: strings.Repeat("m", 1<<20)}}},
		"touch":    {Title: "Title", Touch: make([]tag.Span, 5000)},
		"escapes":  {Title: "Title", Artists: many(64, strings.Repeat("<\x01\u2028", 1<<10))},
		"all": {Title: strings.Repeat("\x01", 4<<10), Artist: strings.Repeat("<", 300<<10), Album: strings.Repeat("&", 4<<10), Genre: strings.Repeat(">", 300<<10),
			Artists: many(64, strings.Repeat("<", 4<<10)), AlbumArtists: many(64, strings.Repeat("\x02", 4<<10)),
			Pictures: make([]tag.Picture, 5000), Touch: make([]tag.Span, 5000)},
	} {
		t.Run(name, func(t *testing.T) {
			if err := trim(&in); err == nil || !strings.HasPrefix(err.Error(), "tags cut") {
				t.Errorf("trim says %v", err)
			}
			b, err := json.Marshal(in)
			if err != nil || len(b) > catalog.MaxTags {
				t.Errorf("%d bytes are left, %v", len(b), err)
			}
			if name != "all" && in.Title != "Title" {
				t.Errorf("the title is %.40q", in.Title)
			}
			if s := in.Title + strings.Join(in.Artists, ""); !utf8.ValidString(s) {
				t.Error("a character was cut")
			}
		})
	}
}
