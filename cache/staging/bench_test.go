package staging

import "testing"

// BenchmarkSmallFile is a file of 100 KB, made, written and synced, as a copy does.
func BenchmarkSmallFile(b *testing.B) {
	s, err := Open(Options{Dir: b.TempDir(), Floor: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	p := noise(100_000, 1)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		d := create(b, s, nil)
		write(b, d, p, 0)
		d.Settle(mustSync(b, d))
		d.Close()
	}
}

// BenchmarkRetitle is what TagLib does to an Ogg file of 5 MB: 5,313 writes of 27 bytes.
func BenchmarkRetitle(b *testing.B) {
	s, err := Open(Options{Dir: b.TempDir(), Floor: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	base := &memBase{content: make([]byte, 5<<20)}
	p := noise(27, 1)
	for b.Loop() {
		d := create(b, s, base)
		for i := range 5313 {
			write(b, d, p, int64(i*980))
		}
		mustSync(b, d)
		if err := d.Discard(); err != nil {
			b.Fatal(err)
		}
	}
	if base.calls.Load() != 0 {
		b.Error("the base was read")
	}
}

// BenchmarkRead is a read of 128 KiB from a draft that is here.
func BenchmarkRead(b *testing.B) {
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	d := create(b, s, nil)
	p := noise(128<<10, 1)
	write(b, d, p, 0)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		if _, err := d.ReadAt(b.Context(), p, 0); err != nil {
			b.Fatal(err)
		}
	}
}
