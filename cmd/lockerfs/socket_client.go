package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/lockerfs/lockerfs/fs/intake"
)

// client is a locker through the control socket of the process that owns it.
type client struct {
	http *http.Client
}

var _ locker = (*client)(nil)

// lastWord is how long an import that was told to end may take to report.
const lastWord = 30 * time.Second

// dial reaches the owner of the state folder; ok is false when nobody answers.
func dial(ctx context.Context, state string) (_ *client, ok bool) {
	var d net.Dialer
	path := findSocketPath(state)
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, false
	}
	conn.Close()
	return &client{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", path) },
	}}}, true
}

// Close is locker's.
func (c *client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// do sends a request; an answer that is a fault comes back as its error.
func (c *client) do(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		text = bytes.NewReader(b)
	}
	u := url.URL{Scheme: "http", Host: "lockerfs", Path: path, RawQuery: query.Encode()}
	r, err := http.NewRequestWithContext(ctx, method, u.String(), text)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.lost(ctx, err)
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	defer answer.Body.Close()
	var f frame
	if err := json.NewDecoder(answer.Body).Decode(&f); err != nil || f.Fault == nil {
		return nil, fmt.Errorf("the running lockerfs answers %s", answer.Status)
	}
	return nil, f.Fault.err()
}

// lost gives words to a connection that ended in the middle.
func (c *client) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &fault{code: exitOther, cause: "the running lockerfs went away", next: "run the command again", err: err}
}

func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	answer, err := c.do(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return c.lost(ctx, err)
	}
	return nil
}

// Status is locker's.
func (c *client) Status(ctx context.Context) (s status, err error) {
	return s, c.get(ctx, pathStatus, nil, &s)
}

// Info is locker's.
func (c *client) Info(ctx context.Context, path string) (i info, err error) {
	return i, c.get(ctx, pathInfo, url.Values{"path": {path}}, &i)
}

// List is locker's.
func (c *client) List(ctx context.Context, path string, deep bool, emit func(listed) error) error {
	query := url.Values{"path": {path}, "deep": {strconv.FormatBool(deep)}}
	answer, err := c.do(ctx, http.MethodGet, pathList, query, nil)
	if err != nil {
		return err
	}
	return c.frames(ctx, answer.Body, func(f frame) error {
		if f.Entry == nil {
			return nil
		}
		return emit(*f.Entry)
	})
}

// Import is locker's. When ctx ends, the other side is told to stop, and its report
// is waited for.
func (c *client) Import(ctx context.Context, paths []string, opts intake.Options, progress func(intake.Progress)) (intake.Report, error) {
	request := importRequest{ID: rand.Text(), Paths: paths, Options: opts}
	// The request itself outlives ctx for as long as the last word takes.
	whole, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	stop := context.AfterFunc(ctx, func() {
		short, cancel := context.WithTimeout(whole, lastWord)
		defer cancel()
		if answer, err := c.do(short, http.MethodDelete, pathImport+"/"+request.ID, nil, nil); err == nil {
			answer.Body.Close()
		}
		<-short.Done()
		giveUp()
	})
	defer stop()
	answer, err := c.do(whole, http.MethodPost, pathImport, nil, request)
	if err != nil {
		return intake.Report{}, errors.Join(ctx.Err(), err)
	}
	var report intake.Report
	err = c.frames(whole, answer.Body, func(f frame) error {
		if f.Progress != nil && progress != nil {
			progress(*f.Progress)
		}
		if f.Report != nil {
			report = *f.Report
		}
		return nil
	})
	return report, err
}

// frames hands every frame to take, closes body and gives the fault of the last.
func (c *client) frames(ctx context.Context, body io.ReadCloser, take func(frame) error) error {
	defer body.Close()
	lines := json.NewDecoder(body)
	for {
		var f frame
		if err := lines.Decode(&f); err != nil {
			return c.lost(ctx, err)
		}
		if err := take(f); err != nil {
			return err
		}
		if f.End {
			return f.Fault.err()
		}
	}
}
