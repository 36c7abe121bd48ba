package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// plain is a picture of one colour.
func plain(w, h int, c color.RGBA) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(img.Pix); i += 4 {
		copy(img.Pix[i:], []uint8{c.R, c.G, c.B, c.A})
	}
	return img
}

// withPicture is an MP3 file whose tag has pictures, the last one as the front cover.
func withPicture(t *testing.T, pictures ...image.Image) []byte {
	t.Helper()
	var frames []byte
	for i, img := range pictures {
		body := []byte("\x00image/jpeg\x00\x00\x00")
		if i == len(pictures)-1 {
			body[len(body)-2] = 3
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		body = append(body, b.Bytes()...)
		frames = append(append(binary.BigEndian.AppendUint32(append(frames, "APIC"...), uint32(len(body))), 0, 0), body...)
	}
	n := len(frames)
	return append([]byte{'I', 'D', '3', 3, 0, 0, byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}, frames...)
}

// TestThumbnail: of a track it is the front cover, no larger than asked for.
func TestThumbnail(t *testing.T) {
	dir := t.TempDir()
	track, out := filepath.Join(dir, "a.mp3"), filepath.Join(dir, "out.png")
	if err := os.WriteFile(track, withPicture(t, plain(90, 90, color.RGBA{255, 0, 0, 255}), plain(400, 300, color.RGBA{0, 0, 255, 255})), 0o600); err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]image.Point{128: {128, 96}, 1: {1, 1}, 1000: {400, 300}} {
		if err := thumbnail(track, out, size); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		r, _, blue, alpha := img.At(0, 0).RGBA()
		if got := img.Bounds().Size(); got != want || r > 0x1000 || blue < 0xf000 || alpha != 0xffff {
			t.Errorf("size %d: %v, colour %v", size, got, img.At(0, 0))
		}
	}
}

// TestNoThumbnail: folders that are no locker's have none, nor has what has no picture or
// one that would fill the memory.
func TestNoThumbnail(t *testing.T) {
	dir := t.TempDir()
	huge := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x06\x00\x00\x00")
	huge = binary.BigEndian.AppendUint32(huge, crc32.ChecksumIEEE(huge[12:]))
	for name, content := range map[string][]byte{"cover.png": huge, "a.mp3": withPicture(t), "b.mp3": nil} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := thumbnail(path, filepath.Join(dir, "out"), 128); err == nil {
			t.Errorf("%s has a thumbnail", name)
		}
	}
	if _, err := pictureOf(dir); !errors.Is(err, errNoPicture) {
		t.Errorf("a folder of no locker: %v", err)
	}
	if _, err := decode(bytes.NewReader(huge), tag.Span{Length: int64(len(huge))}); !errors.Is(err, errNoPicture) {
		t.Errorf("65,536 by 65,536 pixels: %v", err)
	}
	if exists, _ := filepath.Glob(filepath.Join(dir, "out")); exists != nil {
		t.Error("something was written")
	}
}

// TestPictureOfFolder: the best name, not the largest file; without one the first track's.
func TestPictureOfFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	encoded := func(side int) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, plain(side, side, color.RGBA{9, 9, 9, 255})); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	expect := func(side int) {
		t.Helper()
		img, err := pictureOfFolder(dir)
		if side == 0 && !errors.Is(err, errNoPicture) || side > 0 && (err != nil || img.Bounds().Dx() != side) {
			t.Fatalf("want %d pixels: %v, %v", side, img, err)
		}
	}
	expect(0)
	write("back.png", encoded(10))
	expect(0)
	write("02.mp3", withPicture(t, plain(20, 20, color.RGBA{})))
	write("01.mp3", withPicture(t, plain(30, 30, color.RGBA{})))
	expect(30)
	write("front.PNG", encoded(40))
	expect(40)
	write("Cover.png", encoded(50))
	expect(50)
	write("Cover.png", append(encoded(50), make([]byte, maxCover)...))
	expect(40)
}
