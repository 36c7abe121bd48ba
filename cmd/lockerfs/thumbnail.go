package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // formats of covers
	_ "image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// Small pictures for file managers: of a track the picture in its tags, of an album's folder
// its cover. What is read of a locker for that is in its scan packs. GStreamer, which
// file managers use else, reads on into the sound and so has it fetched.

const (
	// maxCover is how large a cover beside the music may be, in bytes, and maxInside one in
	// a track: what is larger is in no scan pack.
	maxCover  = 1 << 20
	maxInside = 8 << 20
	// maxPixels bounds the memory that a picture takes: 4 bytes each.
	maxPixels = 40 << 20
)

var errNoPicture = errors.New("it has no picture")

// thumbnail makes a PNG of size pixels at most of the picture that shows what path is.
func thumbnail(path, out string, size int) error {
	img, err := pictureOf(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, shrink(img, size)), f.Close())
}

// pictureOf finds the picture of a track or of a folder of a locker.
func pictureOf(path string) (image.Image, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return pictureInside(path)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, errNoPicture
	}
	if point, rest := split(real, liveMounts()); point == "" || rest == "" {
		return nil, errNoPicture // other folders look as they do
	}
	return pictureOfFolder(path)
}

// pictureOfFolder is the cover in an album's folder, or the one in its first track.
func pictureOfFolder(dir string) (image.Image, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	cover, track := "", ""
	for _, e := range list {
		switch name := e.Name(); {
		case e.IsDir():
		case coverRank(name) > 0 && (cover == "" || coverRank(name) < coverRank(cover)) && small(e):
			cover = name
		case track == "" && tag.Audio(name):
			track = name
		}
	}
	switch {
	case cover != "":
		f, err := os.Open(filepath.Join(dir, cover))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return decode(f, tag.Span{Length: maxCover})
	case track != "":
		return pictureInside(filepath.Join(dir, track))
	}
	return nil, errNoPicture
}

// small tells whether a picture is in a scan pack as a whole.
func small(e fs.DirEntry) bool {
	info, err := e.Info()
	return err == nil && info.Size() <= maxCover
}

// coverRank is 1 for the best name of a cover, 0 for a name that is none.
func coverRank(name string) int {
	stem := strings.ToLower(strings.TrimSuffix(name, filepath.Ext(name)))
	if !intake.Picture(name) {
		return 0
	}
	return slices.Index([]string{"cover", "folder", "front", "album"}, stem) + 1
}

// pictureInside is the front cover in a track's tags, or else the first picture there.
func pictureInside(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	readExactly(f)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tags, err := tag.Read(sparing{f, info.Size()}, info.Size(), filepath.Base(path))
	pictures := slices.DeleteFunc(tags.Pictures, func(p tag.Picture) bool { return p.Encoded || p.Span.Length <= 0 || p.Span.Length > maxInside })
	if len(pictures) == 0 {
		return nil, cmp.Or(err, errNoPicture)
	}
	front := max(0, slices.IndexFunc(pictures, func(p tag.Picture) bool { return p.Type == 3 }))
	return decode(f, pictures[front].Span)
}

// sparing is a file that is read page by page, as scan packs have it: larger pieces, which
// cost nothing elsewhere, would reach beyond them.
type sparing struct {
	io.ReaderAt
	size int64
}

// Reach is tag.Reacher's.
func (s sparing) Reach(off int64, n int) (int64, error) {
	return min(int64(n+page-1)&^(page-1), s.size-off), nil
}

// decode reads a picture at a span of a file, if it is not too large.
func decode(f io.ReaderAt, at tag.Span) (image.Image, error) {
	b := make([]byte, at.Length)
	n, err := f.ReadAt(b, at.Offset)
	if err != nil && err != io.EOF {
		return nil, err
	}
	b = b[:n]
	config, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height {
		return nil, fmt.Errorf("%w that can be shown: %d by %d pixels", errNoPicture, config.Width, config.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	return img, err
}

// shrink makes a picture no wider and no higher than size, each pixel the mean of those in
// its place. A smaller one stays as it is.
func shrink(img image.Image, size int) image.Image {
	b := img.Bounds()
	longest := max(b.Dx(), b.Dy())
	if longest <= size {
		return img
	}
	src := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(src, src.Bounds(), img, b.Min, draw.Src)
	w, h := max(1, b.Dx()*size/longest), max(1, b.Dy()*size/longest)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			out.SetRGBA(x, y, mean(src, image.Rect(x*b.Dx()/w, y*b.Dy()/h, (x+1)*b.Dx()/w, (y+1)*b.Dy()/h)))
		}
	}
	return out
}

func mean(src *image.RGBA, in image.Rectangle) color.RGBA {
	var sum [4]int
	for y := in.Min.Y; y < in.Max.Y; y++ {
		row := src.Pix[src.PixOffset(in.Min.X, y):src.PixOffset(in.Max.X, y)]
		for i, v := range row {
			sum[i%4] += int(v)
		}
	}
	n := max(1, in.Dx()*in.Dy())
	return color.RGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), uint8(sum[3] / n)}
}
