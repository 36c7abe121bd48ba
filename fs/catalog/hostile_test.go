package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// hostileHead is the first line of a commit that says it is number n.
func hostileHead(n int64) string {
	return fmt.Sprintf(`{"lockerfs":1,"n":%d,"id":"a","epoch":%q,"device":"d","time":1}`, n, testEpoch) + "\n"
}

// squeezed compresses text.
func squeezed(t testing.TB, parts ...string) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return enc.EncodeAll([]byte(strings.Join(parts, "")), nil)
}

// repeated gives text as often as it fits into so many bytes.
func repeated(text string, bytes int) string { return strings.Repeat(text, bytes/len(text)) }

// taking runs f and fails when it takes more memory than limit, all in all, or more than a
// minute, which is long also for a machine that does other things.
func taking(t *testing.T, limit uint64, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	f()
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > limit {
		t.Errorf("it took %d MiB, at most %d", got>>20, limit>>20)
	}
	if took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

// TestHostileOperations: none of these is let in, alone or behind a good one, and the tree
// stays as it was.
func TestHostileOperations(t *testing.T) {
	x := newIndex(t)
	good(t, x, dirOp(tid(1), Root, "Artist"), dirOp(tid(2), tid(1), "Album"), fileOp(tid(3), tid(2), "t.flac", "x"))
	before := dump(t, x)
	for name, op := range hostileOps() {
		done := commit(t, x, dirOp(tid(9), Root, "first"), op)
		if !errors.Is(done.Invalid, ErrInvalid) {
			t.Errorf("%s: %v", name, done.Invalid)
		} else if reason, found, err := x.Invalid(t.Context(), done.N); err != nil || !found || len(reason) > 600 {
			t.Errorf("%s: known as %.80q, %v, %v", name, reason, found, err)
		}
		if diff := cmp.Diff(before, dump(t, x)); diff != "" {
			t.Fatalf("%s changed the tree:\n%s", name, diff)
		}
	}
}

func hostileOps() map[string]Op {
	all := map[string]Op{}
	for name, text := range map[string]string{"slash": "a/b", "dots": "..", "dot": ".", "empty": "", "NUL": "a\x00b", "not UTF-8 to the end": "a\x00\xff",
		"not NFC": "Bjo\u0308rk", "long": strings.Repeat("x", 256), "ours": ".lockerfs", "absolute": "/etc/passwd"} {
		all["name: "+name] = dirOp(tid(10), Root, text)
		all["new name: "+name] = Op{Verb: Move, ID: tid(1), Parent: Root, Name: text, At: 1}
	}
	for name, key := range map[string]string{"dots": "../x", "dots inside": "a/../../x", "absolute": "/x", "ours": ".lockerfs/log/1", "NUL": "a\x00", "empty": "",
		"long": strings.Repeat("x", 901), "empty part": "a//b", "dot": "a/./b"} {
		op := fileOp(tid(10), Root, "f", "y")
		op.Entry.Version.Object.Key = key
		all["key: "+name] = op
		all["condemned key: "+name] = Op{Verb: Condemn, Keys: []string{key}, At: 1}
	}
	for name, id := range map[string]ID{"0": 0, "root": Root, "small": 5, "top bit": 1<<63 | tid(10), "there": tid(1), "a version": tid(3) + 1000} {
		all["id: "+name] = dirOp(id, Root, "d")
		op := fileOp(tid(10), Root, "f", "y")
		op.Entry.Version.ID = id
		all["version id: "+name] = op
	}
	for _, size := range []int64{-1, math.MinInt64, math.MaxInt64, 1<<50 + 1} {
		op := fileOp(tid(10), Root, "f", "y")
		op.Entry.Version.Size = size
		all[fmt.Sprint("size ", size)] = op
	}
	for _, at := range []int64{math.MinInt64, math.MaxInt64, -maxTime, maxTime} {
		op := dirOp(tid(10), Root, "d")
		op.At = at
		all[fmt.Sprint("time ", at)] = op
		all[fmt.Sprint("set to ", at)] = Op{Verb: Set, ID: tid(1), MTime: &at}
		op = dirOp(tid(11), Root, "d")
		op.Entry.MTime = at
		all[fmt.Sprint("file of ", at)] = op
	}
	maps.Copy(all, hostileShapes())
	return all
}

func hostileShapes() map[string]Op {
	tagged := fileOp(tid(10), Root, "f", "y")
	tagged.Entry.Version.Tags.Title = strings.Repeat("x", 1<<20)
	loud := fileOp(tid(10), Root, "f", "y")
	loud.Entry.Xattrs = map[string][]byte{"user.x": make([]byte, 5000)}
	return map[string]Op{
		"under itself":      {Verb: Move, ID: tid(1), Parent: tid(1), Name: "x"},
		"under its child":   {Verb: Move, ID: tid(1), Parent: tid(2), Name: "x"},
		"root moves":        {Verb: Move, ID: Root, Parent: tid(1), Name: "x"},
		"root goes":         {Verb: Remove, ID: Root},
		"in a file":         dirOp(tid(10), tid(3), "d"),
		"into a file":       {Verb: Move, ID: tid(1), Parent: tid(3), Name: "x"},
		"nowhere":           dirOp(tid(10), tid(77), "d"),
		"full folder goes":  {Verb: Remove, ID: tid(1)},
		"over itself":       {Verb: Move, ID: tid(1), Parent: Root, Name: "Artist", Over: tid(1)},
		"over another kind": {Verb: Move, ID: tid(1), Parent: tid(2), Name: "t.flac", Over: tid(3)},
		"taken name":        dirOp(tid(10), Root, "Artist"),
		"1 MB of tags":      tagged,
		"loud attributes":   loud,
		"foreign attribute": {Verb: Set, ID: tid(1), Xattrs: map[string][]byte{"trusted.x": nil}},
		"mode with setuid":  {Verb: Set, ID: tid(1), Mode: ptr(uint32(0o4755))},
		"unknown verb":      {Verb: Verb(strings.Repeat("x", 1<<20))},
		"other content":     {Verb: Describe, ID: tid(3), Version: version(tid(3)+1000, "other")},
		"expires nothing":   {Verb: Expire, Before: -5},
		"no settings":       {Verb: Configure},
	}
}

// TestHostileText: what takes little as an object must not take much when it is read.
func TestHostileText(t *testing.T) {
	const full = MaxCommitText / 4
	for name, text := range map[string]string{
		"structures":        `{"op":"configure","settings":{"watches":[{}` + repeated(`,{}`, full) + `]}}`,
		"numbers as those":  `{"op":"configure","settings":{"watches":[1` + repeated(`,1`, full) + `]}}`,
		"nothing":           `{"op":"configure","settings":{"watches":[null` + repeated(`,null`, full) + `]}}`,
		"pictures":          `{"op":"create","entry":{"version":{"tags":{"pictures":[1` + repeated(`,1`, full) + `]}}}}`,
		"pictures in lines": repeated(`{"op":"create","entry":{"version":{"tags":{"pictures":[1`+repeated(`,1`, 2000)+"]}}}}\n", full),
		"keys":              `{"op":"condemn","keys":["a"` + repeated(`,"a"`, full) + `]}`,
		"attributes":        `{"op":"set","xattrs":{"a":""` + repeated(`,"a":""`, full) + `}}`,
		"one word":          `{"op":"` + repeated("x", full) + `"}`,
		"one number":        `{"op":"create","at":` + repeated("1", full) + `}`,
		"one id":            `{"op":"remove","id":"` + repeated("1", full) + `"}`,
		"nesting":           `{"op":` + repeated("[", full/2) + repeated("]", full/2) + `}`,
		"nesting unknown":   `{"x":` + repeated(`{"x":`, full/2) + `1` + repeated("}", full/10) + `}`,
		"a million":         repeated(`{"op":"x"}`+"\n", full),
		"blank lines":       repeated("\n", full),
	} {
		t.Run(name, func(t *testing.T) {
			body := squeezed(t, hostileHead(7), text)
			if len(body) > MaxCommitBody {
				t.Fatalf("%d bytes: not much of a bomb", len(body))
			}
			x := newIndex(t)
			taking(t, 150<<20, func() {
				c, err := DecodeCommit(7, testEpoch, body)
				if err == nil {
					_, err = Apply(newMemTree(), c)
				}
				if !errors.Is(err, ErrInvalid) && name != "blank lines" || err != nil && len(err.Error()) > 600 {
					t.Errorf("%.700v", err)
				}
			})
			if x.Applied() != 0 {
				t.Error("applied")
			}
		})
	}
}

// TestHostileFrames: compressed text that says little of how large it is.
func TestHostileFrames(t *testing.T) {
	frame := squeezed(t, repeated(" ", 2<<20))
	for name, body := range map[string][]byte{
		"many frames": append(squeezed(t, hostileHead(7)), bytes.Repeat(frame, 1000)...),
		"one frame":   squeezed(t, hostileHead(7), repeated(" ", MaxCommitText+1)),
	} {
		taking(t, 200<<20, func() {
			if _, err := DecodeCommit(7, testEpoch, body); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, %d bytes: %v", name, len(body), err)
			}
		})
	}
}

// TestHostileHeader: a header that cannot be shown is none.
func TestHostileHeader(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, head := range map[string]Header{
		"id": {ID: long}, "device": {ID: "a", Device: long}, "name": {ID: "a", DeviceName: long}, "time": {ID: "a", Time: math.MaxInt64},
	} {
		head.N, head.Epoch = 7, testEpoch
		c := Commit{Header: head}
		body, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeCommit(7, testEpoch, body); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDeepMoves: a commit that moves folders deep down again and again ends soon.
func TestDeepMoves(t *testing.T) {
	m := newMemTree()
	var ops []Op
	parent := Root
	for i := range maxDepth - 3 {
		ops = append(ops, dirOp(tid(i+1), parent, "d"))
		parent = tid(i + 1)
	}
	ops = append(ops, dirOp(tid(500), Root, "a"))
	for range maxClimb / (maxDepth - 3) {
		ops = append(ops, Op{Verb: Move, ID: tid(500), Parent: parent, Name: "a", At: 1}, Op{Verb: Move, ID: tid(500), Parent: Root, Name: "a", At: 1})
	}
	if _, err := Apply(m.clone(), &Commit{Ops: ops}); err != nil {
		t.Error(err)
	}
	ops = append(ops, ops[len(ops)-2])
	if _, err := Apply(m, &Commit{Ops: ops}); !errors.Is(err, ErrInvalid) {
		t.Errorf("it is let in: %v", err)
	}
}

// TestHostileObjects: objects that lie about themselves do not stand in the way of a
// rebuild, and what is sound comes back.
func TestHostileObjects(t *testing.T) {
	store := remotetest.NewMemory()
	hash := version(tid(1), "x").SHA256.String()
	for i, m := range []map[string]string{
		{metaPath: "sound/a.txt", metaTime: "5", metaHash: hash},
		{metaPath: "time 1", metaTime: "9223372036854775807", metaHash: hash},
		{metaPath: "time 2", metaTime: "-9223372036854775808", metaHash: hash},
		{metaPath: "time 3", metaTime: "99999999999999999999999", metaHash: hash},
		{metaPath: "../../up", metaTime: "5", metaHash: hash},
		{metaPath: "/abs", metaTime: "5", metaHash: hash},
		{metaPath: ".lockerfs/log/1", metaTime: "5", metaHash: hash},
		{metaPath: "a\x00b", metaTime: "5", metaHash: hash},
		{metaPath: "long/" + strings.Repeat("x", 300), metaTime: "5", metaHash: hash},
		{metaPath: "sound/a.txt/under a file", metaTime: "5", metaHash: hash},
		{metaPath: strings.Repeat("d/", 250) + "deep", metaTime: "5", metaHash: hash},
		{metaPath: "no hash", metaTime: "5"},
		{metaPath: "bad hash", metaTime: "5", metaHash: "zz"},
		{metaPath: "zero hash", metaTime: "5", metaHash: strings.Repeat("0", 64)},
	} {
		key := fmt.Sprintf("Music/%d.%012x.txt", i, i)
		if _, err := store.Put(t.Context(), key, section([]byte("x")), remote.PutOptions{Metadata: m}); err != nil {
			t.Fatal(err)
		}
	}
	found, err := RebuildFromObjects(t.Context(), store, t.TempDir(), discard(), nil)
	if err != nil || found.Files != 5 || found.Foreign != 9 {
		t.Errorf("%+v, %v", found, err)
	}
}
