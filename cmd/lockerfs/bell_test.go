package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockerfs/lockerfs/fs/pending"
)

// TestBellRingsOnce: files that are parked together are one notification, the same ones
// again are none, another one is.
func TestBellRingsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w pending.Waiting
		var rung []string
		b := newBell(place{}, func(context.Context) pending.Waiting { return w }, slog.New(slog.DiscardHandler))
		b.ring = func(_ context.Context, title, text string) error {
			rung = append(rung, title+"|"+text)
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			defer close(over)
			b.watch(ctx)
		}()
		expect := func(want int, words string) {
			t.Helper()
			for range 20 {
				b.parked()
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(hookPause)
			synctest.Wait()
			if len(rung) != want || want > 0 && !strings.Contains(rung[want-1], words) {
				t.Errorf("rung %q, want %d times, %q last", rung, want, words)
			}
		}
		expect(0, "") // they were uploaded meanwhile
		for i := range 3 {
			w.Failed = append(w.Failed, pending.Trouble{Path: fmt.Sprintf("/Artist/%d.flac", i), What: "denied\nby the store"})
			w.Parked++
		}
		expect(1, "3 files cannot be uploaded|Artist/0.flac: denied by the store")
		expect(1, "3 files")
		w.Failed = w.Failed[:1]
		w.Parked = 1
		expect(1, "3 files")
		w.Failed = append(w.Failed, pending.Trouble{Path: "/new.flac", What: "denied"})
		expect(2, "1 file cannot be uploaded")
		stop()
		<-over
	})
	if b := newBell(place{mute: true}, nil, nil); b != nil {
		t.Error("there is a bell though notify is false")
	}
}

// TestNotifySend: it runs where there is a session, with the text as markup, and is missed
// by nobody else.
func TestNotifySend(t *testing.T) {
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	script := "#!/bin/sh\nprintf '%s|' \"$@\" > " + said + "\n"
	if err := os.WriteFile(filepath.Join(dir, "notify-send"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", dir)
	for _, bus := range []string{"", "unix:path=/nowhere"} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", bus)
		if err := notifySend(t.Context(), "-title", "Simon & <Garfunkel>"); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(said)
		want := "-a|lockerfs|-i|dialog-warning|--|-title|Simon &amp; &lt;Garfunkel&gt;|"
		if bus == "" && err == nil || bus != "" && string(got) != want {
			t.Errorf("with the bus %q it said %q", bus, got)
		}
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	if err := os.WriteFile(filepath.Join(dir, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notify-send"), []byte("#!/bin/sh\necho no server >&2; exit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := notifySend(t.Context(), "title", "text"); err == nil || !strings.Contains(err.Error(), "no server") {
		t.Errorf("got %v", err)
	}
}
