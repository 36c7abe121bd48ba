package intake

import "time"

// Progress is how far an import has come. Counts only grow.
type Progress struct {
	// Found counts the files seen by the walk so far, FoundBytes their bytes.
	Found      int64 `json:"found"`
	FoundBytes int64 `json:"found_bytes"`
	// Walked is set once the walk is over and Found final.
	Walked bool `json:"walked"`
	// Done counts the files dealt with, whatever became of them. Files that are taken
	// in count when they are committed, so it moves in steps, seconds apart.
	Done      int64 `json:"done"`
	DoneBytes int64 `json:"done_bytes"`
	// UploadedBytes counts what went to the store.
	UploadedBytes int64 `json:"uploaded_bytes"`
	// Current is the file worked on last.
	Current string `json:"current,omitempty"`
}

// Report is what became of an import.
type Report struct {
	// Imported files were uploaded and committed, or in a dry run would be.
	Imported      int64 `json:"imported"`
	ImportedBytes int64 `json:"imported_bytes"`
	// Matched files have content that the locker held already under another name:
	// they were given their name without an upload.
	Matched      int64 `json:"matched"`
	MatchedBytes int64 `json:"matched_bytes"`
	// Present files were in the locker already, at their place.
	Present int64 `json:"present"`
	// Companions are the files among these that are not audio: covers, booklets, cue sheets.
	Companions int64 `json:"companions"`
	// Renamed lists locker paths that could not be had as they were planned, because
	// another device was first, with what became of the files.
	Renamed []Note `json:"renamed,omitempty"`
	// Skipped lists what was left out on purpose: litter, links, devices, files far
	// from any music.
	Skipped []Note `json:"skipped,omitempty"`
	// Damaged lists audio files that came in although their tags could not be read, or
	// not be kept, whole.
	Damaged []Note `json:"damaged,omitempty"`
	// Failed lists files that could not be taken in.
	Failed []Note `json:"failed,omitempty"`
	// Placed lists, in a dry run, the path in the locker of every file, with what would
	// be done: "upload", "match" or, for one that is there already, "present".
	Placed []Note `json:"placed,omitempty"`
	// Elapsed is how long it took, in nanoseconds.
	Elapsed time.Duration `json:"elapsed_ns"`
}

// Note says something about one file.
type Note struct {
	// File is a path on this machine, where the list does not say otherwise.
	File string `json:"file"`
	What string `json:"what"`
}
