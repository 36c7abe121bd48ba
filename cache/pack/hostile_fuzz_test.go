package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"
)

// hostilePack is a file that says it is a pack with this text as its index and these
// bytes after it.
func hostilePack(t testing.TB, index string, rest []byte) []byte {
	t.Helper()
	enc, err := newEncoder()
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	text := enc.EncodeAll([]byte(index), nil)
	out := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(text)))
	return append(append(out, text...), rest...)
}

const hostileID = `"00000000000000000000000000000000000000000000000000000000000000ff"`

// TestHostileIndex: an index that lies about what lies where is refused.
func TestHostileIndex(t *testing.T) {
	object := func(size, parts string) string {
		return `{"blobs":[{"stored":4,"raw":4}],"objects":[{"id":` + hostileID + `,"size":` + size + `,"parts":[` + parts + `]}]}`
	}
	for name, index := range map[string]string{
		"no JSON":          `{"blobs":`,
		"outside":          `{"blobs":[{"stored":400,"raw":400}]}`,
		"too little":       `{"blobs":[{"stored":3,"raw":3}]}`,
		"negative":         `{"blobs":[{"stored":-4,"raw":-4},{"stored":8,"raw":8}]}`,
		"huge":             `{"blobs":[{"stored":4,"raw":9223372036854775807,"zstd":true}]}`,
		"two sizes":        `{"blobs":[{"stored":4,"raw":8}]}`,
		"no such blob":     object("10", `{"off":0,"pieces":[{"blob":1,"len":1}]}`),
		"blob below":       object("10", `{"off":0,"pieces":[{"blob":-1,"len":1}]}`),
		"piece outside":    object("10", `{"off":0,"pieces":[{"blob":0,"off":2,"len":3}]}`),
		"piece below":      object("10", `{"off":0,"pieces":[{"blob":0,"off":-2,"len":3}]}`),
		"piece of nothing": object("10", `{"off":0,"pieces":[{"blob":0,"len":0}]}`),
		"piece wraps":      object("10", `{"off":0,"pieces":[{"blob":0,"off":9223372036854775807,"len":9223372036854775807}]}`),
		"before the file":  object("10", `{"off":-1,"pieces":[{"blob":0,"len":4}]}`),
		"past the file":    object("10", `{"off":7,"pieces":[{"blob":0,"len":4}]}`),
		"past all":         object("9223372036854775807", `{"off":9223372036854775806,"pieces":[{"blob":0,"len":4}]}`),
		"size below":       object("-5", `{"off":0,"pieces":[{"blob":0,"len":4}]}`),
		"bad id":           strings.Replace(object("10", ""), hostileID, `"ff"`, 1),
		"bomb":             object("10", "") + strings.Repeat(" ", maxIndex),
	} {
		body := hostilePack(t, index, []byte("blob"))
		if _, err := Open(bytes.NewReader(body), int64(len(body))); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHostileLists: lists that are short as text and long in memory are refused first.
func TestHostileLists(t *testing.T) {
	for _, list := range []string{`{"blobs":[1`, `{"objects":[{"parts":[1`, `{"objects":[{"parts":[{"pieces":[1`} {
		body := hostilePack(t, list+strings.Repeat(",1", maxIndex/2-100), nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open(bytes.NewReader(body), int64(len(body)))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, ErrDamaged) || took > 64<<20 {
			t.Errorf("%s: %d MiB, %v", list, took>>20, err)
		}
	}
}

// FuzzIndex opens any index over any bytes, and reads all that it has: it must not panic,
// and never give more than was asked for.
func FuzzIndex(f *testing.F) {
	good := `{"blobs":[{"stored":4,"raw":4,"crc":3110735361}],"objects":[{"id":` + hostileID + `,"size":10,"parts":[{"off":2,"pieces":[{"blob":0,"len":4},{"blob":0,"off":1,"len":2}]}]}]}`
	f.Add(good, []byte("blob"))
	f.Add(strings.Replace(good, `"off":2`, `"off":-2`, 1), []byte("blob"))
	f.Add(strings.Replace(good, `"raw":4`, `"raw":4,"zstd":true`, 1), []byte("blob"))
	f.Add(`{"blobs":[{}],"objects":[{"parts":[{},{}]}]}`, []byte{})
	f.Fuzz(func(t *testing.T, index string, rest []byte) {
		body := hostilePack(t, index, rest)
		p, err := Open(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		for id, o := range p.objects {
			for _, off := range []int64{-1, 0, 1, o.Size - 1, o.Size, 1<<63 - 1} {
				buf := make([]byte, 64)
				n, ok, err := p.ReadAt(id, buf, off)
				if err != nil && !errors.Is(err, ErrDamaged) || n > 0 && !ok || ok && err == nil && off+int64(n) > o.Size {
					t.Fatalf("%d bytes at %d of %d, %v, %v", n, off, o.Size, ok, err)
				}
			}
		}
	})
}
