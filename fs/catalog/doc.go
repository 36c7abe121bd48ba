// Package catalog is the committed truth of a locker: which entries exist, under
// which names, in which versions, and which object holds the bytes of each.
//
// The truth is a log of numbered commits in the store, in the manner of Delta
// Lake: whoever creates commit N first wins, everyone else reads it and goes on
// from there. A commit is a batch of operations that applies whole or not at all,
// by one pure function ([Apply]) that every device runs over its own [State], so
// that devices which have read the same commits hold the same tree. The [Index]
// is this device's copy of that tree in SQLite; it is derived, holds committed
// state only, and may be thrown away. It can be searched by words, which it learns
// behind the commits. Checkpoints in the store spare a new device the reading of the
// whole log. It reads one in parts: all folders from the manifest, then the segments side by
// side. A folder may be looked into once its own segment is here, which is fetched first
// when somebody asks; until the last is here the tree is the checkpoint's, and the log after
// it is applied then.
//
// It knows names (through fs/library), tags (as fs/tag types) and objects (as
// remote types). It must never know the kernel's protocol, cached bytes, or what
// has been promised but not committed: that is fs/pending.
//
// # Layout in the store
//
//	.lockerfs/format.json                     Format, create-only
//	.lockerfs/log/<20 digits>                 commit N: zstd of JSON lines, header then operations
//	.lockerfs/checkpoint/manifest/<20 digits>-<32 hex>   zstd of JSON lines; the hex is the hash of the body
//	.lockerfs/checkpoint/segment/<64 hex>     zstd of JSON lines; the name is the hash of the body
package catalog
