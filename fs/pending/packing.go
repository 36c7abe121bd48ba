package pending

import (
	"context"
	"os"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Packable is a file that is about to be committed, with its bytes.
type Packable struct {
	Name    string
	Version *catalog.Version
	File    *os.File
}

// packAtOnce is how many files go into scan packs before one commit.
const packAtOnce = 400

// pack has the files that are ready to be committed kept apart for library scans. What
// fails is missed by nobody but a scan.
func (u *Uploader) pack(ctx context.Context) {
	if u.Pack == nil {
		return
	}
	u.x.turn.Lock()
	u.x.packing = true
	u.x.turn.Unlock()
	var changes []*change
	var files []Packable
	defer func() {
		for _, f := range files {
			f.File.Close()
		}
	}()
	for _, c := range u.x.ordered() {
		if len(files) == packAtOnce {
			break
		}
		if !u.packable(c) {
			continue
		}
		file, err := os.Open(c.Content.draft.Path())
		if err != nil {
			continue
		}
		changes, files = append(changes, c), append(files, Packable{c.Name, c.Content.Sent, file})
	}
	if len(files) == 0 {
		return
	}
	for i, name := range u.Pack(ctx, files) {
		if err := u.x.packed(changes[i], name); err != nil {
			u.x.log.Warn("a file comes in without a scan pack", "name", changes[i].Name, "error", err)
		}
	}
}

func (u *Uploader) packable(c *change) bool {
	if c.Gone || c.Content == nil || c.Content.Sent == nil || c.Content.Sent.Pack != "" || u.x.isLocal(c) {
		return false
	}
	u.x.turn.Lock()
	defer u.x.turn.Unlock()
	if c.Content.tried || !ready(c) {
		return false
	}
	c.Content.tried = true
	return true
}

// unoffered tells whether a content came into the store after packs were made for the commit
// that is planned: sending them takes time. It is in the next one then.
func (p *planner) unoffered(c *change) bool {
	return p.packing && c.Content != nil && c.Content.Sent != nil && c.Content.Sent.Pack == "" && !c.Content.tried
}

// packed notes in which pack a content is.
func (x *Overlay) packed(old *change, name string) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	c := x.change(old.ID)
	if name == "" || c == nil || c.Content == nil || c.Content.live != old.Content.live || c.Content.Sent != old.Content.Sent {
		return nil
	}
	v := *c.Content.Sent
	v.Pack = name
	d, content := c.copied(), *c.Content
	content.Sent = &v
	d.Content = &content
	return x.show(record{Put: []*change{d}})
}
