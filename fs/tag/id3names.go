package tag

// id3Field gives the field of a text frame.
func id3Field(id string) string {
	switch id {
	case "TIT2":
		return title
	case "TPE1":
		return artist
	case "TPE2":
		return albumArtist
	case "TALB":
		return album
	case "TCOM":
		return composer
	case "TCON":
		return genre
	case "TRCK":
		return trackNumber
	case "TPOS":
		return discNumber
	case "TDRC", "TYER":
		return date
	case "TDRL": // of the release, beside that of the recording
		return second + date
	case "TDAT":
		return dayMonth
	case "TDOR", "TORY":
		return originalDate
	case "TCMP":
		return compilation
	case "TSOT":
		return titleSort
	case "TSOP":
		return artistSort
	case "TSOA":
		return albumSort
	case "TSO2":
		return albumArtistSort
	case "TSOC":
		return composerSort
	}
	return ""
}

// id3v22Name gives today's name of a frame of version 2.2.
func id3v22Name(id string) string {
	switch id {
	case "TT2":
		return "TIT2"
	case "TP1":
		return "TPE1"
	case "TP2":
		return "TPE2"
	case "TAL":
		return "TALB"
	case "TCM":
		return "TCOM"
	case "TCO":
		return "TCON"
	case "TRK":
		return "TRCK"
	case "TPA":
		return "TPOS"
	case "TYE":
		return "TYER"
	case "TDA":
		return "TDAT"
	case "TOR":
		return "TORY"
	case "TCP":
		return "TCMP"
	case "TST":
		return "TSOT"
	case "TSP":
		return "TSOP"
	case "TSA":
		return "TSOA"
	case "TS2":
		return "TSO2"
	case "TSC":
		return "TSOC"
	case "TXX":
		return "TXXX"
	case "UFI":
		return "UFID"
	case "COM":
		return "COMM"
	case "PIC":
		return "APIC"
	}
	return ""
}
