// Package pending is what this device has promised and the locker has not committed yet:
// changed names, written bytes, and the commit that is on its way.
//
// It knows the catalog's operations and log, staged files, and this device's state folder.
// It must never know the kernel's protocol, a concrete store, or when bytes should be read
// ahead.
//
// # The visible tree
//
// [Overlay] is the catalog's index with what was changed here laid over. Every entry that
// differs from what is committed has one change: how it is to be, and the committed state
// that it began from. Changes are in memory and in the journal; everything else is answered
// by the index. [Overlay.Applied] fits them to every commit, whoever wrote it, and that is
// where conflicts are found and settled.
//
// # On disk
//
//	<state>/journal/        records of changes, in the order they were made; see journal
//	<state>/staging/        the bytes of files that are being written
//	<state>/intent.json     the commit that may have been sent
//	<state>/quarantine/     what was found after a crash and fits to nothing
//
// A name is acknowledged when its record is written: kill -9 does not lose it, power loss
// within a second may, and then all that came later. A file is acknowledged, by close or
// fsync, when its bytes are on the disk and then a record that says where.
//
// # The way to the store
//
// An [Uploader] sends contents after a quiet time, and commits what [Overlay] plans: object
// verified in the store, record of it, commit, index, bytes to the cache, record closed.
// After a crash each step is taken again where it was left.
//
// # Exactly once
//
// Number, commit id and exact body of a commit are on disk before its PUT, and
// until reading commit N tells who has it, that body and no other is sent for N.
// An answer of 412, or none at all, decides nothing. After a crash the record of
// the intent is taken up where it was left.
//
// # Locks
//
// The committer's turn comes first, and may be held over the network. Overlay.turn comes
// next: it is held by who changes the overlay, while the index is read and the journal
// appended, never over the network. Overlay.mu, Uploader.mu and the journal's own come last,
// each alone, with no I/O but the journal's.
package pending
