// Package cache keeps bytes of immutable object versions on the local disk and
// fetches those that are missing.
//
// It knows: [Object] (one version of one object, by key, ETag and size), blocks,
// fills, a byte limit, and a [Fetcher] that gives ranges. It must never know a
// concrete store, names of files or folders, tags, the catalog or FUSE, nor plan
// ahead beyond the small window of one sequential handle: who knows more has a [Wish].
// Losing the whole folder costs bandwidth and nothing else.
//
// # On disk
//
//	<dir>/lock                        flock: one process owns the folder
//	<dir>/objects/<2 hex>/<32 hex>.data   the bytes, sparse, at their own offsets
//	<dir>/objects/<2 hex>/<32 hex>.map    which blocks are here, and their CRCs
//
// The name is the first 128 bits of SHA-256 over key, ETag and size. Blocks are
// 64 KiB: half of the kernel's usual read-ahead request, so that a request is two
// or three blocks; 8 bytes of map and 12 of memory for each, 2 KB for a track of
// 10 MB; and small enough that checking a block on first use costs some 10 µs.
// The map is little endian:
//
//	0    8 bytes "LKFSMAP\n"
//	8    uint32 format, 1
//	12   uint32 flags: bit 0, the whole content matched its SHA-256
//	16   int64 size of the object in bytes
//	24   32 bytes SHA-256 of the object, zero when not known
//	56   uint16 length of the key, uint16 length of the ETag
//	60   key, ETag
//	     uint32 CRC-32C of everything above
//	     per block: uint32 CRC-32C of its bytes, uint32 that CRC xor 0x5ca1ab1e;
//	     anything else in the second word means that the block is not here
//
// # What may be trusted
//
// A block counts only if its CRC holds, and that is checked when the block is
// first used after its map was loaded. So no order of writes is needed and nothing
// is ever synced: an object's bytes never change, hence every mix of an old and a
// new map names only right CRCs, and a block whose bytes did not reach the disk
// fails its CRC, is counted as damaged and is fetched again (and all others of that
// file have theirs checked once more: something was at it). Maps are written every
// few seconds, when an object is no longer used and on Close; what kill -9 takes
// from them is bandwidth.
//
// When all of an object is here it is read once and compared with its SHA-256. On a
// mismatch everything is dropped and fetched once more, and from then on no byte is
// served before the whole has been verified; a second mismatch is
// [remote.ErrCorrupt]. The same holds for one of our own objects whose ETag is not
// the recorded one (a bucket copied to another provider), and for an object without an
// ETag: what the store has is fetched whole, and served only once it matched. Such an
// object's map is not written before it is verified, so that no crash can turn doubt
// into trust; and while no ETag names the version it was fetched from, the loss of one
// block puts the whole in doubt again.
//
// # Fetching
//
// Missing blocks are fetched by fills: one ranged Get each, streamed into the file
// block by block. Which block is on its way is kept in an in-flight table of the
// object, and not in a singleflight group: a singleflight caller gets its answer
// when the whole call returns, while a reader here must wake as soon as its own
// bytes are there and the rest of the range still streams. Bytes of a block that is
// not complete yet are served from the fill's buffer. (Loading a map is a plain
// call with one answer; that does use singleflight.) A fill belongs to the object
// and not to the reader who began it. It ends when its range is there, when the
// store fails, when nothing arrives for [Options.Timeout] (six times that while other
// objects' bytes arrive: the link is slow, not away), or some seconds after
// the last handle of the object was released.
//
// # Room
//
// [Options.Limit] is hard: a fill reserves the bytes of its blocks before it asks
// the store, evicts others to make room, and when there is none the reader is
// served straight from the store through a small buffer of its handle, as it is
// when the disk is full or the folder is broken, or until what it holds from earlier
// is counted: what is not counted cannot be limited. Counted are whole blocks (the
// last one rounded up to 4 KiB), maps, and a reserve for the file system's list of
// extents; folders are not. Evicted are whole objects that nobody has open, and single
// blocks of open ones by punching holes where the platform can, but never blocks in
// flight, nor those just ahead of a reader. What was not played goes before what was,
// so that no scan of the whole locker pushes the music out; see segment.
//
// # Locks
//
// Cache.mu guards the table of objects, their order of use and the count of bytes.
// replica.mu guards the blocks and fills of one object. The order is Cache.mu, then
// replica.mu, then Cache.gate (no work starts after Close); descriptors.mu is taken
// alone. No I/O happens under any of them, so
// readers never wait for another object's disk. replica.disk serialises writers of
// one object's map and is held during that I/O; replica.paying does the same for
// the first reservation. Both come before all other locks.
//
// A read checks the block states under the lock, reads without it, and compares the
// object's epoch afterwards: whoever takes blocks away changes the epoch first, so
// that bytes of a hole are never handed out. Blocks whose bytes are being removed
// stay in the in-flight table until that is done, so that no fill writes there.
package cache
