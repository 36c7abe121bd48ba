package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// endless is a locker whose Organize moves until it is told to end.
type endless struct {
	locker
	begun chan struct{}
}

func (l *endless) Organize(ctx context.Context, at string, opts intake.OrganizeOptions, hear organizeListener) (intake.OrganizeReport, error) {
	hear.progress(intake.OrganizeProgress{Looked: 9})
	hear.moved(intake.Move{From: at, To: opts.Layout})
	close(l.begun)
	<-ctx.Done()
	return intake.OrganizeReport{Moved: 3}, ctx.Err()
}

// Ending organize through the socket ends it there; what it did arrives.
func TestClientEndsItsOrganize(t *testing.T) {
	l := &endless{begun: make(chan struct{})}
	c := serving(t, l, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-l.begun
		cancel()
	}()
	var moves []intake.Move
	looked := int64(0)
	report, err := c.Organize(ctx, "a", intake.OrganizeOptions{Layout: "b"}, organizeListener{
		progress: func(p intake.OrganizeProgress) { looked = p.Looked },
		moved:    func(m intake.Move) { moves = append(moves, m) },
	})
	if report.Moved != 3 || looked != 9 || len(moves) != 1 || moves[0] != (intake.Move{From: "a", To: "b"}) {
		t.Errorf("got %+v, %d and %v", report, looked, moves)
	}
	if got := diagnose((&app{}).organized(report, false, err), where{}); got.code != exitInterrupted || got.cause != "interrupted; 3 files have moved" {
		t.Errorf("got %+v (%v)", got, err)
	}
}

// A dry run is nothing that the lid has to wait for, and no reader of a status sees it
// as an import; but nobody else files meanwhile.
func TestDryRunIsSafe(t *testing.T) {
	store := remotetest.NewMemory()
	mustInit(t, store)
	e := open(t, testPlace(t), testGround(store, io.Discard))
	c := serving(t, e, e.place.state)
	asked := 0
	for name, l := range map[string]locker{"engine": e, "client": c} {
		_, err := l.Import(t.Context(), []string{music(t)}, intake.Options{DryRun: true}, listener{placed: func(intake.Placed) {
			asked++
			s, err := e.Status(t.Context())
			if err != nil || !s.Safe || s.Import != nil {
				t.Errorf("%s: got %+v, %v, want safe", name, s, err)
			}
		}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked != 4 {
		t.Errorf("placed %d files, want 2 and 2", asked)
	}
	done, err := e.alone()
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]locker{"engine": e, "client": c} {
		if _, err := l.Organize(t.Context(), "", intake.OrganizeOptions{}, organizeListener{}); diagnose(err, where{}).code != exitInUse {
			t.Errorf("%s: organize beside another: got %v", name, err)
		}
		if _, err := l.Import(t.Context(), nil, intake.Options{}, listener{}); diagnose(err, where{}).code != exitInUse {
			t.Errorf("%s: import beside another: got %v", name, err)
		}
	}
	done()
	if _, err := c.Organize(t.Context(), "", intake.OrganizeOptions{}, organizeListener{}); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// A dry run of many files comes whole through the socket, to a client that takes its
// time.
func TestManyPlacesThroughTheSocket(t *testing.T) {
	const many = 10_000
	l := &placer{many: many}
	c := serving(t, l, t.TempDir())
	tree := newPlacements()
	defer tree.close()
	report, err := c.Import(t.Context(), nil, intake.Options{DryRun: true}, listener{placed: tree.add})
	if err != nil || report.Imported != many {
		t.Fatalf("got %+v, %v", report, err)
	}
	n := 0
	if err := tree.each(func(intake.Placed) error { n++; return nil }); err != nil || n != many {
		t.Errorf("got %d, %v", n, err)
	}
}

type placer struct {
	locker
	many int
}

func (p *placer) Import(_ context.Context, _ []string, _ intake.Options, l listener) (intake.Report, error) {
	for i := range p.many {
		if i%1000 == 0 {
			l.progress(intake.Progress{Found: int64(i)})
		}
		l.placed(intake.Placed{Path: filepath.Join("A", fmt.Sprint(i)), Action: intake.Upload})
	}
	return intake.Report{Imported: int64(p.many)}, nil
}
