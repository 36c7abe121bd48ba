package pending

import (
	"errors"
	"fmt"
	"io"
)

// compact puts a new file in the journal's place, which holds the records of
// snapshot and then those that were appended after compact was called. The caller
// sees to it that snapshot says all that was appended before, and nothing of what
// is appended later unless that may be replayed twice.
//
// Appends and syncs go on meanwhile, but for the few milliseconds in which the files
// change places; no lock is held while snapshot runs. When it fails, the journal is
// what it was.
func (j *journal) compact(snapshot func(yield func(body []byte) error) error) error {
	return j.compactFrom(j.mark(), snapshot)
}

// mark stands for all that was appended up to now.
func (j *journal) mark() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.appended
}

// compactFrom is compact for a caller whose snapshot says all that was appended up to
// mark and nothing of what came after, as when both were taken under the caller's own
// lock.
func (j *journal) compactFrom(mark int64, snapshot func(yield func(body []byte) error) error) error {
	j.compacting.Lock()
	defer j.compacting.Unlock()
	if err := j.failure(); err != nil {
		return err
	}
	if mark < j.folded {
		return fmt.Errorf("compacting the journal: its records after %d are no longer there singly", mark)
	}
	file, err := j.disk.create(j.path("next"))
	if err != nil {
		return fmt.Errorf("compacting the journal: %w", err)
	}
	crash("compact.begun")
	c := compaction{j: j, to: newRecordWriter(file), old: j.tail.file, mark: mark}
	if err = c.copy(snapshot); err == nil {
		err = c.replace()
	}
	if err != nil {
		return fmt.Errorf("compacting the journal: %w", errors.Join(err, c.drop()))
	}
	crash("compact.replaced")
	j.folded = mark
	if err := c.old.Close(); err != nil {
		j.log.Warn("closing the old journal", "error", err)
	}
	return nil
}

// compaction is a new file on its way.
type compaction struct {
	j   *journal
	to  *recordWriter
	old journalFile
	// mark is up to where the old file's records are in the new one.
	mark int64
	// synced is up to where the new one is durable.
	synced int64
	// named says that the new file may bear the journal's name already.
	named bool
}

// drop gives the room of a new file back that came to nothing, unless a start may
// find it in the journal's place.
func (c *compaction) drop() error {
	if c.named {
		return c.to.file.Close()
	}
	return discard(c.to.file)
}

func discard(file journalFile) error {
	return errors.Join(file.Truncate(0), file.Close())
}

// copy writes most of the new file and makes it durable, so that little is left to
// do while appends wait.
func (c *compaction) copy(snapshot func(yield func(body []byte) error) error) error {
	if err := snapshot(c.to.copy); err != nil {
		return err
	}
	return c.catchUp()
}

// catchUp copies the records after mark, and makes durable what was written.
func (c *compaction) catchUp() error {
	c.j.mu.Lock()
	base, upTo := c.j.base, c.j.appended
	c.j.mu.Unlock()
	if c.mark < upTo {
		// From the beginning: only so the chain shows that the records are good.
		r, err := newRecordReader(c.old, upTo-base)
		for err == nil {
			var body []byte
			at := base + r.at
			if body, err = r.next(); err == nil && at >= c.mark {
				err = c.to.copy(body)
			}
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		c.mark = upTo
	}
	if err := c.to.flush(); err != nil || c.to.end == c.synced {
		return err
	}
	crash("compact.copied")
	c.synced = c.to.end
	return c.to.file.datasync()
}

// replace lets the new file take the old one's place.
func (c *compaction) replace() error {
	j := c.j
	j.flushing.Lock()
	defer j.flushing.Unlock()
	j.order.Lock()
	defer j.order.Unlock()
	if err := j.failure(); err != nil {
		return err
	}
	if err := c.catchUp(); err != nil {
		return err
	}
	c.named = true
	if err := j.putNext(); err != nil {
		// At the next start either file may be the journal, so records may go to
		// neither.
		return j.fail(err)
	}
	j.tail = c.to
	j.mu.Lock()
	defer j.mu.Unlock()
	j.base = j.appended - c.to.end
	j.durable = j.appended
	j.endRound()
	return nil
}

// putNext gives the next file the journal's name, durably.
func (j *journal) putNext() error {
	crash("journal.rename")
	if err := j.disk.rename(j.path("next"), j.path("journal")); err != nil {
		return err
	}
	crash("journal.renamed")
	return j.disk.syncDir(j.path(""))
}
