package pending

import (
	"bufio"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

const killedDir = "LOCKERFS_TEST_JOURNAL_DIR"

// TestJournalKilled runs another process that appends and compacts, kills it again
// and again, and looks whether all that it had acknowledged is there, in order.
func TestJournalKilled(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		appendForEver(dir)
	}
	dir := t.TempDir()
	last := -1
	for range 8 {
		acknowledged := killAfter(t, dir, last+rand.IntN(3000))
		_, got, _ := opened(t, dir)
		for i, b := range got {
			if n, _, _ := strings.Cut(b, " "); n != strconv.Itoa(i) {
				t.Fatalf("record %d is %.20q", i, b)
			}
		}
		if len(got) <= acknowledged {
			t.Fatalf("%d records, and number %d was acknowledged", len(got), acknowledged)
		}
		last = len(got) - 1
	}
}

// killAfter starts a process that goes on in the journal, kills it when it has
// acknowledged number n, and gives the last that it acknowledged.
func killAfter(t *testing.T, dir string, n int) (acknowledged int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestJournalKilled$")
	c.Env = append(os.Environ(), killedDir+"="+dir)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	acknowledged = -1
	killed := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		i, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Errorf("the process says %q", lines.Text())
			break
		}
		// What it had said before it died counts too, so read on.
		if acknowledged = i; i >= n && !killed {
			killed = true
			if err := c.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	c.Process.Kill()
	c.Wait()
	if !killed {
		t.Fatalf("the process ended by itself after %d", acknowledged)
	}
	return acknowledged
}

// appendForEver appends numbers, and says each when the journal has it.
func appendForEver(dir string) {
	n := 0
	j, _, err := openJournal(dir, slog.New(slog.DiscardHandler), func([]byte) error { n++; return nil })
	for ; err == nil; n++ {
		// The longest are many pages, so that a kill can come in the middle of one.
		body := strconv.Itoa(n) + " " + strings.Repeat("x", rand.IntN(1<<(n%18)))
		if _, err = j.append([]byte(body)); err == nil {
			fmt.Println(n)
		}
		if n%500 == 499 && err == nil {
			err = j.compact(func(yield func([]byte) error) error {
				for i := range n + 1 {
					if err := yield([]byte(strconv.Itoa(i) + " again")); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
