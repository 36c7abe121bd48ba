package cache

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func sampleMap() (Object, blockMap) {
	obj := Object{Key: "Music/a.flac", ETag: "0123", Size: 4*blockSize + 1, SHA256: sha256.Sum256(nil)}
	m := blockMap{present: []bool{true, false, true, true, true}, crc: []uint32{1, 0, 0xffffffff, presentMark, 0}}
	return obj, m
}

func TestMapRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		obj := Object{
			Key:  rapid.StringN(1, 50, maxName).Draw(t, "key"),
			ETag: rapid.StringN(0, 50, maxName).Draw(t, "etag"),
			Size: rapid.Int64Range(0, 40*blockSize).Draw(t, "size"),
		}
		copy(obj.SHA256[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "sha"))
		n := int(blockCount(obj.Size))
		m := blockMap{present: make([]bool, n), crc: make([]uint32, n)}
		whole := true
		for b := range n {
			m.present[b] = rapid.Bool().Draw(t, "present")
			if m.present[b] {
				m.crc[b] = rapid.Uint32().Draw(t, "crc")
			}
			whole = whole && m.present[b]
		}
		m.verified = whole && obj.hashed() && rapid.Bool().Draw(t, "verified")
		raw := encodeMap(obj, m)
		if got, want := int64(len(raw)), mapLength(obj); got != want {
			t.Fatalf("%d bytes, want %d", got, want)
		}
		got, err := decodeMap(raw, obj)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got, cmp.AllowUnexported(blockMap{})); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestMapOfAnotherObject(t *testing.T) {
	obj, m := sampleMap()
	raw := encodeMap(obj, m)
	for name, change := range map[string]func(*Object){
		"key":    func(o *Object) { o.Key = "Music/b.flac" },
		"etag":   func(o *Object) { o.ETag = "0124" },
		"size":   func(o *Object) { o.Size-- },
		"sha":    func(o *Object) { o.SHA256[3]++ },
		"shift":  func(o *Object) { o.Key, o.ETag = o.Key+"0", "123" },
		"longer": func(o *Object) { o.Key += "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" },
	} {
		other := obj
		change(&other)
		if _, err := decodeMap(raw, other); err == nil {
			t.Errorf("another %s was taken", name)
		}
	}
}

// A mix of two maps of one object, as a torn write leaves it, names only blocks that
// one of the two named, with that one's CRC.
func TestTornMap(t *testing.T) {
	obj, m := sampleMap()
	old := encodeMap(obj, blockMap{present: make([]bool, 5), crc: make([]uint32, 5)})
	fresh := encodeMap(obj, m)
	for cut := range fresh {
		got, err := decodeMap(append(bytes.Clone(fresh[:cut]), old[cut:]...), obj)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err) // the headers are the same
		}
		for b, here := range got.present {
			if here && (!m.present[b] || got.crc[b] != m.crc[b]) {
				t.Errorf("cut at %d: block %d with CRC %x", cut, b, got.crc[b])
			}
		}
	}
}

func FuzzDecodeMap(f *testing.F) {
	obj, m := sampleMap()
	good := encodeMap(obj, m)
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add(good[:70])
	f.Add([]byte(mapMagic))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := decodeMap(raw, obj)
		if err != nil {
			return
		}
		if len(m.present) != 5 || len(m.crc) != 5 {
			t.Fatalf("%d blocks", len(m.present))
		}
		for b, here := range m.present {
			if !here && m.verified {
				t.Fatal("verified though incomplete")
			}
			if !here {
				m.crc[b] = 0
			}
		}
		again, err := decodeMap(encodeMap(obj, m), obj)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, again, cmp.AllowUnexported(blockMap{})); diff != "" {
			t.Fatal(diff)
		}
	})
}
