package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	trackSize   = 2_100_000 // about, in bytes
	perAlbum    = 10
	ffmpegLimit = 3 * time.Minute
	coverSide   = 500 // pixels
)

// track is one file of the collection.
type track struct {
	source string // on this machine
	path   string // where it belongs in the locker
	size   int64
	length time.Duration // of its sound
}

// collection is music on this machine, ready to be imported.
type collection struct {
	dir string
	// tracks are the many; special are few, for one purpose each.
	tracks []track
	special
	bytes int64
}

func (c *collection) all() []track {
	return slices.Concat(c.tracks, c.large, c.mix, c.album, c.thin)
}

// shape is how one format of the collection is encoded: as many seconds as make
// about [trackSize] bytes, unless they are cut.
type shape struct {
	ext     string
	seconds int
	args    []string
	// cover tells how the picture gets in: as a stream, or as a comment.
	cover coverKind
}

type coverKind int

const (
	coverStream coverKind = iota
	coverComment
)

func shapes(cut int) []shape {
	all := []shape{
		{"mp3", 83, []string{"-c:a", "libmp3lame", "-b:a", "192k"}, coverStream},
		{"flac", 20, []string{"-c:a", "flac"}, coverStream},
		{"m4a", 83, []string{"-c:a", "aac", "-b:a", "192k"}, coverStream},
		{"ogg", 113, []string{"-c:a", "libvorbis", "-b:a", "192k"}, coverComment},
		{"opus", 188, []string{"-c:a", "libopus", "-b:a", "128k"}, coverComment},
	}
	for i := range all {
		all[i].seconds = max(all[i].seconds/cut, 1)
	}
	return all
}

// makeCollection encodes each format once, gives it the ten numbers of an album, and
// writes the tracks from that, which differ in their tags and so in their bytes; and
// the special ones.
func makeCollection(ctx context.Context, dir string, z size) (*collection, error) {
	work := filepath.Join(dir, "encoded")
	c := &collection{dir: filepath.Join(dir, "music")}
	if err := errors.Join(os.Mkdir(work, 0o755), os.Mkdir(c.dir, 0o755)); err != nil {
		return nil, err
	}
	if err := encode(ctx, work, z); err != nil {
		return nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	c.makeSpecial(gctx, g, z)
	c.tracks = make([]track, z.tracks)
	for i := range c.tracks {
		g.Go(func() (err error) {
			if c.tracks[i], err = c.short(work, z.cut, i); err == nil {
				err = gctx.Err()
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, tr := range c.all() {
		c.bytes += tr.size
	}
	return c, os.RemoveAll(work)
}

// encode makes the templates: the sound of each format that there is an album of, under
// the ten numbers.
func encode(ctx context.Context, work string, z size) error {
	cover := filepath.Join(work, "cover.jpg")
	if err := ffmpeg(ctx, "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%dx%d", coverSide, coverSide), "-frames:v", "1", cover); err != nil {
		return err
	}
	comment, err := pictureComment(cover)
	if err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	for _, s := range shapes(z.cut)[:min(len(shapes(z.cut)), (z.tracks+perAlbum-1)/perAlbum)] {
		g.Go(func() error {
			noise := fmt.Sprintf("anoisesrc=color=pink:amplitude=0.5:duration=%d:sample_rate=48000:seed=1", s.seconds)
			sound := filepath.Join(work, "sound."+s.ext)
			args := append([]string{"-f", "lavfi", "-i", noise, "-ac", "2"}, s.args...)
			if err := ffmpeg(gctx, append(args, sound)...); err != nil {
				return err
			}
			for number := 1; number <= perAlbum; number++ {
				if err := ffmpeg(gctx, s.tagged(sound, cover, comment, number, template(work, s.ext, number))...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func template(work, ext string, number int) string {
	return filepath.Join(work, fmt.Sprintf("%d.%s", number, ext))
}

// tagged gives the arguments that put tags and a cover on a sound.
func (s shape) tagged(sound, cover, comment string, number int, to string) []string {
	args := []string{"-i", sound}
	where := "-metadata"
	if s.cover == coverStream {
		args = append(args, "-i", cover, "-map", "0:a", "-map", "1", "-disposition:v", "attached_pic")
	} else {
		where = "-metadata:s:a" // Ogg keeps its tags with the stream, the others with the file
		args = append(args, where, "METADATA_BLOCK_PICTURE="+comment)
	}
	for _, kv := range []string{"artist=" + artistMark, "album=" + albumMark, fmt.Sprintf("title=Title %d %s", number, titleMark), fmt.Sprintf("track=%d", number), "date=2001"} {
		args = append(args, where, kv)
	}
	return append(args, "-c", "copy", to)
}

// short writes track i from the template of its format and number.
func (c *collection) short(work string, cut, i int) (track, error) {
	album, number := i/perAlbum, i%perAlbum+1
	all := shapes(cut)
	s := all[album%len(all)]
	artist, name, of := fmt.Sprintf("Artist %04d", album/2), fmt.Sprintf("Album %04d", album), fmt.Sprintf("of %04d", album)
	file := fmt.Sprintf("%02d Title %d %s.%s", number, number, of, s.ext)
	tr := c.at(artist, name, file)
	tr.length = time.Duration(s.seconds) * time.Second
	b, err := os.ReadFile(template(work, s.ext, number))
	if err != nil {
		return tr, err
	}
	if b, err = vary(b, s.ext, map[string]string{artistMark: artist, albumMark: name, titleMark: of}); err != nil {
		return tr, err
	}
	tr.size = int64(len(b))
	return tr, errors.Join(os.MkdirAll(filepath.Dir(tr.source), 0o755), os.WriteFile(tr.source, b, 0o644))
}

func (c *collection) at(artist, album, file string) track {
	return track{source: filepath.Join(c.dir, artist, album, file), path: filepath.Join(artist, album, file)}
}

// pictureComment gives a JPEG as Ogg comments hold it: FLAC's picture block (RFC
// 9639, 8.8) in base 64.
func pictureComment(file string) (string, error) {
	jpeg, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	const frontCover, mediaType = 3, "image/jpeg"
	b := binary.BigEndian.AppendUint32(nil, frontCover)
	b = binary.BigEndian.AppendUint32(b, uint32(len(mediaType)))
	b = append(b, mediaType...)
	// No description; width, height, bits a pixel; not indexed.
	for _, n := range []int{0, coverSide, coverSide, 24, 0, len(jpeg)} {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return base64.StdEncoding.EncodeToString(append(b, jpeg...)), nil
}

// ffmpeg runs ffmpeg to its end.
func ffmpeg(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, ffmpegLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", append([]string{"-nostdin", "-v", "error", "-threads", "1"}, args...)...).CombinedOutput()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("ffmpeg for %s: %w\n%s", args[len(args)-1], err, out)
	}
	return nil
}
