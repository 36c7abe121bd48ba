package catalog

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// killedIndex names the index that a process made by TestSearchSurvivesKill works on.
const killedIndex = "LOCKERFS_TEST_KILLED_INDEX"

// TestSearchSurvivesKill: a process is killed while it brings search up, again and
// again; what is found after each time is what a scan finds.
func TestSearchSurvivesKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.db")
	x := openTestIndex(t, path)
	bound(t, x)
	if err := x.MarkSynced(t.Context()); err != nil {
		t.Fatal(err)
	}
	ops := []Op{dirOp(tid(0), Root, "Old"), dirOp(tid(1), tid(0), "Sub")}
	const files = 200
	for i := range files {
		ops = append(ops, trackOp(tid(10+i), tid(i%2), fmt.Sprint("t", i), &tag.Info{Title: fmt.Sprint("title ", i%7), Artist: fmt.Sprint("artist ", i%5)}))
	}
	good(t, x, ops...)
	for round := range 4 {
		// All is stale, what is known and what is not; and some of it is gone.
		good(t, x, Op{Verb: Move, ID: tid(0), Parent: Root, Name: fmt.Sprint("Name ", round)}, Op{Verb: Remove, ID: tid(10 + round)})
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		killWhileUpdating(t, path, 1+2*round)
		x = openTestIndex(t, path)
		for _, words := range []string{"old", fmt.Sprint("name ", round), fmt.Sprint("name ", round-1), "sub title 3", "artist 2 title 6", "t1"} {
			same(t, x, words)
		}
		var rows int
		if err := x.read.QueryRow("SELECT count(*) FROM search_row").Scan(&rows); err != nil || rows != files-round-1 {
			t.Errorf("round %d: %d files have a number, %v", round, rows, err)
		}
	}
	if _, err := x.write.Exec("INSERT INTO search (search) VALUES ('integrity-check')"); err != nil {
		t.Error(err)
	}
}

// killWhileUpdating starts a process that brings search up, and kills it some time
// after so many transactions.
func killWhileUpdating(t *testing.T, path string, transactions int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestUpdateSearchUntilKilled$")
	cmd.Env = append(os.Environ(), killedIndex+"="+path)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadFull(out, make([]byte, transactions))
	if kill := cmd.Process.Kill(); kill != nil || err != nil {
		t.Errorf("the process did not come so far: %v, %v", err, kill)
	}
	io.Copy(io.Discard, out)
	cmd.Wait() // says that it was killed
}

// TestUpdateSearchUntilKilled is the process that is killed; else it does nothing.
func TestUpdateSearchUntilKilled(t *testing.T) {
	path := os.Getenv(killedIndex)
	if path == "" {
		return
	}
	x := openTestIndex(t, path)
	for {
		if err := x.updateSearchBatch(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		fmt.Print(".")
	}
}
