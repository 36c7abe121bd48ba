package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

const (
	albumTracks = 21
	smallSize   = 100_000
	syncLimit   = 10 * time.Minute
)

// folder is one on this machine that is copied into the locker.
type folder struct {
	path  string // where it belongs in the locker
	files []track
}

// remove deletes what the folder was made of.
func (f folder) remove() error {
	if len(f.files) == 0 {
		return nil
	}
	return os.RemoveAll(filepath.Dir(f.files[0].source))
}

// newFolder names a folder of so many files for a subject; none of them exists.
func (b *bench) newFolder(s subject, n int, ext string) (folder, error) {
	name := fmt.Sprintf("Album %04d", b.made)
	f := folder{path: filepath.Join("Written with "+s.name(), name), files: make([]track, n)}
	dir := filepath.Join(b.dir, "written", name)
	for i := range f.files {
		file := fmt.Sprintf("%04d Title.%s", i+1, ext)
		f.files[i] = track{source: filepath.Join(dir, file), path: filepath.Join(f.path, file)}
	}
	return f, os.MkdirAll(dir, 0o755)
}

// newAlbum writes an album of FLACs of so many seconds. No two are the same in a run:
// of what the locker holds already nothing would be sent.
func (b *bench) newAlbum(ctx context.Context, s subject, n, seconds int) (folder, error) {
	encoded := collection{dir: filepath.Join(b.dir, fmt.Sprintf("encoded-%d", seconds))}
	model := encoded.at(artistMark, artistMark, "01 Title 1.flac")
	if _, err := os.Stat(model.source); errors.Is(err, os.ErrNotExist) {
		white := sound{artist: artistMark, ext: "flac", number: 1, seconds: seconds, noise: "white:amplitude=1", args: []string{"-sample_fmt", "s16"}}
		if model, err = encoded.encoded(ctx, white); err != nil {
			return folder{}, err
		}
	}
	bytes, err := os.ReadFile(model.source)
	if err != nil {
		return folder{}, err
	}
	f, err := b.newFolder(s, n, "flac")
	for i := range f.files {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return f, err
		}
		b.made++
		one, err := vary(bytes, "flac", map[string]string{artistMark: fmt.Sprintf("Artist %04d", b.made)})
		if err != nil {
			return f, err
		}
		f.files[i].size = int64(len(one))
		if err := os.WriteFile(f.files[i].source, one, 0o644); err != nil {
			return f, err
		}
	}
	return f, err
}

// newSmalls writes many small files of which no two are the same.
func (b *bench) newSmalls(ctx context.Context, s subject) (folder, error) {
	f, err := b.newFolder(s, b.settings.size.many(), "bin")
	b.made++
	noise := rand.NewChaCha8([32]byte{byte(b.made), byte(b.made >> 8)})
	bytes := make([]byte, smallSize)
	for i := range f.files {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return f, err
		}
		_, _ = noise.Read(bytes) // it never fails
		f.files[i].size = smallSize
		if err := os.WriteFile(f.files[i].source, bytes, 0o644); err != nil {
			return f, err
		}
	}
	return f, err
}

// lay copies folders in until they are in the store, and leaves a subject as ready
// makes it. The link has no limits meanwhile.
func (b *bench) lay(ctx context.Context, s subject, folders ...folder) error {
	return b.openly(func() error {
		if _, err := s.bare(ctx); err != nil {
			return err
		}
		before, err := b.rig.objectsIn("scan")
		if err != nil {
			return err
		}
		for _, f := range folders {
			if _, err := f.copy(ctx, s.path(f.path)); err != nil {
				return err
			}
		}
		if _, err := b.synced(ctx, s); err != nil {
			return err
		}
		after, err := b.rig.objectsIn("scan")
		if err != nil {
			return err
		}
		own := after - before // which are of use only as long as the folders are there
		b.packs += own
		defer func() { b.packs -= own }()
		return b.ready(ctx, s)
	})
}

// clear removes a folder from the locker and from this machine, and waits until the
// store knows of it. The link has no limits meanwhile.
func (b *bench) clear(ctx context.Context, s subject, f folder) error {
	return b.openly(func() error {
		if err := errors.Join(f.remove(), os.RemoveAll(s.path(f.path))); err != nil {
			return err
		}
		_, err := b.synced(ctx, s)
		return err
	})
}

// openly does what no figure is about over a link without limits.
func (b *bench) openly(do func() error) error {
	w := b.rig.wire()
	b.rig.set(wire{})
	defer b.rig.set(w)
	b.rig.now("between figures")
	return do()
}

// synced waits until all that was written is in the store, and gives how long that took.
func (b *bench) synced(ctx context.Context, s subject) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, syncLimit, fmt.Errorf("not everything is in the store after %v", syncLimit))
	defer cancel()
	start := time.Now()
	done, err := s.sync(ctx)
	return done.Sub(start), err
}

// kept reads a folder back with an empty cache, and holds it against what was written:
// a quick copy that is not in the store is worth nothing. Of many files it reads some.
func (b *bench) kept(ctx context.Context, s subject, f folder) error {
	return b.openly(func() error {
		if _, err := s.bare(ctx); err != nil {
			return err
		}
		names, err := os.ReadDir(s.path(f.path))
		if err != nil {
			return err
		}
		if len(names) != len(f.files) {
			return fmt.Errorf("%s holds %d files, want %d", f.path, len(names), len(f.files))
		}
		for i := 0; i < len(f.files); i += 1 + len(f.files)/64 {
			_, err := slurp(s, f.files[i])
			if errors.Is(err, errWrongBytes) && s.name() == theirs {
				err = errors.New("with its queue empty, the store has something else than was written: " + err.Error()) // which ends no run of ours
			}
			if err != nil {
				return err
			}
		}
		return b.rig.quiet(ctx)
	})
}
