package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/fs/library"
)

// What the manual shows can be used: every layout, every field and every function.
func TestLayoutManual(t *testing.T) {
	for _, name := range layouts() {
		if err := checkLayout("--layout", name); err != nil || !strings.Contains(layoutManual, "\n  "+name+" ") {
			t.Errorf("%s: %v, or it is not in the manual", name, err)
		}
	}
	templates := regexp.MustCompile(`(?m)^  (\{.*)$`).FindAllStringSubmatch(layoutManual, -1)
	if len(templates) < 3 {
		t.Errorf("got %d templates", len(templates))
	}
	for _, m := range templates {
		if err := checkLayout("--layout", m[1]); err != nil {
			t.Error(err)
		}
	}
	_, lists, _ := strings.Cut(layoutManual, "Fields of the album: ")
	lists, functions, _ := strings.Cut(lists, "Functions: ")
	album, track, _ := strings.Cut(lists, "Fields of the track: ")
	words := regexp.MustCompile(`[a-z]+`)
	for _, field := range words.FindAllString(album+track, -1) {
		if err := checkLayout(field, "{album}/{"+field+"}"); err != nil {
			t.Error(err)
		}
	}
	functions, _, _ = strings.Cut(functions, ".")
	for _, f := range strings.Split(functions, ", ") {
		if name := words.FindString(f); name != "" && !strings.Contains(f, "3)") {
			arg := map[string]string{"year": "date", "pad": "track, 3"}[name]
			if err := checkLayout(f, "{album}/{"+name+"("+first(arg, "artist")+")}"); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestBadLayout(t *testing.T) {
	for _, text := range []string{"{albumartist}/{albun}/{title}", "plane", "{album}/{title", "{title}"} {
		err := checkLayout("--layout", text)
		if f := diagnose(err, where{}); !errors.Is(err, library.ErrLayout) || f.code != exitUsage || f.next != "lockerfs help layout" {
			t.Errorf("%s: got %v", text, err)
		}
	}
	if err := checkLayout("--layout", "{albumartist}/{albun}/{title}"); !strings.Contains(err.Error(), "at character 16") {
		t.Errorf("got %v, want where", err)
	}
	if err := checkLayout("--layout", ""); err != nil {
		t.Errorf("none: got %v", err)
	}
	_, err := parseConfig("f", "[locker.a]\nstore = \"file:///a\"\nlayout = \"{x}\"\n")
	if err == nil || !strings.HasPrefix(err.Error(), "f:1: [locker.a] layout: ") || diagnose(err, where{}).code != exitUsage {
		t.Errorf("config: got %v", err)
	}
}
