package prefetch

import "time"

// The thresholds below come from the traces in testdata (see its README), which were
// recorded on Linux 6.18 with a read-ahead of 128 KiB in the kernel.

// What tells behaviours apart.
const (
	// slack is how far from the end of a run a read may begin and still continue it,
	// in bytes. The kernel has two requests of 128 KiB under way and sends them in any
	// order: mutagen.mp3 has 16K, 112K, 48K, 240K.
	slack = 256 << 10
	// sound is how much sound, in bytes, must have been read in sequence before a
	// pause means listening: one request of the kernel's read-ahead, because a tag
	// reader that asks for 16 KiB past the tag causes one.
	sound = 128 << 10
	// evidence is how much sound, in bytes, read in sequence tells a copy from a scan
	// without a pause. MPD's scan reads up to 1020 KiB of sound from a fast disk
	// (mpd.update, Vorbis) and 767 KiB over a link (mpd.update.slow).
	evidence = 1536 << 10
	// tailZone is what counts as the end of a file, in bytes, besides what lies after
	// the sound: reads there look for tags and lengths (mutagen.*, mpv.ogg) and are
	// no seeks.
	tailZone = 128 << 10
	// pause is how long a handle is left alone, with no answer owed, before its
	// reader is taken for a listener. Scanners go on or close 0.3 s after their last
	// answer at the latest (mpd.update, on a busy machine; 15 ms is usual). MPD rests
	// for 1.2 s and more between its reads (mpd.play.slow), mpv until the end.
	pause = time.Second
	// breath is what counts as a pause between two reads of one who takes little at a
	// time: pauses of that length that make a second together are a listener's too. A
	// program that works on what it read takes less (fpcalc, loudness meters).
	breath = 100 * time.Millisecond
	// silent is how long a handle is open without reading before it counts as played
	// from the kernel's memory (mpv.again, where the second round has no read at all).
	silent = 5 * time.Second
	// steady is how long a handle reads sound without a pause before it counts as
	// play: a player on a thin link fills its buffer that long (mpv.seek.slow, 23 s
	// without a pause of 50 ms). A copy that is mistaken reads the same bytes in the
	// same order.
	steady = 10 * time.Second
	// maxPlays is how many tracks one process is believed to play at once: two for a
	// gapless change (mpv.gapless), a few more for a crossfade. Who holds more open
	// is no listener.
	maxPlays = 8
	// habit is how long what a process did with its last handle is expected again.
	habit = time.Minute
	// afterFlush is how long after a close reads may still belong to it: the kernel's
	// own read-ahead, late on a thin link (mpd.update.slow: 0.4 s). A later one means
	// that another descriptor of the handle is in use.
	afterFlush = time.Second
)

// What is fetched ahead within a file.
const (
	// first is the most that the first request of a play takes, in bytes: at 3 Mbit/s
	// it is 0.7 s, and whatever the listener does next has to wait for it.
	first = 256 << 10
	// roll is how far a play is fetched ahead at most, in bytes. Nearly every track
	// is shorter and is fetched whole; of a mix of hours the next half hour is.
	roll = 64 << 20
	// defaultWindow is how far a copy is fetched ahead at most, in bytes: three times
	// what 400 Mbit/s × 50 ms has under way.
	defaultWindow = 8 << 20
	// minWindow is where a copy's window begins, in bytes. It is as large as what has
	// been read, so that at most half of what is fetched can have been in vain.
	minWindow = 512 << 10
	// closeGrace is how long what was wanted for a closed handle stays wanted:
	// players reopen (mpd.seek opens a track again 0.3 ms after closing it, others
	// probe a file, close it and play it).
	closeGrace = 3 * time.Second
)

// What is fetched of other tracks.
const (
	// headBytes is what a player or MPD's scan reads before it can begin, in bytes.
	headBytes = 512 << 10
	// headSound is how much sound a head has at least, in bytes: behind a picture of
	// megabytes the first 512 KiB hold none.
	headSound = 256 << 10
	// maxHead bounds a head, in bytes, whatever the pictures.
	maxHead = 4 << 20
	// prelude is what a player reads before it looks at the tail, in bytes.
	prelude = 64 << 10
	// tailBytes is what tag readers and players read at the end, in bytes.
	tailBytes = 64 << 10
	// page is what the kernel reads whole, in bytes.
	page = 4 << 10
	// maxTail bounds what lies after the sound, in bytes.
	maxTail = 4 << 20
	// firstSound is how much of the next track is fetched before it begins: the rest
	// of it arrives meanwhile, on any link that can play it at all.
	firstSound = 30 * time.Second
	// unknownSound stands for firstSound when the duration is not known, in bytes:
	// 30 s at 560 kbit/s.
	unknownSound = 2 << 20
	// settleHeads and settleNext are how long after its opening a track counts as
	// listened to, so that heads, and then the first sound, of others are wanted. Who
	// skims opens a track each 3 s (mpv.skim). A short track settles sooner: after a
	// part of its length, so that the next is there by half time.
	settleHeads = 2 * time.Second
	settleNext  = 5 * time.Second
	settlePart  = 8
	// elsewhere is how long after a close with no other track open the listener
	// counts as gone.
	elsewhere = 5 * time.Second
	// longPause is how long after the end of the current track, had it played on,
	// its listener counts as gone.
	longPause = time.Minute
	// sameSitting is how long after one track another still follows it.
	sameSitting = 10 * time.Minute
	// retry is how long after an error the Successor is asked again.
	retry = 5 * time.Second
	// freshList is how long before the first track a playlist may have been read to
	// count as the one in use.
	freshList = 10 * time.Minute

	defaultAhead  = 2
	defaultBudget = 64 << 20
)

// Scans.
const (
	// scanLikes is how many files in a row must have been scanned, each the next of
	// the walk, before the following are fetched.
	scanLikes = 2
	// scanGap is how long after its last file a scan has ended.
	scanGap = 5 * time.Second
	// scanHead is the most that is fetched ahead of a scan per file, in bytes: what
	// MPD reads, in two requests of scanPart.
	scanHead = 512 << 10
	scanPart = 256 << 10
	// scanSound is how much sound a scan reads, in bytes, if it reads more than packs
	// hold and not just a large picture: MPD 334 KiB and more (mpd.update.*), mutagen
	// 236 KiB by the kernel's read-ahead (mutagen.*), ffprobe 316 KiB (ffprobe.*).
	scanSound = 320 << 10
	// scanTail is the most that is fetched of a file's end, in bytes: an MP4's index
	// holds the picture.
	scanTail = 256 << 10
	// scanGrain is what learned amounts are rounded up to, in bytes.
	scanGrain = 64 << 10
	// scanSkip is how many files a scan may pass over (it knows them already, or
	// cannot read them) and still follow the walk.
	scanSkip = 2

	defaultDepth = 4
	maxDepth     = 64
)

// What bounds memory: 5.3 MB when all are reached (measured).
const (
	maxHandles   = 4096
	maxProcesses = 256
	maxLists     = 4    // playlists that one process read
	maxLearned   = 2048 // transitions
	maxScanners  = 64   // names of programs
	maxHeads     = 32   // tracks of which heads are wanted
	maxAlbum     = 65   // tracks asked for: as many before and after the current one
)
