package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// quodLibet is a Quod Libet with a library of its own.
type quodLibet struct {
	*room
	display string
	speaker *speaker
	daemon  *exec.Cmd
}

func newQuodLibet(r *room) *quodLibet {
	r.t.Helper()
	need(r.t, "quodlibet", "operon", "Xvfb")
	q := &quodLibet{room: r, display: xServer(r.t), speaker: newSpeaker(r)}
	conf := filepath.Join(r.home, ".config/quodlibet")
	if err := os.MkdirAll(conf, 0o755); err != nil {
		r.t.Fatal(err)
	}
	text := fmt.Sprintf("[settings]\nscan = %s\n[player]\nbackend = gstbe\nreplaygain = off\nvolume = 1.0\n"+
		"gst_pipeline = audioconvert ! capsfilter caps=audio/x-raw,format=S16LE ! filesink sync=true buffer-mode=2 location=%s\n", r.mnt, q.speaker.path)
	if err := os.WriteFile(filepath.Join(conf, "config"), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
	if err := ownAll(filepath.Join(r.home, ".config"), int(r.who.Uid)); err != nil {
		r.t.Fatal(err)
	}
	return q
}

// xServer starts an X server without a screen and gives its display.
func xServer(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := exec.Command("Xvfb", "-displayfd", "3", "-ac", "-nolisten", "tcp")
	c.ExtraFiles = []*os.File{w}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	w.Close()
	var display string
	if _, err := fmt.Fscan(r, &display); err != nil {
		t.Fatal(err)
	}
	return ":" + display
}

// try gives what a command of Quod Libet says.
func (q *quodLibet) try(args ...string) (string, error) {
	c := q.player("quodlibet", args...)
	out, err := c.Output()
	return strings.TrimSpace(string(out)), err
}

func (q *quodLibet) do(args ...string) string {
	q.t.Helper()
	out, err := q.try(args...)
	if err != nil {
		q.t.Fatalf("quodlibet %q: %v\n%s", args, err, out)
	}
	return out
}

// start starts it; it looks through its folders at once.
func (q *quodLibet) start() {
	q.t.Helper()
	said, err := os.Create(filepath.Join(q.dir, "quodlibet.log"))
	if err != nil {
		q.t.Fatal(err)
	}
	defer said.Close()
	c := q.player("quodlibet", "--run", "--no-plugins")
	c.Env = append(c.Env, "DISPLAY="+q.display)
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		q.t.Fatal(err)
	}
	q.daemon = c
	q.t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
		if q.t.Failed() {
			q.t.Logf("Quod Libet said:\n%s", readFile(said.Name()))
		}
	})
	eventually(q.t, 20*time.Second, "Quod Libet to answer", func() bool { _, err := q.try("--status"); return err == nil })
}

// quit ends it, which saves its library.
func (q *quodLibet) quit() {
	q.t.Helper()
	q.do("--quit")
	if err := q.daemon.Wait(); err != nil {
		q.t.Errorf("Quod Libet ended with %v", err)
	}
}

// found is how many songs a search finds.
func (q *quodLibet) found(query string) int {
	q.t.Helper()
	return len(strings.Fields(strings.ReplaceAll(q.do("--print-query="+query), " ", "_")))
}

// TestQuodLibet scans, plays across a boundary, edits a tag, and keeps its library when it
// is started before the mount.
func TestQuodLibet(t *testing.T) {
	r := newRoom(t)
	q := newQuodLibet(r)
	before := r.wire.requests()
	q.start()
	eventually(t, 20*time.Second, "the scan", func() bool { return q.found("") == songs })
	if n := r.wire.requests() - before; n != 0 {
		t.Errorf("the scan made %d requests", n)
	}
	q.do("--query=artist=Merzbow")
	eventually(t, 20*time.Second, "Quod Libet to play", func() bool {
		q.do("--play")
		return strings.HasPrefix(q.do("--status"), "playing")
	})
	r.boundary("Quod Libet", q.speaker)
	q.do("--rating=0.8")
	q.do("--pause")
	before = r.wire.requests()
	if out, err := command(t, "operon", "set", "title", "Nothing", r.song(3)); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := r.wire.requests() - before; n > 8 {
		t.Errorf("an edit made %d requests", n)
	}
	q.do("--refresh")
	eventually(t, 20*time.Second, "Quod Libet to see the edit", func() bool { return q.found("title=Nothing") == 1 })
	q.quit()
	r.unmount()
	guarded(t, r.mnt)
	q.start()
	if n := q.found(""); n != 0 {
		t.Errorf("%d songs are shown with nothing mounted", n)
	}
	q.quit()
	r.open()
	q.start()
	for query, want := range map[string]int{"": songs, "#(rating = 0.8)": 1, "#(playcount > 0)": 1, "title=Nothing": 1} {
		if n := q.found(query); n < want {
			t.Errorf("after it was started before the mount: %q finds %d, want %d", query, n, want)
		}
	}
	q.quit()
	r.unmount()
}
