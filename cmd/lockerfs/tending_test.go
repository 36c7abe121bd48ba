package main

import (
	"context"
	"database/sql"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// A process that imports, and one that mounts, make search know what comes, so that the
// first search does not wait for it.
func TestSearchLearnsMeanwhile(t *testing.T) {
	store := remotetest.NewMemory()
	mustInit(t, store)
	src := music(t)
	for name, begin := range map[string]func(*engine) (end func()){
		"import": func(e *engine) func() {
			end, err := (&app{out: io.Discard, err: io.Discard}).serveMeanwhile(e.place, e)
			if err != nil {
				t.Fatal(err)
			}
			return end
		},
		"mount": func(e *engine) func() {
			ctx, stop := context.WithCancel(t.Context())
			e.following.Store(true)
			followed := make(chan struct{})
			go func() {
				defer close(followed)
				e.follow(ctx, 10*time.Millisecond, nil)
			}()
			return func() { stop(); <-followed }
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t, testPlace(t), testGround(store, io.Discard))
			end := begin(e)
			defer end()
			if _, err := e.Import(t.Context(), []string{src}, intake.Options{}, listener{}); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", "file:"+filepath.Join(e.place.state, "index.db")+"?mode=ro")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			await(t, "that search knows all", func() bool {
				var stale, known int
				err := db.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM search_stale), (SELECT count(*) FROM search_row)").Scan(&stale, &known)
				return err == nil && stale == 0 && known >= 2
			})
		})
	}
}
