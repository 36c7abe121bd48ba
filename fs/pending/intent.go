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
	// Planned: if another device got the number, nothing of it is to be committed anew,
	// for the overlay plans again.
	Planned bool `json:"planned,omitempty"`
}

// intentFile keeps the one intent of a state folder on disk. It is a single small
// record, replaced whole, so a file and a rename do; what is appended to all the time
// is in the journal.
type intentFile struct {
	dir string
}

func (f intentFile) path() string { return filepath.Join(f.dir, "intent.json") }

// write makes the intent durable.
func (f intentFile) write(in intent) error {
	sum := sha256.Sum256(in.Body)
	in.Sum = hex.EncodeToString(sum[:])
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	crash("intent.write")
	if err := writeDurably(f.path(), b); err != nil {
		return fmt.Errorf("recording the commit: %w", err)
	}
	return nil
}

// read gives the intent left behind, if there is one. A damaged record is put into
// quarantine and reported, never deleted.
func (f intentFile) read(log *slog.Logger) (*intent, error) {
	b, err := os.ReadFile(f.path())
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
	aside := filepath.Join(f.dir, "quarantine", "intent-"+time.Now().UTC().Format("20060102T150405.000")+".json")
	if err := os.MkdirAll(filepath.Dir(aside), 0o700); err != nil {
		return nil, err
	}
	if err := os.Rename(f.path(), aside); err != nil {
		return nil, err
	}
	log.Error("the record of an unfinished commit is damaged and was put aside", "record", aside)
	return nil, errors.Join(syncDir(filepath.Dir(aside)), syncDir(f.dir))
}

// clear forgets the intent once its fate is in the index.
func (f intentFile) clear() error {
	crash("intent.clear")
	if err := os.Remove(f.path()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	crash("intent.cleared")
	return syncDir(f.dir)
}
