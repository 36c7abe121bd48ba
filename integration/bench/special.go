package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// size is how much of everything there is.
type size struct {
	tracks int // of about 2 MB
	cut    int // so many times shorter the tracks are
	larges int // large tracks
	large  int // seconds of each, at 176 kB a second
	mix    int // seconds of the mix, likewise
	album  int // tracks of the album that is played
	play   int // seconds of each of its tracks
	thin   int // seconds of each track that is played over a thin link
	copied int // seconds of each track that is copied in, at 176 kB a second
}

func usualSize() size {
	return size{tracks: 2000, cut: 1, larges: 4, large: 175, mix: 680, album: 8, play: 8, thin: 20, copied: 115}
}

// quickSize is for a look at whether everything works; its figures mean little.
func quickSize() size {
	return size{tracks: 60, cut: 1, larges: 4, large: 20, mix: 60, album: 3, play: 3, thin: 3, copied: 20}
}

// bytes is about how much a collection of the size is on disk.
func (z size) bytes() int64 {
	return int64(z.tracks*trackSize/z.cut) + pcm*int64(z.larges*z.large+z.mix+z.album*z.play+thins*z.thin)
}

// pcm is how many bytes a second of uncompressed sound has.
const pcm = 44100 * 4

// written is about how much the scenarios that write keep on disk at most: what is
// copied, where it is copied to, is staged and kept, and every turn in the store.
func (z size) written() int64 {
	return pcm*int64(albumTracks*z.copied)*(4+usualTurns) + int64(z.many()*smallSize)*(4+rounds)
}

// many is how many small files are copied in.
func (z size) many() int { return z.tracks * 5 / 2 }

// minTracks is enough for starts and for a copy that outlasts the music.
const minTracks = 30

const (
	thins = 2
	// thinRate is what the tracks for a thin link take to play, in bits a second.
	thinRate = "320k"
)

// special are tracks for one purpose each.
type special struct {
	large []track // white noise, which FLAC hardly shrinks
	mix   []track // one, longer still
	album []track // short ones, played in a row
	thin  []track // at the highest rate of MP3
}

// sound is what ffmpeg makes a special track of.
type sound struct {
	artist, ext string
	number      int
	seconds     int
	noise       string
	args        []string
}

func (c *collection) makeSpecial(ctx context.Context, g *errgroup.Group, z size) {
	const white, pink = "white:amplitude=1", "pink:amplitude=0.5"
	whole := []string{"-sample_fmt", "s16"}
	group := func(n int, s sound) []track {
		tracks := make([]track, n)
		for i := range tracks {
			s.number = i + 1
			one := s
			g.Go(func() (err error) {
				tracks[i], err = c.encoded(ctx, one)
				return err
			})
		}
		return tracks
	}
	c.large = group(z.larges, sound{artist: "Large", ext: "flac", seconds: z.large, noise: white, args: whole})
	c.mix = group(1, sound{artist: "Mix", ext: "wav", seconds: z.mix, noise: white, args: whole})
	c.album = group(z.album, sound{artist: "Played", ext: "flac", seconds: z.play, noise: pink, args: whole})
	c.thin = group(thins, sound{artist: "Thin", ext: "mp3", seconds: z.thin, noise: pink, args: []string{"-c:a", "libmp3lame", "-b:a", thinRate}})
}

// encoded writes one special track.
func (c *collection) encoded(ctx context.Context, s sound) (track, error) {
	tr := c.at(s.artist, s.artist, fmt.Sprintf("%02d Title %d.%s", s.number, s.number, s.ext))
	tr.length = time.Duration(s.seconds) * time.Second
	if err := os.MkdirAll(filepath.Dir(tr.source), 0o755); err != nil {
		return tr, err
	}
	// The sides differ: FLAC stores what is the same in both only once.
	noise := fmt.Sprintf("anoisesrc=color=%s:duration=%d:sample_rate=44100:seed", s.noise, s.seconds)
	both := fmt.Sprintf("%s=%d[l];%[1]s=%[3]d[r];[l][r]amerge=inputs=2", noise, s.number, 100+s.number)
	args := append([]string{"-f", "lavfi", "-i", both}, s.args...)
	for _, kv := range []string{"artist=" + s.artist, "album=" + s.artist, fmt.Sprintf("title=Title %d", s.number), fmt.Sprintf("track=%d", s.number)} {
		args = append(args, "-metadata", kv)
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
