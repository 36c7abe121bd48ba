package pending

import (
	"bytes"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkJournalClosers is so many programs that close files at the same time: each
// appends a record and waits until it is durable.
func BenchmarkJournalClosers(b *testing.B) {
	for _, closers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(closers), func(b *testing.B) {
			j, _, _ := opened(b, b.TempDir())
			var syncs, left atomic.Int64
			j.tail.file = heldFile{j.tail.file, func() { syncs.Add(1) }}
			left.Store(int64(b.N))
			body := bytes.Repeat([]byte("x"), 400)
			var wg sync.WaitGroup
			b.ResetTimer()
			for range closers {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						mark, err := j.append(body)
						if err == nil {
							err = j.sync(b.Context(), mark)
						}
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(syncs.Load())/float64(b.N), "fdatasyncs/op")
		})
	}
}

// BenchmarkJournalName is what a name costs: one write.
func BenchmarkJournalName(b *testing.B) {
	j, _, _ := opened(b, b.TempDir())
	body := bytes.Repeat([]byte("x"), 400)
	for b.Loop() {
		if _, err := j.append(body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJournalOpen opens a journal of so many records.
func BenchmarkJournalOpen(b *testing.B) {
	for _, records := range []int{0, 1000, 10_000} {
		b.Run(fmt.Sprint(records), func(b *testing.B) {
			dir := b.TempDir()
			j, _, _ := opened(b, dir)
			for range records {
				mustAppend(b, j, string(bytes.Repeat([]byte("x"), 400)))
			}
			if err := j.close(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				n := 0
				j, _, err := openJournal(dir, slog.New(slog.DiscardHandler), func([]byte) error { n++; return nil })
				if err != nil || n != records {
					b.Fatal(n, err)
				}
				if err := j.close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
