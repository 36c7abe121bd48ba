package pack

// Auto as a limit is a twentieth of what the disk has free and the shelf holds, and
// maxAuto at most.
const Auto int64 = -1

const (
	maxAuto int64 = 10 << 30
	// unknownAuto is the limit where nobody knows what is free, in bytes.
	unknownAuto int64 = 1 << 30
	// leftFree is what a pack leaves free on the disk, in bytes.
	leftFree int64 = 512 << 20
)

// settle gives the limit, when so much is held.
func (s *Shelf) settle(limit int64) int64 {
	if limit >= 0 {
		return limit
	}
	free, err := s.free(s.dir)
	if err != nil {
		return unknownAuto
	}
	return min((free+s.bytes)/20, maxAuto)
}

// Limit is what the shelf may hold, in bytes.
func (s *Shelf) Limit() int64 { return s.limit }

// spare tells whether the disk has room for size bytes more.
func (s *Shelf) spare(size int64) bool {
	free, err := s.free(s.dir)
	return err != nil || free-size >= leftFree
}
