// Package pending is what this device has promised and the locker has not
// committed yet. Today that is one thing: the commit that is on its way. The
// [Committer] turns operations into commits of the catalog, exactly once each,
// across lost answers, other devices and kill -9.
//
// It knows the catalog's operations and log, and this device's state folder. It
// must never know the kernel's protocol, a concrete store, or when bytes should be
// read ahead.
//
// # Exactly once
//
// Number, commit id and exact body of a commit are on disk before its PUT, and
// until reading commit N tells who has it, that body and no other is sent for N.
// An answer of 412, or none at all, decides nothing. After a crash the record of
// the intent is taken up where it was left.
package pending
