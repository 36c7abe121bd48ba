package scale

import (
	"context"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// tailOps is how many operations a commit after the checkpoint has.
const tailOps = 5

// Write makes the place a locker with a collection, and so many commits after the
// checkpoint: somebody edits tags. scratch is a folder for what is on its way.
func Write(ctx context.Context, s remote.Store, scratch string, c *Collection, commits int) error {
	f, err := catalog.Publish(ctx, s, scratch, c.folders(), c.files())
	if err != nil {
		return err
	}
	log := catalog.NewLog(s, true)
	for i := range commits {
		commit := catalog.Commit{Header: catalog.Header{N: f.Base + 1 + int64(i), ID: catalog.NewCommitID(), Epoch: f.Epoch,
			Device: "00000000000000000000000000000001", DeviceName: "studio", Time: time.Now().UnixNano()}}
		if commit.Ops = c.edit(i); len(commit.Ops) == 0 {
			return fmt.Errorf("a collection of %d tracks is too small for %d commits", c.Tracks(), commits)
		}
		body, err := commit.Encode()
		if err != nil {
			return err
		}
		if err := log.Append(ctx, commit.N, body); err != nil {
			return err
		}
	}
	return nil
}

// edit gives the operations of the i-th commit: other tags for some tracks of one album.
func (c *Collection) edit(i int) (ops []catalog.Op) {
	if i >= len(c.albums) {
		return nil
	}
	for _, e := range c.in(c.albums[len(c.albums)-1-i])[:tailOps] {
		v, at := *e.Version, made.Add(time.Duration(i)*time.Minute).UnixNano()
		tags := *v.Tags
		tags.Genre = "Other"
		v.ID, v.Tags, v.Object.Key = catalog.NewID(), &tags, v.Object.Key+".again.flac"
		v.SHA256[0]++
		ops = append(ops, catalog.Op{Verb: catalog.Replace, At: at, ID: e.ID, Version: &v, MTime: &at})
	}
	return ops
}
