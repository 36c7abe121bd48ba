package main

import (
	"testing"
	"time"
)

func TestSlept(t *testing.T) {
	day := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	before := clocks{day, time.Hour}
	for name, c := range map[string]struct {
		now  clocks
		want time.Duration
	}{
		"awake":            {clocks{day.Add(2 * time.Second), time.Hour + 2*time.Second}, 0},
		"slow to be asked": {clocks{day.Add(time.Minute), time.Hour + time.Minute}, 0},
		"an hour asleep":   {clocks{day.Add(time.Hour), time.Hour + 2*time.Second}, time.Hour - 2*time.Second},
		"clock set back":   {clocks{day.Add(-time.Hour), time.Hour + 2*time.Second}, 0},
		"clock corrected":  {clocks{day.Add(3 * time.Second), time.Hour + 2*time.Second}, 0},
	} {
		if got := c.now.slept(before); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
