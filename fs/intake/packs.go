package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

// What tag readers read of the files that are uploaded goes into scan packs: the
// ranges of an album's files are read before the first of them is sent, so that they
// are in one pack however slow the sending is. When a file was sent, and the bytes that
// went are known to be those of its hash, so are the ranges. A pack is in the store
// before a commit names it, and one that cannot be made is missed by nobody.

// Sizes of packs.
const (
	packAlbums = 3 << 20 // bytes with which a pack takes no further album,
	albumFiles = 100     // and files
	packBytes  = 8 << 20 // bytes with which it is full
	packFiles  = 400     // and files
	packAhead  = 100     // files whose ranges are read before the first of them is sent
	packPlain  = 1 << 20 // most bytes of a file besides its pictures
	packMost   = 8 << 20 // and with them
	sharedFrom = 1 << 10 // bytes of a picture that is looked for in other files
)

// A commit waits for a pack to be sent: packPatience, and as long as its bytes take at
// packSlowest bytes a second, for eight files are sent beside it.
const (
	packPatience = time.Minute
	packSlowest  = 8 << 10
)

// packer makes the packs of a run.
type packer struct {
	put func(ctx context.Context, name string, body []byte) error
	log *slog.Logger

	mu   sync.Mutex // guards open and its builder
	open *packing   // takes files; nil for none
}

// packing is a pack on its way to the store. Once it is closed, nobody adds to it.
type packing struct {
	of      *packer
	builder *pack.Builder
	once    sync.Once
	name    string // when it is in the store; after once
}

// scanned is what a pack has of a file.
type scanned struct {
	in    *packing
	spans []tag.Span
	sum   [sha256.Size]byte // of the bytes at spans
}

// gather reads the ranges of files that are about to be sent. It gives the packs that
// became full. album says that an album begins.
func (r *run) gather(ctx context.Context, files []placed, album bool) (full []*packing) {
	if r.opts.DryRun {
		return nil
	}
	if album {
		if k := r.packer.closeFrom(packAlbums, albumFiles); k != nil {
			full = append(full, k)
		}
	}
	for i := range files {
		p := &files[i]
		if p.held != nil || p.looked() == nil || p.action != Upload && p.action != Update || ctx.Err() != nil {
			continue
		}
		ranges, err := p.ranges(r.disk, &r.scratch)
		if err != nil || len(ranges) == 0 {
			continue // if that matters, sending it says so
		}
		if k := r.packer.add(&p.examined, ranges); k != nil {
			full = append(full, k)
		}
		if k := r.packer.closeFrom(packBytes, packFiles); k != nil {
			full = append(full, k)
		}
	}
	return full
}

// ranges reads what tag readers read of a file; nothing where that is too much. It reads
// into scratch, which holds until the next file.
func (x *examined) ranges(d disk, scratch *[]byte) ([]pack.Range, error) {
	f, err := x.open(d)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ScanRanges(x.looked(), x.info.Size(), f, scratch)
}

// looked is what programs that look at all files read of it.
func (x *examined) looked() *tag.Info { return Looked(x.path, x.info.Size(), x.tags) }

// room gives n bytes of scratch, or bytes of their own if that is more than is worth
// keeping.
func room(scratch *[]byte, n int64) []byte {
	if n > packPlain {
		return make([]byte, n)
	}
	if int64(len(*scratch)) < n {
		*scratch = make([]byte, min(2*n, packPlain))
	}
	return *scratch
}

// failed says why a pack was not made.
func (k *packer) failed(err error) {
	if !errors.Is(err, context.Canceled) {
		k.log.Warn("files come in without a scan pack", "reason", err)
	}
}

// add puts a file's ranges into the open pack. It gives that one where it had no room;
// the file is in another then, or in none.
func (k *packer) add(x *examined, ranges []pack.Range) (full *packing) {
	looked := x.looked()
	shared := SharedSpans(looked)
	k.mu.Lock()
	defer k.mu.Unlock()
	for range 2 {
		if k.open == nil {
			b, err := pack.NewBuilder()
			if err != nil {
				k.failed(err)
				return full
			}
			k.open = &packing{of: k, builder: b}
		}
		err := k.open.builder.Add(pack.ID(x.hash), x.info.Size(), ranges, shared)
		if err == nil {
			x.scan = &scanned{in: k.open, spans: looked.Touch}
			sum := sha256.New()
			for _, r := range ranges {
				sum.Write(r.Bytes)
			}
			sum.Sum(x.scan.sum[:0])
			return full
		}
		if !errors.Is(err, pack.ErrTooLarge) || k.open.builder.Objects() == 0 {
			k.failed(err)
			return full
		}
		full, k.open = k.open, nil
	}
	return full
}

// closeFrom closes the open pack if it has so many bytes or files, and gives it.
func (k *packer) closeFrom(bytes, files int) *packing {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.open
	if p == nil || p.builder.Size() < bytes && p.builder.Objects() < files {
		return nil
	}
	k.open = nil
	return p
}

// send brings the pack to the store, once however many ask, and gives its name; ""
// when there is none.
func (p *packing) send(ctx context.Context) string {
	p.of.mu.Lock()
	if p.of.open == p {
		p.of.open = nil
	}
	p.of.mu.Unlock()
	p.once.Do(func() {
		name, body, err := p.builder.Encode()
		p.builder = nil
		if err == nil {
			patience := packPatience + time.Duration(len(body)/packSlowest)*time.Second
			if end, ok := ctx.Deadline(); ok {
				patience = min(patience, time.Until(end)/3) // the commit needs some of it too
			}
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			err = p.of.put(ctx, name, body)
		}
		if err != nil {
			p.of.failed(err)
			return
		}
		p.name = name
	})
	return p.name
}

// putPack writes a pack. Its name is its content, so writing it twice does no harm. It
// does not wait for its turn in a limited bandwidth, for a commit waits for it; what is
// sent next waits for both.
func (r *run) putPack(ctx context.Context, name string, body []byte) error {
	r.pace.pass(int64(len(body)))
	opts := remote.PutOptions{ContentType: "application/octet-stream"}
	for pause := uploadPause; ; pause *= 2 {
		section := io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body)))
		_, err := r.im.Store.Put(ctx, catalog.PackKey(name), section, opts)
		if err == nil {
			break
		}
		if !remote.Temporary(err) || pause > 2*uploadPause {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	if r.im.Keep != nil {
		if err := r.im.Keep(name, body); err != nil {
			r.im.Logger.Debug("a scan pack could not be kept here", "pack", name, "error", err)
		}
	}
	return nil
}

// namePacks has the versions of files about to be committed name their packs.
func namePacks(ctx context.Context, files []placed) {
	for i := range files {
		if s := files[i].packed; s != nil {
			files[i].version.Pack = s.send(ctx)
		}
	}
}

// watch follows a file's bytes as they are read from its start to its end, for those
// that went into a pack.
type watch struct {
	spans []tag.Span
	sum   hash.Hash
}

// watching begins; nil when no pack has anything of the file.
func (s *scanned) watching() *watch {
	if s == nil {
		return nil
	}
	return &watch{s.spans, sha256.New()}
}

// saw takes the next bytes.
func (w *watch) saw(off int64, b []byte) {
	if w == nil {
		return
	}
	end := off + int64(len(b))
	for _, s := range w.spans {
		if from, to := max(s.Offset, off), min(s.End(), end); from < to {
			w.sum.Write(b[from-off : to-off])
		}
	}
}

// proves tells whether the bytes in the pack are those that were seen.
func (w *watch) proves(s *scanned) bool {
	return w != nil && [sha256.Size]byte(w.sum.Sum(nil)) == s.sum
}
