package library_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/remote"
)

func TestObjectKey(t *testing.T) {
	random := [6]byte{0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f}
	long := strings.Repeat("x", 300)
	for _, tt := range []struct{ path, want string }{
		{"Nina Simone/Pastel Blues/03 Ain't No Use.flac", "Music/Nina Simone/Pastel Blues/03 Ain't No Use.0a1b2c3d4e5f.flac"},
		{"cover", "Music/cover.0a1b2c3d4e5f"},
		{"a/../b//c?.mp3", "Music/a/__/b/c_.0a1b2c3d4e5f.mp3"},
		{"", "Music/_.0a1b2c3d4e5f"},
		{long + "/" + long + ".mp3", "Music/" + long[:200] + "/" + long[:196] + ".0a1b2c3d4e5f.mp3"},
	} {
		if got := library.ObjectKey(tt.path, random); got != tt.want {
			t.Errorf("ObjectKey(%q)\n got %q\nwant %q", tt.path, got, tt.want)
		}
	}
}

func TestObjectKeyIsValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.StringN(200, 400, -1)), 0, 12).Draw(t, "parts")
		path := strings.Join(parts, "/")
		key := library.ObjectKey(path, [6]byte{1, 2, 3, 4, 5, 6})
		if !remote.ValidKey(key) {
			t.Fatalf("ObjectKey(%q) = %q of %d bytes: no valid key", path, key, len(key))
		}
	})
}
