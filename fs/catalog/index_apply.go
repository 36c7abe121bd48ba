package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
)

// Past is what one operation took away: an entry as it was before commit N.
type Past struct {
	Entry Entry `json:"entry"`
	// N is the number of the commit.
	N int64 `json:"n"`
	// At is when it was done, nanoseconds since 1970, UTC.
	At int64 `json:"at"`
}

// Applied is what became of one commit.
type Applied struct {
	N int64
	// ID is the commit's own; empty for one that cannot be read.
	ID      string
	Changes []Change
	// Invalid says why the commit counted as empty; nil for a good one.
	Invalid error
}

// Apply takes body as commit n, which must be the one after Applied. A commit that
// breaks the rules counts as empty here as everywhere. ErrNewer stops the index
// where it is, and so does ErrEpoch: whether the catalog was rebuilt is for the
// format to say.
func (x *Index) Apply(ctx context.Context, n int64, body []byte) (Applied, error) {
	return x.apply(ctx, n, body, ErrInvalid)
}

// apply takes a commit; one with an error of kind empty counts as empty.
func (x *Index) apply(ctx context.Context, n int64, body []byte, empty error) (Applied, error) {
	done := Applied{N: n}
	err := x.update(ctx, func(st *txState) error {
		applied, err := st.meta("applied")
		if err != nil {
			return err
		}
		if applied != strconv.FormatInt(n-1, 10) {
			return fmt.Errorf("applying commit %d after %s: %w", n, applied, ErrCorrupt)
		}
		done.ID, done.Changes, err = st.applyBody(n, body)
		if errors.Is(err, ErrInvalid) || errors.Is(err, empty) {
			done.Invalid = err
			err = st.exec("INSERT INTO invalid (n, reason) VALUES (?, ?)", n, err.Error())
		}
		if err != nil {
			return err
		}
		return errors.Join(st.setMeta("applied", strconv.FormatInt(n, 10)), st.setMeta("sum", bodyHash(body)))
	})
	if err != nil {
		return Applied{}, fmt.Errorf("commit %d: %w", n, err)
	}
	return done, nil
}

// Check tells whether body would be a valid commit n, without applying it.
func (x *Index) Check(ctx context.Context, n int64, body []byte) error {
	return x.try(ctx, func(st *txState) error {
		_, _, err := st.applyBody(n, body)
		return err
	})
}

// Invalid gives why commit n counted as empty; found is false for a good one.
func (x *Index) Invalid(ctx context.Context, n int64) (reason string, found bool, err error) {
	err = x.read.QueryRowContext(ctx, "SELECT reason FROM invalid WHERE n = ?", n).Scan(&reason)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return reason, err == nil, err
}

// applyBody decodes and applies a commit; an invalid one leaves nothing behind.
func (s *txState) applyBody(n int64, body []byte) (id string, changes []Change, err error) {
	epoch, err := s.meta("epoch")
	if err != nil {
		return "", nil, err
	}
	c, err := DecodeCommit(n, epoch, body)
	if err != nil {
		return "", nil, err
	}
	err = s.attempt(func() error {
		if changes, err = Apply(s, c); err != nil {
			return err
		}
		return s.setChange(c.Header)
	})
	return c.ID, changes, err
}

// attempt runs f, and undoes what it did when it gives an error.
func (s *txState) attempt(f func() error) error {
	if err := s.exec("SAVEPOINT attempt"); err != nil {
		return err
	}
	err := f()
	if err != nil {
		if back := s.exec("ROLLBACK TO attempt"); back != nil {
			return back
		}
	}
	return errors.Join(err, s.exec("RELEASE attempt"))
}

func (s *txState) meta(key string) (string, error) {
	var value string
	_, err := s.one("SELECT value FROM meta WHERE key = ?", []any{key}, &value)
	return value, err
}
