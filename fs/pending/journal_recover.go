package pending

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"
)

// errUnknownRecord is what a replay answers to a record that it does not know, from
// a newer version perhaps: it and all that follow go into quarantine.
var errUnknownRecord = errors.New("the record is of an unknown kind")

// quarantined tells of bytes that were put aside because they make no sense here.
type quarantined struct {
	path  string
	bytes int64
}

// openJournal opens the journal in the state folder dir, which the process owns, or
// begins one, and gives each good record in order to replay, which may keep it. What
// comes after them is put into quarantine and told of; any error of replay but
// errUnknownRecord ends the opening, with the journal as it was.
func openJournal(dir string, log *slog.Logger, replay func(body []byte) error) (*journal, []quarantined, error) {
	return openJournalOn(osDisk{}, dir, log, replay)
}

func openJournalOn(disk journalDisk, dir string, log *slog.Logger, replay func(body []byte) error) (*journal, []quarantined, error) {
	j := &journal{disk: disk, dir: dir, log: log, round: make(chan struct{}),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	damaged, err := j.recover(replay)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the journal in %s: %w", dir, err)
	}
	j.appended, j.durable = j.tail.end, j.tail.end
	j.timer = time.AfterFunc(time.Hour, j.nudge)
	j.timer.Stop()
	go j.flusher()
	return j, damaged, nil
}

// recover leaves the good records in a durable file that ends with them.
func (j *journal) recover(replay func(body []byte) error) ([]quarantined, error) {
	if err := errors.Join(j.disk.mkdir(j.path("")), j.disk.syncDir(j.dir)); err != nil {
		return nil, err
	}
	old, size, err := j.disk.open(j.path("journal"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, j.rewrite(nil, 0)
	}
	if err != nil {
		return nil, err
	}
	good, err := j.replay(old, size, replay)
	if err != nil {
		return nil, errors.Join(err, old.Close())
	}
	var damaged []quarantined
	if good.at < size {
		q, err := j.quarantine(old, good.at, size)
		if err != nil {
			return nil, errors.Join(err, old.Close())
		}
		damaged = append(damaged, q)
	}
	err = j.rewrite(old, good.at)
	if diskFull(err) && good.at >= headerBytes {
		return damaged, j.goOn(old, good, err)
	}
	return damaged, errors.Join(err, old.Close())
}

// goOn takes the old file on, behind its good records, because there is no room for
// another. The rest is in quarantine if there was one.
func (j *journal) goOn(old journalFile, good *recordReader, cause error) error {
	j.log.Warn("no room to write the journal anew, going on in the old file", "error", cause)
	if err := errors.Join(old.Truncate(good.at), old.datasync()); err != nil {
		return errors.Join(err, old.Close())
	}
	j.tail = &recordWriter{file: old, end: good.at, last: good.last, next: good.last}
	return nil
}

// replay hands out the good records, and gives a reader that stands at their end.
func (j *journal) replay(old journalFile, size int64, replay func(body []byte) error) (*recordReader, error) {
	r, err := newRecordReader(old, size)
	for err == nil {
		before := *r
		var body []byte
		if body, err = r.next(); err != nil {
			break
		}
		if err = replay(body); errors.Is(err, errUnknownRecord) {
			return &before, nil
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errBadRecord) {
		err = nil
	}
	return r, err
}

// quarantine copies what lies between from and to, and returns when it is durable.
func (j *journal) quarantine(old journalFile, from, to int64) (quarantined, error) {
	aside := filepath.Join(j.dir, "quarantine")
	if err := errors.Join(j.disk.mkdir(aside), j.disk.syncDir(j.dir)); err != nil {
		return quarantined{}, err
	}
	// The name is new even when the clock is wrong.
	name := time.Now().UTC().Format("20060102T150405.000") + "-" + rand.Text()[:6]
	q := quarantined{filepath.Join(aside, "journal-"+name), to - from}
	file, err := j.disk.create(q.path)
	if err != nil {
		return q, err
	}
	_, err = io.Copy(io.NewOffsetWriter(file, 0), io.NewSectionReader(old, from, q.bytes))
	if err == nil {
		err = file.datasync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = j.disk.syncDir(aside)
	}
	if err != nil {
		return q, fmt.Errorf("putting damaged records aside: %w", err)
	}
	j.log.Error("records of the journal are damaged or unknown and were put aside", "records", q.path, "bytes", q.bytes)
	return q, nil
}

// rewrite writes the records in the first size bytes of old to a new file, puts that
// in the journal's place and makes it durable.
func (j *journal) rewrite(old journalFile, size int64) error {
	file, err := j.disk.create(j.path("next"))
	if err != nil {
		return err
	}
	to := newRecordWriter(file)
	if size >= headerBytes {
		err = copyRecords(to, old, size)
	}
	if err == nil {
		err = to.flush()
	}
	if err == nil {
		err = file.datasync()
	}
	if err != nil {
		return errors.Join(err, discard(file))
	}
	crash("journal.rewritten")
	if err := j.putNext(); err != nil {
		// Either may be the journal now, so none can be gone on with: not %w, lest
		// it be taken for a lack of room.
		return fmt.Errorf("replacing the journal: %v", errors.Join(err, file.Close()))
	}
	j.tail = to
	return nil
}

// copyRecords copies the records in the first size bytes of old, which are good.
func copyRecords(to *recordWriter, old journalFile, size int64) error {
	r, err := newRecordReader(old, size)
	for err == nil {
		var body []byte
		if body, err = r.next(); err == nil {
			err = to.copy(body)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
