package dir_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/dir"
)

const (
	processes = 4
	steps     = 25
	creates   = 50
)

// TestMain lets the test binary play the other processes of TestProcessesRace.
func TestMain(m *testing.M) {
	if root := os.Getenv("DIR_TEST_RACE"); root != "" {
		if err := race(root); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// race counts up and creates keys against the other processes, deletes beside them,
// and prints the keys it won.
func race(root string) error {
	s, err := dir.Create(root)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for i := range creates {
		key := fmt.Sprintf("log/%020d", i)
		_, err := s.Put(ctx, key, section(strconv.Itoa(os.Getpid())), remote.PutOptions{If: remote.Condition{Absent: true}})
		switch {
		case err == nil:
			fmt.Println(key)
		case !errors.Is(err, remote.ErrExists):
			return err
		}
		// Deletes that empty folders must not disturb those who fill them.
		shared := fmt.Sprintf("busy/folder/%d", os.Getpid())
		if _, err := s.Put(ctx, shared, section("x"), remote.PutOptions{}); err != nil {
			return err
		}
		if err := s.Delete(ctx, shared); err != nil {
			return err
		}
	}
	for range steps {
		if err := increment(s); err != nil {
			return err
		}
	}
	return nil
}

func increment(s *dir.Store) error {
	ctx := context.Background()
	for {
		body, object, err := s.Get(ctx, "counter", remote.Range{}, "")
		if err != nil {
			return err
		}
		text, err := io.ReadAll(body)
		body.Close()
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(strings.Fields(string(text))[0])
		if err != nil {
			return err
		}
		next := section(fmt.Sprintf("%d by %d", n+1, os.Getpid()))
		_, err = s.Put(ctx, "counter", next, remote.PutOptions{If: remote.Condition{ETag: object.ETag}})
		if !errors.Is(err, remote.ErrPrecondition) {
			return err
		}
	}
}

func TestProcessesRace(t *testing.T) {
	root := t.TempDir() + "/store"
	s := create(t, root)
	put(t, s, "counter", "0", remote.PutOptions{})
	outputs := make(chan string, processes)
	for range processes {
		go func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "DIR_TEST_RACE="+root)
			out, err := cmd.Output()
			if err != nil {
				var exit *exec.ExitError
				errors.As(err, &exit)
				t.Errorf("%v: %s", err, exit.Stderr)
			}
			outputs <- string(out)
		}()
	}
	won := map[string]int{}
	for range processes {
		for _, key := range strings.Fields(<-outputs) {
			won[key]++
		}
	}
	for key, n := range won {
		if n != 1 {
			t.Errorf("%s was won %d times", key, n)
		}
	}
	if got := len(won); got != creates {
		t.Errorf("got %d keys won, want %d", got, creates)
	}
	body, _, err := s.Get(t.Context(), "counter", remote.Range{}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if got, want := strings.Fields(string(text))[0], strconv.Itoa(processes*steps); got != want || err != nil {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
