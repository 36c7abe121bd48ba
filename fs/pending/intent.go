package pending

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// intent is a commit that may have been sent: what must be known after a crash to
// find out, and to send it again.
type intent struct {
	N     int64  `json:"n"`
	ID    string `json:"id"`
	Epoch string `json:"epoch"`
	// Sum is the SHA-256 of Body, in hex.
	Sum  string `json:"sum"`
	Body []byte `json:"body"`
	// Rest are the operations that did not fit into the commit, to be committed next.
	Rest []catalog.Op `json:"rest,omitempty"`
}

// journal keeps the one intent of a state folder on disk. It is a single small
// record, replaced whole, so a file and a rename do; the journal of staged writes
// will bring its own store.
type journal struct {
	dir string
}

func (j journal) path() string { return filepath.Join(j.dir, "intent.json") }

// write makes the intent durable.
func (j journal) write(in intent) error {
	sum := sha256.Sum256(in.Body)
	in.Sum = hex.EncodeToString(sum[:])
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if err := writeDurably(j.path(), b); err != nil {
		return fmt.Errorf("recording the commit: %w", err)
	}
	return nil
}

// read gives the intent left behind, if there is one. A damaged record is put into
// quarantine and reported, never deleted.
func (j journal) read(log *slog.Logger) (*intent, error) {
	b, err := os.ReadFile(j.path())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var in intent
	if err := json.Unmarshal(b, &in); err == nil {
		sum := sha256.Sum256(in.Body)
		if want, _ := hex.DecodeString(in.Sum); bytes.Equal(sum[:], want) && in.N > 0 {
			return &in, nil
		}
	}
	aside := filepath.Join(j.dir, "quarantine", "intent-"+time.Now().UTC().Format("20060102T150405.000")+".json")
	if err := os.MkdirAll(filepath.Dir(aside), 0o700); err != nil {
		return nil, err
	}
	if err := os.Rename(j.path(), aside); err != nil {
		return nil, err
	}
	log.Error("the record of an unfinished commit is damaged and was put aside", "record", aside)
	return nil, errors.Join(syncDir(filepath.Dir(aside)), syncDir(j.dir))
}

// clear forgets the intent once its fate is in the index.
func (j journal) clear() error {
	if err := os.Remove(j.path()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return syncDir(j.dir)
}
