package cache

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	// maxResumes bounds how often one range is asked for again after a cut.
	maxResumes = 32
	// maxVersions bounds how often the version may change under one range.
	maxVersions = 2
	// maxEmpty bounds reads that give neither bytes nor an error.
	maxEmpty = 100
)

// errSurplus: an answer goes on beyond the range asked for.
var errSurplus = errors.New("more bytes than asked for")

// source reads exactly the bytes from off to end of one object version. It goes on
// after a cut as long as each answer gives something, and takes no answer of another
// version or size. The store has checked that the range is the one asked for.
type source struct {
	r        *replica
	ctx      context.Context
	off, end int64
	wanted   func() bool // asked after a cut: is it worth another request?
	body     io.ReadCloser
	moved    bool // the answer being read gave something
	resumes  int
	versions int
}

// Read gives the next bytes, and io.EOF when all were given and the store sent no
// more than it was asked for. Its errors match the kinds of package remote.
func (s *source) Read(p []byte) (int, error) {
	for empty := 0; empty < maxEmpty; empty++ {
		if s.off == s.end {
			return 0, s.surplus()
		}
		if s.body == nil {
			if err := s.open(); err != nil {
				return 0, err
			}
		}
		n, err := s.body.Read(p[:min(int64(len(p)), s.end-s.off)])
		if n > 0 {
			s.off += int64(n)
			s.moved = true
			s.r.c.count.fetched.Add(int64(n))
			return n, nil
		}
		if err == nil {
			continue
		}
		s.close()
		if s.resumes++; !s.moved || s.resumes > maxResumes || s.ctx.Err() != nil {
			return 0, s.fault(err)
		}
		if !s.wanted() {
			return 0, errAbandoned
		}
	}
	return 0, s.fault(io.ErrNoProgress)
}

// surplus looks for bytes beyond the range: an answer that has them was another
// range, and none of it can be trusted.
func (s *source) surplus() error {
	if s.body == nil {
		return io.EOF
	}
	defer s.close()
	var one [1]byte
	for range maxEmpty {
		n, err := s.body.Read(one[:])
		if n > 0 {
			return s.corrupt(errSurplus)
		}
		if err != nil {
			return io.EOF
		}
	}
	return io.EOF
}

// open asks for the rest of the range.
func (s *source) open() error {
	for {
		etag := s.r.version()
		body, got, err := s.r.c.fetch.Get(s.ctx, s.r.obj.Key, remote.Range{Offset: s.off, Length: s.end - s.off}, etag)
		if err == nil && etag != "" && got.ETag != etag {
			body.Close()
			err = &remote.Error{Op: "get", Key: s.r.obj.Key, Kind: remote.ErrPrecondition, Err: errors.New("another ETag in the answer")}
		}
		if errors.Is(err, remote.ErrPrecondition) {
			if s.versions++; s.versions > maxVersions || !s.r.doubt(etag) {
				return err
			}
			continue
		}
		if err != nil {
			return s.fault(err)
		}
		if got.Size != s.r.obj.Size {
			body.Close()
			return s.corrupt(fmt.Errorf("the object has %d bytes and not %d", got.Size, s.r.obj.Size))
		}
		if !s.r.learn(etag, got.ETag) {
			body.Close()
			if s.versions++; s.versions > maxVersions {
				return s.corrupt(errors.New("the object changes all the time"))
			}
			continue
		}
		s.body, s.moved = body, false
		return nil
	}
}

func (s *source) close() {
	if s.body != nil {
		s.body.Close()
		s.body = nil
	}
}

func (s *source) corrupt(why error) error {
	return &remote.Error{Op: "get", Key: s.r.obj.Key, Kind: remote.ErrCorrupt, Err: why}
}

// fault gives err a kind. A body that only ends too early contradicts its own
// length; any other cut is a connection that broke.
func (s *source) fault(err error) error {
	switch {
	case s.ctx.Err() != nil:
		return context.Cause(s.ctx)
	case hasKind(err):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrNoProgress):
		return s.corrupt(io.ErrUnexpectedEOF)
	}
	return &remote.Error{Op: "get", Key: s.r.obj.Key, Kind: remote.ErrOffline, Err: err}
}

// hasKind tells whether err is one of the kinds of package remote already.
func hasKind(err error) bool {
	for _, kind := range []error{
		remote.ErrNotFound, remote.ErrExists, remote.ErrPrecondition, remote.ErrNotImplemented,
		remote.ErrOffline, remote.ErrDenied, remote.ErrThrottled, remote.ErrCorrupt,
		remote.ErrNoStore, remote.ErrRange, remote.ErrFull, remote.ErrInvalid,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// version is the ETag the next Get has to name.
func (r *replica) version() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.etag
}

// doubt is called when the store has another version than etag. One of our own
// objects with a known SHA-256 may be fetched all the same, as nothing of it is
// served before the whole matched. It tells whether to ask again.
func (r *replica) doubt(etag string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.etag != etag {
		return true
	}
	if r.obj.Foreign || !(Object{SHA256: r.sum}).hashed() {
		return false
	}
	r.etag, r.suspect, r.verified = "", true, false
	r.wakeAll()
	return true
}

// learn fixes the version that a Get without one found, so that all further ranges
// are of the same. It tells whether the answer is of the version now fixed.
func (r *replica) learn(asked, got string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.etag == "" && asked == "" {
		r.etag = got
	}
	return r.etag == got || r.etag == asked
}
