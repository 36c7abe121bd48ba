package intake

// Disk and OpenFile are where an import finds its sources.
type (
	Disk     = disk
	OpenFile = openFile
)

// OSDisk is the disks of this machine.
type OSDisk = osDisk

// SetDisk puts another disk in.
func (im *Importer) SetDisk(d Disk) { im.disk = d }
