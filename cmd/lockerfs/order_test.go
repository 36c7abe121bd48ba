package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/prefetch"
	"github.com/lockerfs/lockerfs/remote/sched"
)

func TestPlaylistNames(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"m3u8", "\xef\xbb\xbf#EXTM3U\r\n#EXTINF:12,x\r\n../A/1.mp3\r\n2.mp3\r\n", "Lists/../A/1.mp3 Lists/2.mp3"},
		{"windows", `..\A\1.mp3`, "A/1.mp3"},
		{"pls", "[playlist]\nFile1=1.mp3\nTitle1=One\nLength1=5\nNumberOfEntries=1\nVersion=2\n", "Lists/1.mp3"},
		{"a name with =", "a=b.mp3", "Lists/a=b.mp3"},
		{"from the root", "/home/me/Music/A/1.mp3\n/elsewhere/2.mp3\n/home/me/Musical/3.mp3", "A/1.mp3"},
		{"file URL", "file:///home/me/Music/A/1%20b.mp3\nfile://%zz", "A/1 b.mp3"},
		{"streams", "http://radio.example/live\n\n  \n", ""},
		{"above the root", "../../../../../x.mp3", "x.mp3"},
		{"nothing", "", ""},
	} {
		want := ""
		for _, name := range strings.Split(tc.want, " ") {
			if tc.name == "file URL" {
				want = tc.want
				break
			}
			want = strings.TrimSpace(want + " " + strings.TrimPrefix(filepath.Clean("/"+name), "/"))
		}
		if got := strings.Join(playlistNames([]byte(tc.text), "Lists", "/home/me/Music"), " "); got != want {
			t.Errorf("%s: %q, want %q", tc.name, got, want)
		}
	}
	if n := len(playlistNames([]byte(strings.Repeat("a\n", maxListed+5)), "", "")); n != maxListed {
		t.Errorf("%d names", n)
	}
}

// shelfIndex is an index with folders of tracks; its files are found by name.
type shelfIndex struct {
	*catalog.Index
	t     *testing.T
	nodes map[string]prefetch.File
	names map[prefetch.File]string
	n     int64
}

func newShelfIndex(t *testing.T) *shelfIndex {
	t.Helper()
	index, err := catalog.OpenIndex(t.Context(), filepath.Join(t.TempDir(), "index"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { index.Close() })
	if err := index.Bind(t.Context(), catalog.Format{Format: 1, Locker: strings.Repeat("a", 32), Epoch: strings.Repeat("e", 32)}); err != nil {
		t.Fatal(err)
	}
	return &shelfIndex{Index: index, t: t, nodes: map[string]prefetch.File{}, names: map[prefetch.File]string{}}
}

func (x *shelfIndex) commit(ops ...catalog.Op) {
	x.t.Helper()
	x.n++
	c := catalog.Commit{Header: catalog.Header{N: x.n, ID: catalog.NewCommitID(), Epoch: strings.Repeat("e", 32), Time: x.n}, Ops: ops}
	body, err := c.Encode()
	if err != nil {
		x.t.Fatal(err)
	}
	if done, err := x.Apply(context.Background(), x.n, body); err != nil || done.Invalid != nil {
		x.t.Fatal(err, done.Invalid)
	}
}

func (x *shelfIndex) folder(parent catalog.ID, name string) catalog.ID {
	e := catalog.Entry{ID: catalog.NewID(), Parent: parent, Name: name, Kind: catalog.Dir}
	x.commit(catalog.Op{Verb: catalog.Create, At: 1, Entry: &e})
	return e.ID
}

func (x *shelfIndex) file(parent catalog.ID, name string, info *tag.Info) {
	x.t.Helper()
	v := catalog.Version{ID: catalog.NewID(), Size: 1000, SHA256: catalog.Hash{byte(len(x.names)), 1}, Object: catalog.Ref{Key: "Music/" + name, ETag: "e"}, Tags: info}
	e := catalog.Entry{ID: catalog.NewID(), Parent: parent, Name: name, Kind: catalog.File, Version: &v}
	x.commit(catalog.Op{Verb: catalog.Create, At: 1, Entry: &e})
	x.nodes[name], x.names[prefetch.File(v.ID)] = prefetch.File(v.ID), name
}

func song(disc, track int) *tag.Info {
	return &tag.Info{Container: "flac", Codec: "flac", Disc: disc, Track: track}
}

func (x *shelfIndex) say(tracks []prefetch.Track) string {
	var names []string
	for _, t := range tracks {
		names = append(names, x.names[t.File])
	}
	return strings.Join(names, " ")
}

// TestOrderInAFolder is that of discs and tracks where all have numbers, and else of names.
func TestOrderInAFolder(t *testing.T) {
	x := newShelfIndex(t)
	album, loose := x.folder(catalog.Root, "Album"), x.folder(catalog.Root, "Loose")
	for i, s := range []string{"d", "c", "b", "a"} {
		x.file(album, s, song(1+i/2, 1+i%2))
	}
	x.file(album, "cover.jpg", nil)
	x.file(loose, "f", song(0, 2))
	x.file(loose, "g", song(0, 1))
	x.file(loose, "h", song(0, 0))
	o := order{index: x.Index}
	for _, tc := range []struct {
		at, want string
		n        int
	}{{"c", "d c b a", 65}, {"b", "c b", 2}, {"d", "d c b", 3}, {"a", "c b a", 4}, {"g", "f g h", 65}} {
		s, err := o.Folder(t.Context(), x.nodes[tc.at], tc.n)
		if got := x.say(s.Tracks); err != nil || got != tc.want || len(s.Tracks) > tc.n || x.names[s.Tracks[s.At].File] != tc.at {
			t.Errorf("around %s: %q at %d, %v; want %q", tc.at, got, s.At, err, tc.want)
		}
	}
	if _, err := o.Folder(t.Context(), 12345, 9); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("of a file that never was: %v", err)
	}
}

// TestOrderInAWalk goes on through folders as a program does that lists them.
func TestOrderInAWalk(t *testing.T) {
	x := newShelfIndex(t)
	a := x.folder(catalog.Root, "A")
	one, two := x.folder(a, "1"), x.folder(a, "2")
	b := x.folder(catalog.Root, "B")
	x.folder(b, "empty")
	for name, parent := range map[string]catalog.ID{"a11": one, "a12": one, "a21": two, "b1": b, "z": catalog.Root} {
		x.file(parent, name, song(0, 0))
	}
	x.file(one, "a115.jpg", nil)
	o := order{index: x.Index}
	for at, want := range map[string]string{"a11": "a12 a21 b1 z", "a21": "b1 z", "z": ""} {
		tracks, err := o.Following(t.Context(), x.nodes[at], 10)
		if got := x.say(tracks); err != nil || got != want {
			t.Errorf("after %s: %q, %v; want %q", at, got, err, want)
		}
	}
	if tracks, err := o.Following(t.Context(), x.nodes["a11"], 2); err != nil || x.say(tracks) != "a12 a21" {
		t.Errorf("two: %s, %v", x.say(tracks), err)
	}
}

// TestOrderInAPlaylist is that of the playlist, around the track.
func TestOrderInAPlaylist(t *testing.T) {
	x := newShelfIndex(t)
	a := x.folder(catalog.Root, "A")
	var lines []string
	for i := range 9 {
		name := fmt.Sprintf("%d.mp3", i)
		x.file(a, name, song(0, 9-i))
		lines = append(lines, "../A/"+name)
	}
	lines = append(lines[:5:5], append([]string{"../A/gone.mp3", "list.m3u"}, lines[5:]...)...)
	lists := x.folder(catalog.Root, "Lists")
	x.file(lists, "list.m3u", nil)
	o := order{index: x.Index, text: func(context.Context, *catalog.Version) ([]byte, error) { return []byte(strings.Join(lines, "\n")), nil }}
	s, err := o.Playlist(t.Context(), x.nodes["list.m3u"], x.nodes["5.mp3"], 7)
	if got := x.say(s.Tracks); err != nil || got != "4.mp3 5.mp3 6.mp3 7.mp3 8.mp3" || s.At != 1 {
		t.Errorf("%q at %d, %v", got, s.At, err)
	}
	x.file(lists, "other.mp3", song(0, 0))
	if s, err := o.Playlist(t.Context(), x.nodes["list.m3u"], x.nodes["other.mp3"], 7); err != nil || len(s.Tracks) > 0 {
		t.Errorf("a track that is not in it: %v, %v", s, err)
	}
	o.text = func(context.Context, *catalog.Version) ([]byte, error) { return nil, errNotHere }
	if _, err := o.Playlist(t.Context(), x.nodes["list.m3u"], x.nodes["5.mp3"], 7); !errors.Is(err, errNotHere) {
		t.Errorf("an unread playlist: %v", err)
	}
}

// TestDepthFollowsTheLink: what is fetched ahead is in proportion to what is under way.
func TestDepthFollowsTheLink(t *testing.T) {
	if depth, window := depthFor(sched.Stats{}); depth != 4 || window != 8<<20 {
		t.Errorf("of an unknown link: %d files, %d bytes", depth, window)
	}
	thin, _ := depthFor(sched.Stats{Rate: 400_000, FirstByte: 50 * time.Millisecond})
	wide, window := depthFor(sched.Stats{Rate: 50 << 20, FirstByte: 50 * time.Millisecond})
	if thin != 4 || wide != 12 || window != 4*2621440 {
		t.Errorf("%d files on a thin link, %d files and %d bytes on a wide one", thin, wide, window)
	}
}
