package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockerfs/lockerfs/remote"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// get is one request a store saw.
type get struct {
	key     string
	r       remote.Range
	ifMatch string
}

// answer scripts one Get; body is what an honest store would send.
type answer func(ctx context.Context, g get, body []byte, obj remote.Object) (io.ReadCloser, remote.Object, error)

// store is a Fetcher over memory. Each Get takes the next scripted answer, or is
// answered honestly.
type store struct {
	t *testing.T

	mu      sync.Mutex // guards the following
	content map[string][]byte
	etags   map[string]string
	script  []answer
	gets    []get
}

func newStore(t *testing.T) *store {
	return &store{t: t, content: map[string][]byte{}, etags: map[string]string{}}
}

// put stores size random bytes and gives the object.
func (s *store) put(key string, size int) Object {
	content := make([]byte, size)
	rng := rand.NewChaCha8(sha256.Sum256([]byte(key)))
	rng.Read(content)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content[key] = content
	s.etags[key] = "v1-" + key
	return Object{Key: key, ETag: "v1-" + key, Size: int64(size), SHA256: sha256.Sum256(content)}
}

func (s *store) bytes(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.content[key]
}

func (s *store) then(answers ...answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, answers...)
}

// seen gives the requests so far and forgets them.
func (s *store) seen() []get {
	s.mu.Lock()
	defer s.mu.Unlock()
	gets := s.gets
	s.gets = nil
	return gets
}

func (s *store) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	s.mu.Lock()
	g := get{key, r, ifMatch}
	s.gets = append(s.gets, g)
	var scripted answer
	if len(s.script) > 0 {
		scripted, s.script = s.script[0], s.script[1:]
	}
	content, etag := s.content[key], s.etags[key]
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, remote.Object{}, err
	}
	if content == nil {
		return nil, remote.Object{}, &remote.Error{Op: "get", Key: key, Kind: remote.ErrNotFound}
	}
	if r.Offset < 0 || r.Offset >= int64(len(content)) || r.Length < 1 {
		s.t.Errorf("get of a range outside: %+v of %d bytes", r, len(content))
	}
	body := content[r.Offset:min(r.Offset+r.Length, int64(len(content)))]
	obj := remote.Object{Key: key, Size: int64(len(content)), ETag: etag}
	if scripted != nil {
		return scripted(ctx, g, body, obj)
	}
	if ifMatch != "" && ifMatch != etag {
		return nil, remote.Object{}, &remote.Error{Op: "get", Key: key, Kind: remote.ErrPrecondition}
	}
	return io.NopCloser(bytes.NewReader(body)), obj, nil
}

// honest is the answer that needs no script.
func honest(_ context.Context, _ get, body []byte, obj remote.Object) (io.ReadCloser, remote.Object, error) {
	return io.NopCloser(bytes.NewReader(body)), obj, nil
}

// fails answers with an error of that kind.
func fails(kind error) answer {
	return func(_ context.Context, g get, _ []byte, _ remote.Object) (io.ReadCloser, remote.Object, error) {
		return nil, remote.Object{}, &remote.Error{Op: "get", Key: g.key, Kind: kind}
	}
}

// cut sends n bytes and then breaks.
func cut(n int) answer {
	return func(_ context.Context, _ get, body []byte, obj remote.Object) (io.ReadCloser, remote.Object, error) {
		broken := io.MultiReader(bytes.NewReader(body[:min(n, len(body))]), errReader{})
		return io.NopCloser(broken), obj, nil
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// change sends what edit makes of the honest answer.
func change(edit func(body []byte, obj remote.Object) ([]byte, remote.Object)) answer {
	return func(_ context.Context, _ get, body []byte, obj remote.Object) (io.ReadCloser, remote.Object, error) {
		body, obj = edit(bytes.Clone(body), obj)
		return io.NopCloser(bytes.NewReader(body)), obj, nil
	}
}

// tap is a body the test lets through piece by piece.
type tap struct {
	asked chan get      // receives when the Get was made
	more  chan int      // bytes to let through
	ended chan struct{} // closed when the Get's context has ended
}

func newTap() *tap {
	return &tap{asked: make(chan get, 1), more: make(chan int, 100), ended: make(chan struct{})}
}

func (w *tap) answer(ctx context.Context, g get, body []byte, obj remote.Object) (io.ReadCloser, remote.Object, error) {
	context.AfterFunc(ctx, func() { close(w.ended) })
	w.asked <- g
	return &tapBody{ctx: ctx, tap: w, rest: body}, obj, nil
}

// flood lets everything through.
func (w *tap) flood() { w.more <- 1 << 40 }

type tapBody struct {
	ctx   context.Context
	tap   *tap
	rest  []byte
	allow int
}

func (b *tapBody) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	for b.allow == 0 {
		select {
		case b.allow = <-b.tap.more:
		case <-b.ctx.Done():
			return 0, b.ctx.Err()
		}
	}
	n := copy(p[:min(len(p), b.allow)], b.rest)
	b.rest, b.allow = b.rest[n:], b.allow-n
	return n, nil
}

func (b *tapBody) Close() error { return nil }

// quick is tuning for tests: nothing happens in the background unless asked for, and
// misses wait for the scan however slow the machine is.
func quick() tuning {
	tune := defaults()
	tune.grace, tune.flush, tune.patience = time.Hour, time.Hour, time.Hour
	return tune
}

func openCache(t *testing.T, s *store, dir string, limit int64, edits ...func(*Options, *tuning)) *Cache {
	t.Helper()
	opts := Options{Dir: dir, Limit: limit, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	tune := quick()
	for _, edit := range edits {
		edit(&opts, &tune)
	}
	c, err := open(opts, s, tune)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeCache(t, c) })
	return c
}

func closeCache(t *testing.T, c *Cache) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// kill lets a test open the folder again without a Close, as after a kill.
func kill(t *testing.T, c *Cache) {
	t.Helper()
	c.gate.Lock()
	c.closed = true
	c.gate.Unlock()
	c.end()
	c.work.Wait()
	c.files.forgetAll()
	if err := c.lock.Close(); err != nil {
		t.Fatal(err)
	}
}

func acquire(t *testing.T, c *Cache, obj Object) *Handle {
	t.Helper()
	h, err := c.Acquire(t.Context(), obj)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Release)
	return h
}

// want reads n bytes at off and compares them with the source.
func want(t *testing.T, s *store, h *Handle, off int64, n int) {
	t.Helper()
	if err := compare(s, h, off, n); err != nil {
		t.Fatal(err)
	}
}

func compare(s *store, h *Handle, off int64, n int) error {
	content := s.bytes(h.r.obj.Key)
	p := make([]byte, n)
	got, err := h.ReadAt(context.Background(), p, off)
	wanted := content[min(off, int64(len(content))):min(off+int64(n), int64(len(content)))]
	if err != nil && (err != io.EOF || off+int64(n) < int64(len(content))) {
		return fmt.Errorf("read %d at %d: %w", n, off, err)
	}
	if len(wanted) < n && err != io.EOF {
		return fmt.Errorf("read %d at %d past the end: error %v, want EOF", n, off, err)
	}
	if !bytes.Equal(p[:got], wanted) {
		return fmt.Errorf("read %d at %d: %d wrong bytes", n, off, got)
	}
	return nil
}

// wantAll reads the whole object in pieces and waits until it is settled.
func wantAll(t *testing.T, s *store, h *Handle) {
	t.Helper()
	for off := int64(0); off < h.r.obj.Size; off += 128 << 10 {
		want(t, s, h, off, 128<<10)
	}
	settled(t, h)
}

// settled waits until nothing goes on in the background for the object: a reader may
// have its bytes before the block counts, and an object that is being verified can lose
// blocks and not go as a whole.
func settled(t *testing.T, h *Handle) {
	t.Helper()
	eventually(t, "fills and check have ended", func() bool {
		h.r.mu.Lock()
		defer h.r.mu.Unlock()
		return len(h.r.flight) == 0 && h.r.verifying == nil
	})
}

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// diskUsage sums what the objects' files really take.
func diskUsage(t *testing.T, dir string) (sum int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, objectsFolder), func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return ignoreMissing(err)
		}
		info, err := e.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		sum += info.Sys().(*syscall.Stat_t).Blocks * 512
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
