package intake

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// exportFolder is the folder of ours in the folder that is exported to.
const exportFolder = ".lockerfs-export"

// exportJournal remembers which files exports have written into a folder, how they left
// them, and with what content. A file that is as it was left is believed without reading
// it. Size and time alone would not do: a tagger that pads its tags keeps the size, and
// many set the time back.
//
// It is a line of JSON for each file. In memory are 64 bits of each, twice.
type exportJournal struct {
	dir  string // holds it, and files that are being written
	file *os.File

	mu    sync.Mutex // guards the fields below; held while writing a line into a buffer
	out   *bufio.Writer
	wrote time.Time
	// left are files as they were left, proven also with their content.
	left, proven map[uint64]struct{}
}

// exported is a file as an export has left it.
type exported struct {
	Path string `json:"path"` // below the folder
	Size int64  `json:"size"`
	// MTime is in units of two seconds since 1970: what every file system keeps.
	MTime  int64        `json:"mtime2"`
	SHA256 catalog.Hash `json:"sha256,omitzero"`
}

func exportedAs(to string, info os.FileInfo, h catalog.Hash) exported {
	return exported{Path: to, Size: info.Size(), MTime: twoSeconds(info.ModTime()), SHA256: h}
}

func twoSeconds(t time.Time) int64 { return t.Unix() >> 1 }

// keys names what was left, without and with its content.
func (e exported) keys() (left, proven uint64) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", e.Size, e.MTime, e.Path))
	left = binary.BigEndian.Uint64(sum[:8])
	sum = sha256.Sum256(append(sum[:], e.SHA256[:]...))
	return left, binary.BigEndian.Uint64(sum[:8])
}

// openExportJournal opens the journal of a folder. One process at a time may have it.
func openExportJournal(into string) (*exportJournal, error) {
	j := &exportJournal{dir: filepath.Join(into, exportFolder), left: map[uint64]struct{}{}, proven: map[uint64]struct{}{}, wrote: time.Now()}
	if err := os.Mkdir(j.dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(j.dir, "journal"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	j.file = f
	if err := errors.Join(lockFile(f), j.sweep(), j.load()); err != nil {
		f.Close()
		return nil, err
	}
	j.out = bufio.NewWriter(f)
	return j, nil
}

// sweep removes what an export that was killed was writing.
func (j *exportJournal) sweep() error {
	list, err := os.ReadDir(j.dir)
	for _, e := range list {
		for _, prefix := range []string{"part-", "plan-", "names-"} {
			if strings.HasPrefix(e.Name(), prefix) {
				err = errors.Join(err, os.RemoveAll(filepath.Join(j.dir, e.Name())))
			}
		}
	}
	return err
}

// load reads the journal, and cuts off a line that was not written whole.
func (j *exportJournal) load() error {
	in := bufio.NewReader(j.file)
	var end int64
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		end += int64(len(line))
		var e exported
		if json.Unmarshal(bytes.TrimSpace(line), &e) == nil { // else the file is hashed
			j.note(e)
		}
	}
	if err := j.file.Truncate(end); err != nil {
		return err
	}
	_, err := j.file.Seek(end, io.SeekStart)
	return err
}

func (j *exportJournal) note(e exported) {
	left, proven := e.keys()
	j.left[left] = struct{}{}
	j.proven[proven] = struct{}{}
}

// add keeps that a file was written, or found to be as it should.
func (j *exportJournal) add(e exported) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.note(e)
	if _, err = j.out.Write(append(b, '\n')); err == nil && time.Since(j.wrote) > time.Second {
		j.wrote = time.Now()
		err = j.out.Flush()
	}
	return err
}

// knows tells whether a file is as an export left it, and whether with this content.
func (j *exportJournal) knows(e exported) (left, proven bool) {
	a, b := e.keys()
	j.mu.Lock()
	defer j.mu.Unlock()
	_, left = j.left[a]
	_, proven = j.proven[b]
	return left, proven
}

func (j *exportJournal) close() error { return errors.Join(j.out.Flush(), j.file.Close()) }
