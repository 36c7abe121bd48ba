// Package pack keeps byte ranges of objects apart from the objects: scan packs. A
// program that scans a library reads the head and the tail of every file and nothing
// else; with these in a few packs, a scan needs no request for each file.
//
// It knows objects by an opaque [ID], their ranges, and where on this machine packs
// lie. It must never know what a range means, nor tags, trees or the kernel: who makes
// a pack says what goes in.
//
// # A pack
//
// A pack is one immutable file, in the bucket and on this machine alike:
//
//	"lockerfs pack 1\n"                16 bytes
//	length of the index                4 bytes, little endian
//	index                              JSON under zstd (see index)
//	blobs                              one after another, as the index says
//
// An object's range is a row of pieces of blobs. A blob that several objects share,
// such as the cover of an album, is there once. Blobs that zstd makes smaller are
// stored so; each carries a CRC-32C of what is stored.
//
// A pack's name is the SHA-256 of its bytes, so one that was fetched is verified
// before anything of it is believed, and the same pack made twice is one. Its content
// is hostile all the same: the index is checked against the file's size before use.
//
// # A shelf
//
// A [Shelf] holds packs in a folder of the cache, within a limit in bytes that holds
// when a pack comes in, the least recently used going first. Losing one costs a
// download.
package pack
