package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Thunar has one list of actions, the user's own and ours. It is changed as text, so that
// all that is not ours stays as it is, to the byte.

// thunarID begins the ids of our actions.
const thunarID = "lockerfs-"

func (d desktop) thunarList() string { return filepath.Join(d.config, "Thunar", "uca.xml") }

// installThunar puts our actions into the list, in the place of earlier ones. It tells
// whether it changed it.
func (d desktop) installThunar() (changed bool, err error) {
	text, err := d.readThunar()
	if err != nil || text == nil {
		return false, err
	}
	list, err := d.parseThunar(text)
	if err != nil {
		return false, err
	}
	var ours bytes.Buffer
	for _, x := range deskActions() {
		ours.WriteString(d.thunarAction(x))
	}
	next := slices.Concat(list.before, ours.Bytes(), list.after)
	if bytes.Equal(next, text) {
		return false, nil
	}
	return true, writePrivately(d.thunarList(), next)
}

// removeThunar takes our actions out of the list.
func (d desktop) removeThunar() (changed bool, err error) {
	text, err := os.ReadFile(d.thunarList())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || !bytes.Contains(text, []byte(thunarID)) {
		return false, err
	}
	list, err := d.parseThunar(text)
	if err != nil {
		return false, err
	}
	left := slices.Concat(list.before, list.after)
	if bytes.Equal(left, text) {
		return false, nil
	}
	return true, writePrivately(d.thunarList(), left)
}

// readThunar reads the user's list, or the system's, which a user's would hide; nil where
// there is none and no Thunar.
func (d desktop) readThunar() ([]byte, error) {
	paths := []string{d.thunarList()}
	for _, dir := range d.shared {
		paths = append(paths, filepath.Join(dir, "Thunar", "uca.xml"))
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	if !d.thunar {
		return nil, nil
	}
	return []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<actions>\n</actions>\n"), nil
}

// thunarText is a list without our actions, split where they go.
type thunarText struct{ before, after []byte }

// parseThunar finds the place for our actions at the end of the list, and leaves out those
// that are there.
func (d desktop) parseThunar(text []byte) (list thunarText, err error) {
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = true
	var kept []byte
	depth, from, action := 0, int64(0), int64(0)
	ours, field := false, ""
	for {
		at := dec.InputOffset()
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return list, d.oddThunar(err.Error())
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if depth++; depth == 1 && t.Name.Local != "actions" {
				return list, d.oddThunar("it is no list of actions")
			}
			if field = t.Name.Local; depth == 2 {
				action, ours = at, false
			}
		case xml.CharData:
			ours = ours || depth == 3 && field == "unique-id" && strings.HasPrefix(string(t), thunarID)
		case xml.EndElement:
			depth, field = depth-1, ""
			end := dec.InputOffset()
			switch {
			case depth == 1 && ours:
				kept = append(kept, text[from:action]...)
				from = end + int64(len(text[end:])-len(bytes.TrimPrefix(text[end:], []byte("\n"))))
			case depth == 0 && at == end: // <actions/>
				return list, d.oddThunar("its list is written in short")
			case depth == 0:
				list.before, list.after = append(kept, text[from:at]...), slices.Clone(text[at:])
			}
		}
	}
	if list.after == nil {
		return list, d.oddThunar("it is no list of actions")
	}
	return list, nil
}

func (d desktop) oddThunar(why string) error {
	return &fault{code: exitOther, cause: fmt.Sprintf("%s cannot be understood and was left as it is: %s", d.thunarList(), oneLine(why)),
		next: "mend or rename it, then run the command again"}
}

// thunarAction is one of our actions.
func (d desktop) thunarAction(x deskAction) string {
	var b strings.Builder
	b.WriteString("<action>\n")
	for _, f := range [][2]string{{"icon", x.icon}, {"name", x.name}, {"unique-id", thunarID + x.id},
		{"command", strings.ReplaceAll(shellQuote(d.command(x)), "%", "%%") + " %F"}, {"description", x.does}, {"patterns", "*"}} {
		b.WriteString("\t<" + f[0] + ">")
		_ = xml.EscapeText(&b, []byte(f[1])) // a strings.Builder takes all
		b.WriteString("</" + f[0] + ">\n")
	}
	b.WriteString("\t<directories/>\n\t<audio-files/>\n\t<other-files/>\n\t<text-files/>\n</action>\n")
	return b.String()
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
