package tag

import "strings"

// genreNames are the genres of ID3v1 by number, in Winamp's extended list
// (https://en.wikipedia.org/wiki/ID3#Genre_list_in_ID3v1[12]).
const genreNames = "Blues|Classic Rock|Country|Dance|Disco|Funk|Grunge|Hip-Hop|Jazz|Metal|New Age|Oldies|Other|Pop|R&B|" +
	"Rap|Reggae|Rock|Techno|Industrial|Alternative|Ska|Death Metal|Pranks|Soundtrack|Euro-Techno|Ambient|Trip-Hop|Vocal|" +
	"Jazz+Funk|Fusion|Trance|Classical|Instrumental|Acid|House|Game|Sound Clip|Gospel|Noise|Alternative Rock|Bass|Soul|Punk|" +
	"Space|Meditative|Instrumental Pop|Instrumental Rock|Ethnic|Gothic|Darkwave|Techno-Industrial|Electronic|Pop-Folk|" +
	"Eurodance|Dream|Southern Rock|Comedy|Cult|Gangsta|Top 40|Christian Rap|Pop/Funk|Jungle|Native American|Cabaret|" +
	"New Wave|Psychedelic|Rave|Showtunes|Trailer|Lo-Fi|Tribal|Acid Punk|Acid Jazz|Polka|Retro|Musical|Rock & Roll|Hard Rock|" +
	"Folk|Folk-Rock|National Folk|Swing|Fast Fusion|Bebop|Latin|Revival|Celtic|Bluegrass|Avantgarde|Gothic Rock|" +
	"Progressive Rock|Psychedelic Rock|Symphonic Rock|Slow Rock|Big Band|Chorus|Easy Listening|Acoustic|Humour|Speech|" +
	"Chanson|Opera|Chamber Music|Sonata|Symphony|Booty Bass|Primus|Porn Groove|Satire|Slow Jam|Club|Tango|Samba|Folklore|" +
	"Ballad|Power Ballad|Rhythmic Soul|Freestyle|Duet|Punk Rock|Drum Solo|A Cappella|Euro-House|Dancehall|Goa|Drum & Bass|" +
	"Club-House|Hardcore Techno|Terror|Indie|BritPop|Negerpunk|Polsk Punk|Beat|Christian Gangsta Rap|Heavy Metal|Black Metal|" +
	"Crossover|Contemporary Christian|Christian Rock|Merengue|Salsa|Thrash Metal|Anime|JPop|Synthpop|Abstract|Art Rock|" +
	"Baroque|Bhangra|Big Beat|Breakbeat|Chillout|Downtempo|Dub|EBM|Eclectic|Electro|Electroclash|Emo|Experimental|Garage|" +
	"Global|IDM|Illbient|Industro-Goth|Jam Band|Krautrock|Leftfield|Lounge|Math Rock|New Romantic|Nu-Breakz|Post-Punk|" +
	"Post-Rock|Psytrance|Shoegaze|Space Rock|Trop Rock|World Music|Neoclassical|Audiobook|Audio Theatre|Neue Deutsche Welle|" +
	"Podcast|Indie Rock|G-Funk|Dubstep|Garage Rock|Psybient"

// genreName gives the genre with a number, or "" when there is none.
func genreName(n int) string {
	i := 0
	for name := range strings.SplitSeq(genreNames, "|") {
		if i == n {
			return name
		}
		i++
	}
	return ""
}

// genres reads ID3v2's genre: a name, a number "17", or numbers and a refinement
// "(51)(39)Goa Trance"; "((" escapes a bracket.
func genres(s string) []string {
	var out []string
	s = strings.TrimSpace(s)
	for strings.HasPrefix(s, "(") && !strings.HasPrefix(s, "((") {
		code, rest, ok := strings.Cut(s[1:], ")")
		name := genreCode(code)
		if !ok || name == "" {
			break
		}
		out, s = append(out, name), rest
	}
	if strings.HasPrefix(s, "((") {
		s = s[1:]
	}
	if name := genreCode(s); name != "" {
		s = name
	}
	if n := len(out); n > 0 && strings.EqualFold("("+out[n-1]+")", s) {
		return out // "(17)(Rock)" as well
	}
	if s == "" || len(out) > 0 && strings.EqualFold(out[len(out)-1], s) {
		return out // "(17)Rock" says it twice
	}
	return append(out, s)
}

func genreCode(s string) string {
	switch s {
	case "RX":
		return "Remix"
	case "CR":
		return "Cover"
	case "0", "00":
		return genreName(0)
	}
	if n := count(s); n > 0 {
		return genreName(n)
	}
	return ""
}
