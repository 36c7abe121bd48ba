package catalog

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// sound fails unless every name that can be reached in an index is one a folder can hold.
func sound(t *testing.T, x *Index) {
	t.Helper()
	for path := range dump(t, x) {
		for _, part := range strings.Split(strings.TrimSuffix(path, "/"), "/") {
			if library.ValidName(part) != nil {
				t.Fatalf("name %q got in", path)
			}
		}
	}
}

// FuzzCommit decodes any bytes as a commit, as they are and as what they would be
// compressed of, and applies what comes out: alike to the model and to itself.
func FuzzCommit(f *testing.F) {
	head := hostileHead(7)
	f.Add([]byte(head))
	f.Add([]byte(head + `{"op":"create","at":1,"entry":{"id":"0000000000020000","parent":"0000000000000001","name":"a","kind":"dir","mode":493,"mtime":1}}`))
	f.Add([]byte(head + `{"op":"configure","at":1,"settings":{"watches":[{"prefix":"a/","every":30,"layout":"keys"}]}}` + "\n" + `{"op":"expire","at":1,"before":3}`))
	f.Add([]byte(head + `{"op":"condemn","at":1,"keys":["Music/a"],"adopted":[{"key":"b","etag":"e"}]}`))
	f.Add([]byte(`{"lockerfs":2}`))
	body, err := (&Commit{Header: Header{N: 7, ID: "a", Epoch: testEpoch}, Ops: []Op{fileOp(tid(3), Root, "t.flac", "y")}}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := pack(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range [][]byte{b, text} {
			c, err := DecodeCommit(7, testEpoch, body)
			if err != nil {
				if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrEpoch) || len(err.Error()) > 600 {
					t.Fatalf("%.700v", err)
				}
				continue
			}
			one, two := newMemTree(), newMemTree()
			_, first := Apply(one, c)
			if _, second := Apply(two, c); (first == nil) != (second == nil) || first != nil && !errors.Is(first, ErrInvalid) {
				t.Fatalf("%v, then %v", first, second)
			}
			if again, err := c.Encode(); err != nil && !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			} else if err == nil {
				if _, err := DecodeCommit(7, testEpoch, again); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// FuzzCheckpoint loads any manifest with any segment: it is taken whole, with sound names
// only, or not at all.
func FuzzCheckpoint(f *testing.F) {
	folder := `{"id":"0000000000020000","parent":"0000000000000001","name":"a","kind":"dir","mode":493,"mtime":1}` + "\n"
	root := `{"id":"0000000000000001","kind":"dir","mode":493,"mtime":1}` + "\n"
	file := `{"entry":{"id":"0000000000030000","parent":"0000000000020000","name":"f","kind":"file","mode":420,"mtime":1,"version":{"id":"0000000000040000","size":1,` +
		`"sha256":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","object":{"key":"Music/f.flac","etag":"e"}}}}` + "\n"
	f.Add(root+folder, 2, file, 1)
	f.Add(root+strings.Replace(folder, "0001", "2000", 1), 2, file, 1)
	f.Add(root, 1, strings.Replace(file, `"entry"`, `"past":{"n":3,"at":1,"entry"`, 1)+"}", 1)
	f.Add(root, 1, `{"condemned":{"hash":"00000000000000ff","n":3}}`+"\n"+`{"ignored":{"key":"a","etag":"e","size":1}}`, 2)
	f.Add(root, 1<<40, "", -1)
	x := openTestIndex(f, filepath.Join(f.TempDir(), "index.db"))
	f.Fuzz(func(t *testing.T, folders string, count int, segment string, n int) {
		store := remotetest.NewMemory()
		body, err := pack([]byte(segment))
		if err != nil {
			t.Fatal(err)
		}
		ref := segmentRef{Hash: bodyHash(body), Lines: n}
		overwrite(t, store, segmentPrefix+ref.Hash, string(body))
		var text bytes.Buffer
		for _, line := range []any{manifestHead{Format: commitFormat, N: 1, Epoch: testEpoch, Segments: 1, Folders: count}, ref} {
			b, err := json.Marshal(line)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(append(b, '\n'))
		}
		manifest, err := pack(append(text.Bytes(), folders...))
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprintf("%s%020d-%s", manifestPrefix, 1, bodyHash(manifest)[:32])
		overwrite(t, store, key, string(manifest))
		if err := x.load(t.Context(), store, Format{Locker: "locker", Epoch: testEpoch}, key); err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNewer) {
				t.Fatal(err)
			}
			return
		}
		sound(t, x)
	})
}

// FuzzFormat reads any format.json: what is taken for one is sound.
func FuzzFormat(f *testing.F) {
	f.Add([]byte(`{"lockerfs":1,"locker":"00000000000000000000000000000001","epoch":"00000000000000000000000000000002","base":3,"created":"2026-11-20T00:00:00Z"}`))
	f.Add([]byte(`{"lockerfs":2}`))
	f.Add([]byte(`{"lockerfs":1,"locker":"../../x","epoch":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		store := remotetest.NewMemory()
		overwrite(t, store, formatKey, string(b))
		got, err := ReadFormat(t.Context(), store)
		switch {
		case err == nil:
			if _, bad := hex.DecodeString(got.Locker + got.Epoch); bad != nil || len(got.Locker) != 32 || len(got.Epoch) != 32 || got.Base < 0 {
				t.Fatalf("%+v", got)
			}
		case !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNewer) && !errors.Is(err, remote.ErrCorrupt):
			t.Fatal(err)
		}
	})
}
