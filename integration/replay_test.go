package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// The log is replayed here a second time, by a reader that shares no line with the product:
// zstd, JSON, and the rules of docs and DESIGN in as few words as they can be said. What the
// devices show must be the same.

// Rules of the log as read here.
const (
	replayRoot = "0000000000000001"
	// replayLimit bounds a commit unpacked, in bytes.
	replayLimit = 16 << 20
)

// errRule: a commit breaks a rule, and counts as empty.
var errRule = errors.New("against the rules")

// logEntry is an entry as the log has it.
type logEntry struct {
	ID, Parent, Name, Kind string
	Version                *logVersion
}

type logVersion struct {
	ID, SHA256 string
	Size       int64
}

// logOp is an operation as the log has it.
type logOp struct {
	Op, ID, Parent, Name, Over string
	At                         int64
	Entry                      *logEntry
	Version                    *logVersion
}

// logHeader is the first line of a commit.
type logHeader struct {
	N                 int64
	ID, Epoch, Device string
	Time              int64
}

// event is content that came into the locker, or left what is shown.
type event struct {
	logHeader
	sum, name string
}

// replayed is the locker as its log tells it.
type replayed struct {
	entries map[string]logEntry
	names   map[[2]string]string // folder and name to entry
	used    map[string]bool      // ids
	events  []event              // of the present commit
	// brought is when content first came in; taken is what left, in order.
	brought map[string]event
	taken   []event
	// before has for content that replaced other that other.
	before map[string]string
	// commits counts all, broken those that count as empty.
	commits, broken int
}

// replay reads the log of the locker whose objects lie in root.
func replay(t *testing.T, root string) *replayed {
	t.Helper()
	r := &replayed{entries: map[string]logEntry{replayRoot: {ID: replayRoot, Kind: "dir"}}, names: map[[2]string]string{},
		used: map[string]bool{}, brought: map[string]event{}, before: map[string]string{}}
	var format struct{ Epoch string }
	if b, err := os.ReadFile(filepath.Join(root, ".lockerfs/format.json")); err != nil || json.Unmarshal(b, &format) != nil {
		t.Fatalf("format.json: %s, %v", b, err)
	}
	list, err := os.ReadDir(filepath.Join(root, ".lockerfs/log"))
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range list {
		if want := fmt.Sprintf("%020d", i+1); at.Name() != want {
			t.Fatalf("the log goes on with %s after %d", at.Name(), i)
		}
		b, err := os.ReadFile(filepath.Join(root, ".lockerfs/log", at.Name()))
		if err != nil {
			t.Fatal(err)
		}
		r.commits++
		if err := r.commit(int64(i+1), format.Epoch, b); err != nil {
			r.broken++
			t.Logf("commit %d counts as empty: %v", i+1, err)
		}
	}
	return r
}

// commit takes one commit whole, or leaves everything as it was.
func (r *replayed) commit(n int64, epoch string, packed []byte) error {
	entries, names, used := maps.Clone(r.entries), maps.Clone(r.names), maps.Clone(r.used)
	r.events = nil
	head, err := r.read(packed)
	if err == nil && (head.N != n || head.Epoch != epoch) {
		err = fmt.Errorf("header %+v: %w", head, errRule)
	}
	if err != nil {
		r.entries, r.names, r.used = entries, names, used
		return err
	}
	for _, e := range r.events {
		e.logHeader = head
		if e.name != "" {
			r.taken = append(r.taken, e)
		} else if _, ok := r.brought[e.sum]; !ok {
			r.brought[e.sum] = e
		}
	}
	return nil
}

func (r *replayed) read(packed []byte) (head logHeader, err error) {
	z, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return head, err
	}
	defer z.Close()
	lines := json.NewDecoder(io.LimitReader(z, replayLimit+1))
	if err := lines.Decode(&head); err != nil {
		return head, err
	}
	for {
		var op logOp
		if err := lines.Decode(&op); errors.Is(err, io.EOF) {
			return head, nil
		} else if err != nil {
			return head, err
		}
		if err := r.apply(&op); err != nil {
			return head, fmt.Errorf("%s %s: %w", op.Op, op.ID, err)
		}
	}
}

func (r *replayed) apply(op *logOp) error {
	switch op.Op {
	case "create":
		return r.create(op.Entry)
	case "replace", "describe":
		return r.replace(op)
	case "move":
		return r.move(op)
	case "remove":
		return r.remove(op.ID)
	case "set", "condemn", "expire", "configure":
		return nil // no name and no content
	}
	return fmt.Errorf("this reader does not know %q: %w", op.Op, errRule)
}

// put gives an entry its name in a folder that is there, where nothing has it.
func (r *replayed) put(e logEntry) error {
	at := [2]string{e.Parent, e.Name}
	if r.entries[e.Parent].Kind != "dir" || r.names[at] != "" || e.Name == "" {
		return fmt.Errorf("%q in %s: %w", e.Name, e.Parent, errRule)
	}
	r.entries[e.ID], r.names[at] = e, e.ID
	return nil
}

func (r *replayed) create(e *logEntry) error {
	if e == nil || r.used[e.ID] || (e.Kind == "file") != (e.Version != nil) {
		return errRule
	}
	r.used[e.ID] = true
	if e.Version != nil {
		if r.used[e.Version.ID] {
			return errRule
		}
		r.used[e.Version.ID] = true
		r.events = append(r.events, event{sum: e.Version.SHA256})
	}
	return r.put(*e)
}

func (r *replayed) replace(op *logOp) error {
	e, ok := r.entries[op.ID]
	if !ok || e.Version == nil || op.Version == nil {
		return errRule
	}
	if op.Op == "replace" {
		if r.used[op.Version.ID] {
			return errRule
		}
		r.used[op.Version.ID] = true
		r.events = append(r.events, event{sum: e.Version.SHA256, name: e.Name}, event{sum: op.Version.SHA256})
		r.before[op.Version.SHA256] = e.Version.SHA256
	}
	e.Version = op.Version
	r.entries[e.ID] = e
	return nil
}

func (r *replayed) move(op *logOp) error {
	e, ok := r.entries[op.ID]
	if !ok || op.ID == replayRoot {
		return errRule
	}
	for up := op.Parent; up != replayRoot; up = r.entries[up].Parent {
		if up == op.ID || r.entries[up].ID == "" {
			return errRule
		}
	}
	if op.Over != "" {
		over := r.entries[op.Over]
		if over.Parent != op.Parent || over.Name != op.Name || over.Kind != e.Kind || over.ID == e.ID {
			return errRule
		}
		if err := r.remove(op.Over); err != nil {
			return err
		}
	}
	at := [2]string{e.Parent, e.Name}
	if at == [2]string{op.Parent, op.Name} {
		return errRule // it has that name itself
	}
	delete(r.names, at)
	e.Parent, e.Name = op.Parent, op.Name
	return r.put(e)
}

func (r *replayed) remove(id string) error {
	e, ok := r.entries[id]
	if !ok || id == replayRoot {
		return errRule
	}
	for at := range r.names {
		if at[0] == id {
			return errRule // it is not empty
		}
	}
	if e.Version != nil {
		r.events = append(r.events, event{sum: e.Version.SHA256, name: e.Name})
	}
	delete(r.entries, id)
	delete(r.names, [2]string{e.Parent, e.Name})
	return nil
}

// tree gives what stands at each path: the SHA-256 of a file, "folder" for a folder.
func (r *replayed) tree() map[string]string {
	all := map[string]string{}
	for id, e := range r.entries {
		var parts []string
		for up := e; up.ID != replayRoot; up = r.entries[up.Parent] {
			parts = append(parts, up.Name)
		}
		slices.Reverse(parts)
		if path := filepath.Join(parts...); e.Version != nil {
			all[path] = e.Version.SHA256
		} else if id != replayRoot {
			all[path] = "folder"
		}
	}
	return all
}
