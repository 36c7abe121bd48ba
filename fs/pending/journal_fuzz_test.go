package pending

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"slices"
	"testing"
)

// journalOf is the file that these records make, written down once more.
func journalOf(header []byte, bodies [][]byte) []byte {
	file := slices.Clone(header)
	last := binary.LittleEndian.Uint32(header[28:])
	for _, b := range bodies {
		last = chain(last, b)
		file = binary.LittleEndian.AppendUint32(file, uint32(len(b)))
		file = binary.LittleEndian.AppendUint32(file, last)
		file = append(file, b...)
	}
	return file
}

// FuzzJournal opens any bytes as a journal. With flip not zero, b is cut into
// records of a sound file, and one byte of it, or the end of it, is changed.
func FuzzJournal(f *testing.F) {
	sound := written(f, "one", "two", "three")
	f.Add(sound, uint16(0), byte(0))
	f.Add(sound[:len(sound)-2], uint16(0), byte(0))
	f.Add(append(bytes.Clone(sound), make([]byte, 600)...), uint16(0), byte(0))
	f.Add([]byte("some bytes to make records of"), uint16(50), byte(1))
	f.Add([]byte("some bytes to make records of"), uint16(13), byte(0x80))
	f.Add([]byte{}, uint16(0), byte(0))
	header := sound[:headerBytes]
	f.Fuzz(func(t *testing.T, b []byte, at uint16, flip byte) {
		var bodies [][]byte
		file := b
		if flip != 0 {
			for c := range slices.Chunk(b, 1+len(b)%7) {
				bodies = append(bodies, c)
			}
			file = journalOf(header, bodies)
			file[int(at)%len(file)] ^= flip
		}
		got, rest := openBytes(t, file)
		if whole := len(file) - len(rest); whole > 0 && !bytes.Equal(journalOf(file[:headerBytes], got), file[:whole]) {
			t.Fatalf("%d records were not in the file", len(got))
		} else if whole == 0 && len(got) > 0 {
			t.Fatalf("%d records of a file that is no journal", len(got))
		}
		if flip != 0 && (len(got) >= max(len(bodies), 1) || !slices.EqualFunc(got, bodies[:len(got)], bytes.Equal)) {
			t.Fatalf("%d records, of %d, out of a damaged file", len(got), len(bodies))
		}
	})
}

// openBytes gives the records of a journal file, and what went to quarantine; the
// second opening must give the same records, and nothing more to put aside.
func openBytes(t *testing.T, file []byte) (got [][]byte, rest []byte) {
	t.Helper()
	disk := newSimDisk()
	disk.now.files[0] = &simFile{seen: file, disk: file}
	disk.now.names["/s/journal/journal"] = 0
	open := func() (bodies [][]byte, damaged []quarantined) {
		j, damaged, err := openJournalOn(disk, "/s", slog.New(slog.DiscardHandler), func(b []byte) error {
			bodies = append(bodies, b)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
		return bodies, damaged
	}
	got, damaged := open()
	for _, q := range damaged {
		rest = disk.now.content(q.path)
		if int64(len(rest)) != q.bytes || !bytes.HasSuffix(file, rest) {
			t.Fatalf("quarantine holds %d bytes that were not in the file", len(rest))
		}
	}
	if again, damaged := open(); len(damaged) > 0 || !slices.EqualFunc(again, got, bytes.Equal) {
		t.Fatalf("the second time %d records after %d, damaged %v", len(again), len(got), damaged)
	}
	return got, rest
}
