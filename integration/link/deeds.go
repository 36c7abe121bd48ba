package link

import (
	"errors"
	"net/http"
	"strconv"
)

// Deed is what a [Fault] does to one request: pass is how it would have gone, and
// cleared ends when faults are taken back.
type Deed func(w http.ResponseWriter, r *http.Request, pass http.Handler, cleared <-chan struct{})

// Cut ends the connection after n bytes of the answer's body.
func Cut(n int64) Deed {
	return func(w http.ResponseWriter, r *http.Request, pass http.Handler, _ <-chan struct{}) {
		pass.ServeHTTP(&answer{ResponseWriter: w, left: n, then: end}, r)
		panic(http.ErrAbortHandler) // also where the body was shorter
	}
}

// Stall lets nothing pass after n bytes of the answer's body, until the client goes or
// the fault is taken back; then the connection ends.
func Stall(n int64) Deed {
	return func(w http.ResponseWriter, r *http.Request, pass http.Handler, cleared <-chan struct{}) {
		stand := func() error {
			select {
			case <-r.Context().Done():
			case <-cleared:
			}
			return errEnd
		}
		pass.ServeHTTP(&answer{ResponseWriter: w, left: n, then: stand}, r)
		panic(http.ErrAbortHandler)
	}
}

// Short answers with the first n bytes of the body as if that were all, in an answer
// that is well-formed. The other headers stay as they were.
func Short(n int64) Deed {
	return func(w http.ResponseWriter, r *http.Request, pass http.Handler, _ <-chan struct{}) {
		pass.ServeHTTP(&answer{ResponseWriter: w, left: n, then: ignore, change: func(h http.Header) {
			if said, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil {
				h.Set("Content-Length", strconv.FormatInt(min(n, said), 10))
			}
		}}, r)
	}
}

// Header answers with another value of a header.
func Header(name, value string) Deed {
	return func(w http.ResponseWriter, r *http.Request, pass http.Handler, _ <-chan struct{}) {
		pass.ServeHTTP(&answer{ResponseWriter: w, left: -1, change: func(h http.Header) { h.Set(name, value) }}, r)
	}
}

// Answer answers by itself; the server never hears of the request.
func Answer(status int, contentType, body string) Deed {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ <-chan struct{}) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // who has gone needs no answer
	}
}

// Lose has the server do what was asked, and ends the connection in the place of its
// answer.
func Lose() Deed {
	return func(w http.ResponseWriter, r *http.Request, pass http.Handler, _ <-chan struct{}) {
		pass.ServeHTTP(&nobody{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	}
}

// errEnd ends an answer, and with it the connection.
var errEnd = errors.New("a fault ends the answer here")

func end() error    { return errEnd }
func ignore() error { return nil }

// answer passes an answer on, its header changed, until left bytes of the body have
// gone; then every write does what then does. A negative left never comes to that.
type answer struct {
	http.ResponseWriter
	left   int64
	then   func() error
	change func(http.Header)
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if a.change != nil && status >= http.StatusOK {
		a.change(a.Header())
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.left < 0 {
		return a.ResponseWriter.Write(p)
	}
	now := p[:min(int64(len(p)), a.left)]
	if len(now) > 0 {
		if n, err := a.ResponseWriter.Write(now); err != nil {
			return n, err
		}
		a.left -= int64(len(now))
	}
	if len(now) == len(p) {
		return len(p), nil
	}
	// What goes before the fault arrives, head included.
	if err := http.NewResponseController(a.ResponseWriter).Flush(); err != nil {
		return len(now), err
	}
	return len(p), a.then()
}

// nobody takes an answer that nobody gets.
type nobody struct{ header http.Header }

func (n *nobody) Header() http.Header         { return n.header }
func (n *nobody) WriteHeader(int)             {}
func (n *nobody) Write(p []byte) (int, error) { return len(p), nil }
