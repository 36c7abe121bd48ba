package main

import (
	"bufio"
	"bytes"
	"net/url"
	"path"
	"strings"
)

// maxListed bounds the tracks of a playlist that are looked at.
const maxListed = 20_000

// playlistNames gives the locker paths that a playlist (M3U, M3U8, PLS) in a folder of the
// locker names, in its order. A path from the machine's root is one of the locker's when it
// leads below mount, where the locker is mounted. What leads elsewhere, such as a stream,
// is left out.
func playlistNames(text []byte, folder, mount string) (names []string) {
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	lines.Buffer(nil, 64<<10)
	for lines.Scan() && len(names) < maxListed {
		name, ok := playlistLine(strings.TrimSpace(lines.Text()))
		if !ok {
			continue
		}
		below, inside := strings.CutPrefix(name, strings.TrimSuffix(mount, "/")+"/")
		switch {
		case !strings.HasPrefix(name, "/"):
			name = path.Join("/"+folder, name)
		case inside && mount != "":
			name = path.Join("/", below)
		default:
			continue
		}
		if name = strings.Trim(name, "/"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// playlistLine gives the path that a line names.
func playlistLine(line string) (name string, ok bool) {
	if line == "" || line[0] == '#' || line[0] == '[' {
		return "", false
	}
	if key, value, found := strings.Cut(line, "="); found && isPLSKey(key) {
		if !strings.HasPrefix(key, "File") {
			return "", false
		}
		line = value
	}
	if rest, found := strings.CutPrefix(line, "file://"); found {
		unescaped, err := url.PathUnescape(rest)
		if err != nil {
			return "", false
		}
		line = unescaped
	}
	line = strings.ReplaceAll(line, `\`, "/")
	return line, !strings.Contains(line, "://")
}

// isPLSKey tells whether what stands before a "=" is a key of a PLS playlist and not a name.
func isPLSKey(key string) bool {
	switch key := strings.TrimRight(key, "0123456789"); key {
	case "File", "Title", "Length", "NumberOfEntries", "Version", "numberofentries":
		return true
	}
	return false
}
