package staging

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBase = errors.New("the base is out of reach")

// memBase is a base in memory that can fail and can be held up.
type memBase struct {
	content []byte
	fails   atomic.Bool
	calls   atomic.Int64
	bytes   atomic.Int64
	// gate, when not nil, is received from before each read; reached is told before that.
	gate, reached chan struct{}
}

func (b *memBase) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	b.calls.Add(1)
	if b.gate != nil {
		b.reached <- struct{}{}
		select {
		case <-b.gate:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if b.fails.Load() {
		return 0, errBase
	}
	n, err := bytes.NewReader(b.content).ReadAt(p, off)
	b.bytes.Add(int64(n))
	return n, err
}

// noise is n bytes that are never zero and differ with seed.
func noise(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + r.IntN(255))
	}
	return b
}

func openStore(t testing.TB, dir string, change func(*Options, *tune)) *Store {
	t.Helper()
	o, tn := Options{Dir: dir}, usual()
	tn.batch = 4
	if change != nil {
		change(&o, &tn)
	}
	s, err := open(o, tn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func create(t testing.TB, s *Store, base *memBase) *Draft {
	t.Helper()
	var d *Draft
	var err error
	if base == nil {
		d, err = s.Create(nil, 0)
	} else {
		d, err = s.Create(base, int64(len(base.content)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func write(t testing.TB, d *Draft, p []byte, off int64) {
	t.Helper()
	if n, err := d.WriteAt(p, off); n != len(p) || err != nil {
		t.Fatalf("WriteAt(%d bytes, %d) = %d, %v", len(p), off, n, err)
	}
}

func mustSync(t testing.TB, d *Draft) Record {
	t.Helper()
	r, err := d.Sync()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// content is all of a draft.
func content(t testing.TB, d *Draft) []byte {
	t.Helper()
	p := make([]byte, d.Size()+1)
	n, err := d.ReadAt(t.Context(), p, 0)
	if n != len(p)-1 || !errors.Is(err, io.EOF) {
		t.Fatalf("ReadAt of %d bytes and one = %d, %v", len(p)-1, n, err)
	}
	return p[:n]
}

func want(t testing.TB, d *Draft, wanted []byte) {
	t.Helper()
	if got := content(t, d); !bytes.Equal(got, wanted) {
		t.Fatalf("content of %d bytes differs from the %d wanted at byte %d", len(got), len(wanted), differ(got, wanted))
	}
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// copyDir is what a machine would find in dir if it stopped now, and dir were on its disk.
func copyDir(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func reopen(t testing.TB, s *Store, r Record, base Base) *Draft {
	t.Helper()
	d, err := s.Reopen(r, base)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// kept is a base or none: a nil *memBase must not become a Base that is not nil.
func (b *memBase) kept() Base {
	if b == nil {
		return nil
	}
	return b
}
