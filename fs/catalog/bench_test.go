package catalog

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// collection makes up a music collection: artists with three albums of twelve tracks,
// names of words as unequally common as in life.
type collection struct {
	r     *rand.Rand
	words []string
	zipf  *rand.Zipf
}

func newCollection() *collection {
	c := &collection{r: rand.New(rand.NewPCG(1, 2)), words: strings.Fields("the of and a in to you love me my i on it live remix feat")}
	syllables := strings.Fields("ka lo mi ra te su no vi den mar tol ing er ous bra che fla gre hu jo kru lin mon pe qui sta tro wen yo zu an el or un é ö")
	for range 30_000 {
		var b strings.Builder
		for range 1 + c.r.IntN(4) {
			b.WriteString(syllables[c.r.IntN(len(syllables))])
		}
		c.words = append(c.words, b.String())
	}
	c.zipf = rand.NewZipf(c.r, 1.1, 8, uint64(len(c.words)-1))
	return c
}

// name gives a name of n words or one more.
func (c *collection) name(n int) string {
	var words []string
	for range n + c.r.IntN(2) {
		w := c.words[c.zipf.Uint64()]
		words = append(words, strings.ToUpper(w[:1])+w[1:])
	}
	return strings.Join(words, " ")
}

// entries gives folders and tracks to f, with ids from tid(1) on.
func (c *collection) entries(tracks int, f func(e Entry)) {
	id := 0
	dir := func(parent ID, name string) ID {
		id++
		f(Entry{ID: tid(id), Parent: parent, Name: name, Kind: Dir, Mode: 0o755})
		return tid(id)
	}
	genres := []string{"Rock", "Electronic", "Jazz", "Classical", "Hip-Hop"}
	for n := 0; n < tracks; {
		artist := c.name(1)
		folder := dir(Root, fmt.Sprintf("%s %d", artist, n))
		for range 3 {
			album, year, genre, ext := c.name(2), 1960+c.r.IntN(65), genres[c.r.IntN(len(genres))], []string{"mp3", "flac"}[c.r.IntN(2)]
			in := dir(folder, fmt.Sprintf("%s %d", album, n))
			for i := 1; i <= 12 && n < tracks; i++ {
				title := c.name(2)
				op := fileOp(tid(id+1), in, fmt.Sprintf("%02d %s.%s", i, title, ext), fmt.Sprint("c", n))
				op.Entry.Version.Tags = &tag.Info{Container: ext, Codec: ext, Title: title, Artist: artist, Album: album, AlbumArtist: artist, Track: i, Year: year,
					Date: fmt.Sprint(year), Genre: genre, Duration: 3 * time.Minute, SampleRate: 44100, Channels: 2, Payload: tag.Span{Offset: 4096, Length: 1 << 23}}
				f(*op.Entry)
				id++
				n++
			}
		}
	}
}

// filled gives an index with a collection, as a checkpoint fills it.
func filled(b *testing.B, tracks int) *Index {
	b.Helper()
	x := newIndex(b)
	err := x.update(b.Context(), func(st *txState) error {
		var err error
		newCollection().entries(tracks, func(e Entry) {
			if err == nil {
				err = st.insert(e)
			}
		})
		return err
	})
	if err == nil {
		err = x.MarkSynced(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// fileSize gives the size of the index's file, in bytes.
func fileSize(b *testing.B, x *Index) int64 {
	b.Helper()
	if _, err := x.write.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(x.path)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// BenchmarkSearch: what the first search after a first sync costs, and the others.
func BenchmarkSearch(b *testing.B) {
	for _, tracks := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(tracks), func(b *testing.B) {
			x := filled(b, tracks)
			before := fileSize(b, x)
			perTrack, longest := updateAll(b, x, tracks)
			after := fileSize(b, x)
			b.Run("update", func(b *testing.B) {
				for b.Loop() {
					if err := x.UpdateSearch(b.Context()); err != nil { // nothing to do
						b.Fatal(err)
					}
				}
				b.ReportMetric(perTrack, "µs/track")
				b.ReportMetric(longest, "ms-longest-batch")
				b.ReportMetric(float64(after-before)/float64(tracks), "B/track")
				b.ReportMetric(float64(before)/float64(tracks), "B/track-without")
			})
			for _, words := range []string{"a", "t", "m k", "mp3", "the", "the mp3", "love", "rock 19", "katolmi", "kato mar", "nothingatall mp3", "01 02", "e f g h", "12 x"} {
				b.Run(strings.ReplaceAll(words, " ", "_"), func(b *testing.B) { benchmarkWords(b, x, words) })
			}
		})
	}
}

// updateAll brings search up from nothing: in all per track in microseconds, and the
// longest that a commit would have had to wait, in milliseconds.
func updateAll(b *testing.B, x *Index, tracks int) (perTrack, longest float64) {
	b.Helper()
	start, most := time.Now(), time.Duration(0)
	for stale := true; stale; {
		if err := x.read.QueryRow("SELECT EXISTS (SELECT 1 FROM search_stale)").Scan(&stale); err != nil {
			b.Fatal(err)
		}
		batch := time.Now()
		if err := x.updateSearchBatch(b.Context(), searchBatch); err != nil {
			b.Fatal(err)
		}
		most = max(most, time.Since(batch))
	}
	return float64(time.Since(start).Microseconds()) / float64(tracks), float64(most.Microseconds()) / 1000
}

func benchmarkWords(b *testing.B, x *Index, words string) {
	var times []time.Duration
	n := 0
	for b.Loop() {
		start := time.Now()
		found, err := x.Search(b.Context(), words, 100)
		if err != nil {
			b.Fatal(err)
		}
		times, n = append(times, time.Since(start)), len(found)
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(times[len(times)-1].Microseconds())/1000, "ms-max")
	b.ReportMetric(float64(n), "found")
}

// BenchmarkImport: commits of a thousand new files each.
func BenchmarkImport(b *testing.B) {
	const tracks = 40_000
	for b.Loop() {
		x := openTestIndex(b, filepath.Join(b.TempDir(), "index.db"))
		bound(b, x)
		var ops []Op
		start := time.Duration(0)
		flush := func() {
			from := time.Now()
			if done := commit(b, x, ops...); done.Invalid != nil {
				b.Fatal(done.Invalid)
			}
			start += time.Since(from)
			ops = nil
		}
		newCollection().entries(tracks, func(e Entry) {
			if ops = append(ops, Op{Verb: Create, At: 1, Entry: &e}); len(ops) == 1000 {
				flush()
			}
		})
		flush()
		b.ReportMetric(float64(start.Microseconds())/tracks, "µs/track")
	}
}
