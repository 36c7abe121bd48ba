package intake

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// What is kept of tags that are too large for the catalog as they are.
const (
	mostText     = 1 << 10 // bytes of a text
	mostNames    = 32      // of artists
	mostPictures = 32
	mostTouch    = 64
)

// trim cuts tags that are larger than the catalog takes (catalog.MaxTags), and says
// so; nil when they are left as they are, as nearly all tags are.
func trim(t *tag.Info) error {
	size := tagSize(t)
	if size <= catalog.MaxTags {
		return nil
	}
	t.Artists, t.AlbumArtists = head(t.Artists, mostNames), head(t.AlbumArtists, mostNames)
	t.Pictures, t.Touch = head(t.Pictures, mostPictures), head(t.Touch, mostTouch)
	// In JSON a byte may take six.
	most := mostText
	for cutTexts(t, most); tagSize(t) > catalog.MaxTags && most > 1; cutTexts(t, most) {
		most /= 2
	}
	return fmt.Errorf("tags cut: %d bytes of them, the catalog takes %d", size, catalog.MaxTags)
}

// tagSize is what the tags take in the catalog, in bytes.
func tagSize(t *tag.Info) int {
	b, _ := json.Marshal(t) // it has nothing that JSON cannot say
	return len(b)
}

func head[T any](list []T, most int) []T { return list[:min(most, len(list))] }

// cutTexts cuts all texts to at most most bytes each.
func cutTexts(t *tag.Info, most int) {
	texts := []*string{&t.Title, &t.Artist, &t.Album, &t.AlbumArtist, &t.TitleSort, &t.ArtistSort, &t.AlbumSort,
		&t.AlbumArtistSort, &t.Composer, &t.Genre, &t.Date, &t.OriginalDate, &t.ReleaseID, &t.TrackID, &t.RecordingID}
	for _, names := range [][]string{t.Artists, t.AlbumArtists} {
		for i := range names {
			texts = append(texts, &names[i])
		}
	}
	for i := range t.Pictures {
		texts = append(texts, &t.Pictures[i].MIME)
	}
	for _, s := range texts {
		if len(*s) > most {
			n := most
			for n > 0 && !utf8.RuneStart((*s)[n]) {
				n--
			}
			*s = strings.TrimSpace((*s)[:n])
		}
	}
}
