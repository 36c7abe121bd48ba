package main

import (
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote/sched"
)

func TestTimetable(t *testing.T) {
	day := func(hour, minute int) time.Time { return time.Date(2026, 11, 22, hour, minute, 30, 0, time.UTC) }
	for _, c := range []struct {
		text string
		now  time.Time
		want sched.Limits
		next time.Duration
	}{
		{"2M", day(12, 0), sched.Limits{Up: 2e6, Down: 2e6}, 12*time.Hour - 30*time.Second},
		{"512K:4M", day(0, 0), sched.Limits{Up: 512e3, Down: 4e6}, 24*time.Hour - 30*time.Second},
		{"off:1MiB", day(0, 0), sched.Limits{Down: 1 << 20}, 24*time.Hour - 30*time.Second},
		{"off", day(12, 0), sched.Limits{}, 12*time.Hour - 30*time.Second},
		{"23:00,off 08:00,512K", day(7, 59), sched.Limits{}, 30 * time.Second},
		{"23:00,off 08:00,512K", day(8, 0), sched.Limits{Up: 512e3, Down: 512e3}, 15*time.Hour - 30*time.Second},
		{"23:00,off 08:00,512K", day(23, 30), sched.Limits{}, 8*time.Hour + 30*time.Minute - 30*time.Second},
	} {
		table, err := parseTimetable(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got, next := table.at(c.now); got != c.want || next != c.next {
			t.Errorf("%q at %v: %+v for %v, want %+v for %v", c.text, c.now, got, next, c.want, c.next)
		}
	}
	for _, bad := range []string{"", " ", "fast", "2M 3M", "08:00", "08:00,", "25:00,1M", "08:00,1M 08:00,2M", "1", "-1M", "1M:", "1M:2M:3M"} {
		if table, err := parseTimetable(bad); err == nil {
			t.Errorf("%q is taken for %+v", bad, table)
		}
	}
}
