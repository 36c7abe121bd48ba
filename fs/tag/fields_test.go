package tag

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestYear(t *testing.T) {
	for s, want := range map[string]int{
		"2004": 2004, "2004-05-17": 2004, "17.05.2004": 2004, "2004-05-17T08:00:00Z": 2004, "c. 1969": 1969,
		"": 0, "69": 0, "20040517": 2004, "20041317": 0, "unknown": 0, "12345": 0, "0000": 0, "2004/2005": 2004,
	} {
		if got := year(s); got != want {
			t.Errorf("year(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for s, want := range map[string]int{"3": 3, "03": 3, " 12 ": 12, "": 0, "-1": 0, "A1": 0, "100000": 0, "99999999999999999999": 0, "1.5": 0} {
		if got := count(s); got != want {
			t.Errorf("count(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestDecibel(t *testing.T) {
	for s, want := range map[string]float64{"-7.03 dB": -7.03, "+2.5 db": 2.5, "0.988": 0.988, "": 0, "NaN": 0, "Inf": 0, "1e9": 0, "dB": 0, "loud": 0} {
		if got := decibel(s); got != want {
			t.Errorf("decibel(%q) = %g, want %g", s, got, want)
		}
	}
}

func TestGenres(t *testing.T) {
	for s, want := range map[string][]string{
		"Rock": {"Rock"}, "17": {"Rock"}, "(17)": {"Rock"}, "(17)(20)": {"Rock", "Alternative"}, "(17)Rock": {"Rock"}, "(RX)": {"Remix"},
		"((Live)": {"(Live)"}, "(unclosed": {"(unclosed"}, "(999)": {"(999)"}, "": nil, "191": {"Psybient"}, "192": {"192"}, "0": {"Blues"}, "2step": {"2step"},
	} {
		if diff := cmp.Diff(want, genres(s)); diff != "" {
			t.Errorf("genres(%q) (-want +got):\n%s", s, diff)
		}
	}
}

func TestNames(t *testing.T) {
	for name, tt := range map[string]struct {
		f       fields
		display string
		single  []string
	}{
		"one":                 {fields{artist: {"A"}}, "A", nil},
		"several":             {fields{artist: {"A", "B"}}, "A; B", []string{"A", "B"}},
		"credit and list":     {fields{artist: {"A with B"}, artists: {"A", "B"}}, "A with B", []string{"A", "B"}},
		"only a list":         {fields{artists: {"A", "B"}}, "A; B", []string{"A", "B"}},
		"list of one, credit": {fields{artist: {"A feat. B"}, artists: {"A"}}, "A feat. B", nil},
		"nothing":             {fields{}, "", nil},
	} {
		display, single := tt.f.names(artist, artists)
		if diff := cmp.Diff(tt.single, single); display != tt.display || diff != "" {
			t.Errorf("%s: %q, want %q; (-want +got):\n%s", name, display, tt.display, diff)
		}
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string][2]int{
		"3": {3, 0}, "3/12": {3, 12}, "03 / 12": {3, 12}, "3 of 12": {3, 12}, "01 OF 12": {1, 12}, "/12": {0, 12}, "#8": {8, 0}, "# 8/9": {8, 9}, "A1": {0, 0}, "A1/12": {0, 12}, "of 12": {0, 0},
	} {
		if n, total := (fields{trackNumber: {text}}).numbers(trackNumber, trackTotal); [2]int{n, total} != want {
			t.Errorf("%q is %d of %d, want %v", text, n, total, want)
		}
	}
}

// TestSettle holds that a second name counts only where a tag lacks the field's own, and
// that it then outranks any tag of lower rank.
func TestSettle(t *testing.T) {
	both := fields{date: {"2004-05-17"}, second + date: {"2004"}}
	both.settle()
	high, low := fields{second + date: {"2004"}}, fields{date: {"1999"}, second + albumArtist: {"AA"}}
	high.lend(low)
	for name, tt := range map[string]struct{ got, want fields }{
		"one tag":  {both, fields{date: {"2004-05-17"}}},
		"two tags": {high, fields{date: {"2004"}, albumArtist: {"AA"}}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestKnownDate(t *testing.T) {
	for s, want := range map[string]string{"2004": "2004", "0000": "", "0": "", "0000-00-00": "", "0000-00-00T00:00:00Z": "", "2000-00-00": "2000-00-00", "": ""} {
		if got := knownDate(s); got != want {
			t.Errorf("knownDate(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestR128(t *testing.T) {
	for s, want := range map[string]float64{"0": 5, "-512": 3, "256": 6, "-32768": -123, "40000": 0, "": 0, "x": 0} {
		if got := r128(s); got != want {
			t.Errorf("r128(%q) = %g, want %g", s, got, want)
		}
	}
}

func TestUUIDs(t *testing.T) {
	const a, b = "83d91898-7763-47d7-b03b-b92132375c47", "89AD4AC3-39F7-470E-963A-56509C546377"
	for text, want := range map[string][]string{
		a: {a}, a + "/" + b: {a, strings.ToLower(b)}, a + "; " + a: {a, a}, "": nil, "r": nil, a[:35]: nil, a[:35] + "g": nil, strings.ReplaceAll(a, "-", "0"): nil,
	} {
		if diff := cmp.Diff(want, uuids([]string{text})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if got := uuids([]string{strings.Repeat(a+"/", 100)}); len(got) != 16 {
		t.Errorf("%d ids of 100", len(got))
	}
}

func TestOpusSamples(t *testing.T) {
	for b, want := range map[[2]byte]int64{
		{0 << 3}: 480, {3 << 3}: 2880, {12 << 3}: 480, {13 << 3}: 960, {16 << 3}: 120, {31 << 3}: 960,
		{31<<3 | 1}: 1920, {31<<3 | 2}: 1920, {28<<3 | 3, 5}: 600, {28<<3 | 3, 0x80 | 48}: 5760,
	} {
		if got := opusSamples(b[:]); got != want {
			t.Errorf("%x: %d samples, want %d", b, got, want)
		}
	}
	if opusSamples(nil) != 0 || opusSamples([]byte{3}) != 0 {
		t.Error("a packet without content plays")
	}
}

func TestCanonicalKeepsItsOwn(t *testing.T) {
	for _, name := range []string{title, albumArtist, trackTotal, releaseID, gapless, albumPeak} {
		for _, written := range []string{name, strings.ToLower(name), " " + name} {
			if got := canonical(written); got != name {
				t.Errorf("canonical(%q) = %q", written, got)
			}
		}
	}
	if got := canonical(dayMonth); got != "" {
		t.Errorf("a free field may be called %q", got)
	}
}

func TestCleanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + strings.Repeat(rapid.String().Draw(t, "text"), rapid.IntRange(1, 2000).Draw(t, "times"))
		got := clean(s)
		if !utf8.ValidString(got) || len(got) > maxValue || strings.TrimSpace(got) != got || strings.ContainsRune(got, 0) {
			t.Fatalf("clean gives %d bytes: %.40q", len(got), got)
		}
		if again := clean(got); again != got {
			t.Fatalf("clean(%.40q) = %.40q", got, again)
		}
	})
}

// TestStoredForm holds the names under which a catalog keeps what is known of a file:
// other devices and later versions read them.
func TestStoredForm(t *testing.T) {
	in := Info{
		Container: "flac", Codec: "flac", Title: "T", Artist: "A; B", Album: "Al", AlbumArtist: "AA", Artists: []string{"A", "B"}, AlbumArtists: []string{"C", "D"},
		TitleSort: "ts", ArtistSort: "as", AlbumSort: "als", AlbumArtistSort: "aas", Composer: "Co", ComposerSort: "Cs", Genre: "Rock", Track: 1, TrackTotal: 2, Disc: 3, DiscTotal: 4, Compilation: true,
		Year: 2004, Date: "2004-05-17", OriginalDate: "1969", ReleaseID: "r", TrackID: "t", RecordingID: "c", ReleaseGroupID: "g", ArtistIDs: []string{"i"}, AlbumArtistIDs: []string{"j"}, Duration: 1500 * time.Millisecond, SampleRate: 44100, Channels: 2, BitRate: 900000,
		Delay: 5, Padding: 6, Gain: &Gain{Track: -7.5, TrackPeak: 0.5, Album: -6, AlbumPeak: 1}, Payload: Span{10, 20}, Touch: []Span{{0, 30}}, Pictures: []Picture{{Type: 3, MIME: "image/png", Span: Span{1, 2}, Encoded: true}},
	}
	const want = `{"container":"flac","codec":"flac","title":"T","artist":"A; B","album":"Al","albumartist":"AA","artists":["A","B"],"albumartists":["C","D"],` +
		`"titlesort":"ts","artistsort":"as","albumsort":"als","albumartistsort":"aas","composer":"Co","composersort":"Cs","genre":"Rock","track":1,"tracktotal":2,"disc":3,"disctotal":4,"compilation":true,` +
		`"year":2004,"date":"2004-05-17","originaldate":"1969","mb_release":"r","mb_track":"t","mb_recording":"c","mb_releasegroup":"g","mb_artists":["i"],"mb_albumartists":["j"],"duration":1500000000,"rate":44100,"channels":2,"bitrate":900000,` +
		`"delay":5,"padding":6,"gain":{"track":-7.5,"track_peak":0.5,"album":-6,"album_peak":1},"payload":{"offset":10,"length":20},"touch":[{"offset":0,"length":30}],` +
		`"pictures":[{"type":3,"mime":"image/png","span":{"offset":1,"length":2},"encoded":true}]}`
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("stored form (-want +got):\n%s", diff)
	}
	var back Info
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, back); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
}

// TestWindow holds that a window gives the file's bytes, wherever asked, and that what
// it gave does not change.
func TestWindow(t *testing.T) {
	file := make([]byte, 700<<10)
	for i := range file {
		file[i] = byte(i * 7 / 3)
	}
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, len(file)).Draw(t, "size")
		w := newWindow(bytes.NewReader(file[:size]), int64(size))
		type got struct {
			off int64
			b   []byte
		}
		var all []got
		for range rapid.IntRange(1, 20).Draw(t, "reads") {
			off := rapid.Int64Range(0, int64(size)).Draw(t, "off")
			n := rapid.IntRange(0, 100<<10).Draw(t, "n")
			b, err := w.bytes(off, n)
			if short := off+int64(n) > int64(size); short != errors.Is(err, ErrTruncated) || !short && err != nil {
				t.Fatalf("%d bytes at %d of %d: %v", n, off, size, err)
			}
			all = append(all, got{off, b})
		}
		for _, g := range all {
			if !bytes.Equal(g.b, file[g.off:g.off+int64(len(g.b))]) {
				t.Fatalf("the bytes at %d are not the file's", g.off)
			}
		}
	})
}

func TestWindowLimits(t *testing.T) {
	const size = 1 << 40
	w := newWindow(endless{}, size)
	for _, tt := range []struct {
		off int64
		n   int
		err error
	}{{-1, 1, ErrBroken}, {0, -1, ErrBroken}, {0, maxOne + 1, ErrBroken}, {size, 1, ErrTruncated}, {size - 1, 1, nil}} {
		if _, err := w.bytes(tt.off, tt.n); !errors.Is(err, tt.err) {
			t.Errorf("%d bytes at %d: %v, want %v", tt.n, tt.off, err, tt.err)
		}
	}
	var err error
	fetched := 0
	for off := int64(0); err == nil; off += 10 << 20 {
		_, err = w.bytes(off, 1)
		fetched++
	}
	if !errors.Is(err, ErrBroken) || fetched > maxFetches || w.spent > maxSpent {
		t.Errorf("%d reads of %d bytes, then %v", fetched, w.spent, err)
	}
	many := newWindow(bytes.NewReader(make([]byte, 9)), 9)
	for range maxAsked {
		if _, err = many.bytes(0, 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := many.bytes(0, 1); !errors.Is(err, ErrBroken) {
		t.Errorf("asked more than %d times: %v", maxAsked, err)
	}
	short := newWindow(bytes.NewReader(nil), 100)
	if _, err := short.bytes(0, 10); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrTruncated) {
		t.Errorf("a reader shorter than we were told: %v", err)
	}
}

// endless is a file of zeros.
type endless struct{}

func (endless) ReadAt(b []byte, _ int64) (int, error) { return len(b), nil }

func TestMergeSpans(t *testing.T) {
	for _, tt := range []struct{ in, want []Span }{
		{[]Span{{5000, 10}, {0, 10}}, []Span{{0, 8192}}},
		{[]Span{{0, 10}, {8192, 1}}, []Span{{0, 4096}, {8192, 1808}}},
		{[]Span{{-100, 50}, {9000, 1 << 40}, {20000, 5}}, []Span{{8192, 1808}}},
		{[]Span{{0, 10000}, {100, 5}}, []Span{{0, 10000}}},
	} {
		if diff := cmp.Diff(tt.want, mergeSpans(tt.in, 10000)); diff != "" {
			t.Errorf("mergeSpans(%v) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestSeconds(t *testing.T) {
	for _, tt := range []struct {
		units, rate uint64
		want        time.Duration
	}{{88200, 44100, 2 * time.Second}, {1, 0, 0}, {1<<64 - 1, 1, 0}, {0, 48000, 0}} {
		if got := seconds(tt.units, tt.rate); got != tt.want {
			t.Errorf("seconds(%d, %d) = %v, want %v", tt.units, tt.rate, got, tt.want)
		}
	}
}

func TestMPEGHeader(t *testing.T) {
	for _, tt := range []struct {
		b    [7]byte
		want string
	}{
		{[7]byte{0xFF, 0xFB, 0x90, 0x00}, "MPEG 1 layer 3, 128000 bit/s, 44100 Hz × 2, 417 bytes, 1152 samples"},
		{[7]byte{0xFF, 0xFB, 0x92, 0xC0}, "MPEG 1 layer 3, 128000 bit/s, 44100 Hz × 1, 418 bytes, 1152 samples"},
		{[7]byte{0xFF, 0xF3, 0x80, 0x00}, "MPEG 2 layer 3, 64000 bit/s, 22050 Hz × 2, 208 bytes, 576 samples"},
		{[7]byte{0xFF, 0xE3, 0x28, 0xC0}, "MPEG 25 layer 3, 16000 bit/s, 8000 Hz × 1, 144 bytes, 576 samples"},
		{[7]byte{0xFF, 0xFD, 0xA4, 0x00}, "MPEG 1 layer 2, 192000 bit/s, 48000 Hz × 2, 576 bytes, 1152 samples"},
		{[7]byte{0xFF, 0xFF, 0x98, 0x00}, "MPEG 1 layer 1, 288000 bit/s, 32000 Hz × 2, 432 bytes, 384 samples"},
		{[7]byte{0xFF, 0xF1, 0x50, 0x80, 0x10, 0x00, 0x00}, "MPEG 0 layer 0, 0 bit/s, 44100 Hz × 2, 128 bytes, 1024 samples"},
		{[7]byte{0xFF, 0xFB, 0xF0, 0x00}, ""}, // forbidden bit rate
		{[7]byte{0xFF, 0xFB, 0x00, 0x00}, ""}, // free format
		{[7]byte{0xFF, 0xFB, 0x9C, 0x00}, ""}, // reserved rate
		{[7]byte{0xFF, 0xEB, 0x90, 0x00}, ""}, // reserved version
		{[7]byte{0xFF, 0x1B, 0x90, 0x00}, ""},
	} {
		f, ok := mpegHeader(tt.b[:])
		got := fmt.Sprintf("MPEG %d layer %d, %d bit/s, %d Hz × %d, %d bytes, %d samples", f.version, f.layer, f.bitRate, f.rate, f.channels, f.length, f.samples)
		if !ok {
			got = ""
		}
		if got != tt.want {
			t.Errorf("% x: %q, want %q", tt.b, got, tt.want)
		}
	}
}
