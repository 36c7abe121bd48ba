package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	workEdit         = "tag edit of a FLAC that is here"
	workEditSafe     = "tag edit until in the store, FLAC here"
	workEditCold     = "tag edit of a FLAC that is not here"
	workEditColdSafe = "tag edit until in the store, FLAC not here"
)

// retitle changes the title of every file named on its input, in place, and answers with
// a line.
const retitle = `
import sys, mutagen
mutagen.File(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    f = mutagen.File(line.rstrip("\n"))
    f["title"] = "Another title"
    f.save()
    print("saved", flush=True)
`

// edit changes the title of FLACs, first of some that are here, then of others of which
// no byte is but what scan packs hold. It is in the store when sync says so.
func (b *bench) edit(ctx context.Context, s subject) (err error) {
	turns := b.settings.turns
	f, err := b.newAlbum(ctx, s, 2*turns, b.settings.size.copied)
	if err != nil {
		return err
	}
	if err := b.lay(ctx, s, f); err != nil {
		return err
	}
	e, err := startEditor(ctx, b.music.tracks[0].source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.end()) }()
	here, cold := f.files[:turns], f.files[turns:]
	err = b.openly(func() error {
		for _, tr := range here {
			if _, err := slurp(s, tr); err != nil {
				return err
			}
		}
		return b.rig.quiet(ctx)
	})
	if err != nil {
		return err
	}
	if err := b.edited(ctx, s, e, here, workEdit, workEditSafe); err != nil {
		return err
	}
	if err := b.edited(ctx, s, e, cold, workEditCold, workEditColdSafe); err != nil {
		return err
	}
	return errors.Join(b.kept(ctx, s, f), b.clear(ctx, s, f))
}

// edited edits tracks one after the other, each until it is in the store, and what they
// were made of likewise.
func (b *bench) edited(ctx context.Context, s subject, e *editor, tracks []track, work, safe string) error {
	var saves, all []time.Duration
	var spent traffic
	for i := range tracks {
		before, start := b.begin(work), time.Now()
		if err := e.edit(s.path(tracks[i].path)); err != nil {
			return err
		}
		saved := time.Since(start)
		b.rig.now(safe)
		further, err := b.synced(ctx, s)
		if err != nil {
			return err
		}
		saves, all = append(saves, saved), append(all, saved+further)
		if err := b.rig.quiet(ctx); err != nil {
			return err
		}
		spent.more(b.rig.since(before))
		if err := tracks[i].retitled(e); err != nil {
			return err
		}
	}
	b.add(s, work, figures{Units: len(tracks)}.times(saves...))
	f := figures{Units: len(tracks), traffic: &spent}
	var err error
	f.Memory, f.MostMemory, err = s.memory()
	b.add(s, safe, f.times(all...))
	return err
}

// retitled does the edit to what a track was made of, whose bytes are its own then.
func (tr *track) retitled(e *editor) error {
	if err := e.edit(tr.source); err != nil {
		return err
	}
	info, err := os.Stat(tr.source)
	if err != nil {
		return err
	}
	tr.size = info.Size()
	return nil
}

// editor is a mutagen that runs.
type editor struct {
	c    *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	said *bytes.Buffer // read only when it has ended
	stop func() bool
}

// startEditor starts mutagen and has it read a file, so that all of it is loaded.
func startEditor(ctx context.Context, first string) (*editor, error) {
	e := &editor{c: apart(exec.Command(python3(), "-c", retitle, first)), said: new(bytes.Buffer)}
	e.c.Stderr = e.said
	var err error
	if e.in, err = e.c.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := e.c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	e.out = bufio.NewReader(out)
	if err := e.c.Start(); err != nil {
		return nil, err
	}
	e.stop = context.AfterFunc(ctx, func() { _ = e.c.Process.Kill() })
	if err := e.answers("ready"); err != nil {
		return nil, errors.Join(err, e.end())
	}
	return e, nil
}

func (e *editor) edit(path string) error {
	if _, err := io.WriteString(e.in, path+"\n"); err != nil {
		return err
	}
	return e.answers("saved")
}

func (e *editor) answers(want string) error {
	line, err := e.out.ReadString('\n')
	if got := strings.TrimSpace(line); err == nil && got != want {
		err = fmt.Errorf("mutagen says %q, want %q", got, want)
	}
	return err
}

// end ends mutagen, and says why it had ended before.
func (e *editor) end() error {
	defer e.stop()
	closing := e.in.Close()
	if err := e.c.Wait(); err != nil {
		return fmt.Errorf("mutagen: %w\n%s", err, bytes.TrimSpace(e.said.Bytes()))
	}
	return closing
}
