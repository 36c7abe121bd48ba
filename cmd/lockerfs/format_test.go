package main

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

func TestHumanSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 9949: "9.9 kB", 9951: "10 kB", 61_000_000: "61 MB",
		412e9: "412 GB", 999_499: "999 kB", 999_500: "1.0 MB", 1 << 62: "4.6 EB",
	} {
		if got := humanSize(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 40112: "40,112", 1234567: "1,234,567", -1234: "-1,234", -12: "-12"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestHumanDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 14 * time.Second: "14 s", 5*time.Minute + 59*time.Second: "5 min",
		2*time.Hour + 10*time.Minute: "2 h 10 min", 3 * time.Hour: "3 h", 30 * time.Hour: "30 h", 80 * time.Hour: "3 days",
	} {
		if got := humanDuration(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{-1: "0 ms", 999 * time.Millisecond: "999 ms", 2499 * time.Millisecond: "2.4 s", 9999 * time.Millisecond: "9.9 s", 14 * time.Second: "14 s"} {
		if got := humanElapsed(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
	if got, want := playTime(time.Hour+2*time.Minute+33*time.Second), "1:02:33"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := playTime(187*time.Second), "3:07"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "500": 500, "2M": 2e6, "2MB": 2e6, "50GB": 50e9, "1.5 GB": 15e8, "4Gi": 4 << 30, "4 GiB": 4 << 30, "7k": 7000, "1T": 1e12,
		"": -1, "M": -1, "-1": -1, "2X": -1, "2Mx": -1, "1e9": -1, "99999999999T": -1, "2i": -1, "1..2": -1,
	} {
		got, err := parseSize(in)
		if want < 0 {
			if err == nil {
				t.Errorf("%q: got %d, want an error", in, got)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", in, got, err, want)
		}
	}
}

// What is printed is read back as nearly the same.
func TestSizesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1e15).Draw(t, "n")
		text := humanSize(n)
		got, err := parseSize(strings.ToUpper(text))
		if strings.HasSuffix(text, "PB") {
			return // not a unit for limits
		}
		if diff := got - n; err != nil || diff > n/18+1 || -diff > n/18+1 {
			t.Fatalf("%d is %q, read back as %d, %v", n, text, got, err)
		}
	})
}

func TestTilde(t *testing.T) {
	for _, c := range [][3]string{
		{"/home/a/Locker", "/home/a", "~/Locker"}, {"/home/a", "/home/a", "~"}, {"/home/ab", "/home/a", "/home/ab"},
		{"/x", "", "/x"}, {"/x", "/", "/x"},
	} {
		if got := tilde(c[0], c[1]); got != c[2] {
			t.Errorf("%s in %s: got %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestPrintable(t *testing.T) {
	if got, want := printable("Björk\x1b[31m\n\u009b"), "Björk?[31m??"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStatusText(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	shared := false
	s := status{Name: "music", Store: "s3://crates/home?endpoint=http://x", Mount: "/home/a/Locker", Safe: true, Network: linkOnline,
		Since: now.Add(-time.Hour), Access: "read-only", Synced: true, Totals: catalog.Totals{Files: 40112, Bytes: 412e9},
		Change: &change{Time: now.Add(-14 * time.Second), Device: "studio"}, Cache: &cache.Stats{Held: 38e9, Limit: 50e9}}
	want := `SAFE: everything is in the store
music  ~/Locker ← s3://crates/home   online · read-only
40,112 files · 412 GB · last change 14 s ago (studio)
here 38 GB of 50 GB
`
	if got := s.text(now, "/home/a"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	s.Safe, s.Unsafe, s.Network, s.Trouble, s.Synced, s.Cache, s.Mount = false, []string{"an import is running"}, linkOffline, "no route", false, nil, ""
	s.Device.Shared = &shared
	want = `NOT YET SAFE: an import is running
music  not mounted ← s3://crates/home   offline for 1 h · read-only
no route
this device has not read the catalog yet
this store cannot be shared: only one device may write to it
`
	if got := s.text(now, "/home/a"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
