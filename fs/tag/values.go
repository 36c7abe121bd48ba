package tag

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What single values say: numbers, dates, gains, ids.

// numbers reads "3", "03", "3/12", "3 of 12", "#3" and a total of its own.
func (f fields) numbers(key, totalKey string) (number, total int) {
	n, t, ok := strings.Cut(f.first(key), "/")
	if !ok {
		n, t, _ = strings.Cut(strings.ToLower(n), " of ")
	}
	if own := f.first(totalKey); own != "" {
		t = own
	}
	return count(strings.TrimLeft(n, "# ")), count(t)
}

// count reads a small positive number; anything else is 0, for a track "A1" of a
// record has no number to sort by.
func count(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 || n > 99999 {
		return 0
	}
	return n
}

// year finds the first four digits in a row, as dates come as 2004, 2004-05-17,
// 17.05.2004 and 2004-05-17T08:00:00Z. Eight in a row may be 20040517.
func year(s string) int {
	run := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] >= '0' && s[i] <= '9' {
			run++
			continue
		}
		if run == 4 || run == 8 && isMonthDay(s[i-4:i]) {
			return count(s[i-run : i-run+4])
		}
		run = 0
	}
	return 0
}

func isMonthDay(s string) bool {
	month, day := count(s[:2]), count(s[2:])
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// knownDate is "" for the ways to write that a date is not known: 0, 0000, 0000-00-00.
func knownDate(s string) string {
	if strings.Trim(s, "0-/.:TZ ") == "" {
		return ""
	}
	return s
}

func isTrue(s string) bool {
	switch strings.ToLower(s) {
	case "1", "true", "yes":
		return true
	}
	return false
}

// decibel reads "-7.03 dB" and "0.988"; what is out of all proportion is unknown.
func decibel(s string) float64 {
	if n := len(s) - 2; n > 0 && strings.EqualFold(s[n:], "dB") {
		s = s[:n]
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || v != v || v < -200 || v > 200 {
		return 0
	}
	return v
}

// peak reads a factor of full scale.
func peak(s string) float64 { return max(decibel(s), 0) }

// r128 reads a gain in units of 1/256 dB. Its reference lies 5 dB below ReplayGain's.
func r128(s string) float64 {
	v, err := strconv.ParseInt(s, 10, 16)
	if err != nil {
		return 0
	}
	return math.Round((float64(v)/256+5)*100) / 100
}

// uuids gives the ids in values; programs join several with various marks.
func uuids(values []string) []string {
	const most = 16
	var out []string
	for _, v := range values {
		for _, id := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune("/;,& ", r) }) {
			if len(out) < most && isUUID(id) {
				out = append(out, strings.ToLower(id))
			}
		}
	}
	return out
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
			return false
		}
	}
	return true
}

// clean makes a value valid UTF-8, without NUL and surrounding space, and bounded.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	s = strings.TrimSpace(s)
	if len(s) <= maxValue {
		return s
	}
	cut := maxValue
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.TrimSpace(s[:cut])
}
