// Package staging keeps bytes that are being written, until they are in the store.
//
// It knows a [Draft]: one file being written, made of what was written here and of a
// [Base], the version it began as, which is read only where it must be. It must never
// know names of files, the journal, nodes, the catalog, a concrete store or the cache:
// who keeps a [Record] durable and says so with [Draft.Settle] lives above.
//
// # A draft
//
// A draft is a sparse local file and three numbers about it. Extents are the byte ranges
// that count in the local file; they alone decide, so what a truncation left behind in the
// file is never served. What is in no extent comes from the base below BaseEnd, and reads
// as zeros from there to Size. BaseEnd shrinks with truncation and never grows again, and
// what is below it never leaves the extents without it: hence the part that the base
// gives only ever shrinks, and bytes of the base that were read without a lock are still
// right when they are put together with the others under it. Extents are kept to the
// byte, so a write reads nothing.
//
// # What is durable
//
// A [Record] from [Draft.Sync] says where the bytes are that are safe from now on. The
// local file comes from a stock of empty files whose names are durable already, so that a
// sync is one fdatasync and no more. A record stays good until a newer one is settled:
// truncation is logical once a record tells of the file, and a truncation to nothing,
// which is how most programs begin to save, goes on in another local file; the one before
// goes when a record of the new one is settled. Only overwriting touches recorded bytes
// before the next sync, as on any file system. An fdatasync that failed is never forgiven:
// the kernel has dropped what it could not write, and a second one would claim success.
//
// # On disk
//
//	<dir>/<32 hex>    the bytes of one draft at their own offsets, sparse; or nothing yet
//
// An empty file that no record names holds nothing. What else no record names is for the
// caller to move away ([Store.Sweep], [Store.Quarantine]); nothing with bytes is deleted
// unless the caller says so.
//
// # Room
//
// The disk's last [Options].Floor bytes are never used: a write, a fill or an allocation
// that would is [ErrFull] and leaves everything as it was. Space that a draft took already
// (written or allocated) is not asked for twice; a file system that copies on write is
// trusted to give back what an overwrite replaces.
//
// # Locks
//
// Draft.filling (a channel of one), Draft.thinning and Draft.syncing serialise long work and
// come before Draft.mu, which guards all of one draft, its local file's bytes included:
// local I/O happens under it, reading the base never. spares.making comes after Draft.mu.
// spares.mu comes before Store.mu; that, descriptors.mu and room.mu are taken innermost.
package staging
