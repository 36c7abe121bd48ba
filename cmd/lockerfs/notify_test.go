package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// listenAs makes a socket such as systemd's and gives what arrives there.
func listenAs(t *testing.T, name string) <-chan string {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 100)
	over := make(chan struct{})
	go func() {
		defer close(over)
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			heard <- string(buf[:n])
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-over
	})
	return heard
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == name {
				return v
			}
		}
		return ""
	}
}

func TestHeraldSpeaksToSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	abstract := "lockerfs-test-" + strconv.Itoa(os.Getpid())
	for env, listen := range map[string]string{path: path, "@" + abstract: "\x00" + abstract} {
		heard := listenAs(t, listen)
		h := newHerald(environment("NOTIFY_SOCKET=" + env))
		h.say("READY=1", "STATUS=two\nlines")
		if got, want := <-heard, "READY=1\nSTATUS=two lines"; got != want {
			t.Errorf("%s: got %q, want %q", env, got, want)
		}
		h.close()
	}
}

// A daemon that cannot say how it is any more is not called alive.
func TestHeraldIsSilentWhenTheDaemonHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	heard := listenAs(t, path)
	h := newHerald(environment("NOTIFY_SOCKET="+path, "WATCHDOG_USEC=20000", "WATCHDOG_PID="+strconv.Itoa(os.Getpid())))
	defer h.close()
	var hangs atomic.Bool
	var asked atomic.Int64
	stop := background(func(ctx context.Context) {
		h.watch(ctx, func(context.Context) (string, error) {
			if asked.Add(1); hangs.Load() {
				return "", errors.New("no answer")
			}
			return "well", nil
		})
	})
	defer stop()
	var pulses, texts int
	for pulses < 3 {
		switch got := <-heard; got {
		case "WATCHDOG=1":
			pulses++
		case "STATUS=well":
			texts++
		default:
			t.Fatalf("got %q", got)
		}
	}
	if texts != 1 {
		t.Errorf("the same status was told %d times", texts)
	}
	hangs.Store(true)
	before := asked.Load()
	await(t, "questions", func() bool { return asked.Load() > before+3 })
	for len(heard) > 0 {
		<-heard // on its way before
	}
	before = asked.Load()
	await(t, "more questions", func() bool { return asked.Load() > before+3 })
	if len(heard) > 0 {
		t.Errorf("a daemon that hangs says %q", <-heard)
	}
}

func TestHeraldWithoutSystemd(t *testing.T) {
	for _, env := range []func(string) string{environment(), environment("NOTIFY_SOCKET=/does/not/exist", "WATCHDOG_USEC=1000")} {
		h := newHerald(env)
		h.say("READY=1")
		h.watch(t.Context(), func(context.Context) (string, error) { t.Error("asked for nobody"); return "", nil })
		h.close()
	}
	path := filepath.Join(t.TempDir(), "notify")
	listenAs(t, path)
	h := newHerald(environment("NOTIFY_SOCKET="+path, "WATCHDOG_USEC=1000000", "WATCHDOG_PID=1"))
	defer h.close()
	if h.pulse != 0 {
		t.Errorf("another process's watchdog: got %v", h.pulse)
	}
	h = newHerald(environment("NOTIFY_SOCKET="+path, "WATCHDOG_USEC=1000000"))
	defer h.close()
	if got, want := h.pulse, 500*time.Millisecond; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
