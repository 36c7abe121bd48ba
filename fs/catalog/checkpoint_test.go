package catalog

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestCheckpointHoldsNothing: while a checkpoint goes over the network, which may take
// minutes, commits are applied and the index's log of writes can be taken into the file.
func TestCheckpointHoldsNothing(t *testing.T) {
	for name, held := range map[string]struct {
		op     remotetest.Op
		prefix string
	}{"looking for a segment": {remotetest.Head, segmentPrefix}, "a segment": {remotetest.Put, segmentPrefix}, "the manifest": {remotetest.Put, manifestPrefix}} {
		t.Run(name, func(t *testing.T) {
			store, _ := begin(t)
			a := opened(t, store)
			push(t, a, base()...)
			push(t, a, Op{Verb: Remove, ID: tid(3)})
			want := dump(t, a.Index())
			faulty := remotetest.NewFaulty(store)
			gate := faulty.Hold(held.op, held.prefix)
			type outcome struct {
				n   int64
				err error
			}
			done := make(chan outcome, 1)
			go func() {
				n, err := a.Index().Checkpoint(t.Context(), faulty)
				done <- outcome{n, err}
			}()
			<-gate.Reached()
			push(t, a, fileOp(tid(60), Root, "later", "later"))
			var busy, pages, taken int
			if err := a.Index().write.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &taken); err != nil || busy != 0 {
				t.Errorf("the index is held: busy %d, %v", busy, err)
			}
			gate.Release()
			if got := <-done; got != (outcome{2, nil}) {
				t.Fatalf("%+v", got)
			}
			x := openTestIndex(t, filepath.Join(t.TempDir(), "index.db"))
			format, err := ReadFormat(t.Context(), store)
			if err == nil {
				err = x.load(t.Context(), store, format, first(t, store, manifestPrefix))
			}
			if diff := cmp.Diff(want, dump(t, x)); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if left, err := filepath.Glob(filepath.Join(filepath.Dir(a.Index().path), "checkpoint-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestCheckpointOfManySegments: each segment is what its name says, also where there
// are several in the file.
func TestCheckpointOfManySegments(t *testing.T) {
	store, _ := begin(t)
	a := opened(t, store)
	var ops []Op
	for i := range 20 {
		dir := ID(i+300) << 20 // all eight bits clear: a segment each
		ops = append(ops, dirOp(dir, Root, fmt.Sprint("d", i)), fileOp(dir+1, dir, "f", fmt.Sprint("c", i)))
	}
	push(t, a, ops...)
	if n, err := a.Index().Checkpoint(t.Context(), store); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	_, refs, _, err := readManifest(t.Context(), store, first(t, store, manifestPrefix))
	if err != nil || len(refs) != 20 {
		t.Fatalf("%d segments, %v", len(refs), err)
	}
	b := opened(t, store)
	if diff := cmp.Diff(dump(t, a.Index()), dump(t, b.Index())); diff != "" {
		t.Error(diff)
	}
}
