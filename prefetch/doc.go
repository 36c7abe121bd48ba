// Package prefetch decides what to fetch before somebody waits for it: access pattern
// in, ranges of files out. It says what is wanted, and when; never how it is fetched.
//
// It knows: handles, the offsets, sizes and times of their reads, the programs behind
// them, and where the sound lies in a track. It must never know names and folders,
// the catalog, the cache, the store or FUSE: it imports the standard library only,
// does no I/O, and asks the interfaces it declares ([Warmer], [Successor], [Walk]).
//
// # Behaviour
//
// A kernel tells nothing of intentions, so a handle is [Unknown] until its reads
// have shown what it is for, and nothing is fetched for it. What counts:
//
//   - sound read in sequence. Tags and pictures are read by everybody; so only what
//     lies behind [Track.AudioFrom] is evidence. The kernel reorders reads and reads
//     ahead itself, which the thresholds allow for; a tail is not a seek.
//   - a pause with the file open. A scanner closes as soon as it knows; a copy goes
//     on as soon as it can. Only a listener lets a second pass while nothing is owed
//     to him, even mpv, which reads the whole track at once and then keeps it open.
//   - what the process did before. A copier copies on, a prober stops short again,
//     and the track that was to come next needs no pause to be believed.
//   - the name of the program, as a hint that only shortens the waiting.
//
// [Play] has the whole track fetched, the first request small, and begins or goes on
// with a session. [Copy] has a window as large as what it has read. [Scan] and
// [Slurp] (file(1), thumbnailers) have nothing. When a handle closes, what was wanted
// for it stays so for a few seconds, because players reopen; at once, when the same
// process plays something else by then.
//
// # Sessions
//
// A process that plays has a session. Each track is predicted by three sources: the
// playlist that the process read, else the folder's order, else what was played
// after it before. Each source is judged by what comes: two misses and it is not
// believed until it has been right again. When none is believed the listener
// shuffles, and only heads are fetched. After two seconds of a track the heads of
// the following are wanted, after five the first 30 seconds of the next two. All of it is
// within a budget in bytes, and is withdrawn when the listener goes elsewhere.
//
// # Scans
//
// Scans of tags are answered from packs and need nothing; [Planner.Scans] tells whose next
// file is likely to be only looked at, by the name of the program, since many are started
// anew for each file. MPD reads half a megabyte
// of each file and waits for it: when two files were scanned in the order of the
// walk, as much of the following ones as was read of those is wanted, some files
// deep. The first step aside ends it.
//
// # Reading the traces
//
// testdata has traces of real programs, and testdata/plans what comes of them, line
// by line: read mpv.flac.txt, mpd.update.slow.txt and mpv.shuffle.txt first. All
// thresholds are in limits.go, with their reasons and the traces they come from.
//
// # Time, locks, memory
//
// Events ([Planner.Open], [Planner.Read], …) carry their time; they change what is
// known and return. [Planner.Tick] does everything else: whoever owns the planner
// calls it when [Planner.Due] says so and at the time it returned, or leaves that to
// [Planner.Run] with a clock of his own. Warmer, Successor and Walk are called by
// Tick only, one at a time, with no lock held, so they may call back. Planner.mu
// guards everything; no other lock is taken under it.
//
// What is wanted is a state and not a stream of requests: [Warmer.Want] replaces what
// was wanted of a file at a class. The ledger keeps who wants what, so that two
// listeners of one album do not take it away from each other, and the Warmer hears
// only of changes. Handles, processes, playlists, transitions and the tracks of a
// plan are bounded in number; what goes over a bound is not followed, and costs
// nothing but speed.
package prefetch
