package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote"
)

// packFull is with how many bytes a pack of what was written is sent, and packWait how long
// a commit waits for that.
const (
	packFull = 8 << 20
	packWait = time.Minute
)

// packWritten makes scan packs of files that are about to be committed, and gives the name
// of each one's; empty where there is none.
func (e *engine) packWritten(ctx context.Context, files []pending.Packable) []string {
	names := make([]string, len(files))
	var scratch []byte
	for i := 0; i < len(files); {
		b, err := pack.NewBuilder()
		if err != nil {
			break
		}
		first := i
		var in []int
		for ; i < len(files) && b.Size() < packFull; i++ {
			v := files[i].Version
			looked := intake.Looked(files[i].Name, v.Size, v.Tags)
			if looked == nil {
				continue
			}
			ranges, err := intake.ScanRanges(looked, v.Size, files[i].File, &scratch)
			if err != nil || len(ranges) == 0 {
				continue
			}
			if err = b.Add(pack.ID(v.Mark()), v.Size, ranges, intake.SharedSpans(looked)); errors.Is(err, pack.ErrTooLarge) && i > first {
				break
			} else if err == nil {
				in = append(in, i)
			}
		}
		if len(in) == 0 {
			continue
		}
		name, err := e.sendPack(ctx, b)
		if err != nil {
			e.log("packs").Warn("files come in without a scan pack", "reason", err)
			break
		}
		for _, n := range in {
			names[n] = name
		}
	}
	return names
}

// sendPack puts a pack into the store, and keeps it here.
func (e *engine) sendPack(ctx context.Context, b *pack.Builder) (string, error) {
	name, body, err := b.Encode()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(remote.WithTicket(ctx, remote.NewTicket(remote.Upload)), packWait)
	defer cancel()
	section := io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body)))
	if _, err := e.store.Put(ctx, catalog.PackKey(name), section, remote.PutOptions{ContentType: "application/octet-stream"}); err != nil {
		return "", err
	}
	if e.packs != nil {
		if err := e.packs.shelf.Put(name, body); err != nil {
			e.log("packs").Debug("a scan pack could not be kept here", "pack", name, "error", err)
		}
	}
	return name, nil
}
