package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// printJSON writes an answer as indented JSON.
func (a *app) printJSON(v any) error { return writeIndented(a.out, v) }

func writeIndented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// writeElement writes one element of a list that is never in memory whole: the member
// name of a JSON object of which endElements writes the rest.
func writeElement(out *bufio.Writer, name string, isFirst bool, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	before := ",\n    "
	if isFirst {
		before = fmt.Sprintf("{\n  %q: [\n    ", name)
	}
	_, _ = out.WriteString(before) // an error stays with the writer
	_, err = out.Write(line)
	return err
}

// endElements ends the list that writeElement wrote, or an empty one, and adds the
// members of rest, an object with some.
func endElements(out *bufio.Writer, name string, empty bool, rest any) error {
	text, err := json.MarshalIndent(rest, "", "  ")
	if err != nil {
		return err
	}
	if empty {
		fmt.Fprintf(out, "{\n  %q: [", name)
	}
	_, _ = out.WriteString("\n  ],") // an error stays with the writer
	_, _ = out.Write(bytes.TrimPrefix(text, []byte("{")))
	_ = out.WriteByte('\n')
	return out.Flush()
}
