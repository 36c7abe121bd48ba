package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// socket is where rclone answers questions.
func (m *rcloneMount) socket() string { return filepath.Join(m.dir, "rc") }

// sync has rclone upload what it holds back for a while, as ours does, and waits until
// its queue is empty. A file that was closed just now comes into the queue only when the
// kernel has told of that, so the queue must stay empty as long as that may take.
func (m *rcloneMount) sync(ctx context.Context) (time.Time, error) {
	const between = 10 * time.Millisecond
	var empty time.Time // since when; zero while it is not
	for empty.IsZero() || time.Since(empty) < m.settle {
		var answer struct {
			Queue []struct {
				ID        int64
				Uploading bool
				Expiry    float64 // seconds until it is due
			}
		}
		if err := m.ask(ctx, "vfs/queue", map[string]any{}, &answer); err != nil {
			return empty, err
		}
		switch {
		case len(answer.Queue) > 0:
			empty = time.Time{}
		case empty.IsZero():
			empty = time.Now()
		}
		for _, q := range answer.Queue {
			if q.Uploading || q.Expiry <= 0 {
				continue
			}
			// It may have left the queue, which the next look tells.
			_ = m.ask(ctx, "vfs/queue-set-expiry", map[string]any{"id": q.ID, "expiry": 0}, nil)
		}
		if err := pause(ctx, between); err != nil {
			return empty, err
		}
	}
	return empty, nil
}

// ask asks rclone's remote control.
func (m *rcloneMount) ask(ctx context.Context, what string, params map[string]any, answer any) error {
	question, err := json.Marshal(params)
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://rclone/"+what, bytes.NewReader(question))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := m.control.Do(q)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(a.Body)
	if err := errors.Join(err, a.Body.Close()); err != nil {
		return err
	}
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("rclone's %s: %s: %s", what, a.Status, bytes.TrimSpace(text))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// controlOf gives a client that speaks to a socket, over one connection for each request.
func controlOf(socket string) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
}
