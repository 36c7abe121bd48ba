package cache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	mapMagic    = "LKFSMAP\n"
	mapFormat   = 1
	mapVerified = 1 << 0
	mapNames    = 60           // offset of the key
	mapFixed    = mapNames + 4 // header without the names
	recordSize  = 8
	presentMark = 0x5ca1ab1e
)

var errBadMap = errors.New("not a map of this object")

func checksum(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }

// blockMap is what a map file says about one object.
type blockMap struct {
	verified bool
	present  []bool
	crc      []uint32
}

// encodeMap gives the bytes of obj's map file. m holds blockCount(obj.Size) blocks.
func encodeMap(obj Object, m blockMap) []byte {
	raw := make([]byte, 0, mapFixed+len(obj.Key)+len(obj.ETag)+recordSize*len(m.present))
	raw = append(raw, mapMagic...)
	raw = binary.LittleEndian.AppendUint32(raw, mapFormat)
	var flags uint32
	if m.verified {
		flags |= mapVerified
	}
	raw = binary.LittleEndian.AppendUint32(raw, flags)
	raw = binary.LittleEndian.AppendUint64(raw, uint64(obj.Size))
	raw = append(raw, obj.SHA256[:]...)
	raw = binary.LittleEndian.AppendUint16(raw, uint16(len(obj.Key)))
	raw = binary.LittleEndian.AppendUint16(raw, uint16(len(obj.ETag)))
	raw = append(raw, obj.Key...)
	raw = append(raw, obj.ETag...)
	raw = binary.LittleEndian.AppendUint32(raw, checksum(raw))
	for b, here := range m.present {
		if !here {
			raw = append(raw, make([]byte, recordSize)...)
			continue
		}
		raw = binary.LittleEndian.AppendUint32(raw, m.crc[b])
		raw = binary.LittleEndian.AppendUint32(raw, m.crc[b]^presentMark)
	}
	return raw
}

// emptyMap is a map file without blocks.
func emptyMap(obj Object) []byte {
	n := blockCount(obj.Size)
	return encodeMap(obj, blockMap{present: make([]bool, n), crc: make([]uint32, n)})
}

// mapLength is the length of obj's map file in bytes.
func mapLength(obj Object) int64 {
	return mapFixed + int64(len(obj.Key)+len(obj.ETag)) + recordSize*blockCount(obj.Size)
}

// decodeMap reads what a map file says about want. A file of another object, another
// format or with a damaged header is an error. Damaged or missing records only make
// their blocks absent, for nobody trusts a record before the block's CRC held.
// Everything is sized by want and never by what the file claims.
func decodeMap(raw []byte, want Object) (blockMap, error) {
	body := mapNames + len(want.Key) + len(want.ETag)
	if len(raw) < body+4 || string(raw[:8]) != mapMagic {
		return blockMap{}, errBadMap
	}
	if got := binary.LittleEndian.Uint32(raw[8:]); got != mapFormat {
		return blockMap{}, fmt.Errorf("%w: format %d", errBadMap, got)
	}
	if binary.LittleEndian.Uint32(raw[body:]) != checksum(raw[:body]) {
		return blockMap{}, fmt.Errorf("%w: header is damaged", errBadMap)
	}
	if int64(binary.LittleEndian.Uint64(raw[16:])) != want.Size ||
		int(binary.LittleEndian.Uint16(raw[56:])) != len(want.Key) ||
		int(binary.LittleEndian.Uint16(raw[58:])) != len(want.ETag) ||
		string(raw[mapNames:body]) != want.Key+want.ETag {
		return blockMap{}, fmt.Errorf("%w: it is another one's", errBadMap)
	}
	stored := Object{SHA256: [32]byte(raw[24:56])}
	if stored.hashed() && want.hashed() && stored.SHA256 != want.SHA256 {
		return blockMap{}, fmt.Errorf("%w: another SHA-256", errBadMap)
	}
	n := int(blockCount(want.Size))
	m := blockMap{present: make([]bool, n), crc: make([]uint32, n)}
	records := raw[body+4:]
	whole := true
	for b := range n {
		if len(records) < recordSize {
			whole = false
			break
		}
		crc, mark := binary.LittleEndian.Uint32(records), binary.LittleEndian.Uint32(records[4:])
		m.present[b], m.crc[b] = mark == crc^presentMark, crc
		whole = whole && m.present[b]
		records = records[recordSize:]
	}
	flags := binary.LittleEndian.Uint32(raw[12:])
	m.verified = whole && flags&mapVerified != 0 && stored.hashed() && want.hashed()
	return m, nil
}
