package main

import (
	"context"
	"crypto/rand"
	"net/http"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// collectRequest asks for gc.
type collectRequest struct {
	// ID is random: how the client ends it.
	ID  string `json:"id"`
	Dry bool   `json:"dry,omitempty"`
}

func (s *server) runCollect(w http.ResponseWriter, r *http.Request) {
	var q collectRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, out *framer) (frame, error) {
		done, err := s.locker.Collect(ctx, q.Dry, func(listed int64) { out.send(frame{Listed: listed}, true) })
		return frame{Collected: &done}, err
	})
}

// Collect is locker's.
func (c *client) Collect(ctx context.Context, dry bool, progress func(int64)) (done catalog.Collected, err error) {
	q := collectRequest{ID: rand.Text(), Dry: dry}
	err = c.run(ctx, pathCollect, q.ID, q, func(f frame) {
		if f.Listed > 0 {
			progress(f.Listed)
		}
		if f.Collected != nil {
			done = *f.Collected
		}
	})
	return done, err
}
