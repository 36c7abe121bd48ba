package main

import (
	"context"
	"crypto/rand"
	"net/http"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
)

// adoptRequest asks for adopt.
type adoptRequest struct {
	// ID is random: how the client ends it.
	ID string `json:"id"`
	adoption
}

// refreshRequest asks for refresh.
type refreshRequest struct {
	ID string `json:"id"`
}

// serveAdopting answers what is asked of one that adopts.
func (s *server) serveAdopting(mux *http.ServeMux) {
	mux.HandleFunc("POST "+pathAdopt, s.runAdopt)
	mux.HandleFunc("DELETE "+pathAdopt+"/{id}", s.endRun)
	mux.HandleFunc("GET "+pathWatches, s.watches)
	mux.HandleFunc("POST "+pathRefresh, s.runRefresh)
	mux.HandleFunc("DELETE "+pathRefresh+"/{id}", s.endRun)
}

func (s *server) runAdopt(w http.ResponseWriter, r *http.Request) {
	var q adoptRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, out *framer) (frame, error) {
		l := adoptListener{
			progress: func(p intake.AdoptProgress) { out.send(frame{Adopting: &p}, true) },
			placed:   func(p intake.Placed) { out.send(frame{Placed: &p}, false) },
			moved:    func(m intake.Move) { out.send(frame{Move: &m}, false) },
		}
		done, err := s.locker.Adopt(ctx, q.adoption, l)
		return frame{Adopted: &done}, err
	})
}

func (s *server) watches(w http.ResponseWriter, r *http.Request) {
	answer, err := s.locker.Watches(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *server) runRefresh(w http.ResponseWriter, r *http.Request) {
	var q refreshRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, _ *framer) (frame, error) {
		done, err := s.locker.Refresh(ctx)
		return frame{Refreshed: &done}, err
	})
}

// Adopt is locker's.
func (c *client) Adopt(ctx context.Context, q adoption, l adoptListener) (done adopted, err error) {
	r := adoptRequest{ID: rand.Text(), adoption: q}
	err = c.run(ctx, pathAdopt, r.ID, r, func(f frame) {
		if f.Adopting != nil && l.progress != nil {
			l.progress(*f.Adopting)
		}
		if f.Placed != nil && l.placed != nil {
			l.placed(*f.Placed)
		}
		if f.Move != nil && l.moved != nil {
			l.moved(*f.Move)
		}
		if f.Adopted != nil {
			done = *f.Adopted
		}
	})
	return done, err
}

// Watches is locker's.
func (c *client) Watches(ctx context.Context) (s catalog.Settings, err error) {
	return s, c.get(ctx, pathWatches, nil, &s)
}

// Refresh is locker's.
func (c *client) Refresh(ctx context.Context) (done refreshed, err error) {
	q := refreshRequest{ID: rand.Text()}
	err = c.run(ctx, pathRefresh, q.ID, q, func(f frame) {
		if f.Refreshed != nil {
			done = *f.Refreshed
		}
	})
	return done, err
}
