package tag_test

import (
	"strings"
	"testing"
)

// fuzz feeds damaged files of one container; seeds are the samples it accepts.
func fuzz(f *testing.F, name string, seed func(string) bool) {
	for sample, b := range samples() {
		if seed(sample) {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { checked(t, b, name) })
}

func suffix(exts ...string) func(string) bool {
	return func(name string) bool {
		for _, ext := range exts {
			if strings.HasSuffix(name, ext) {
				return true
			}
		}
		return false
	}
}

func FuzzReadMP3(f *testing.F)       { fuzz(f, "a.mp3", suffix(".mp3")) }
func FuzzReadFLAC(f *testing.F)      { fuzz(f, "a.flac", suffix(".flac")) }
func FuzzReadOgg(f *testing.F)       { fuzz(f, "a.ogg", suffix(".ogg", ".opus")) }
func FuzzReadMP4(f *testing.F)       { fuzz(f, "a.m4a", suffix(".m4a")) }
func FuzzReadRIFF(f *testing.F)      { fuzz(f, "a.wav", suffix(".wav", ".aiff")) }
func FuzzReadDSD(f *testing.F)       { fuzz(f, "a.dsf", suffix(".dsf", ".dff")) }
func FuzzReadASF(f *testing.F)       { fuzz(f, "a.wma", suffix(".wma")) }
func FuzzReadWavPack(f *testing.F)   { fuzz(f, "a.wv", suffix(".wv")) }
func FuzzReadAPECodecs(f *testing.F) { fuzz(f, "a.ape", suffix(".ape", ".mpc", ".tta", ".tak")) }
