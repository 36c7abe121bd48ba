package main

import (
	"log/slog"
	"sync"
	"time"
)

// link is whether the store can be reached, as far as the last request tells.
type link struct {
	log *slog.Logger
	// where names the places in messages.
	where where

	mu      sync.Mutex // guards the fields below; taken alone
	state   string
	since   time.Time
	trouble string
}

func newLink(log *slog.Logger, at where) *link {
	return &link{log: log, where: at, state: linkConnecting, since: time.Now()}
}

// report takes the outcome of a request; nil means that the store answered. It
// gives true when the link has just come up. What it logs is for daemons, which show
// this level: a command that waits for the store gives the error to its user.
func (l *link) report(err error) bool {
	state, trouble := linkOnline, ""
	if err != nil {
		state, trouble = linkOffline, oneLine(diagnose(err, l.where).cause)
	}
	l.mu.Lock()
	changed := l.state != state
	if changed {
		l.state, l.since = state, time.Now()
	}
	news := changed || l.trouble != trouble
	l.trouble = trouble
	l.mu.Unlock()
	switch {
	case news && err != nil:
		l.log.Info("the store cannot be used", "reason", trouble)
	case changed:
		l.log.Info("online")
	}
	return changed && err == nil
}

func (l *link) now() (state string, since time.Time, trouble string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.since, l.trouble
}
