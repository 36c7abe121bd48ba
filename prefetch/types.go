package prefetch

import (
	"context"
	"time"
)

// File names the content of one file: one version, whose bytes never change.
type File uint64

// Track is what planning needs to know of a file.
type Track struct {
	File File
	// Size in bytes.
	Size int64
	// Duration of the sound; 0 when it is not known.
	Duration time.Duration
	// AudioFrom and AudioTo bound the sound in bytes from the start: before it lie
	// tags and pictures, after it tags again, or an MP4's index. Both are 0 when
	// they are not known.
	AudioFrom, AudioTo int64
	// Format is any name of the container: a scan reads more of some than of others.
	Format string
}

// Range is the bytes of a file from From up to, and not including, To.
type Range struct{ From, To int64 }

// Len is the range's length in bytes.
func (r Range) Len() int64 { return r.To - r.From }

// Class says what bytes are wanted for. The lower, the more urgent; what a reader
// waits for goes before all of them and is not planned here.
type Class uint8

// The classes, most urgent first.
const (
	// ReadAhead is the rest of what is being played or copied.
	ReadAhead Class = iota
	// NextTrack is the beginning of the tracks that are likely to be played next.
	NextTrack
	// AlbumHeads is the heads of tracks that may be played soon.
	AlbumHeads
	// ScanAhead is the heads of the files that a scan will open next.
	ScanAhead
)

var classNames = [...]string{"read-ahead", "next track", "album heads", "scan ahead"}

func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "no class"
}

// Kind is what a file holds, as far as it matters here.
type Kind uint8

// The kinds of file.
const (
	// Other is neither of the next two: pictures, texts.
	Other Kind = iota
	// Audio is a track.
	Audio
	// Playlist is a list of tracks.
	Playlist
)

// Behaviour is what the user of a handle turned out to do with it.
type Behaviour uint8

// The behaviours.
const (
	// Unknown is every handle at first, and most until they close.
	Unknown Behaviour = iota
	// Scan reads a head, perhaps a tail, and closes.
	Scan
	// Slurp reads a lot, and fast, but stops where it likes.
	Slurp
	// Copy reads in sequence, as fast as it can, to the end.
	Copy
	// Play reads sound and pauses, or is held open.
	Play
)

var behaviourNames = [...]string{"unknown", "scan", "slurp", "copy", "play"}

func (b Behaviour) String() string {
	if int(b) < len(behaviourNames) {
		return behaviourNames[b]
	}
	return "no behaviour"
}

// Process is a program that runs: the whole of it, not the thread that asks.
type Process struct {
	ID int
	// Name is what the kernel calls it (comm), at most 15 bytes; it is a hint only.
	Name string
}

// Warmer fetches bytes before somebody waits for them.
type Warmer interface {
	// Want replaces what is wanted of file at class: ranges, most urgent first, each
	// within the file. None withdraws what was wanted; what is on its way may arrive.
	//
	// It must return soon, without waiting for the network. To want bytes that are
	// here, or on their way, must cost nothing. No range need be asked for in one
	// request, but no request should span two of them. It is called by Tick only:
	// never twice at once, and with no lock held.
	Want(file File, class Class, ranges []Range)
}

// Successor knows in which order tracks stand. An error is not absence: planning
// then keeps what it has and asks again later. It is called by Tick only, with no
// lock held, and answers from this machine: read-ahead waits for it.
type Successor interface {
	// Folder gives the tracks of the folder that track is in, by disc and track
	// number, at most n of those around it.
	Folder(ctx context.Context, track File, n int) (Sequence, error)
	// Playlist gives the tracks of a playlist in its order, at most n of those around
	// track. The Sequence is empty when the track is not in the playlist.
	Playlist(ctx context.Context, list, track File, n int) (Sequence, error)
}

// Sequence is tracks in their order; Tracks[At] is the one that was asked about.
type Sequence struct {
	Tracks []Track
	At     int
}

// Walk knows the order in which a program meets files that lists folders and opens
// what it finds. The rules of [Successor] hold for it.
type Walk interface {
	// Following gives at most n tracks that come after track in a walk of the whole
	// tree, depth first, names as the mount lists them.
	Following(ctx context.Context, track File, n int) ([]Track, error)
}

// Clock is the time as [Planner.Run] takes it.
type Clock interface {
	Now() time.Time
	// After is a channel that gives a value once d has passed.
	After(d time.Duration) <-chan time.Time
}
