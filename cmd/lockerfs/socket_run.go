package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/fs/intake"
)

// Requests that run for long have an id, by which their client ends them. What they
// did still comes as the last frame.

// lastWord is how long a run that was told to end may take to report.
const lastWord = 30 * time.Second

// framer sends the frames of one run, from any goroutine.
type framer struct {
	mu    sync.Mutex // guards lines; held while writing, so that frames stay whole
	lines *json.Encoder
	flush func() error
}

// send writes a frame. A client that went away ends the run by itself.
func (f *framer) send(x frame, now bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.lines.Encode(x); err == nil && now {
		_ = f.flush()
	}
}

// run answers a request with what do sends, and a last frame with what it gives.
func (s *server) run(w http.ResponseWriter, r *http.Request, id string, do func(context.Context, *framer) (frame, error)) {
	// A client that goes away ends its run; so does endRun.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if id == "" || !s.begin(id, cancel) {
		s.fail(w, &fault{code: exitUsage, cause: "a request needs an id of its own"})
		return
	}
	defer s.forget(id)
	out := &framer{lines: json.NewEncoder(w), flush: http.NewResponseController(w).Flush}
	last, err := do(ctx, out)
	last.Fault, last.End = toWire(err, s.where), true
	out.send(last, false)
}

func (s *server) begin(id string, cancel context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.runs[id]; ok {
		return false
	}
	s.runs[id] = cancel
	return true
}

func (s *server) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, id)
}

func (s *server) endRun(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	cancel := s.runs[r.PathValue("id")]
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	w.WriteHeader(http.StatusNoContent)
}

// request reads the body of a request.
func (s *server) request(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(into)
	if err != nil {
		s.fail(w, &fault{code: exitUsage, cause: "not a request for " + r.URL.Path})
	}
	return err == nil
}

func (s *server) runImport(w http.ResponseWriter, r *http.Request) {
	var q importRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, out *framer) (frame, error) {
		l := listener{
			progress: func(p intake.Progress) { out.send(frame{Progress: &p}, true) },
			placed:   func(p intake.Placed) { out.send(frame{Placed: &p}, false) },
		}
		report, err := s.locker.Import(ctx, q.Paths, q.Options, l)
		return frame{Report: &report}, err
	})
}

func (s *server) runOrganize(w http.ResponseWriter, r *http.Request) {
	var q organizeRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, out *framer) (frame, error) {
		l := organizeListener{
			progress: func(p intake.OrganizeProgress) { out.send(frame{Organizing: &p}, true) },
			moved:    func(m intake.Move) { out.send(frame{Move: &m}, false) },
		}
		report, err := s.locker.Organize(ctx, q.Path, q.Options, l)
		return frame{Organized: &report}, err
	})
}

func (s *server) runSync(w http.ResponseWriter, r *http.Request) {
	var q syncRequest
	if !s.request(w, r, &q) {
		return
	}
	s.run(w, r, q.ID, func(ctx context.Context, _ *framer) (frame, error) {
		return frame{}, s.locker.Sync(ctx, q.Patient)
	})
}

// Sync is locker's.
func (c *client) Sync(ctx context.Context, patient bool) error {
	q := syncRequest{ID: rand.Text(), Patient: patient}
	return c.run(ctx, pathSync, q.ID, q, func(frame) {})
}

// run sends a request that runs for long. When ctx ends, the other side is told to
// stop, and its last word is waited for.
func (c *client) run(ctx context.Context, path, id string, request any, take func(frame)) error {
	// The request itself outlives ctx for as long as the last word takes.
	whole, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	stop := context.AfterFunc(ctx, func() {
		short, cancel := context.WithTimeout(whole, lastWord)
		defer cancel()
		if answer, err := c.do(short, http.MethodDelete, path+"/"+id, nil, nil); err == nil {
			answer.Body.Close()
		}
		<-short.Done()
		giveUp()
	})
	defer stop()
	answer, err := c.do(whole, http.MethodPost, path, nil, request)
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	return c.frames(whole, answer.Body, func(f frame) error {
		take(f)
		return nil
	})
}

// Import is locker's.
func (c *client) Import(ctx context.Context, paths []string, opts intake.Options, l listener) (report intake.Report, err error) {
	q := importRequest{ID: rand.Text(), Paths: paths, Options: opts}
	err = c.run(ctx, pathImport, q.ID, q, func(f frame) {
		if f.Progress != nil && l.progress != nil {
			l.progress(*f.Progress)
		}
		if f.Placed != nil && l.placed != nil {
			l.placed(*f.Placed)
		}
		if f.Report != nil {
			report = *f.Report
		}
	})
	return report, err
}

// Organize is locker's.
func (c *client) Organize(ctx context.Context, path string, opts intake.OrganizeOptions, l organizeListener) (report intake.OrganizeReport, err error) {
	q := organizeRequest{ID: rand.Text(), Path: path, Options: opts}
	err = c.run(ctx, pathOrganize, q.ID, q, func(f frame) {
		if f.Organizing != nil && l.progress != nil {
			l.progress(*f.Organizing)
		}
		if f.Move != nil && l.moved != nil {
			l.moved(*f.Move)
		}
		if f.Organized != nil {
			report = *f.Organized
		}
	})
	return report, err
}
