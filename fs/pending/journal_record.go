package pending

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A journal file, little endian:
//
//	0    8 bytes "LKFSJRN\n"
//	8    uint32 format, 1
//	12   16 bytes, drawn for this file
//	28   uint32 CRC-32C of everything above
//	     per record: uint32 length of the body, 1 byte to 16 MiB; uint32 CRC-32C;
//	     the body
//
// The CRC of a record is over the CRC before it (of the header, for the first), the
// length and the body. So it says more than that the record is whole: it stands in
// this file, right after the one that was written before it. What an earlier file
// left in the same disk block, or a record whose predecessor was lost, is not taken.
const (
	journalMagic  = "LKFSJRN\n"
	journalFormat = 1
	headerBytes   = 32
	prefixBytes   = 8
	maxRecord     = 16 << 20
	// batchBytes is how much of a copy is written at once, and the most that a
	// buffer keeps for later.
	batchBytes = 256 << 10
)

// errBadRecord ends a journal: from here on it is not what was written.
var errBadRecord = errors.New("the record is torn or damaged")

// castagnoli is only read.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chain gives the CRC of a record that follows the one with the CRC last.
func chain(last uint32, body []byte) uint32 {
	var b [prefixBytes]byte
	binary.LittleEndian.PutUint32(b[:], last)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(body)))
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, body)
}

// recordWriter puts records at the end of a file. Records are added to a buffer,
// and flush writes them.
type recordWriter struct {
	file journalFile
	// end is the file's length, and last the CRC of the last record in it.
	end  int64
	last uint32
	// buf holds what is added but not written; next is the CRC of its last record.
	buf  []byte
	next uint32
}

// newRecordWriter begins a file, which is empty.
func newRecordWriter(file journalFile) *recordWriter {
	b := binary.LittleEndian.AppendUint32([]byte(journalMagic), journalFormat)
	b = append(b, make([]byte, 16)...)
	rand.Read(b[12:]) // never fails
	sum := crc32.Checksum(b, castagnoli)
	return &recordWriter{file: file, buf: binary.LittleEndian.AppendUint32(b, sum), next: sum}
}

func (w *recordWriter) add(body []byte) error {
	if len(body) == 0 || len(body) > maxRecord {
		return fmt.Errorf("a record of %d bytes: it must have 1 to %d", len(body), maxRecord)
	}
	w.next = chain(w.next, body)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(len(body)))
	w.buf = binary.LittleEndian.AppendUint32(w.buf, w.next)
	w.buf = append(w.buf, body...)
	return nil
}

// flush writes what was added with one write. When that fails what was added is
// forgotten, and the file may have a part of it after its end.
func (w *recordWriter) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.file.WriteAt(w.buf, w.end)
	if err == nil {
		w.end += int64(len(w.buf))
		w.last = w.next
	}
	w.next = w.last
	if w.buf = w.buf[:0]; cap(w.buf) > batchBytes {
		w.buf = nil
	}
	return err
}

// copy adds a record and writes in large pieces; flush must follow.
func (w *recordWriter) copy(body []byte) error {
	if err := w.add(body); err != nil {
		return err
	}
	if len(w.buf) < batchBytes {
		return nil
	}
	return w.flush()
}

// recordReader reads the records of a file.
type recordReader struct {
	r *bufio.Reader
	// at is where the next record begins, size where the file ends, last the CRC
	// before it.
	at, size int64
	last     uint32
}

// newRecordReader reads the first size bytes of a file. errBadRecord when they do
// not begin with a header.
func newRecordReader(file io.ReaderAt, size int64) (*recordReader, error) {
	r := &recordReader{r: bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 64<<10), size: size}
	if size < headerBytes {
		return r, errBadRecord
	}
	var b [headerBytes]byte
	if _, err := io.ReadFull(r.r, b[:]); err != nil {
		return r, err
	}
	sum := crc32.Checksum(b[:28], castagnoli)
	if string(b[:8]) != journalMagic || binary.LittleEndian.Uint32(b[8:]) != journalFormat ||
		binary.LittleEndian.Uint32(b[28:]) != sum {
		return r, errBadRecord
	}
	r.at, r.last = headerBytes, sum
	return r, nil
}

// next gives the next record's body, which is the caller's to keep; io.EOF after the
// last, errBadRecord where the file is no longer good, any other error when it could
// not be read. On an error the reader has not moved on.
func (r *recordReader) next() ([]byte, error) {
	left := r.size - r.at - prefixBytes
	if left == -prefixBytes {
		return nil, io.EOF
	}
	if left <= 0 {
		return nil, errBadRecord
	}
	var prefix [prefixBytes]byte
	if _, err := io.ReadFull(r.r, prefix[:]); err != nil {
		return nil, err
	}
	length, sum := binary.LittleEndian.Uint32(prefix[:]), binary.LittleEndian.Uint32(prefix[4:])
	// The length is not to be trusted before the CRC is: no more is asked for than
	// the file has.
	if length == 0 || length > maxRecord || int64(length) > left {
		return nil, errBadRecord
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r.r, body); err != nil {
		return nil, err
	}
	if chain(r.last, body) != sum {
		return nil, errBadRecord
	}
	r.at, r.last = r.at+prefixBytes+int64(length), sum
	return body, nil
}
