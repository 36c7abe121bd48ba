package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// clockPrefix is where objects are put for a moment, to learn the store's time.
const clockPrefix = ".lockerfs/gc/"

// clock gives the store's time. Ours may be anything.
func (r *collecting) clock(ctx context.Context) (time.Time, error) {
	if r.dry {
		return time.Now(), nil
	}
	key := clockPrefix + NewCommitID()
	if _, err := r.store.Put(ctx, key, section([]byte("lockerfs gc\n")), remote.PutOptions{ContentType: "text/plain"}); err != nil {
		return time.Time{}, fmt.Errorf("asking the store for its time: %w", err)
	}
	obj, err := r.store.Head(ctx, key)
	if err == nil && obj.ModTime.IsZero() {
		err = fmt.Errorf("the store does not say when an object was written: %w", remote.ErrCorrupt)
	}
	return obj.ModTime, errors.Join(err, r.store.Delete(context.WithoutCancel(ctx), key))
}

// logTimes are the store's times of the commits from number first on, without a gap.
type logTimes struct {
	first int64
	at    []int64 // nanoseconds since 1970
}

// readLogTimes lists the log. A gap in it is ErrCorrupt.
func readLogTimes(ctx context.Context, s remote.Lister) (logTimes, error) {
	var t logTimes
	for after := ""; ; {
		page, err := s.List(ctx, logPrefix, after, 0)
		if err != nil {
			return t, fmt.Errorf("listing the log: %w", err)
		}
		for _, o := range page.Objects {
			n, ok := parseLogKey(o.Key)
			if !ok {
				continue // nothing of ours
			}
			if len(t.at) == 0 {
				t.first = n
			} else if n != t.last()+1 {
				return t, fmt.Errorf("commit %d is missing, %d is there: %w", t.last()+1, n, ErrCorrupt)
			}
			t.at = append(t.at, o.ModTime.UnixNano())
		}
		if after = page.Next; after == "" {
			return t, nil
		}
	}
}

// last gives the last commit; 0 where there is none.
func (t *logTimes) last() int64 { return max(0, t.first+int64(len(t.at))-1) }

// of gives the time of commit n; zero where it is not known.
func (t *logTimes) of(n int64) time.Time {
	if n < t.first || n > t.last() {
		return time.Time{}
	}
	return time.Unix(0, t.at[n-t.first])
}

// lastOlder gives the last commit that was, with all before it, written up to a time; 0
// for none.
func (t *logTimes) lastOlder(than time.Time) int64 {
	for i, at := range t.at {
		if at > than.UnixNano() {
			return t.first + int64(i) - 1
		}
	}
	return t.last()
}

// readable makes sure that the commits which count as empty do so by the rules, and not
// because their bytes have rotted: other devices may have read them whole, and know of
// files that this one does not.
func (x *Index) readable(ctx context.Context, log *Log) error {
	_, epoch, err := x.Bound(ctx)
	if err != nil {
		return err
	}
	numbers, err := x.invalid(ctx)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		body, err := log.Read(ctx, n)
		if err != nil {
			return fmt.Errorf("reading commit %d: %w", n, err)
		}
		if _, err := DecodeCommit(n, epoch, body); err != nil && !errors.Is(err, ErrEpoch) {
			return fmt.Errorf("commit %d cannot be read, so nobody knows what it refers to: %w: %w", n, err, ErrCorrupt)
		}
	}
	return nil
}

// invalid gives the commits that counted as empty.
func (x *Index) invalid(ctx context.Context) (numbers []int64, err error) {
	rows, err := x.read.QueryContext(ctx, "SELECT n FROM invalid ORDER BY n")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, rows.Err()
}

// pastUpTo counts the versions that commits up to n took away.
func (x *Index) pastUpTo(ctx context.Context, n int64) (s Sum, err error) {
	err = x.read.QueryRowContext(ctx, `SELECT count(*), CAST(total(CAST(body AS TEXT) ->> '$.version.size') AS INTEGER)
		FROM past WHERE n <= ?`, n).Scan(&s.Objects, &s.Bytes)
	return s, err
}
