package intake

import "os"

// Disk and OpenFile are where an import finds its sources.
type (
	Disk     = disk
	OpenFile = openFile
)

// OSDisk is the disks of this machine.
type OSDisk = osDisk

// SetDisk puts another disk in.
func (im *Importer) SetDisk(d Disk) { im.disk = d }

// Readers is how many files are read at once.
func Readers() int { return readers() }

// SetBatch makes commits of so many files.
func (im *Importer) SetBatch(files int) { im.batch = files }

// Settled tells whether a file has stood still long enough to be known again.
func Settled(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && settled(info)
}

// SetBatch makes commits of so many moves.
func (o *Organizer) SetBatch(moves int) { o.batch = moves }

// SetBatch makes commits of so many files.
func (a *Adopter) SetBatch(files int) { a.batch = files }
