package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/lockerfs/lockerfs/remote"
)

const logPrefix = ".lockerfs/log/"

// Log is the sequence of commits in the store.
type Log struct {
	store remote.Store
	// createOnly is false at a store without conditional writes, where one device
	// alone may commit.
	createOnly bool
}

func parseLogKey(key string) (n int64, ok bool) {
	digits := strings.TrimPrefix(key, logPrefix)
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n > 0 && len(digits) == 20
}

// NewLog gives the log of the locker in s. Where the store does not enforce
// create-only writes, Append writes plainly, and the caller has made sure that
// this is the only device.
func NewLog(s remote.Store, createOnly bool) *Log { return &Log{store: s, createOnly: createOnly} }

// Store is where the log is.
func (l *Log) Store() remote.Store { return l.store }

func logKey(n int64) string { return fmt.Sprintf("%s%020d", logPrefix, n) }

// Read gives the body of commit n. Only remote.ErrNotFound means that n has not
// been written yet. Of an object that is too large to be a commit it gives so much
// that DecodeCommit refuses it.
func (l *Log) Read(ctx context.Context, n int64) ([]byte, error) {
	body, _, err := l.store.Get(ctx, logKey(n), remote.Range{Length: MaxCommitBody + 1}, "")
	if errors.Is(err, remote.ErrRange) {
		return nil, nil // an empty object
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, MaxCommitBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading commit %d: %w", n, err)
	}
	return b, nil
}

// Append tries to write body as commit n. An error does not tell who has n: the
// write may have gone through and its answer been lost. Mine tells.
//
// Where the store has no create-only writes it looks first: not safe against another
// device in the same moment, which is why there must be none, but safe against a
// commit that stands there for long.
func (l *Log) Append(ctx context.Context, n int64, body []byte) error {
	opts := remote.PutOptions{ContentType: "application/zstd"}
	if opts.If.Absent = l.createOnly; !l.createOnly {
		switch _, err := l.store.Head(ctx, logKey(n)); {
		case err == nil:
			return fmt.Errorf("commit %d: %w", n, remote.ErrExists)
		case !errors.Is(err, remote.ErrNotFound):
			return err
		}
	}
	_, err := l.store.Put(ctx, logKey(n), section(body), opts)
	return err
}

// Tail lists the numbers of the commits after n, ascending and without a gap. A
// gap is ErrCorrupt: reading on to it would look like having read everything.
func (l *Log) Tail(ctx context.Context, n int64) ([]int64, error) {
	var numbers []int64
	for after := logKey(n); ; {
		page, err := l.store.List(ctx, logPrefix, after, 0)
		if err != nil {
			return nil, fmt.Errorf("listing the log: %w", err)
		}
		for _, o := range page.Objects {
			got, ok := parseLogKey(o.Key)
			if !ok {
				continue // nothing of ours
			}
			if n++; got != n {
				return nil, fmt.Errorf("commit %d is missing, %d is there: %w", n, got, ErrCorrupt)
			}
			numbers = append(numbers, got)
		}
		if page.Next == "" {
			return numbers, nil
		}
		after = page.Next
	}
}

// Begun tells whether any commit, or any checkpoint, has been written here.
func (l *Log) Begun(ctx context.Context) (bool, error) {
	for _, prefix := range []string{logPrefix, manifestPrefix} {
		page, err := l.store.List(ctx, prefix, "", 1)
		if err != nil {
			return false, err
		}
		if len(page.Objects) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// Mine tells whether commit n, as it stands in the store, is the one with this id.
// The error is remote.ErrNotFound while nobody has written n.
func (l *Log) Mine(ctx context.Context, n int64, epoch, id string) (bool, error) {
	body, err := l.Read(ctx, n)
	if err != nil {
		return false, err
	}
	c, err := DecodeCommit(n, epoch, body)
	if errors.Is(err, ErrInvalid) || errors.Is(err, ErrEpoch) {
		return false, nil // somebody else's
	}
	if err != nil {
		return false, err
	}
	return c.ID == id, nil
}
