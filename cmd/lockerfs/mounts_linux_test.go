package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMountinfo(t *testing.T) {
	text := `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
91 22 0:55 / /home/a/Lo\040cker\134x ro,nosuid shared:2 master:3 - fuse.lockerfs lockerfs:music ro,user_id=0
92 22 0:56 / /mnt/sshfs rw - fuse.sshfs host: rw
93 22 0:57 / /media/ü ro - fuse.lockerfs lockerfs:b ro
broken
 - fuse.lockerfs
`
	want := []string{`/home/a/Lo cker\x`, "/media/ü"}
	if diff := cmp.Diff(want, parseMountinfo(strings.NewReader(text))); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseMountinfo(f *testing.F) {
	f.Add(`1 2 3:4 / /a\040b rw - fuse.lockerfs x rw`)
	f.Add(`\`)
	f.Add(`1 2 3 4 \04 - fuse.lockerfs`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range parseMountinfo(strings.NewReader(text)) {
			if m == "" {
				t.Errorf("an empty mount point from %q", text)
			}
		}
	})
}
