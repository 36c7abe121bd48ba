package integration

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

// storm is what happens on the way to the store of one device.
type storm struct {
	faults *link.Faults
	r      *rand.Rand
	late   sync.WaitGroup // writes that are still on their way
	rages  int
}

// blow does one thing after the other until ctx ends.
func (s *storm) blow(ctx context.Context) {
	defer s.late.Wait()
	defer s.faults.Down(false)
	defer s.faults.Clear()
	for s.rest(ctx, 100, 1200) {
		s.rages++
		music, log := sending("PUT", "/Music/"), sending("PUT", "/.lockerfs/log/")
		switch s.r.IntN(9) {
		case 0:
			s.faults.Add(link.Fault{On: log, Times: 1 + s.r.IntN(2), Do: link.Lose()})
		case 1:
			s.faults.Add(link.Fault{On: music, Times: 1 + s.r.IntN(3), Do: link.Lose()})
		case 2:
			s.faults.Add(link.Fault{On: log, Times: 1, Do: s.tardy(ctx)})
		case 3:
			s.faults.Add(link.Fault{On: music, Times: 1 + s.r.IntN(2), Do: s.tardy(ctx)})
		case 4:
			s.faults.Add(link.Fault{Times: 1 + s.r.IntN(8), Do: link.Answer(503, "application/xml", slowDown)})
		case 5:
			s.faults.Down(true)
			s.rest(ctx, 100, 1500)
			s.faults.Down(false)
		case 6:
			s.faults.Add(link.Fault{Times: 1 + s.r.IntN(3), Do: link.Stall(0)})
			s.rest(ctx, 200, 2000)
			s.faults.Clear()
		case 7:
			s.faults.Add(link.Fault{On: sending("GET", ""), Times: 2, Do: link.Cut(100)})
		case 8:
			s.faults.Clear()
		}
	}
}

// rest waits between so many milliseconds, and tells whether it goes on.
func (s *storm) rest(ctx context.Context, from, to int) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(from+s.r.IntN(to-from)) * time.Millisecond):
		return true
	}
}

// tardy gives a deed that ends the connection at once, and has the server get the request
// up to three seconds later.
func (s *storm) tardy(ctx context.Context) link.Deed {
	wait := time.Duration(50+s.r.IntN(3000)) * time.Millisecond
	return func(_ http.ResponseWriter, r *http.Request, pass http.Handler, _ <-chan struct{}) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		again := r.Clone(context.WithoutCancel(r.Context()))
		again.Body = io.NopCloser(bytes.NewReader(body))
		s.late.Go(func() {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
			defer func() { _ = recover() }() // how the proxy says that the server has gone
			pass.ServeHTTP(httptest.NewRecorder(), again)
		})
		panic(http.ErrAbortHandler)
	}
}
