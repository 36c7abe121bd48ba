package integration

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lockerfs/lockerfs/"

// allowed is the import table of the design: which packages of ours each may
// import. A package that is not named here may not exist.
var allowed = map[string][]string{
	"remote":                   {},
	"remote/s3":                {"remote"},
	"remote/dir":               {"remote"},
	"remote/remotetest":        {"remote"},
	"remote/retry":             {"remote"},
	"remote/sched":             {"remote"},
	"cache":                    {"remote"},
	"cache/pack":               {"cache", "remote"},
	"cache/pin":                {"cache"},
	"cache/staging":            {"cache"},
	"prefetch":                 {},
	"fs/tag":                   {},
	"fs/library":               {"fs/tag"},
	"fs/catalog":               {"fs/library", "fs/tag", "remote"},
	"fs/pending":               {"fs/catalog", "fs/library", "cache/staging", "remote"},
	"fs/intake":                {"fs/catalog", "fs/library", "fs/pending", "fs/tag", "cache/pack", "remote"},
	"fs":                       {"fs/catalog", "fs/library", "fs/pending", "fs/tag", "remote"},
	"cmd/lockerfs":             {"cache", "cache/pack", "cache/pin", "cache/staging", "fs", "fs/catalog", "fs/intake", "fs/library", "fs/pending", "fs/tag", "prefetch", "remote", "remote/dir", "remote/retry", "remote/s3", "remote/sched"},
	"integration":              {},
	"integration/link":         {},
	"integration/scripts/link": {"integration/link"},
	"integration/scale":        {"fs/catalog", "fs/library", "fs/tag", "remote", "remote/s3"},
	"integration/bench":        {"integration/link", "integration/scale", "remote/remotetest"},
}

// alone names the one package that may import a library, tests aside.
var alone = map[string]string{"github.com/hanwen/go-fuse": "fs", "github.com/aws/": "remote/s3", "github.com/dhowden/tag": "fs/tag", "github.com/spf13/cobra": "cmd/lockerfs"}

func TestImportTable(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		name := strings.TrimPrefix(p.ImportPath, module)
		may, known := allowed[name]
		if !known {
			t.Errorf("package %s is not in the design's table", name)
		}
		for _, imp := range p.Imports {
			if ours, ok := strings.CutPrefix(imp, module); ok && !slices.Contains(may, ours) {
				t.Errorf("%s imports %s, which it must not know", name, ours)
			}
			for library, only := range alone {
				if strings.HasPrefix(imp, library) && name != only {
					t.Errorf("%s imports %s, which only %s may", name, imp, only)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("go list gave %d packages", seen)
	}
}
