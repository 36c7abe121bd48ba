// Package intake takes music in: files from this machine's disks become objects in
// the store and entries in the catalog.
//
// It knows files and folders outside the locker, the rules of fs/library, and the
// committer. It must never know the kernel's protocol or a concrete store.
//
// An import walks folder by folder. Each file is hashed and its tags are read in
// one pass; content the locker holds already is matched, anything else is uploaded
// under a fresh key; the entries follow in commits every few seconds. Whatever
// ends it, no file is half there, and the next run goes on where this one stopped.
package intake
