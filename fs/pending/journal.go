package pending

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ErrJournal says that the disk failed under the journal, or that it is closed.
// Nothing more can be promised by this process; what was promised before stays.
var ErrJournal = errors.New("the journal on this machine takes no more")

// flushEvery is how long a record may wait for its fdatasync when nobody asks for
// it. With the time that one takes, this keeps within the second of the promise.
const flushEvery = 800 * time.Millisecond

// journal is a file of records, appended in order: what this device has promised.
//
// Why records and not SQLite. A name is acknowledged after one write(2), which is
// all that kill -9 asks for; SQLite would want a transaction of several, and with
// synchronous=FULL an fsync. Those who close files share one fdatasync, of one small
// piece of one file. That what is left after a power cut is a prefix of what was
// done comes for free, from CRCs that are chained; a database that is not synced at
// each step promises less. And nobody asks questions of it: what it says is small
// and lives in memory, the file is only for afterwards.
//
// # What may be trusted
//
// A record that append returned is safe from kill -9; it is safe from a power cut
// when sync returned, or about a second later. Recovery takes the records up to the
// first that is not as it was written, and none after it.
//
// After an fdatasync has failed nobody knows what is on the disk: the kernel may
// have dropped the pages and call the next one a success. So the first failure is
// the last word, append and sync answer [ErrJournal] from then on. Also a new
// process must not trust what it can read, it may be in memory only. So opening
// writes what it read to a new file, and syncs that.
//
// Nothing is allocated ahead. Measured on ext4 (p50 of an fdatasync after 400 bytes):
// 235 µs as it is, 205 with fallocate and KEEP_SIZE, for the size changes all the
// same; 140 when the file has its size already. That last third, which closers
// share, is not worth a file that ends in zeros, where lost records look like none.
//
// # Files
//
//	<dir>/journal/journal   the records
//	<dir>/journal/next      a new journal being written; worth nothing until renamed
//	<dir>/quarantine/…      what was not understood, from the first bad byte on
//
// # Locks
//
// In this order: compacting, flushing, order, mu. Writes happen under order, an
// fdatasync under flushing, so that neither waits for the other; no I/O under mu.
type journal struct {
	disk journalDisk
	dir  string
	log  *slog.Logger

	// compacting is held by the one who writes a new file, and by close. It guards
	// folded: the records up to that mark are in the file only as a snapshot.
	compacting sync.Mutex
	folded     int64
	// flushing is held by who syncs the file or puts another in its place.
	flushing sync.Mutex
	// order is held by who writes: it guards tail, and makes marks follow writes.
	order sync.Mutex
	tail  *recordWriter

	mu sync.Mutex // guards what follows
	// Marks are positions in bytes, as if there had been one file ever since the
	// journal was opened. The file begins at base, has records up to appended, and
	// those up to durable are on the disk.
	base, appended, durable int64
	// err is why the journal takes no more.
	err error
	// round is closed when the next fdatasync is over, or can no longer come.
	round chan struct{}
	// timed says that an fdatasync will come for what was appended.
	timed  bool
	closed bool

	timer *time.Timer
	// wake holds a token when an fdatasync is wanted; stop ends the flusher, and
	// done tells that it has ended.
	wake, stop, done chan struct{}
}

func (j *journal) path(name string) string { return filepath.Join(j.dir, "journal", name) }

// append writes a record of 1 byte to 16 MiB at the end. When it returns nil the
// record outlives the process; mark is what sync wants to hear to make it outlive a
// power cut too. An error that wraps syscall.ENOSPC or EDQUOT left no trace, and the
// next append may succeed; any other from the disk is for good, and wraps ErrJournal.
func (j *journal) append(body []byte) (mark int64, err error) {
	j.order.Lock()
	defer j.order.Unlock()
	if err := j.failure(); err != nil {
		return 0, err
	}
	if err := j.tail.add(body); err != nil {
		return 0, err
	}
	crash("journal.append")
	if err := j.tail.flush(); err != nil {
		return 0, j.cutBack(err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	crash("journal.appended")
	j.appended = j.base + j.tail.end
	if !j.timed {
		j.timed = true
		j.timer.Reset(flushEvery)
	}
	return j.appended, j.err
}

// cutBack removes what a failed write may have left. It needs order.
func (j *journal) cutBack(cause error) error {
	cut := j.tail.file.Truncate(j.tail.end)
	if cut == nil && diskFull(cause) {
		return fmt.Errorf("writing to the journal: %w", cause)
	}
	return j.fail(errors.Join(cause, cut))
}

// sync returns nil when all up to mark is on the disk. Those who wait at the same
// time share one fdatasync.
func (j *journal) sync(ctx context.Context, mark int64) error {
	for {
		j.mu.Lock()
		round, err := j.round, j.err
		there := j.durable >= min(mark, j.appended)
		j.mu.Unlock()
		if there {
			return nil
		}
		if err != nil {
			return err
		}
		j.nudge()
		select {
		case <-round:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// nudge asks for an fdatasync.
func (j *journal) nudge() {
	select {
	case j.wake <- struct{}{}:
	default: // one is asked for already, and has not begun
	}
}

// flusher is the goroutine that syncs. Callers of sync wait for it rather than do it
// themselves, so that they can go when their context ends.
func (j *journal) flusher() {
	defer close(j.done)
	for {
		select {
		case <-j.wake:
			j.flush()
		case <-j.stop:
			return
		}
	}
}

// flush makes durable what was appended before it began.
func (j *journal) flush() {
	j.flushing.Lock()
	defer j.flushing.Unlock()
	j.mu.Lock()
	upTo, due := j.appended, j.err == nil && j.appended > j.durable
	j.timed = false // what comes from now on needs another
	j.mu.Unlock()
	var err error
	if due {
		// Only who holds flushing may put another file there.
		crash("journal.sync")
		err = j.tail.file.datasync()
		crash("journal.synced")
	}
	if err != nil {
		err = j.fail(err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if due && err == nil {
		j.durable = upTo
	}
	j.endRound()
}

// endRound wakes those who wait. It needs mu.
func (j *journal) endRound() {
	close(j.round)
	j.round = make(chan struct{})
}

// fail makes the journal fail for good, and gives the error to answer with.
func (j *journal) fail(cause error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.err = fmt.Errorf("%w: %w", ErrJournal, cause)
		j.log.Error("the journal failed; nothing more is taken until the next start", "error", cause)
		j.endRound()
	}
	return j.err
}

func (j *journal) failure() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return fmt.Errorf("%w: %w", ErrJournal, os.ErrClosed)
	}
	return j.err
}

// size gives the bytes in the present file.
func (j *journal) size() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.appended - j.base
}

// close makes everything durable and ends the journal. The error says that it could
// not, now or at any time before.
func (j *journal) close() error {
	j.compacting.Lock()
	defer j.compacting.Unlock()
	j.order.Lock()
	j.mu.Lock()
	again := j.closed
	j.closed = true
	j.mu.Unlock()
	j.order.Unlock()
	if again {
		return nil
	}
	j.timer.Stop()
	close(j.stop)
	<-j.done
	j.flush()
	err := j.tail.file.Close()
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(j.err, err)
}
