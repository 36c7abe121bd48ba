package link

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// watched gives what heads makes of a stream that arrives in the pieces.
func watched(pieces ...[]byte) (found []string, lost int) {
	h := &heads{found: func(r *http.Request) { found = append(found, r.Method+" "+r.RequestURI) }, lost: func() { lost++ }}
	for _, p := range pieces {
		h.see(p)
	}
	return found, lost
}

func TestHeads(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		want   []string
		lost   int
	}{
		"nothing":       {"", nil, 0},
		"half a head":   {"GET / HTTP/1.1\r\nHost: x\r\n", nil, 0},
		"pipelined":     {"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: x\r\n\r\n", []string{"GET /1", "HEAD /2"}, 0},
		"body":          {"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n", []string{"PUT /1", "GET /2"}, 0},
		"empty body":    {"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n", []string{"PUT /1", "GET /2"}, 0},
		"chunked":       {"PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", []string{"PUT /1"}, 1},
		"not HTTP":      {"\x16\x03\x01 client hello\r\n\r\nmore\r\n\r\n", nil, 1},
		"bad length":    {"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\n", nil, 1},
		"endless head":  {"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 2*maxHead), nil, 1},
		"no lines ever": {strings.Repeat("x", 3*maxHead), nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, lost := watched([]byte(c.stream))
			if diff := cmp.Diff(c.want, got); diff != "" || lost != c.lost {
				t.Errorf("lost %d, want %d; (-want +got):\n%s", lost, c.lost, diff)
			}
		})
	}
}

// TestHeadsAnyCut: how a stream is cut into pieces does not matter.
func TestHeadsAnyCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream strings.Builder
		var want []string
		for i, body := range rapid.SliceOfN(rapid.StringMatching(`[\r\nGET /]{0,40}`), 1, 8).Draw(t, "bodies") {
			fmt.Fprintf(&stream, "PUT /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", i, len(body), body)
			want = append(want, fmt.Sprintf("PUT /%d", i))
		}
		cuts := rapid.SliceOf(rapid.IntRange(0, stream.Len())).Draw(t, "cuts")
		slices.Sort(cuts)
		var pieces [][]byte
		at := 0
		for _, cut := range append(cuts, stream.Len()) {
			pieces = append(pieces, []byte(stream.String()[at:cut]))
			at = cut
		}
		got, lost := watched(pieces...)
		if diff := cmp.Diff(want, got); diff != "" || lost != 0 {
			t.Fatalf("lost %d (-want +got):\n%s", lost, diff)
		}
	})
}

func FuzzHeads(f *testing.F) {
	f.Add([]byte("PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcdGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"), 7)
	f.Fuzz(func(t *testing.T, stream []byte, cut int) {
		whole, lost := watched(stream)
		cut = max(0, min(cut, len(stream)))
		halves, lostToo := watched(stream[:cut], stream[cut:])
		if diff := cmp.Diff(whole, halves); diff != "" || lost != lostToo || lost > 1 {
			t.Errorf("cut at %d: lost %d and %d (-whole +halves):\n%s", cut, lost, lostToo, diff)
		}
	})
}
