package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestFolders: what is written to be copied in is no two times the same, an album has
// tags, and a copy has the same bytes and never overwrites.
func TestFolders(t *testing.T) {
	b := &bench{dir: t.TempDir(), settings: settings{size: size{tracks: 12}}}
	s := &device{}
	first, err := b.newAlbum(t.Context(), s, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.newAlbum(t.Context(), s, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	smalls, err := b.newSmalls(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(smalls.files), 30; got != want || total(smalls.files) != int64(want)*smallSize {
		t.Errorf("%d small files of %d bytes, want %d", got, total(smalls.files), want)
	}
	seen := map[string]string{}
	for _, f := range []folder{first, second, smalls} {
		for _, tr := range f.files {
			content, err := os.ReadFile(tr.source)
			if err != nil {
				t.Fatal(err)
			}
			if other, is := seen[string(content)]; is || int64(len(content)) != tr.size {
				t.Errorf("%s is the same as %q, or has not %d bytes", tr.source, other, tr.size)
			}
			if filepath.Ext(tr.source) == ".flac" && (!bytes.HasPrefix(content, []byte("fLaC")) || !bytes.Contains(content, []byte("title=Title 1"))) {
				t.Errorf("%s is no FLAC with a title", tr.source)
			}
			seen[string(content)] = tr.source
		}
	}
	to := t.TempDir() + "/a/b"
	if took, err := first.copy(t.Context(), to); err != nil || took <= 0 {
		t.Fatal(took, err)
	}
	for _, tr := range first.files {
		content, err := os.ReadFile(filepath.Join(to, filepath.Base(tr.source)))
		if err != nil || seen[string(content)] != tr.source {
			t.Errorf("the copy of %s is another: %v", tr.source, err)
		}
	}
	if _, err := first.copy(t.Context(), to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second copy to the same place: got %v", err)
	}
	if err := first.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(first.files[0].source); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// queue is what rclone's remote control does: an entry goes when it is due, which it is
// not until somebody says so.
type queue struct {
	mu    sync.Mutex // guards the fields below; taken alone
	ids   []int64
	asked []string
}

func (q *queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var params struct {
		ID     *int64
		Expiry *float64
	}
	if err := json.NewDecoder(r.Body).Decode(&params); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q.asked = append(q.asked, r.URL.Path)
	answer := map[string]any{}
	switch {
	case r.URL.Path == "/vfs/queue":
		entries := []map[string]any{}
		for _, id := range q.ids {
			entries = append(entries, map[string]any{"id": id, "uploading": false, "expiry": 4.9})
		}
		answer["queue"] = entries
	case len(q.ids) > 0 && params.ID != nil && *params.ID == q.ids[0] && params.Expiry != nil && *params.Expiry == 0:
		q.ids = q.ids[1:]
	default:
		http.Error(w, "no such entry", http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// TestRcloneSync: what rclone holds back is made due, and the end is when its queue stays
// empty. A mount that is gone is an error.
func TestRcloneSync(t *testing.T) {
	dir := t.TempDir()
	m := &rcloneMount{dir: dir, settle: 100 * time.Millisecond}
	m.control = controlOf(m.socket())
	l, err := net.Listen("unix", m.socket())
	if err != nil {
		t.Fatal(err)
	}
	q := &queue{ids: []int64{7, 8}}
	s := &http.Server{Handler: q}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	start := time.Now()
	since, err := m.sync(t.Context())
	if spare := time.Since(since); err != nil || !since.After(start) || spare < m.settle {
		t.Errorf("empty for %v, %v: want at least %v", spare, err, m.settle)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	const look, due = "/vfs/queue", "/vfs/queue-set-expiry"
	if diff := cmp.Diff([]string{look, due, due, look}, q.asked[:min(4, len(q.asked))]); diff != "" {
		t.Errorf("what it asked first (-want +got):\n%s", diff)
	}
	if _, err := m.sync(t.Context()); err == nil {
		t.Error("a queue that nobody tells of was taken for an empty one")
	}
}

// TestSyncAfterClose: the daemon hears of a close a moment later, which is no failure;
// other failures are.
func TestSyncAfterClose(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "lockerfs")
	text := "#!/bin/sh\n[ -e " + dir + "/told ] && exit 0\ntouch " + dir + "/told\necho \"$SAID\"; exit 1\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := newDevice(filepath.Join(dir, "device"), script, &rig{gateway: &remotetest.Gateway{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SAID", "1 change is not in the store yet: a program is still writing \"A\"")
	start := time.Now()
	if _, err := d.sync(t.Context()); err != nil || time.Since(start) > time.Minute {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(dir + "/told"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SAID", "the store cannot be reached")
	if _, err := d.sync(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("got %v, want what it said", err)
	}
}
