package library

// Layout says how automatic filing makes the paths of audio files. A nil *Layout is
// the default, "plain".
type Layout struct{}

// ParseLayout reads a layout: the name of a preset ("plain", "year", "classical",
// "keep") or a template.
func ParseLayout(text string) (*Layout, error) { return &Layout{}, nil }

// Release is what tells two albums of one name apart.
type Release struct {
	Album string
	Year  int    // of the release; 0 when unknown
	ID    string // MusicBrainz release id, lower case; may be empty
}
