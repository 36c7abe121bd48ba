package main

import (
	"context"
	"crypto/rand"
	"net/http"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// verifyRequest asks for verify.
type verifyRequest struct {
	// ID is random: how the client ends it.
	ID      string                `json:"id"`
	Options catalog.VerifyOptions `json:"options"`
}

// serveKeeping answers what is asked of a keeper.
func (s *server) serveKeeping(mux *http.ServeMux) {
	mux.HandleFunc("POST "+pathVerify, s.runVerify)
	mux.HandleFunc("DELETE "+pathVerify+"/{id}", s.endRun)
}

func (s *server) runVerify(w http.ResponseWriter, r *http.Request) {
	var q verifyRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, out *framer) (frame, error) {
		report, err := s.locker.Verify(ctx, q.Options, func(p catalog.VerifyProgress) { out.send(frame{Verifying: &p}, true) })
		return frame{Verified: &report}, err
	})
}

// Verify is locker's.
func (c *client) Verify(ctx context.Context, opts catalog.VerifyOptions, progress func(catalog.VerifyProgress)) (report catalog.VerifyReport, err error) {
	q := verifyRequest{ID: rand.Text(), Options: opts}
	err = c.run(ctx, pathVerify, q.ID, q, func(f frame) {
		if f.Verifying != nil {
			progress(*f.Verifying)
		}
		if f.Verified != nil {
			report = *f.Verified
		}
	})
	return report, err
}
