package catalog

// View is what [Apply] needs to see of a tree.
type View interface {
	// Entry gives the entry with this ID, if there is one.
	Entry(id ID) (Entry, bool, error)
	// Child gives the ID of the entry with this name in folder parent, if there is one.
	Child(parent ID, name string) (ID, bool, error)
	// Empty tells whether folder id has no entries.
	Empty(id ID) (bool, error)
	// Taken tells whether any entry or version, present or past, has this ID.
	Taken(id ID) (bool, error)
	// Refers tells whether any entry, present or past, refers to the object with this key.
	Refers(key string) (bool, error)
	// Condemned tells whether the object was given up: see Condemn. It may say so of
	// another one too, by a chance of one in 2^64 for each.
	Condemned(r Ref) (bool, error)
}

// State is a tree that [Apply] can change. Errors of its methods are the
// machine's (a disk, a cancelled context), never the commit's.
type State interface {
	View
	Records
	// Put adds the entry, or replaces the one with its ID.
	Put(e Entry) error
	// Delete removes the entry with this ID.
	Delete(id ID) error
	// Keep remembers what an operation of commit n, done at time at, took away: a
	// removed entry, or a file's entry as it was before a Replace.
	Keep(past Entry, n, at int64) error
	// Describe puts v in the place of the version of file id, which has the same ID.
	Describe(id ID, v Version) error
}

// Records are what a State keeps beside the tree: the past, and what is known of objects.
type Records interface {
	// Expire forgets what commits up to before took away.
	Expire(before int64) error
	// Condemn remembers for ever that commit n gave up an object: one of ours by its
	// key, an adopted one by key and ETag, because its key may get other content.
	Condemn(r Ref, n int64) error
	// Ignore remembers a foreign object that is not to be adopted again.
	Ignore(r Ref, size int64) error
	// Notice forgets what Ignore remembered of the objects with this key.
	Notice(key string) error
	// Configure replaces the settings.
	Configure(s Settings) error
}

// Change is one thing that [Apply] changed, for those who told others about names.
type Change struct {
	// Parent and Name locate the name whose meaning changed. For a Set of the root
	// both are zero.
	Parent ID
	Name   string
	// Node is the node id that the name stood for before; zero when it is new, or when all
	// below it may have changed.
	Node ID
}
