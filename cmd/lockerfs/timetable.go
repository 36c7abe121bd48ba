package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/remote/sched"
)

// timetable is what the link may be used for over the day, in the order of the times. One
// without a time holds always.
type timetable []hours

// hours is what holds from a time of the day on, in minutes after midnight.
type hours struct {
	from   int
	limits sched.Limits
}

// parseTimetable reads limits as people write them: 2M for both directions, 512K:4M for up
// and down, off for none, and 08:00,512K 23:00,off for a day.
func parseTimetable(s string) (timetable, error) {
	bad := fmt.Errorf("%q is no limit like 2M, 512K:4M (up:down), off, or \"08:00,512K 23:00,off\" (bytes a second)", s)
	words := strings.Fields(s)
	if len(words) == 1 && !strings.Contains(words[0], ",") {
		l, err := parseLimits(words[0])
		if err != nil {
			return nil, bad
		}
		return timetable{{0, l}}, nil
	}
	var t timetable
	for _, word := range words {
		clock, limits, ok := strings.Cut(word, ",")
		at, err := time.Parse("15:04", clock)
		l, wrong := parseLimits(limits)
		from := at.Hour()*60 + at.Minute()
		if !ok || err != nil || wrong != nil || slices.ContainsFunc(t, func(h hours) bool { return h.from == from }) {
			return nil, bad
		}
		t = append(t, hours{from, l})
	}
	if len(t) == 0 {
		return nil, bad
	}
	slices.SortFunc(t, func(a, b hours) int { return a.from - b.from })
	return t, nil
}

func parseLimits(s string) (l sched.Limits, err error) {
	up, down, two := strings.Cut(s, ":")
	if l.Up, err = parseRate(up); err == nil {
		l.Down = l.Up
		if two {
			l.Down, err = parseRate(down)
		}
	}
	return l, err
}

func parseRate(s string) (int64, error) {
	if s == "off" {
		return 0, nil
	}
	n, err := parseSize(s)
	if err == nil && n < 1024 {
		err = fmt.Errorf("%q is too little", s)
	}
	return n, err
}

// at gives what holds at a time, and how long until something else may.
func (t timetable) at(now time.Time) (l sched.Limits, next time.Duration) {
	minute := now.Hour()*60 + now.Minute()
	holds := t[len(t)-1] // since yesterday
	change := t[0].from + 24*60
	for _, h := range t {
		if h.from <= minute {
			holds = h
		} else {
			change = h.from
			break
		}
	}
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	return holds.limits, midnight.Add(time.Duration(change) * time.Minute).Sub(now)
}
