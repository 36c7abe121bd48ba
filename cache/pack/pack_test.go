package pack

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// noise gives bytes that do not compress.
func noise(n, seed int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(p)
	return p
}

func idOf(content []byte) ID { return sha256.Sum256(content) }

func builder(t interface{ Fatal(...any) }) *Builder {
	b, err := NewBuilder()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// packed is a pack opened from memory.
func packed(t interface{ Fatal(...any) }, b *Builder) *Pack {
	name, body, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if nameOf(body) != name || !ValidName(name) {
		t.Fatal("the name is not the hash")
	}
	p, err := Open(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Whatever ranges go in, with whatever shared spans, the same bytes come out, and
// nothing else does.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := builder(t)
		type file struct {
			content []byte
			have    [][2]int
		}
		var files []file
		for range rapid.IntRange(0, 5).Draw(t, "files") {
			f := file{content: rapid.SliceOfN(rapid.Byte(), 1, 400).Draw(t, "content")}
			var ranges []Range
			at := 0
			for at < len(f.content) && rapid.Bool().Draw(t, "another") {
				from := rapid.IntRange(at, len(f.content)-1).Draw(t, "from")
				to := rapid.IntRange(from+1, len(f.content)).Draw(t, "to")
				ranges = append(ranges, Range{int64(from), f.content[from:to]})
				f.have = append(f.have, [2]int{from, to})
				at = to
			}
			shared := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Span {
				return Span{rapid.Int64Range(-5, 400).Draw(t, "at"), rapid.Int64Range(-5, 400).Draw(t, "length")}
			}), 0, 4).Draw(t, "shared")
			if err := b.Add(idOf(f.content), int64(len(f.content)), ranges, shared); err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		p := packed(t, b)
		seen := map[ID]bool{}
		for _, f := range files {
			if seen[idOf(f.content)] {
				continue // the first one of equal contents counts
			}
			seen[idOf(f.content)] = true
			for range 20 {
				off := rapid.IntRange(0, len(f.content)).Draw(t, "off")
				buf := make([]byte, rapid.IntRange(0, 450).Draw(t, "n"))
				want := f.content[off:min(off+len(buf), len(f.content))]
				inside := false
				for _, h := range f.have {
					inside = inside || len(want) > 0 && h[0] <= off && off+len(want) <= h[1]
				}
				n, ok, err := p.ReadAt(idOf(f.content), buf, int64(off))
				if err != nil || ok != inside || ok && !bytes.Equal(buf[:n], want) {
					t.Fatalf("%d bytes from %d of %d: %d, %v, %v, want %v", len(buf), off, len(f.content), n, ok, err, inside)
				}
			}
		}
	})
}

// The cover of an album is there once.
func TestSharedOnce(t *testing.T) {
	cover, b := noise(100_000, 1), builder(t)
	for i := range 20 {
		content := append(append(noise(1000+i, i+2), cover...), noise(500, i+100)...)
		shared := []Span{{int64(1000 + i), int64(len(cover))}}
		if err := b.Add(idOf(content), 1<<20, []Range{{0, content}}, shared); err != nil {
			t.Fatal(err)
		}
	}
	if most := len(cover) + 20*2000; b.Size() > most {
		t.Errorf("%d bytes, at most %d", b.Size(), most)
	}
	packed(t, b)
}

func TestTooLarge(t *testing.T) {
	b, added := builder(t), 0
	for i := 0; ; i++ {
		content := noise(1<<20, i)
		if err := b.Add(idOf(content), 1<<30, []Range{{0, content}}, nil); errors.Is(err, ErrTooLarge) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		added++
	}
	if p := packed(t, b); added < 8 || len(p.objects) != added || b.Objects() != added {
		t.Errorf("%d objects went in, %d came out", added, len(p.objects))
	}
}

// Damage is found wherever it is, or changes nothing that is read.
func TestDamage(t *testing.T) {
	content, b := noise(5000, 1), builder(t)
	if err := b.Add(idOf(content), 9000, []Range{{0, content[:3000]}, {4000, content[3000:]}}, nil); err != nil {
		t.Fatal(err)
	}
	_, body, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(body); i += 1 + i/300 {
		bad := bytes.Clone(body)
		bad[i] ^= 0x10
		p, err := Open(bytes.NewReader(bad), int64(len(bad)))
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d: %v", i, err)
			}
			continue
		}
		buf := make([]byte, 3000)
		n, ok, err := p.ReadAt(idOf(content), buf, 0)
		if err == nil && ok && !bytes.Equal(buf[:n], content[:3000]) {
			t.Fatalf("byte %d: wrong bytes", i)
		}
	}
	for n := 0; n < len(body); n += 1 + n/300 {
		if _, err := Open(bytes.NewReader(body[:n]), int64(n)); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%d of %d bytes: %v", n, len(body), err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	b := builder(f)
	if err := b.Add(ID{1}, 100, []Range{{0, []byte("head")}, {50, bytes.Repeat([]byte("tail"), 12)}}, []Span{{1, 2}}); err != nil {
		f.Fatal(err)
	}
	_, body, err := b.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Open(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			return
		}
		for id, o := range p.objects {
			for _, r := range o.Parts {
				if _, ok, _ := p.ReadAt(id, make([]byte, 64), r.Offset); !ok && r.length >= 64 {
					t.Errorf("range %d+%d of %d is not found", r.Offset, r.length, o.Size)
				}
			}
		}
	})
}
