package cache

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
)

// plain is a Fetcher that gives zeros as fast as it can.
type plain struct{ size int64 }

func (p plain) Get(_ context.Context, key string, r remote.Range, _ string) (io.ReadCloser, remote.Object, error) {
	return io.NopCloser(io.LimitReader(zeros{}, r.Length)), remote.Object{Key: key, ETag: "x", Size: p.size}, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func benchHandle(b *testing.B, size int64) *Handle {
	b.Helper()
	c, err := Open(Options{Dir: b.TempDir(), Limit: 4 * size}, plain{size})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	h, err := c.Acquire(b.Context(), Object{Key: "a", ETag: "x", Size: size})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(h.Release)
	return h
}

func BenchmarkReadAtWarm(b *testing.B) {
	const size = 64 << 20
	for _, n := range []int{4 << 10, 128 << 10} {
		b.Run(fmt.Sprintf("%dKiB", n>>10), func(b *testing.B) {
			h := benchHandle(b, size)
			p := make([]byte, n)
			for off := int64(0); off < size; off += int64(n) {
				if _, err := h.ReadAt(b.Context(), p, off); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(n))
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				p := make([]byte, n)
				for pb.Next() {
					off := rand.Int64N(size/int64(n)) * int64(n)
					if _, err := h.ReadAt(context.Background(), p, off); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkReadCold(b *testing.B) {
	const size = 64 << 20
	p := make([]byte, 128<<10)
	b.SetBytes(size)
	for b.Loop() {
		h := benchHandle(b, size)
		for off := int64(0); off < size; off += int64(len(p)) {
			if _, err := h.ReadAt(b.Context(), p, off); err != nil {
				b.Fatal(err)
			}
		}
	}
}
