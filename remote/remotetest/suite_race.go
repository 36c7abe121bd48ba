package remotetest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/remote"
)

const racers = 8

// sighting is a version by its bytes, and the ETag it was read under.
type sighting struct {
	version int
	etag    string
}

// replaceIsAtomic overwrites one object while others read it: each reader gets one
// version whole, under that version's ETag, or with stale under one before.
func replaceIsAtomic(t *testing.T, s remote.Store, stale bool) {
	version := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 64<<10+i*1000) }
	etags := map[string]int{put(t, s, "k", version(0)).ETag: 0}
	var mu sync.Mutex // guards seen
	seen := map[sighting]bool{}
	done := make(chan struct{})
	look := func() error {
		content, object, err := read(t, s, "k", remote.Range{}, "")
		if err != nil {
			return err
		}
		if len(content) == 0 {
			return errors.New("got no bytes")
		}
		i := int(content[0])
		if !bytes.Equal(content, version(i)) || object.Size != int64(len(content)) {
			return fmt.Errorf("got a mixture: %d bytes starting with %d, size %d", len(content), i, object.Size)
		}
		mu.Lock()
		defer mu.Unlock()
		seen[sighting{i, object.ETag}] = true
		return nil
	}
	var readers errgroup.Group
	for range 4 {
		readers.Go(func() error {
			for {
				select {
				case <-done:
					return nil
				default:
				}
				if err := look(); err != nil {
					return err
				}
			}
		})
	}
	for i := 1; i <= 40; i++ {
		etags[put(t, s, "k", version(i)).ETag] = i
	}
	close(done)
	if err := readers.Wait(); err != nil {
		t.Fatal(err)
	}
	for got := range seen {
		named, known := etags[got.etag]
		if !known || named > got.version || named < got.version && !stale {
			t.Errorf("version %d was read under ETag %q, that of version %d", got.version, got.etag, named)
		}
	}
}

// createRace lets writers race for each of several keys.
func createRace(t *testing.T, s remote.Store) {
	for k := range 6 {
		key := fmt.Sprintf(".lockerfs/log/%020d", k)
		won := make([]bool, racers)
		var writers errgroup.Group
		for w := range racers {
			writers.Go(func() error {
				body := section(fmt.Appendf(nil, "writer %d of %s", w, strings.Repeat("x", w*1000)))
				_, err := s.Put(t.Context(), key, body, remote.PutOptions{If: remote.Condition{Absent: true}})
				won[w] = err == nil
				if errors.Is(err, remote.ErrExists) {
					return nil
				}
				return err
			})
		}
		if err := writers.Wait(); err != nil {
			t.Fatal(err)
		}
		content, _ := get(t, s, key, remote.Range{})
		var winners []int
		for w := range racers {
			if won[w] {
				winners = append(winners, w)
			}
		}
		if len(winners) != 1 {
			t.Fatalf("%s: got winners %v, want one", key, winners)
		}
		if want := fmt.Sprintf("writer %d of", winners[0]); !strings.HasPrefix(string(content), want) {
			t.Errorf("%s holds %.20q, want that of writer %d", key, content, winners[0])
		}
	}
}

// replaceRace counts up under contention; every acknowledged step must be there.
// The writer's name in the content keeps two writers' ETags apart.
func replaceRace(t *testing.T, s remote.Store) {
	const steps = 25
	put(t, s, "counter", []byte("0"))
	increment := func(w int) error {
		for {
			content, object, err := read(t, s, "counter", remote.Range{}, "")
			if err != nil {
				return err
			}
			number, _, _ := strings.Cut(string(content), " ")
			n, err := strconv.Atoi(number)
			if err != nil {
				return err
			}
			body := section(fmt.Appendf(nil, "%d by %d", n+1, w))
			_, err = s.Put(t.Context(), "counter", body, remote.PutOptions{If: remote.Condition{ETag: object.ETag}})
			if !errors.Is(err, remote.ErrPrecondition) {
				return err
			}
		}
	}
	var writers errgroup.Group
	for w := range racers {
		writers.Go(func() error {
			for range steps {
				if err := increment(w); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := writers.Wait(); err != nil {
		t.Fatal(err)
	}
	content, _ := get(t, s, "counter", remote.Range{})
	if got, want := strings.Fields(string(content))[0], strconv.Itoa(racers*steps); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
