package catalog

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// formatKey is where a locker says that it is one.
const formatKey = ".lockerfs/format.json"

// lockerFormat is the newest layout of the store that this package reads.
const lockerFormat = 1

// Format is the content of format.json: what makes a place in a store a locker.
type Format struct {
	// Format is the version of the store's layout.
	Format int `json:"lockerfs"`
	// Locker names the locker for ever: 32 hex digits.
	Locker string `json:"locker"`
	// Epoch names the present run of the log: 32 hex digits. Rebuild begins a new
	// one, so that a device which followed the lost log notices.
	Epoch string `json:"epoch"`
	// Base is where an epoch begun by a rebuild starts: the number of the checkpoint
	// that holds the tree so far. 0 for a locker's first epoch, which starts empty.
	Base int64 `json:"base,omitempty"`
	// Created is when.
	Created time.Time `json:"created"`
}

// maxFormat bounds format.json, in bytes.
const maxFormat = 64 << 10

// ReadFormat reads the locker's format. ErrNoLocker means that the store answered
// and there is none; ErrNewer that this lockerfs is too old for it.
func ReadFormat(ctx context.Context, s remote.Getter) (Format, error) {
	body, err := get(ctx, s, formatKey, maxFormat)
	if errors.Is(err, remote.ErrNotFound) {
		return Format{}, ErrNoLocker
	}
	if err != nil {
		return Format{}, err
	}
	var f Format
	if err := json.Unmarshal(body, &f); err != nil {
		return Format{}, fmt.Errorf("%s: %v: %w", formatKey, err, ErrCorrupt)
	}
	if f.Format > lockerFormat {
		return Format{}, fmt.Errorf("%s says format %d: %w", formatKey, f.Format, ErrNewer)
	}
	if f.Format < 1 || !random128(f.Locker) || !random128(f.Epoch) || f.Base < 0 {
		return Format{}, fmt.Errorf("%s says format %d, locker %.40q: %w", formatKey, f.Format, f.Locker, ErrCorrupt)
	}
	return f, nil
}

// random128 tells whether s is what NewCommitID makes.
func random128(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 32
}

// CreateFormat makes the place a locker, or reads what makes it one already:
// created tells which. An empty locker id draws a new one.
func CreateFormat(ctx context.Context, s remote.Store, locker string) (f Format, created bool, err error) {
	if f, err = ReadFormat(ctx, s); !errors.Is(err, ErrNoLocker) {
		return f, false, err
	}
	if locker == "" {
		locker = NewCommitID()
	}
	mine := Format{Format: lockerFormat, Locker: locker, Epoch: NewCommitID(), Created: time.Now().UTC().Truncate(time.Second)}
	body, err := json.MarshalIndent(mine, "", "  ")
	if err != nil {
		return Format{}, false, err
	}
	opts := remote.PutOptions{If: remote.Condition{Absent: true}, ContentType: "application/json"}
	_, err = s.Put(ctx, formatKey, section(body), opts)
	if errors.Is(err, remote.ErrNotImplemented) {
		_, err = s.Put(ctx, formatKey, section(body), remote.PutOptions{ContentType: opts.ContentType})
	}
	// Whatever the answer was, what stands there now decides.
	f, readErr := ReadFormat(ctx, s)
	if readErr != nil {
		return Format{}, false, errors.Join(err, readErr)
	}
	return f, f.Epoch == mine.Epoch, nil
}

// writeFormat writes the format over whatever is there.
func writeFormat(ctx context.Context, s remote.Putter, f Format) error {
	body, err := json.MarshalIndent(f, "", "  ")
	if err == nil {
		_, err = s.Put(ctx, formatKey, section(body), remote.PutOptions{ContentType: "application/json"})
	}
	return err
}

// get reads a whole small object of at most limit bytes.
func get(ctx context.Context, s remote.Getter, key string, limit int64) ([]byte, error) {
	body, obj, err := s.Get(ctx, key, remote.Range{}, "")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if obj.Size > limit {
		return nil, fmt.Errorf("%s has %d bytes, at most %d: %w", key, obj.Size, limit, ErrCorrupt)
	}
	b, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	if int64(len(b)) != obj.Size {
		return nil, fmt.Errorf("%s gave %d bytes of %d: %w", key, len(b), obj.Size, ErrCorrupt)
	}
	return b, nil
}

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}
