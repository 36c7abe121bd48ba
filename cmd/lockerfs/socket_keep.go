package main

import (
	"context"
	"crypto/rand"
	"net/http"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
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
	mux.HandleFunc("POST "+pathCollect, s.runCollect)
	mux.HandleFunc("DELETE "+pathCollect+"/{id}", s.endRun)
	mux.HandleFunc("POST "+pathExport, s.runExport)
	mux.HandleFunc("DELETE "+pathExport+"/{id}", s.endRun)
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

// exportRequest asks for export.
type exportRequest struct {
	ID      string               `json:"id"`
	Path    string               `json:"path"`
	Options intake.ExportOptions `json:"options"`
}

func (s *server) runExport(w http.ResponseWriter, r *http.Request) {
	var q exportRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, out *framer) (frame, error) {
		report, err := s.locker.Export(ctx, q.Path, q.Options, func(p intake.ExportProgress) { out.send(frame{Exporting: &p}, true) })
		return frame{Exported: &report}, err
	})
}

// Export is locker's.
func (c *client) Export(ctx context.Context, path string, opts intake.ExportOptions, progress func(intake.ExportProgress)) (report intake.ExportReport, err error) {
	q := exportRequest{ID: rand.Text(), Path: path, Options: opts}
	err = c.run(ctx, pathExport, q.ID, q, func(f frame) {
		if f.Exporting != nil {
			progress(*f.Exporting)
		}
		if f.Exported != nil {
			report = *f.Exported
		}
	})
	return report, err
}
