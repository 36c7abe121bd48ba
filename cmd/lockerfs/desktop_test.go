package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const usersActions = `<?xml version="1.0" encoding="UTF-8"?>
<!-- mine: <action> -->
<actions>
<action>
	<icon>utilities-terminal</icon>
	<name>Open Terminal Here</name>
	<unique-id>1-1</unique-id>
	<command>exo-open --working-directory %f &amp;&amp; true</command>
	<description>lockerfs- is not mine &#xE9;</description>
	<patterns>*</patterns>
	<directories/>
</action>
</actions>
`

func TestThunarKeepsWhatIsNotOurs(t *testing.T) {
	for name, text := range map[string]string{
		"users":    usersActions,
		"one line": `<actions><action><name>a</name><unique-id>1</unique-id></action></actions>`,
		"empty":    "<actions>\n</actions>",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := desktop{data: filepath.Join(dir, "Bj'örk & \"data\" %f"), config: filepath.Join(dir, "config")}
			if err := writePrivately(d.thunarList(), []byte(text)); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time changes nothing
				if _, err := d.installThunar(); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(d.thunarList())
			if err != nil {
				t.Fatal(err)
			}
			var list struct {
				Action []struct {
					Name    string `xml:"name"`
					ID      string `xml:"unique-id"`
					Command string `xml:"command"`
				} `xml:"action"`
			}
			if err := xml.Unmarshal(got, &list); err != nil {
				t.Fatal(err)
			}
			before := strings.Count(strings.ReplaceAll(text, "mine: <action>", ""), "<action>")
			if n := len(list.Action); n != before+2 {
				t.Fatalf("%d actions after %d", n, before)
			}
			want := "'" + dir + `/Bj'\''örk & "data" %%f/lockerfs/keep-offline' %F`
			if a := list.Action[before]; a.Name != "Keep offline" || a.ID != "lockerfs-keep-offline" || a.Command != want {
				t.Errorf("got %+v, want the command %s", a, want)
			}
			if changed, err := d.removeThunar(); err != nil || !changed {
				t.Fatal(changed, err)
			}
			if got, err := os.ReadFile(d.thunarList()); err != nil || string(got) != text {
				t.Errorf("after it was removed again:\n%s", got)
			}
			if changed, err := d.removeThunar(); err != nil || changed {
				t.Error("it removed something twice", err)
			}
		})
	}
}

func TestThunarLeavesWhatItDoesNotUnderstand(t *testing.T) {
	for _, text := range []string{"", "<actions>", "<actions/>", "<other></other>", "<actions><action></actions>", "\x00"} {
		d := desktop{config: t.TempDir(), thunar: true}
		if err := writePrivately(d.thunarList(), []byte(text)); err != nil {
			t.Fatal(err)
		}
		_, err := d.installThunar()
		var f *fault
		if !errors.As(err, &f) || f.next == "" {
			t.Errorf("%q: %v", text, err)
		}
		if got, err := os.ReadFile(d.thunarList()); err != nil || string(got) != text {
			t.Errorf("%q was made %q", text, got)
		}
	}
}

// TestThunarStartsWithTheSystemsList: a list of the user's hides the system's.
func TestThunarStartsWithTheSystemsList(t *testing.T) {
	d := desktop{data: "/d", config: t.TempDir(), shared: []string{t.TempDir()}}
	if changed, err := d.installThunar(); changed || err != nil {
		t.Errorf("without Thunar: %v, %v", changed, err)
	}
	if err := writePrivately(filepath.Join(d.shared[0], "Thunar", "uca.xml"), []byte(usersActions)); err != nil {
		t.Fatal(err)
	}
	if changed, err := d.installThunar(); !changed || err != nil {
		t.Fatal(changed, err)
	}
	got, err := os.ReadFile(d.thunarList())
	if err != nil || !bytes.Contains(got, []byte("Open Terminal Here")) || !bytes.Contains(got, []byte("lockerfs-free-up-space")) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestExecQuote(t *testing.T) {
	for in, want := range map[string]string{"/a b": `"/a b"`, `/$"` + "`" + `\%`: `"/\\$\\"` + "\\\\`" + `\\\\%%"`} {
		if got := execQuote(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
