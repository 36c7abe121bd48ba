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
	largeSize   = 31_000_000
	perAlbum    = 10
	ffmpegLimit = 3 * time.Minute
	coverSide   = 500 // pixels
)

// track is one file of the collection.
type track struct {
	source string // on this machine
	path   string // where it belongs in the locker
	size   int64
}

// collection is music on this machine, ready to be imported.
type collection struct {
	dir string
	// tracks are the small ones, large the two long ones.
	tracks, large []track
	bytes         int64
}

// shape is how one format of the collection is encoded: as many seconds as make
// about [trackSize] bytes.
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

func shapes() []shape {
	return []shape{
		{"mp3", 83, []string{"-c:a", "libmp3lame", "-b:a", "192k"}, coverStream},
		{"flac", 20, []string{"-c:a", "flac"}, coverStream},
		{"m4a", 83, []string{"-c:a", "aac", "-b:a", "192k"}, coverStream},
		{"ogg", 113, []string{"-c:a", "libvorbis", "-b:a", "192k"}, coverComment},
		{"opus", 188, []string{"-c:a", "libopus", "-b:a", "128k"}, coverComment},
	}
}

// makeCollection encodes each format once, gives it the ten numbers of an album, and
// writes n tracks from that, which differ in their tags and so in their bytes; and
// two long tracks.
func makeCollection(ctx context.Context, dir string, n int) (*collection, error) {
	work := filepath.Join(dir, "encoded")
	c := &collection{dir: filepath.Join(dir, "music")}
	if err := errors.Join(os.Mkdir(work, 0o755), os.Mkdir(c.dir, 0o755)); err != nil {
		return nil, err
	}
	if err := encode(ctx, work); err != nil {
		return nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	c.large = make([]track, 2)
	for i, ext := range []string{"flac", "wav"} {
		g.Go(func() (err error) {
			c.large[i], err = c.long(gctx, i, ext)
			return err
		})
	}
	c.tracks = make([]track, n)
	for i := range c.tracks {
		g.Go(func() (err error) {
			if c.tracks[i], err = c.short(work, i); err == nil {
				err = gctx.Err()
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, tr := range slices.Concat(c.large, c.tracks) {
		c.bytes += tr.size
	}
	return c, os.RemoveAll(work)
}

// encode makes the templates: the sound of each format, under the ten numbers.
func encode(ctx context.Context, work string) error {
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
	for _, s := range shapes() {
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
func (c *collection) short(work string, i int) (track, error) {
	album, number := i/perAlbum, i%perAlbum+1
	s := shapes()[album%len(shapes())]
	artist, name, of := fmt.Sprintf("Artist %04d", album/2), fmt.Sprintf("Album %04d", album), fmt.Sprintf("of %04d", album)
	file := fmt.Sprintf("%02d Title %d %s.%s", number, number, of, s.ext)
	tr := track{source: filepath.Join(c.dir, artist, name, file), path: filepath.Join(artist, name, file)}
	b, err := os.ReadFile(template(work, s.ext, number))
	if err != nil {
		return tr, err
	}
	if b, err = vary(b, s.ext, map[string]string{artistMark: artist, albumMark: name, titleMark: of}); err != nil {
		return tr, err
	}
	if err := os.MkdirAll(filepath.Dir(tr.source), 0o755); err != nil {
		return tr, err
	}
	tr.size = int64(len(b))
	return tr, os.WriteFile(tr.source, b, 0o644)
}

// long writes one of the two long tracks: white noise, which FLAC hardly shrinks.
func (c *collection) long(ctx context.Context, i int, ext string) (track, error) {
	title, number := "Long "+ext, i+1
	args := []string{"-f", "lavfi", "-i", fmt.Sprintf("anoisesrc=color=white:amplitude=1:duration=%d:sample_rate=44100:seed=%d", largeSize/(44100*4), 7+i), "-ac", "2", "-sample_fmt", "s16"}
	for _, kv := range []string{"artist=Long", "album=Long", "title=" + title, fmt.Sprintf("track=%d", number)} {
		args = append(args, "-metadata", kv)
	}
	file := fmt.Sprintf("%02d %s.%s", number, title, ext)
	tr := track{source: filepath.Join(c.dir, "Long", "Long", file), path: filepath.Join("Long", "Long", file)}
	if err := os.MkdirAll(filepath.Dir(tr.source), 0o755); err != nil {
		return tr, err
	}
	if err := ffmpeg(ctx, append(args, tr.source)...); err != nil {
		return tr, err
	}
	info, err := os.Stat(tr.source)
	if err != nil {
		return tr, err
	}
	tr.size = info.Size()
	return tr, nil
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
