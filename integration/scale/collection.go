package scale

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// Sizes of a collection: artists with three albums, so that there are ten tracks to a
// folder.
const (
	albumsEach  = 3
	tracksEach  = 40 // of an artist
	packTracks  = 200
	years       = 65
	firstYear   = 1960
	secondsMean = 240
)

// Collection is a made-up collection of music, the same for the same number of tracks.
type Collection struct {
	words   []string
	artists []*artist
	albums  []*album // ordered by id
	crowd   *album   // a folder with very many files; nil for none
}

type artist struct {
	id   catalog.ID
	name string
	mb   string // MusicBrainz id
}

// album is a folder of tracks. What is in it follows from its id.
type album struct {
	id     catalog.ID
	by     *artist
	name   string
	tracks int
}

// NewCollection makes up a collection of so many tracks, and crowd more in one folder.
func NewCollection(tracks, crowd int) *Collection {
	r := rand.New(rand.NewPCG(1, uint64(tracks)))
	c := &Collection{words: vocabulary(r)}
	zipf := rand.NewZipf(r, 1.1, 8, uint64(len(c.words)-1))
	taken := map[string]bool{}
	for left := tracks; left > 0; left -= tracksEach {
		a := &artist{id: randomID(r), name: c.title(r, zipf, 1), mb: uuid(r)}
		for taken[a.name] {
			a.name = c.title(r, zipf, 2)
		}
		taken[a.name] = true
		c.artists = append(c.artists, a)
		n := min(left, tracksEach)
		for i := range albumsEach {
			name := fmt.Sprintf("%s (%d)", c.title(r, zipf, 2), firstYear+i*years/albumsEach+r.IntN(years/albumsEach))
			size := n * (i + 1) / albumsEach
			c.albums = append(c.albums, &album{id: randomID(r), by: a, name: name, tracks: size - n*i/albumsEach})
		}
	}
	if crowd > 0 {
		c.crowd = &album{id: randomID(r), by: c.artists[0], name: "Crowd", tracks: crowd}
		c.albums = append(c.albums, c.crowd)
	}
	slices.SortFunc(c.albums, func(a, b *album) int { return cmp.Compare(a.id, b.id) })
	return c
}

// vocabulary makes 30,000 words; the first, which are used most, are real ones.
func vocabulary(r *rand.Rand) []string {
	words := strings.Fields("the of and a in to you love me my i on it live remix feat")
	syllables := strings.Fields("ka lo mi ra te su no vi den mar tol ing er ous bra che fla gre hu jo kru lin mon pe qui sta tro wen yo zu an el or un é ö")
	for range 30_000 {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(syllables[r.IntN(len(syllables))])
		}
		words = append(words, b.String())
	}
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToUpper(first)) + w[size:]
	}
	return words
}

// title gives a name of n words or one more, as unequally common as in life.
func (c *Collection) title(r *rand.Rand, zipf *rand.Zipf, n int) string {
	var b strings.Builder
	for i := range n + r.IntN(2) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(c.words[zipf.Uint64()])
	}
	return b.String()
}

// Tracks counts the files.
func (c *Collection) Tracks() (n int) {
	for _, a := range c.albums {
		n += a.tracks
	}
	return n
}

// Albums gives the path of every folder of tracks, and the names in it in byte order.
func (c *Collection) Albums() iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		for _, a := range c.albums {
			var names []string
			for _, e := range c.in(a) {
				names = append(names, e.Name)
			}
			if !yield(a.by.name+"/"+a.name, names) {
				return
			}
		}
	}
}

// Crowd is the path of the folder with very many files.
func (c *Collection) Crowd() string { return c.crowd.by.name + "/" + c.crowd.name }

// Folders counts the folders, without the root.
func (c *Collection) Folders() int { return len(c.artists) + len(c.albums) }

// folders gives all folders but the root.
func (c *Collection) folders() (list []catalog.Entry) {
	for _, a := range c.artists {
		list = append(list, folder(a.id, catalog.Root, a.name))
	}
	for _, a := range c.albums {
		list = append(list, folder(a.id, a.by.id, a.name))
	}
	return list
}

func folder(id, parent catalog.ID, name string) catalog.Entry {
	return catalog.Entry{ID: id, Parent: parent, Name: name, Kind: catalog.Dir, Mode: 0o755, MTime: made.UnixNano() + int64(id%1e15)}
}

// made is when the first of all was made.
var made = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// files gives all files, folder by folder in the order of their ids.
func (c *Collection) files() iter.Seq[*catalog.Entry] {
	return func(yield func(*catalog.Entry) bool) {
		for _, a := range c.albums {
			for _, e := range c.in(a) {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// in gives the tracks of an album in byte order of their names.
func (c *Collection) in(a *album) (list []*catalog.Entry) {
	r := rand.New(rand.NewPCG(uint64(a.id), 1))
	zipf := rand.NewZipf(r, 1.1, 8, uint64(len(c.words)-1))
	of := release{album: a, id: uuid(r), group: uuid(r), pack: c.pack(a),
		genre: []string{"Rock", "Electronic", "Jazz", "Classical", "Hip-Hop"}[r.IntN(5)], picard: r.IntN(2) == 0}
	for i := range a.tracks {
		list = append(list, of.track(r, i+1, c.title(r, zipf, 2)))
	}
	return list
}

// pack names the scan pack of an album.
func (c *Collection) pack(a *album) string {
	n := uint64(a.id) % uint64(1+tracksEach*len(c.artists)/packTracks)
	return fmt.Sprintf("%032x", n)
}

// release is what the tracks of an album have in common.
type release struct {
	*album
	id, group, genre, pack string
	picard                 bool // tagged with all that MusicBrainz knows
}

func (of *release) track(r *rand.Rand, n int, title string) *catalog.Entry {
	digits := len(fmt.Sprint(of.tracks))
	name := fmt.Sprintf("%0*d %s.flac", max(2, digits), n, title)
	e := &catalog.Entry{ID: randomID(r), Parent: of.album.id, Name: name, Kind: catalog.File, Mode: 0o644, MTime: made.UnixNano() + r.Int64N(6e16)}
	seconds := secondsMean/2 + r.Int64N(secondsMean)
	v := &catalog.Version{ID: randomID(r), Size: seconds*110_000 + r.Int64N(1e6), Pack: of.pack, Tags: of.tags(r, n, title)}
	v.SHA256 = sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(v.ID)))
	var random [6]byte
	copy(random[:], v.SHA256[8:])
	v.Object = catalog.Ref{Key: library.ObjectKey(of.by.name+"/"+of.album.name+"/"+name, random), ETag: hex.EncodeToString(v.SHA256[16:])}
	v.Tags.Duration = time.Duration(seconds) * time.Second
	v.Tags.Payload.Length = v.Size - v.Tags.Payload.Offset
	v.Tags.BitRate = int(v.Size * 8 / seconds)
	e.Version = v
	return e
}

func (of *release) tags(r *rand.Rand, n int, title string) *tag.Info {
	year := firstYear + int(uint64(of.album.id)%years)
	head := 60_000 + r.Int64N(100_000)
	t := &tag.Info{Container: "flac", Codec: "flac", Title: title, Artist: of.by.name, Album: of.album.name, AlbumArtist: of.by.name,
		Track: n, TrackTotal: of.tracks, Disc: 1, DiscTotal: 1, Year: year, Date: fmt.Sprint(year), Genre: of.genre,
		SampleRate: 44_100, Channels: 2, Payload: tag.Span{Offset: head},
		Touch:    []tag.Span{{Length: head + 16<<10}},
		Pictures: []tag.Picture{{Type: 3, MIME: "image/jpeg", Span: tag.Span{Offset: 600, Length: head - 9000}}}}
	if of.picard {
		t.ReleaseID, t.ReleaseGroupID, t.ArtistIDs, t.AlbumArtistIDs = of.id, of.group, []string{of.by.mb}, []string{of.by.mb}
		t.TrackID, t.RecordingID = uuid(r), uuid(r)
		t.Gain = &tag.Gain{Track: -float64(r.IntN(1200)) / 100, TrackPeak: float64(r.IntN(1e6)) / 1e6, Album: -7.5, AlbumPeak: 0.98}
	}
	return t
}

func randomID(r *rand.Rand) catalog.ID { return catalog.ID(r.Uint64()>>1 | 1<<20) }

func uuid(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}
