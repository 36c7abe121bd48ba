package dir

// IgnoreAttributes makes the store act as on a file system without extended attributes.
func (s *Store) IgnoreAttributes() { s.held.Load().root.bare = true }

// KindOf is the table of errors under test.
var KindOf = kindOf
