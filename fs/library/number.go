package library

// Numbered gives the ith name for what wants name, with the number before the
// extension: "Title (2).flac". It is at most MaxName bytes long.
func Numbered(name string, i int) string { return numbered(name, i, MaxName) }
