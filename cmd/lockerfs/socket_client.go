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
	"net/url"
	"strconv"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// client is a locker through the control socket of the process that owns it.
type client struct {
	http *http.Client
	// state is the folder whose owner it is.
	state string
	// answer bounds how long the owner may take to say how it is.
	answer time.Duration
}

var _ locker = (*client)(nil)

// answerTime is how long the owner of a state folder may take to say how it is.
const answerTime = 10 * time.Second

// errSilent: the owner of the state folder is there and does not answer.
var errSilent = errors.New("no answer in time")

// dial reaches the owner of the state folder; ok is false when nobody listens.
func dial(ctx context.Context, state string) (_ *client, ok bool) {
	var d net.Dialer
	path, err := findSocketPath(state)
	if err != nil {
		return nil, false
	}
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, false
	}
	conn.Close()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", path) },
	}
	return &client{&http.Client{Transport: transport}, state, durationOf("LOCKERFS_ANSWER", answerTime)}, true
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
	if errors.Is(context.Cause(ctx), errSilent) {
		return silent(c.state)
	}
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

// silent says that the owner of a state folder does not answer: it was stopped, or
// hangs.
func silent(state string) error {
	who, next := "the process that owns "+state, "lockerfs umount, then end that process (fuser -v "+lockPath(state)+" shows it)"
	if pid := lockOwner(state); pid > 0 {
		who = fmt.Sprintf("process %d, which owns %s,", pid, state)
		next = fmt.Sprintf("kill -CONT %d if it was stopped, else kill -KILL %d and lockerfs umount", pid, pid)
	}
	return &fault{code: exitInUse, cause: who + " does not answer", next: next, err: errSilent}
}

// Status is locker's. It is what is asked first, so it is here that an owner that
// does not answer is found out.
func (c *client) Status(ctx context.Context) (s status, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.answer, errSilent)
	defer cancel()
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

// Search is locker's.
func (c *client) Search(ctx context.Context, words string, limit int) (found []catalog.Finding, err error) {
	answer, err := c.do(ctx, http.MethodGet, pathSearch, url.Values{"words": {words}, "limit": {strconv.Itoa(limit)}}, nil)
	if err != nil {
		return nil, err
	}
	return found, c.frames(ctx, answer.Body, func(f frame) error {
		if f.Finding != nil {
			found = append(found, *f.Finding)
		}
		return nil
	})
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
