package s3

import (
	"strconv"
	"strings"
)

// parseContentRange reads "bytes first-last/size" (RFC 9110, 14.4). A size of "*" is
// refused: every S3 server knows how large its objects are.
func parseContentRange(header string) (first, last, size int64, ok bool) {
	rest, ok := strings.CutPrefix(header, "bytes ")
	if !ok {
		return 0, 0, 0, false
	}
	span, total, ok := strings.Cut(rest, "/")
	if !ok {
		return 0, 0, 0, false
	}
	from, to, ok := strings.Cut(span, "-")
	if !ok {
		return 0, 0, 0, false
	}
	first, ok1 := decimal(from)
	last, ok2 := decimal(to)
	size, ok3 := decimal(total)
	return first, last, size, ok1 && ok2 && ok3 && first <= last && last < size
}

// decimal is stricter than strconv: digits only.
func decimal(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
