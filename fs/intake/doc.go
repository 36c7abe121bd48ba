// Package intake takes music in: files from this machine's disks become objects in
// the store and entries in the catalog. It also files anew what a locker holds, and gives
// it out again.
//
// It knows files and folders outside the locker, the rules of fs/library, and the
// committer. It must never know the kernel's protocol or a concrete store.
//
// # Import
//
// An [Importer] walks folder by folder. Each file is read once, for its hash and its
// tags; content the locker holds already is matched, anything else is uploaded under a
// fresh key; the entries follow in commits every few seconds. Whatever ends it, no file
// is half there, and the next run goes on where this one stopped. A file that was
// imported before and has new tags becomes a new version of its entry, where that
// stands now.
//
// What it holds in memory is one path of folders of the source, the album being filed,
// the folders of the locker used last, and what is on its way to a commit. What else it
// must remember, such as the names it has given out, lies in a temporary file.
//
// # Organize
//
// An [Organizer] gives files of the locker the places that an import would give them
// now. It plans against the locker as it would be, again and again until nothing moves
// any more, so that a second run moves nothing; then it moves.
//
// # Export
//
// An [Exporter] copies a locker, or a part of it, into plain files. Each is proven by its
// hash before it gets its name, and nothing that it did not write is written over. What it
// wrote it remembers in the folder itself, so that the next run fetches only what is new.
package intake
