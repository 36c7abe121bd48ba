package catalog

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommitRoundTrip(t *testing.T) {
	c := Commit{Header: Header{N: 7, ID: NewCommitID(), Epoch: testEpoch, Device: "d", DeviceName: "studio", Time: 5},
		Ops: []Op{dirOp(tid(1), Root, "Sigur Rós"), fileOp(tid(2), tid(1), "01 <&> Title.flac", "x"),
			{Verb: Set, ID: tid(2), At: 3, Mode: ptr(uint32(0o600)), Xattrs: map[string][]byte{}}}}
	body, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeCommit(7, testEpoch, body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&c, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeCommitRefuses(t *testing.T) {
	text := func(s string) []byte {
		body, err := pack([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	head := `{"lockerfs":1,"n":7,"id":"a","epoch":"epoch","device":"d","time":1}` + "\n"
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"not zstd":      {[]byte("hello"), ErrInvalid},
		"empty":         {nil, ErrInvalid},
		"cut":           {text(head)[:10], ErrInvalid},
		"no header":     {text(""), ErrInvalid},
		"other number":  {text(strings.Replace(head, `"n":7`, `"n":8`, 1)), ErrInvalid},
		"other epoch":   {text(strings.Replace(head, `"epoch":"epoch"`, `"epoch":"old"`, 1)), ErrEpoch},
		"no id":         {text(strings.Replace(head, `"id":"a"`, `"id":""`, 1)), ErrInvalid},
		"newer":         {text(strings.Replace(head, `"lockerfs":1`, `"lockerfs":3`, 1)), ErrNewer},
		"torn line":     {text(head + `{"op":"create","at":`), ErrInvalid},
		"bad id":        {text(head + `{"op":"remove","at":1,"id":"12"}`), ErrInvalid},
		"bomb":          {text(head + strings.Repeat(" ", MaxCommitText)), ErrInvalid},
		"many":          {text(head + strings.Repeat(`{"op":"x"}`, MaxCommitOps+1)), ErrInvalid},
		"good, nothing": {text(head), nil},
	} {
		if _, err := DecodeCommit(7, testEpoch, c.body); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestCommitBounds(t *testing.T) {
	c := Commit{Ops: make([]Op, MaxCommitOps+1)}
	if _, err := c.Encode(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many operations: %v", err)
	}
	noise := make([]byte, MaxCommitBody+MaxCommitBody/2)
	for i := range noise {
		noise[i] = byte(i*i>>7) ^ byte(i*2654435761>>13)
	}
	c = Commit{Ops: []Op{{Verb: Set, Xattrs: map[string][]byte{"user.x": noise}}, {Verb: Set, Xattrs: map[string][]byte{"user.y": bytes.Repeat(noise, 9)}}}}
	if _, err := c.Encode(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many bytes: %v", err)
	}
}

// FuzzApply feeds hostile commits to a device: it may refuse them, and must neither
// fail, nor panic, nor let a name in that no folder can hold.
func FuzzApply(f *testing.F) {
	f.Add([]byte(`{"op":"create","at":1,"entry":{"id":"0000000000020000","parent":"0000000000000001","name":"a","kind":"dir","mode":493,"mtime":1}}`))
	f.Add([]byte(`{"op":"create","at":1,"entry":{"id":"0000000000020000","parent":"0000000000000001","name":"../x","kind":"dir"}}`))
	f.Add([]byte(`{"op":"move","at":1,"id":"0000000000020000","parent":"0000000000020000","name":"b"}`))
	f.Add([]byte(`{"op":"remove","at":1,"id":"0000000000000001"}`))
	f.Add([]byte(`{"op":"replace","at":-1,"id":"00000000000186a0","mtime":1,"version":{"id":"0000000000033333","size":-5,"object":{"key":"../../etc/passwd"}}}`))
	x := newIndex(f)
	good(f, x, dirOp(tid(1), Root, "Artist"), fileOp(tid(2), tid(1), "t.flac", "x"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		n := x.Applied() + 1
		head := Commit{Header: Header{N: n, ID: "fuzz", Epoch: testEpoch}}
		body, err := head.Encode()
		if err != nil {
			t.Fatal(err)
		}
		text, err := unpack(body, MaxCommitText)
		if err != nil {
			t.Fatal(err)
		}
		if body, err = pack(append(text, ops...)); err != nil || len(body) > MaxCommitBody {
			return // not a commit that could stand in a store
		}
		if _, err := x.Apply(t.Context(), n, body); err != nil {
			t.Fatal(err)
		}
		for path := range dump(t, x) {
			for _, part := range strings.Split(strings.TrimSuffix(path, "/"), "/") {
				if part == "" || part == "." || part == ".." || strings.ContainsRune(part, 0) || len(part) > 255 {
					t.Fatalf("name %q got in", path)
				}
			}
		}
	})
}
