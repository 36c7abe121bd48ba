package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
)

// What is pinned, through the control socket:
//
//	POST   /v1/pin       pinRequest; frames: pinning, then pinned. Who ends it ends the
//	                     waiting; what is pinned stays so
//	DELETE /v1/pin/ID    ends that waiting
//	POST   /v1/unpin     paths
//	POST   /v1/pins      pinsRequest; one frame at the end
//	DELETE /v1/pins/ID   ends that
const (
	pathPin   = "/v1/pin"
	pathUnpin = "/v1/unpin"
	pathPins  = "/v1/pins"
)

// pinRequest asks for pin.
type pinRequest struct {
	// ID is random: how the client ends it.
	ID    string   `json:"id"`
	Paths []string `json:"paths"`
	Wait  bool     `json:"wait,omitempty"`
}

// unpinRequest asks for unpin.
type unpinRequest struct {
	Paths []string `json:"paths"`
}

// pinsRequest asks for pins.
type pinsRequest struct {
	ID    string `json:"id"`
	Check bool   `json:"check,omitempty"`
}

// servePins answers what is asked of a pinner.
func (s *server) servePins(mux *http.ServeMux) {
	mux.HandleFunc("POST "+pathPin, s.runPin)
	mux.HandleFunc("DELETE "+pathPin+"/{id}", s.endRun)
	mux.HandleFunc("POST "+pathUnpin, s.unpin)
	mux.HandleFunc("POST "+pathPins, s.runPins)
	mux.HandleFunc("DELETE "+pathPins+"/{id}", s.endRun)
}

func (s *server) runPin(w http.ResponseWriter, r *http.Request) {
	var q pinRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, out *framer) (frame, error) {
		answer, err := s.locker.Pin(ctx, q.Paths, q.Wait, func(p pinProgress) { out.send(frame{Pinning: &p}, true) })
		return frame{Pinned: &answer}, err
	})
}

func (s *server) unpin(w http.ResponseWriter, r *http.Request) {
	var q unpinRequest
	if !s.request(w, r, &q) {
		return
	}
	answer, err := s.locker.Unpin(r.Context(), q.Paths)
	if err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *server) runPins(w http.ResponseWriter, r *http.Request) {
	var q pinsRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, _ *framer) (frame, error) {
		answer, err := s.locker.Pins(ctx, q.Check)
		return frame{Pins: &answer}, err
	})
}

// Pin is pinner's.
func (c *client) Pin(ctx context.Context, paths []string, wait bool, hear func(pinProgress)) (answer pinAnswer, err error) {
	q := pinRequest{ID: rand.Text(), Paths: paths, Wait: wait}
	err = c.run(ctx, pathPin, q.ID, q, func(f frame) {
		if f.Pinning != nil {
			hear(*f.Pinning)
		}
		if f.Pinned != nil {
			answer = *f.Pinned
		}
	})
	return answer, err
}

// Unpin is pinner's.
func (c *client) Unpin(ctx context.Context, paths []string) (u unpinned, err error) {
	answer, err := c.do(ctx, http.MethodPost, pathUnpin, nil, unpinRequest{Paths: paths})
	if err != nil {
		return u, err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&u); err != nil {
		return u, c.lost(ctx, err)
	}
	return u, nil
}

// Pins is pinner's.
func (c *client) Pins(ctx context.Context, check bool) (report pinReport, err error) {
	q := pinsRequest{ID: rand.Text(), Check: check}
	err = c.run(ctx, pathPins, q.ID, q, func(f frame) {
		if f.Pins != nil {
			report = *f.Pins
		}
	})
	return report, err
}
