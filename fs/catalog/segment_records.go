package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// condemned is an object that was given up, as checkpoints carry it.
type condemned struct {
	// Hash is in hex, because common JSON tools do not keep such numbers.
	Hash string `json:"hash"`
	N    int64  `json:"n"`
}

// ignored is a foreign object that is not to be adopted again.
type ignored struct {
	Key  string `json:"key"`
	ETag string `json:"etag"`
	Size int64  `json:"size"`
}

// recordCut decides where segments of such objects are cut: after a hash with these bits
// clear, one in 4,096, so that a new one changes one segment.
const recordCut = 0xfff

// condemned writes what was given up, in the order of the hashes.
func (s *snapshot) condemned(ctx context.Context, w *segmentWriter) error {
	rows, err := s.tx.QueryContext(ctx, "SELECT hash, n FROM condemned ORDER BY hash")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var hash, n int64
		if err := rows.Scan(&hash, &n); err != nil {
			return err
		}
		line := segmentLine{Condemned: &condemned{Hash: fmt.Sprintf("%016x", uint64(hash)), N: n}}
		if err := w.addRecord(hash, line); err != nil {
			return err
		}
	}
	return rows.Err()
}

// ignored writes what is ignored, in the order of the keys.
func (s *snapshot) ignored(ctx context.Context, w *segmentWriter) error {
	rows, err := s.tx.QueryContext(ctx, "SELECT key, etag, size FROM ignored ORDER BY key, etag")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i ignored
		if err := rows.Scan(&i.Key, &i.ETag, &i.Size); err != nil {
			return err
		}
		if err := w.addRecord(keyHash(i.Key), segmentLine{Ignored: &i}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// addRecord adds a line that is in no folder.
func (w *segmentWriter) addRecord(hash int64, line segmentLine) error {
	if err := w.add(0, line); err != nil || hash&recordCut != 0 {
		return err
	}
	return w.flush()
}

// settings gives the settings; nil where nothing was set.
func (s *snapshot) settings(ctx context.Context) (*Settings, error) {
	var text string
	err := s.tx.QueryRowContext(ctx, "SELECT coalesce((SELECT value FROM meta WHERE key = 'settings'), '')").Scan(&text)
	if err != nil || text == "" {
		return nil, err
	}
	settings := new(Settings)
	return settings, json.Unmarshal([]byte(text), settings)
}

func (s *txState) restoreSettings(settings *Settings) error {
	if settings == nil {
		return nil
	}
	if err := settings.check(); err != nil {
		return fmt.Errorf("%v: %w", err, ErrCorrupt)
	}
	return s.Configure(*settings)
}

func (s *txState) restoreCondemned(c *condemned) error {
	hash, err := strconv.ParseUint(c.Hash, 16, 64)
	if err != nil || len(c.Hash) != 16 || c.N <= 0 {
		return fmt.Errorf("condemned %.20q by commit %d: %w", c.Hash, c.N, ErrCorrupt)
	}
	return s.condemn(int64(hash), c.N)
}

func (s *txState) restoreIgnored(i *ignored) error {
	if err := checkKey(i.Key); err != nil || i.ETag == "" || len(i.ETag) > maxETag || i.Size < 0 {
		return errors.Join(fmt.Errorf("ignored object %.80q: %w", i.Key, ErrCorrupt), err)
	}
	return s.Ignore(Ref{Key: i.Key, ETag: i.ETag}, i.Size)
}
