package remote

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRangeWithin(t *testing.T) {
	for _, c := range []struct {
		r    Range
		size int64
		want int64
		kind error
	}{
		{Range{}, 0, 0, nil},
		{Range{}, 7, 7, nil},
		{Range{0, 3}, 0, 0, nil},
		{Range{2, 3}, 7, 3, nil},
		{Range{2, 0}, 7, 5, nil},
		{Range{5, 9}, 7, 2, nil},
		{Range{5, math.MaxInt64}, 7, 2, nil},
		{Range{7, 0}, 7, 0, ErrRange},
		{Range{1, 0}, 0, 0, ErrRange},
		{Range{-1, 0}, 7, 0, ErrInvalid},
		{Range{0, -1}, 7, 0, ErrInvalid},
	} {
		got, err := c.r.Within(c.size)
		if got != c.want || !errors.Is(err, c.kind) {
			t.Errorf("%+v within %d: got %d, %v; want %d, %v", c.r, c.size, got, err, c.want, c.kind)
		}
	}
}

func TestCheckPut(t *testing.T) {
	body := func(n int64) *io.SectionReader { return io.NewSectionReader(strings.NewReader(""), 0, n) }
	for name, c := range map[string]struct {
		key  string
		body *io.SectionReader
		o    PutOptions
		ok   bool
	}{
		"plain":            {"a/b", body(MaxConditional + 1), PutOptions{}, true},
		"largest guarded":  {"a", body(MaxConditional), PutOptions{If: Condition{Absent: true}}, true},
		"too large":        {"a", body(MaxConditional + 1), PutOptions{If: Condition{ETag: "x"}}, false},
		"two conditions":   {"a", body(1), PutOptions{If: Condition{Absent: true, ETag: "x"}}, false},
		"bad key":          {"a//b", body(1), PutOptions{}, false},
		"no body":          {"a", nil, PutOptions{}, false},
		"upper case key":   {"a", body(1), PutOptions{Metadata: map[string]string{"Path": "x"}}, false},
		"empty key":        {"a", body(1), PutOptions{Metadata: map[string]string{"": "x"}}, false},
		"bad UTF-8":        {"a", body(1), PutOptions{Metadata: map[string]string{"path": "\xff"}}, false},
		"most metadata":    {"a", body(1), PutOptions{Metadata: map[string]string{"p": strings.Repeat("x", MaxMetadata-1)}}, true},
		"escaped too long": {"a", body(1), PutOptions{Metadata: map[string]string{"p": strings.Repeat("é", 400)}}, false},
	} {
		err := CheckPut(c.key, c.body, c.o)
		if got := err == nil; got != c.ok || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want ok %v", name, err, c.ok)
		}
	}
}

func TestEscapeMetadata(t *testing.T) {
	for in, want := range map[string]string{
		"plain/path 01.flac": "plain/path 01.flac",
		"Sigur Rós/( )":      "Sigur R%C3%B3s/( )",
		" a  b ":             "%20a %20b%20",
		"100%":               "100%25",
		"=?UTF-8?q?x?=":      "%3D?UTF-8?q?x?=",
		"a\nb\x00":           "a%0Ab%00",
	} {
		if got := EscapeMetadata(in); got != want {
			t.Errorf("escape %q: got %q, want %q", in, got, want)
		}
	}
	if got, want := UnescapeMetadata("50% off \xff"), "50% off \uFFFD"; got != want {
		t.Errorf("foreign value: got %q, want %q", got, want)
	}
}

func TestEscapeMetadataRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		escaped := EscapeMetadata(value)
		for i := range len(escaped) {
			if escaped[i] < 0x20 || escaped[i] > 0x7e {
				t.Fatalf("%q escapes to %q, not printable ASCII", value, escaped)
			}
		}
		if strings.TrimSpace(escaped) != escaped || strings.Contains(escaped, "  ") {
			t.Fatalf("%q escapes to %q, whose spaces may be folded", value, escaped)
		}
		if got := UnescapeMetadata(escaped); got != value {
			t.Fatalf("got %q back, want %q", got, value)
		}
	})
}
