package intake

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
)

// planned is a file or folder that an export is to write.
type planned struct {
	// Path is that in the locker, To that in the folder: the disk may not hold the name.
	Path   string       `json:"path"`
	To     string       `json:"to"`
	Dir    bool         `json:"dir,omitempty"`
	Mode   uint32       `json:"mode"`
	MTime  int64        `json:"mtime"`
	Size   int64        `json:"size,omitempty"`
	SHA256 catalog.Hash `json:"sha256,omitzero"`
	Key    string       `json:"key,omitempty"`
	ETag   string       `json:"etag,omitempty"`
}

// exportPlan is all that an export is to write, a folder before what is in it, in a file
// that goes with the process.
type exportPlan struct {
	file *os.File
	out  *bufio.Writer
}

func newExportPlan(dir string) (*exportPlan, error) {
	f, err := os.CreateTemp(dir, "plan-*")
	if err != nil {
		return nil, err
	}
	// Some file systems keep the name of what is open; then the next export removes it.
	_ = os.Remove(f.Name())
	return &exportPlan{f, bufio.NewWriterSize(f, 64<<10)}, nil
}

func (p *exportPlan) close() { p.file.Close() }

func (p *exportPlan) add(x *planned) error {
	b, err := json.Marshal(x)
	if err == nil {
		_, err = p.out.Write(append(b, '\n'))
	}
	return err
}

// each calls f for all that is planned.
func (p *exportPlan) each(f func(*planned) error) error {
	if err := p.out.Flush(); err != nil {
		return err
	}
	dec := json.NewDecoder(bufio.NewReaderSize(io.NewSectionReader(p.file, 0, 1<<62), 64<<10))
	for {
		var x planned
		if err := dec.Decode(&x); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading the plan: %w", err)
		}
		if err := f(&x); err != nil {
			return err
		}
	}
}

// naming gives names that the disk can hold, folder by folder.
type naming struct {
	limits  nameLimits
	renamed *noted
	// open are the folders on the way to where the plan is.
	open []namedFolder
}

// namedFolder is a folder of the locker and what it is on the disk.
type namedFolder struct {
	id    catalog.ID
	to    string
	taken map[string]bool // folded names, where the disk tells no case apart
}

// enter makes the folder the present one. Those it does not lie in are left.
func (n *naming) enter(parent catalog.ID) *namedFolder {
	for len(n.open) > 1 && n.open[len(n.open)-1].id != parent {
		n.open = n.open[:len(n.open)-1]
	}
	return &n.open[len(n.open)-1]
}

// name gives the path of an entry on the disk.
func (n *naming) name(at string, e *catalog.Entry) string {
	folder := n.enter(e.Parent)
	safe := n.limits.safe(e.Name)
	if folder.to == "" && safe == exportFolder {
		safe += "_"
	}
	if n.limits.folds {
		safe = folder.free(safe)
	}
	if safe != e.Name {
		n.renamed.add(at, safe)
	}
	to := path.Join(folder.to, safe)
	if e.Kind == catalog.Dir {
		n.open = append(n.open, namedFolder{e.ID, to, map[string]bool{}})
	}
	return to
}

// free takes a name that no other in the folder differs from by case only.
func (f *namedFolder) free(name string) string {
	stem, ext := library.SplitExt(name)
	for i := 2; f.taken[library.Fold(name)]; i++ {
		name = fmt.Sprintf("%s (%d)%s", stem, i, ext)
	}
	f.taken[library.Fold(name)] = true
	return name
}

// draw plans what stands at a locker path and below. The folders above are planned too.
func (x *export) draw(ctx context.Context, at string, limits nameLimits) (_ *exportPlan, err error) {
	x.report.Commit = x.Index.Applied()
	plan, err := newExportPlan(x.journal.dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			plan.close()
		}
	}()
	n := naming{limits: limits, renamed: &x.renamed, open: []namedFolder{{catalog.Root, "", map[string]bool{}}}}
	add := func(at string, e catalog.Entry) error {
		p := &planned{Path: at, To: n.name(at, &e), Dir: e.Kind == catalog.Dir, Mode: e.Mode, MTime: e.MTime}
		if v := e.Version; v != nil {
			p.Size, p.SHA256, p.Key, p.ETag = v.Size, v.SHA256, v.Object.Key, v.Object.ETag
			x.far.Files++
			x.far.Bytes += v.Size
		}
		return plan.add(p)
	}
	folder, err := x.above(ctx, at, add)
	if err == nil && folder.Kind == catalog.Dir {
		err = x.Index.Walk(ctx, folder.ID, add)
	}
	x.report.Files, x.report.Bytes = x.far.Files, x.far.Bytes
	return plan, err
}

// above adds the folders that lead to a locker path, and what stands there, which it gives.
func (x *export) above(ctx context.Context, at string, add func(string, catalog.Entry) error) (catalog.Entry, error) {
	here, err := x.Index.Resolve(ctx, "")
	done := ""
	for part := range strings.SplitSeq(at, "/") {
		if part == "" || err != nil {
			continue
		}
		done = path.Join(done, part)
		if here, err = x.Index.Resolve(ctx, done); err == nil {
			err = add(done, here)
		}
	}
	return here, err
}
