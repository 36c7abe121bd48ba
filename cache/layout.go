package cache

import (
	"io/fs"
	"path/filepath"
)

const (
	// blockSize is the unit of presence, checking and eviction, in bytes.
	blockSize = 64 << 10
	// allocUnit is what file systems round a file up to, in bytes.
	allocUnit = 4 << 10
	// maxBlocks bounds a map; larger objects (64 GiB) are served uncached.
	maxBlocks = 1 << 20
	// extentsPerLeaf is how many extents ext4 keeps in one block of its tree.
	extentsPerLeaf = 340
)

const (
	objectsFolder = "objects"
	dataSuffix    = ".data"
	mapSuffix     = ".map"
)

func folderPath(dir string, i id) string {
	return filepath.Join(dir, objectsFolder, i.String()[:2])
}

func dataPath(dir string, i id) string {
	return filepath.Join(folderPath(dir, i), i.String()+dataSuffix)
}
func mapPath(dir string, i id) string { return filepath.Join(folderPath(dir, i), i.String()+mapSuffix) }

// blockCount is the number of blocks of an object.
func blockCount(size int64) int64 { return (size + blockSize - 1) / blockSize }

func blockOf(off int64) int     { return int(off / blockSize) }
func blockStart(b int) int64    { return int64(b) * blockSize }
func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }

// blockLen is the length of block b in an object of that size.
func blockLen(size int64, b int) int { return int(min(blockSize, size-blockStart(b))) }

// blockCost is what block b takes on disk.
func blockCost(size int64, b int) int64 { return roundUp(int64(blockLen(size, b)), allocUnit) }

// overhead is what an object's files take on disk besides its blocks: the map, and
// the tree of extents that a file with holes needs. It depends on nothing but the
// size, so that a scan of the folder can tell it without reading maps.
func overhead(size int64) int64 {
	n := blockCount(size)
	longest := int64(mapFixed + 2*maxName)
	return roundUp(longest+n*recordSize, allocUnit) + (1+n/extentsPerLeaf)*allocUnit
}

// chargeOf is what an object that is not loaded counts for, from its data file.
func chargeOf(data fs.FileInfo) int64 { return overhead(data.Size()) + usage(data) }
