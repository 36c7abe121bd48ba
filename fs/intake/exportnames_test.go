package intake

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func TestSafeNames(t *testing.T) {
	long := strings.Repeat("n", 250) + ".flac"
	for name, c := range map[string]struct {
		limits nameLimits
		name   string
		want   string
	}{
		"wide":            {nameLimits{}, "a:b?.", "a:b?."},
		"colon":           {nameLimits{narrow: true}, "Live: at Home?.flac", "Live_ at Home_.flac"},
		"dot at the end":  {nameLimits{narrow: true}, "Vol.", "Vol_"},
		"space":           {nameLimits{narrow: true}, "Vol ", "Vol"},
		"device":          {nameLimits{narrow: true}, "con.flac", "con_.flac"},
		"no device":       {nameLimits{narrow: true}, "console.flac", "console.flac"},
		"underscores":     {nameLimits{narrow: true}, "_a_.flac", "_a_.flac"},
		"spaces and dash": {nameLimits{narrow: true}, "- a  b.flac", "- a  b.flac"},
		"long":            {nameLimits{narrow: true}, long, long},
		"too long":        {nameLimits{short: true}, long, strings.Repeat("n", 135) + ".flac"},
		"control":         {nameLimits{narrow: true}, "a\x01b", "a_b"},
	} {
		if got := c.limits.safe(c.name); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestTwins: names that a disk cannot tell apart get numbers, folder by folder, and always
// the same.
func TestTwins(t *testing.T) {
	var renamed noted
	n := naming{limits: nameLimits{folds: true, narrow: true}, renamed: &renamed, open: []namedFolder{{catalog.Root, "", map[string]bool{}}}}
	var got []string
	for _, e := range []catalog.Entry{
		{ID: 10, Parent: catalog.Root, Name: "ABBA", Kind: catalog.Dir},
		{ID: 11, Parent: 10, Name: "x.flac", Kind: catalog.File},
		{ID: 12, Parent: 10, Name: "X.flac", Kind: catalog.File},
		{ID: 13, Parent: 10, Name: "X?", Kind: catalog.Dir},
		{ID: 14, Parent: 13, Name: "x.flac", Kind: catalog.File},
		{ID: 15, Parent: 10, Name: "x_", Kind: catalog.File},
		{ID: 20, Parent: catalog.Root, Name: "Abba", Kind: catalog.Dir},
		{ID: 21, Parent: 20, Name: "x.flac", Kind: catalog.File},
		{ID: 22, Parent: catalog.Root, Name: exportFolder, Kind: catalog.File},
	} {
		got = append(got, n.name("path", &e))
	}
	want := []string{"ABBA", "ABBA/x.flac", "ABBA/X (2).flac", "ABBA/X_", "ABBA/X_/x.flac", "ABBA/x_ (2)", "Abba (2)", "Abba (2)/x.flac", exportFolder + "_"}
	if diff := cmp.Diff(want, got); diff != "" || renamed.count != 5 {
		t.Errorf("%d renamed, %s", renamed.count, diff)
	}
}
