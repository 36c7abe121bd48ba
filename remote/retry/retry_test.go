package retry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestContract(t *testing.T) {
	remotetest.Run(t, func(*testing.T) remote.Store { return New(remotetest.NewMemory()) })
}

// slow is a store whose next answers take so long and fail so.
type slow struct {
	remote.Store
	takes []time.Duration // the last one for all after it
	fails []error

	mu     sync.Mutex // guards the counts
	asked  int
	closed int
}

func (s *slow) Get(ctx context.Context, key string, r remote.Range, etag string) (io.ReadCloser, remote.Object, error) {
	s.mu.Lock()
	i := s.asked
	s.asked++
	s.mu.Unlock()
	select {
	case <-time.After(s.takes[min(i, len(s.takes)-1)]):
	case <-ctx.Done():
		return nil, remote.Object{}, ctx.Err()
	}
	if i < len(s.fails) && s.fails[i] != nil {
		return nil, remote.Object{}, s.fails[i]
	}
	return &counted{Reader: bytes.NewReader([]byte("bytes")), s: s}, remote.Object{Key: key, Size: 5}, nil
}

type counted struct {
	io.Reader
	s *slow
}

func (c *counted) Close() error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.closed++
	return nil
}

// learnt gives a store that knows what is usual: ten milliseconds.
func learnt(t *testing.T) (*Store, *slow) {
	below := &slow{takes: []time.Duration{10 * time.Millisecond}}
	s := New(below)
	for range 64 {
		read(t, s)
	}
	below.asked, below.closed = 0, 0
	return s, below
}

func read(t *testing.T, s *Store) time.Duration {
	start := time.Now()
	body, _, err := s.Get(t.Context(), "k", remote.Range{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(body); string(got) != "bytes" || err != nil {
		t.Fatalf("read %q, %v", got, err)
	}
	body.Close()
	took := time.Since(start)
	synctest.Wait() // until nobody counts any more
	return took
}

func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, below := learnt(t)
		below.takes = []time.Duration{time.Minute, 10 * time.Millisecond}
		if took := read(t, s); took != leastLate+10*time.Millisecond {
			t.Errorf("took %v", took)
		}
		if got := s.Stats(); got != (Stats{Second: 1, Won: 1}) || below.asked != 2 {
			t.Errorf("%+v, %d requests", got, below.asked)
		}
	})
}

// The slower answer that comes all the same is closed, and asked for no further.
func TestBothAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, below := learnt(t)
		below.takes = []time.Duration{55 * time.Millisecond, 10 * time.Millisecond}
		read(t, s)
		if below.asked != 2 || below.closed != 1 {
			t.Errorf("%d requests, %d bodies closed: the other was cancelled", below.asked, below.closed)
		}
	})
}

func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, below := learnt(t)
		below.takes = []time.Duration{60 * time.Millisecond, 100 * time.Millisecond}
		below.fails = []error{remote.ErrOffline}
		if took := read(t, s); took != leastLate+100*time.Millisecond {
			t.Errorf("the second answer counted after %v", took)
		}
		below.asked, below.fails = 0, []error{remote.ErrThrottled, remote.ErrOffline}
		if _, _, err := s.Get(t.Context(), "k", remote.Range{}, ""); !errors.Is(err, remote.ErrOffline) {
			t.Errorf("both failed: %v", err)
		}
		below.asked, below.takes = 0, []time.Duration{time.Millisecond}
		if _, _, err := s.Get(t.Context(), "k", remote.Range{}, ""); !errors.Is(err, remote.ErrThrottled) || below.asked != 1 {
			t.Errorf("a quick failure: %v, %d requests", err, below.asked)
		}
	})
}

// A store that became slow for good is not asked for everything twice.
func TestCostIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, below := learnt(t)
		below.takes = []time.Duration{time.Second}
		const reads = 400
		for range reads {
			read(t, s)
		}
		if most := reads*share + savings; float64(s.Stats().Second) > most {
			t.Errorf("%d second requests for %d, at most %v", s.Stats().Second, reads, most)
		}
	})
}

// Nobody waits for the background, and nothing is late before it is known what is usual.
func TestNotHedged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, below := learnt(t)
		below.takes = []time.Duration{time.Second}
		ctx := remote.WithTicket(t.Context(), remote.NewTicket(remote.Pin))
		if body, _, err := s.Get(ctx, "k", remote.Range{}, ""); err != nil || below.asked != 1 {
			t.Errorf("%d requests, %v", below.asked, err)
		} else {
			body.Close()
		}
		s = New(below)
		below.asked = 0
		if read(t, s); below.asked != 1 {
			t.Errorf("%d requests", below.asked)
		}
	})
}
