package intake

import (
	"cmp"
	"slices"
	"time"
)

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

// MaxNotes is how many files of each sort a report names. Counts are of all files.
const MaxNotes = 1000

// Report is what became of an import. Its lists hold the first MaxNotes files of
// their sort, by name.
type Report struct {
	// Imported files were uploaded and committed, or in a dry run would be.
	Imported      int64 `json:"imported"`
	ImportedBytes int64 `json:"imported_bytes"`
	// Updated files had changed since this device imported them from the same path, and
	// their entries, untouched since, have a new version; or the store had lost them.
	Updated      int64 `json:"updated"`
	UpdatedBytes int64 `json:"updated_bytes"`
	// Matched files have content that the locker held already under another name:
	// they were given their name without an upload.
	Matched      int64 `json:"matched"`
	MatchedBytes int64 `json:"matched_bytes"`
	// Present files were in the locker already.
	Present int64 `json:"present"`
	// Companions are the files among these that are not audio: covers, booklets, cue sheets.
	Companions int64 `json:"companions"`
	// Renamed lists locker paths of files that could not have the name they would
	// have had, with who has it.
	Renamed      []Note `json:"renamed,omitempty"`
	RenamedCount int64  `json:"renamed_count"`
	// NotAudio lists files that were left out because they are not music, nor beside any.
	NotAudio      []Note `json:"not_audio,omitempty"`
	NotAudioCount int64  `json:"not_audio_count"`
	// Skipped lists what else was left out on purpose: litter, links, devices.
	Skipped      []Note `json:"skipped,omitempty"`
	SkippedCount int64  `json:"skipped_count"`
	// Damaged lists audio files that came in although their tags could not be read, or
	// not be kept, whole.
	Damaged      []Note `json:"damaged,omitempty"`
	DamagedCount int64  `json:"damaged_count"`
	// Failed lists files and folders that could not be taken in.
	Failed      []Note `json:"failed,omitempty"`
	FailedCount int64  `json:"failed_count"`
	// Placed lists the first files of a dry run whose Importer has no Placed.
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

// Action is what an import does with a file.
type Action string

// The actions.
const (
	Upload  Action = "upload"  // its content is new to the locker
	Match   Action = "match"   // the locker holds its content under another name
	Update  Action = "update"  // it is the new version of a file in the locker
	Present Action = "present" // it is in the locker
	Adopt   Action = "adopt"   // it stays where it is in the bucket
)

// Placed says where in the locker a file stands, or in a dry run would.
type Placed struct {
	Path   string `json:"file"`   // in the locker
	Action Action `json:"what"`   // that puts it there
	Source string `json:"source"` // path on this machine
	Size   int64  `json:"size"`   // in bytes
}

// noted is a list of notes that is cut, and their number. Not safe for concurrent use.
type noted struct {
	first []Note
	count int64
}

func (n *noted) add(file, what string) {
	n.count++
	if len(n.first) < MaxNotes {
		n.first = append(n.first, Note{file, what})
	}
}

// put gives the list in the order of the files' names.
func (n *noted) put(list *[]Note, count *int64) {
	*list, *count = slices.Clone(n.first), n.count
	slices.SortStableFunc(*list, func(a, b Note) int { return cmp.Compare(a.File, b.File) })
}
