package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// parting is how long running requests get to send their last frame.
const parting = 15 * time.Second

// server answers other processes for the owner of a state folder.
type server struct {
	locker locker
	where  where
	log    *slog.Logger
	path   string // of the socket
	http   *http.Server
	// end ends the requests that run.
	end context.CancelFunc
	// restarts takes a request to begin anew, with how long programs may keep files open.
	restarts chan time.Duration

	mu   sync.Mutex // guards runs; taken alone
	runs map[string]context.CancelFunc
}

// serve listens on the control socket of the state folder at, which this process
// owns, and answers until close.
func serve(l locker, at where, log *slog.Logger) (*server, error) {
	path, err := makeSocketPath(at.state)
	if err != nil {
		return nil, err
	}
	listener, err := listenPrivately(path)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	s := &server{locker: l, where: at, log: log, path: path, end: end, restarts: make(chan time.Duration, 1), runs: map[string]context.CancelFunc{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathStatus, s.status)
	mux.HandleFunc("POST "+pathRestart, s.restart)
	mux.HandleFunc("GET "+pathInfo, s.info)
	mux.HandleFunc("GET "+pathList, s.list)
	mux.HandleFunc("GET "+pathSearch, s.search)
	mux.HandleFunc("POST "+pathImport, s.runImport)
	mux.HandleFunc("DELETE "+pathImport+"/{id}", s.endRun)
	mux.HandleFunc("POST "+pathOrganize, s.runOrganize)
	mux.HandleFunc("DELETE "+pathOrganize+"/{id}", s.endRun)
	mux.HandleFunc("POST "+pathSync, s.runSync)
	mux.HandleFunc("DELETE "+pathSync+"/{id}", s.endRun)
	mux.HandleFunc("POST "+pathSet, s.set)
	mux.HandleFunc("POST "+pathOffline, s.offline)
	mux.HandleFunc("GET "+pathHistory, s.history)
	mux.HandleFunc("POST "+pathRestore, s.runRestore)
	mux.HandleFunc("DELETE "+pathRestore+"/{id}", s.endRun)
	s.serveKeeping(mux)
	s.servePins(mux)
	s.serveAdopting(mux)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the control socket has failed", "error", err)
		}
	}()
	return s, nil
}

// listenPrivately makes the socket under another name first, so that it never
// stands at path with more than mode 0600. What an earlier owner left goes.
func listenPrivately(path string) (net.Listener, error) {
	fresh := path + ".new"
	for _, old := range []string{path, fresh} {
		if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(fresh, 0o600), os.Rename(fresh, path)); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// close ends what runs, lets it say its last word, and removes the socket.
func (s *server) close() {
	_ = os.Remove(s.path)
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), parting)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
}

func (s *server) fail(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusUnprocessableEntity, frame{Fault: toWire(err, s.where), End: true})
}

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	answer, err := s.locker.Status(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *server) info(w http.ResponseWriter, r *http.Request) {
	answer, err := s.locker.Info(r.Context(), r.FormValue("path"))
	if err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	deep, _ := strconv.ParseBool(r.FormValue("deep"))
	lines := json.NewEncoder(w)
	err := s.locker.List(r.Context(), r.FormValue("path"), deep, func(l listed) error {
		return lines.Encode(frame{Entry: &l})
	})
	_ = lines.Encode(frame{Fault: toWire(err, s.where), End: true})
}

func (s *server) search(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil {
		s.fail(w, &fault{code: exitUsage, cause: "not a search request"})
		return
	}
	found, err := s.locker.Search(r.Context(), r.FormValue("words"), limit)
	if err != nil {
		s.fail(w, err)
		return
	}
	lines := json.NewEncoder(w)
	for i := range found {
		if err := lines.Encode(frame{Finding: &found[i]}); err != nil {
			return // nobody listens
		}
	}
	_ = lines.Encode(frame{End: true})
}
