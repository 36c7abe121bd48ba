package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
)

// restoreRequest asks for restore.
type restoreRequest struct {
	// ID is random: how the client ends it.
	ID     string `json:"id"`
	Path   string `json:"path"`
	Commit int64  `json:"commit"`
	Dry    bool   `json:"dry,omitempty"`
}

func (s *server) history(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 || limit > mostHistory {
		s.fail(w, &fault{code: exitUsage, cause: "not a history request"})
		return
	}
	answer, err := s.locker.History(r.Context(), r.FormValue("path"), limit)
	if err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *server) runRestore(w http.ResponseWriter, r *http.Request) {
	var q restoreRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, _ *framer) (frame, error) {
		answer, err := s.locker.Restore(ctx, q.Path, q.Commit, q.Dry)
		return frame{Restored: &answer}, err
	})
}

// History is locker's.
func (c *client) History(ctx context.Context, path string, limit int) (h history, err error) {
	return h, c.get(ctx, pathHistory, url.Values{"path": {path}, "limit": {strconv.Itoa(limit)}}, &h)
}

// Restore is locker's.
func (c *client) Restore(ctx context.Context, path string, commit int64, dry bool) (answer restored, err error) {
	q := restoreRequest{ID: rand.Text(), Path: path, Commit: commit, Dry: dry}
	err = c.run(ctx, pathRestore, q.ID, q, func(f frame) {
		if f.Restored != nil {
			answer = *f.Restored
		}
	})
	return answer, err
}
