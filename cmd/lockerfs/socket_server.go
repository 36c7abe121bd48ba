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

	"github.com/lockerfs/lockerfs/fs/intake"
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

	mu      sync.Mutex // guards imports; taken alone
	imports map[string]context.CancelFunc
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
	s := &server{locker: l, where: at, log: log, path: path, end: end, imports: map[string]context.CancelFunc{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathStatus, s.status)
	mux.HandleFunc("GET "+pathInfo, s.info)
	mux.HandleFunc("GET "+pathList, s.list)
	mux.HandleFunc("POST "+pathImport, s.runImport)
	mux.HandleFunc("DELETE "+pathImport+"/{id}", s.endImport)
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

func (s *server) runImport(w http.ResponseWriter, r *http.Request) {
	var request importRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&request); err != nil || request.ID == "" {
		s.fail(w, &fault{code: exitUsage, cause: "not an import request"})
		return
	}
	// A client that goes away ends its import; so does endImport.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if !s.begin(request.ID, cancel) {
		s.fail(w, &fault{code: exitUsage, cause: "an import of that id is running"})
		return
	}
	defer s.forget(request.ID)
	lines, flush := json.NewEncoder(w), http.NewResponseController(w)
	report, err := s.locker.Import(ctx, request.Paths, request.Options, func(p intake.Progress) {
		_ = errors.Join(lines.Encode(frame{Progress: &p}), flush.Flush())
	})
	_ = lines.Encode(frame{Report: &report, Fault: toWire(err, s.where), End: true})
}

func (s *server) begin(id string, cancel context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.imports[id]; ok {
		return false
	}
	s.imports[id] = cancel
	return true
}

func (s *server) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.imports, id)
}

func (s *server) endImport(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	cancel := s.imports[r.PathValue("id")]
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	w.WriteHeader(http.StatusNoContent)
}
