package s3

import (
	"fmt"
	"testing"
)

func TestParseContentRange(t *testing.T) {
	for header, want := range map[string][3]int64{
		"bytes 0-0/1": {0, 0, 1}, "bytes 5-9/10": {5, 9, 10}, "bytes 0-99/9223372036854775807": {0, 99, 9223372036854775807},
	} {
		first, last, size, ok := parseContentRange(header)
		if got := [3]int64{first, last, size}; got != want || !ok {
			t.Errorf("%s: got %v %t, want %v", header, got, ok, want)
		}
	}
	for _, header := range []string{
		"", "bytes", "bytes */10", "bytes 0-9/*", "bytes 5-4/10", "bytes 0-10/10", "bytes -1-4/10", "bytes 0-+4/10", "items 0-4/10",
		"bytes 0-4/10 ", "bytes 0-4/99999999999999999999", "bytes=0-4/10", "bytes 0-4/10/11",
	} {
		if first, last, size, ok := parseContentRange(header); ok {
			t.Errorf("%q: got %d-%d/%d, want it refused", header, first, last, size)
		}
	}
}

func FuzzParseContentRange(f *testing.F) {
	f.Add("bytes 0-9/10")
	f.Fuzz(func(t *testing.T, header string) {
		first, last, size, ok := parseContentRange(header)
		if ok && (first < 0 || first > last || last >= size) {
			t.Errorf("%q: got %s", header, fmt.Sprint(first, last, size))
		}
	})
}

func TestSizeOfParts(t *testing.T) {
	for size, want := range map[int64]int64{
		multipartAbove + 1: partSize, partSize * maxParts: partSize, partSize*maxParts + 1: 2 * partSize, 5 << 40: 1 << 30,
	} {
		if got := sizeOfParts(size); got != want || (size+got-1)/got > maxParts {
			t.Errorf("%d: got parts of %d, want %d", size, got, want)
		}
	}
}
