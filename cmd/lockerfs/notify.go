package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// statusEvery is how often the service manager of the system is told how it goes.
const statusEvery = 10 * time.Second

// herald tells systemd how the daemon is, as sd_notify(3) does: in datagrams to a socket
// that it names. Without one nothing is sent.
type herald struct {
	conn net.Conn
	// pulse is how often systemd wants to hear that the daemon is alive; 0 for never.
	pulse time.Duration
}

// newHerald takes up what systemd has put into the environment.
func newHerald(env func(string) string) *herald {
	h := &herald{}
	name := env("NOTIFY_SOCKET")
	if name == "" {
		return h
	}
	if strings.HasPrefix(name, "@") {
		name = "\x00" + name[1:] // not in the file system
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return h // nobody listens, and nothing can be done about it
	}
	h.conn = conn
	if pid := env("WATCHDOG_PID"); pid == "" || pid == strconv.Itoa(os.Getpid()) {
		if us, err := strconv.ParseInt(env("WATCHDOG_USEC"), 10, 64); err == nil && us > 0 {
			h.pulse = time.Duration(us) * time.Microsecond / 2
		}
	}
	return h
}

// say sends assignments such as READY=1.
func (h *herald) say(lines ...string) {
	if h.conn == nil {
		return
	}
	for i, l := range lines {
		lines[i] = oneLine(l)
	}
	_, _ = h.conn.Write([]byte(strings.Join(lines, "\n"))) // nobody listens any more
}

// ready says that the mount answers, and goes on telling how it is until the function it
// gives is called.
func (h *herald) ready(how func(context.Context) (string, error)) (stop func()) {
	h.say("READY=1")
	end := background(func(ctx context.Context) { h.watch(ctx, how) })
	return func() {
		end()
		h.close()
	}
}

// watch tells how it goes, and that the daemon is alive as long as it can still say how it
// is, until ctx ends.
func (h *herald) watch(ctx context.Context, how func(context.Context) (string, error)) {
	if h.conn == nil {
		return
	}
	every := statusEvery
	if h.pulse > 0 {
		every = min(every, h.pulse)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for said := ""; ; {
		short, cancel := context.WithTimeout(ctx, max(every, time.Second))
		text, err := how(short)
		cancel()
		if err == nil && h.pulse > 0 {
			h.say("WATCHDOG=1")
		}
		if err == nil && text != said {
			said = text
			h.say("STATUS=" + text)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *herald) close() {
	if h.conn != nil {
		h.conn.Close()
	}
}

// brief is how a locker is, in one line.
func (s status) brief() string {
	safe := "safe"
	if !s.Safe {
		safe = "not yet safe: " + strings.Join(s.Unsafe, ", ")
	}
	return s.Name + " at " + s.Mount + ", " + s.Network + ", " + safe
}
