// Package pin keeps what must stay on this machine: the rules that say what that is, and
// every object version under them as one whole file.
//
// It knows: a [Rule], which names an entry by a number that means nothing here;
// [cache.Object]; and a [Source] that gives bytes. It must never know a store, names of
// files or folders, nor what a rule covers: who knows that tells it with [Keeper.Want].
//
// # On disk
//
//	<state>/pins                        the rules, JSON
//	<state>/pinned/<2 hex>/<32 hex>       a version, whole and verified
//	<state>/pinned/<2 hex>/<32 hex>.part  one on its way
//
// The rules are replaced by a rename of a file that is durable, so that a crash leaves the
// old ones or the new ones. Rules that cannot be read are put aside, and as long as those
// lie there nothing that is pinned is removed.
//
// # What may be trusted
//
// A version's file gets its name when all of it is on the disk and its bytes have been
// compared with the SHA-256, or, where nobody knows that, each range with the ETag it was
// fetched by. Then its time of change is set to a stamp made of its name and the SHA-256 of
// its bytes. Whatever writes to the file later changes that time: a file whose size or
// stamp is wrong is read as a whole, and kept or fetched again. So no record is needed that
// could differ from the folder. All files are read again in turn, slowly, because disks
// forget.
//
// A part is continued where it ends. What a loss of power left of one shows when the whole
// is compared. Only a version whose SHA-256 nobody knows begins again in each process.
//
// # Locks
//
// Keeper.turn is held by whoever changes the set, while files are removed. Keeper.mu guards
// the set and comes after it; no I/O happens under mu, so readers wait for nobody.
package pin
