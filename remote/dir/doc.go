// Package dir keeps objects as plain files in a local folder: the store a locker
// has when there is no S3, on a second disk, a stick or a network mount.
//
// It knows: files, folders and what makes them safe against kill -9 and power loss.
// It must never know what an object means, nor any other store.
//
// A key is a path relative to the root. That brings limits beyond [remote.ValidKey]:
//
//   - An object "x" and an object "x/y" cannot both be. Writing the second one is
//     ErrInvalid, and the one that is there stays.
//   - "…/.lockerfs/tmp" and "…/.lockerfs/meta", at any depth so that stores may lie
//     inside one another, belong to the stores: never listed, refused as keys.
//   - Symbolic links, devices and names that are no valid keys are not objects: they
//     are not listed, ErrNotFound to readers, ErrInvalid to writers. No link is
//     followed, in the root or out of it.
//   - A file system that folds case or Unicode forms (exFAT, APFS) folds keys too.
//
// The ETag is the MD5 of the content in hex, so a copy of the folder has the ETags of
// the original. It is computed while writing and remembered, with the metadata, in an
// extended attribute, or in a file under .lockerfs/meta where there are none. A file
// whose size or time has changed since is read again.
//
// Layout of the root:
//
//	Music/Artist/Album/01 Title.0123456789ab.flac   an object
//	.lockerfs/meta/store                            names the store; made by Create
//	.lockerfs/meta/lock                             flock: shared to write, exclusive to compare and write
//	.lockerfs/meta/<2 hex>/<sha256 of key>/<mtime ns>-<size>   record of one version, without xattrs only
//	.lockerfs/tmp/<random>                          being written; swept after a day
package dir
