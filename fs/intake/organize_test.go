package intake_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// stock is a locker whose files have tags and no bytes.
type stock struct {
	*device
	t     *testing.T
	ids   map[string]catalog.ID // of folders, by path
	moves []intake.Move         // of the last organize
	org   *intake.Organizer
}

func newStock(t *testing.T) *stock {
	t.Helper()
	d := newDevice(t, remotetest.NewMemory())
	return &stock{device: d, t: t, ids: map[string]catalog.ID{"": catalog.Root, ".": catalog.Root},
		org: &intake.Organizer{Index: d.index, Commit: d.importer.Commit, Logger: slog.New(slog.DiscardHandler)}}
}

// tags are made of "artist / album / number / title / year"; the number may be a
// disc's too, as in 2-03.
func tags(text string) *tag.Info {
	if text == "" {
		return nil
	}
	f := append(strings.Split(text, " / "), "", "", "", "")
	disc, number, ok := strings.Cut(f[2], "-")
	if !ok {
		disc, number = "", f[2]
	}
	return &tag.Info{Container: "flac", Artist: f[0], Album: f[1], Disc: atoi(disc), Track: atoi(number), Title: f[3], Year: atoi(f[4]), Date: f[4]}
}

func atoi(s string) (n int) {
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n
}

// put adds files, given as path and tags in turn. Each has content of its own.
func (s *stock) put(files ...string) {
	s.t.Helper()
	var ops []catalog.Op
	now := time.Now().UnixNano()
	for i := 0; i < len(files); i += 2 {
		p := files[i]
		e := &catalog.Entry{ID: catalog.NewID(), Parent: s.dir(path.Dir(p), &ops), Name: path.Base(p), Kind: catalog.File, Mode: 0o644, MTime: now,
			Version: &catalog.Version{ID: catalog.NewID(), Size: 1, SHA256: sha256.Sum256([]byte(p)), Object: catalog.Ref{Key: "Music/" + p, ETag: "e"}, Tags: tags(files[i+1])}}
		ops = append(ops, catalog.Op{Verb: catalog.Create, At: now, Entry: e})
	}
	s.does(ops...)
}

// dir gives a folder's id, and adds what creates it.
func (s *stock) dir(p string, ops *[]catalog.Op) catalog.ID {
	if id, ok := s.ids[p]; ok {
		return id
	}
	parent := s.dir(path.Dir(p), ops)
	s.ids[p] = catalog.NewID()
	*ops = append(*ops, catalog.Op{Verb: catalog.Create, At: 1,
		Entry: &catalog.Entry{ID: s.ids[p], Parent: parent, Name: path.Base(p), Kind: catalog.Dir, Mode: 0o755}})
	return s.ids[p]
}

func (s *stock) does(ops ...catalog.Op) {
	s.t.Helper()
	done, err := s.importer.Commit.Commit(s.t.Context(), ops)
	if err != nil || len(done.Conflicts) != 0 {
		s.t.Fatalf("%v, %+v", err, done.Conflicts)
	}
}

// retag gives the file at a path other tags.
func (s *stock) retag(p, text string) {
	s.t.Helper()
	e := s.at(p)
	v, at := *e.Version, int64(9)
	v.ID, v.Tags = catalog.NewID(), tags(text)
	s.does(catalog.Op{Verb: catalog.Replace, ID: e.ID, Version: &v, MTime: &at})
}

func (s *stock) at(p string) catalog.Entry {
	s.t.Helper()
	e, err := s.index.Resolve(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// files gives every path of the locker, folders with a slash, and where its content
// was put in the beginning if that was elsewhere.
func (s *stock) files() []string {
	s.t.Helper()
	var out []string
	err := s.index.Walk(s.t.Context(), catalog.Root, func(p string, e catalog.Entry) error {
		switch {
		case e.Kind == catalog.Dir:
			out = append(out, p+"/")
		case "Music/"+p != e.Version.Object.Key:
			out = append(out, p+" < "+strings.TrimPrefix(e.Version.Object.Key, "Music/"))
		default:
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// organizes runs it, a dry run first, and once more: that must move nothing.
func (s *stock) organizes(dir string) intake.OrganizeReport {
	s.t.Helper()
	before := s.files()
	preview := s.organize(dir, intake.OrganizeOptions{DryRun: true})
	if diff := cmp.Diff(before, s.files()); diff != "" {
		s.t.Fatalf("a dry run moved:\n%s", diff)
	}
	planned := s.moves
	r := s.organize(dir, intake.OrganizeOptions{})
	moved := s.moves
	if r.FailedCount != 0 || r.Moved != preview.Moved || r.Folders != preview.Folders {
		s.t.Errorf("previewed %+v, done %+v", preview, r)
	}
	byFrom := func(a, b intake.Move) int { return strings.Compare(a.From, b.From) }
	slices.SortFunc(planned, byFrom)
	slices.SortFunc(moved, byFrom)
	if diff := cmp.Diff(planned, moved); diff != "" {
		s.t.Errorf("moves as previewed (-) and done (+):\n%s", diff)
	}
	n := s.index.Applied()
	for _, dry := range []bool{true, false} {
		if again := s.organize(dir, intake.OrganizeOptions{DryRun: dry}); again.Moved != 0 || len(s.moves) != 0 || s.index.Applied() != n {
			s.t.Errorf("once more (dry run %t), it moves %v", dry, s.moves)
		}
	}
	s.moves = moved
	return r
}

func (s *stock) organize(dir string, opts intake.OrganizeOptions) intake.OrganizeReport {
	s.t.Helper()
	s.moves = nil
	r, err := s.org.Run(s.t.Context(), dir, opts, func(m intake.Move) { s.moves = append(s.moves, m) }, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *stock) stands(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.files()); diff != "" {
		s.t.Error(diff)
	}
}

// counted is a committer that counts commits and operations.
type counted struct {
	intake.Committer
	commits, ops int
}

func (c *counted) Commit(ctx context.Context, ops []catalog.Op) (pending.Committed, error) {
	c.commits++
	c.ops += len(ops)
	return c.Committer.Commit(ctx, ops)
}

func (s *stock) counting() *counted {
	c := &counted{Committer: s.org.Commit}
	s.org.Commit = c
	return c
}

func TestOrganizeRenamesATrack(t *testing.T) {
	s := newStock(t)
	s.put("Can/Tago Mago/01 Paperhouse.flac", "Can / Tago Mago / 1 / Paperhouse", "Can/Tago Mago/02 Mushrom.flac", "Can / Tago Mago / 2 / Mushroom")
	r := s.organizes("")
	s.stands("Can/", "Can/Tago Mago/", "Can/Tago Mago/01 Paperhouse.flac", "Can/Tago Mago/02 Mushroom.flac < Can/Tago Mago/02 Mushrom.flac")
	if r.Looked != 2 || r.Moved != 1 || r.Folders != 0 {
		t.Errorf("report: %+v", r)
	}
}

// TestOrganizeMovesAnAlbumWhole: one operation, with all that lies in its folder.
func TestOrganizeMovesAnAlbumWhole(t *testing.T) {
	s := newStock(t)
	for _, name := range []string{"01 Hunter", "02 Jóga", "03 Unravel"} {
		number, title, _ := strings.Cut(name, " ")
		s.put("Bjork/Homogenik/"+name+".flac", "Björk / Homogenic / "+number+" / "+title)
	}
	s.put("Bjork/Homogenik/cover.jpg", "", "Bjork/Homogenik/Scans/1.jpg", "", "Can/x.txt", "")
	c := s.counting()
	r := s.organizes("")
	s.stands("Björk/", "Björk/Homogenic/", "Björk/Homogenic/01 Hunter.flac < Bjork/Homogenik/01 Hunter.flac", "Björk/Homogenic/02 Jóga.flac < Bjork/Homogenik/02 Jóga.flac",
		"Björk/Homogenic/03 Unravel.flac < Bjork/Homogenik/03 Unravel.flac", "Björk/Homogenic/Scans/", "Björk/Homogenic/Scans/1.jpg < Bjork/Homogenik/Scans/1.jpg",
		"Björk/Homogenic/cover.jpg < Bjork/Homogenik/cover.jpg", "Can/", "Can/x.txt")
	if want := []intake.Move{{From: "Bjork/Homogenik", To: "Björk/Homogenic", Dir: true, Files: 5}}; !slices.Equal(s.moves, want) {
		t.Errorf("moves: %v", s.moves)
	}
	if c.ops != 3 || c.commits != 1 || r.Moved != 5 || r.Folders != 1 || r.Removed != 1 {
		t.Errorf("%d operations in %d commits, want the new artist, the album and the old artist; report: %+v", c.ops, c.commits, r)
	}
}

// TestOrganizeMovesAndRenames: the folder whole, and the one track in it whose name
// changes too.
func TestOrganizeMovesAndRenames(t *testing.T) {
	s := newStock(t)
	s.put("Can/Tago/01 Paperhouse.flac", "Can / Tago Mago / 1 / Paperhouse", "Can/Tago/02 Mushrom.flac", "Can / Tago Mago / 2 / Mushroom",
		"Can/Tago/03 Oh Yeah.flac", "Can / Tago Mago / 3 / Oh Yeah")
	id := s.at("Can/Tago").ID
	s.organizes("")
	s.stands("Can/", "Can/Tago Mago/", "Can/Tago Mago/01 Paperhouse.flac < Can/Tago/01 Paperhouse.flac",
		"Can/Tago Mago/02 Mushroom.flac < Can/Tago/02 Mushrom.flac", "Can/Tago Mago/03 Oh Yeah.flac < Can/Tago/03 Oh Yeah.flac")
	want := []intake.Move{{From: "Can/Tago", To: "Can/Tago Mago", Dir: true, Files: 3}, {From: "Can/Tago/02 Mushrom.flac", To: "Can/Tago Mago/02 Mushroom.flac", Files: 1}}
	if diff := cmp.Diff(want, s.moves); diff != "" || s.at("Can/Tago Mago").ID != id {
		t.Errorf("the folder is the same: %t\n%s", s.at("Can/Tago Mago").ID == id, diff)
	}
}

// TestOrganizeExchangesNames: of tracks, in circles of two and three, and of albums.
func TestOrganizeExchangesNames(t *testing.T) {
	s := newStock(t)
	s.put("Can/Tago Mago/01 One.flac", "Can / Tago Mago / 2 / Two", "Can/Tago Mago/02 Two.flac", "Can / Tago Mago / 1 / One",
		"Can/Tago Mago/03 A.flac", "Can / Tago Mago / 4 / B", "Can/Tago Mago/04 B.flac", "Can / Tago Mago / 5 / C", "Can/Tago Mago/05 C.flac", "Can / Tago Mago / 3 / A")
	s.put("Neu!/Neu! 2/01 Hallogallo.flac", "Neu! / Neu! 75 / 1 / Hallogallo", "Neu!/Neu! 2/cover.jpg", "",
		"Neu!/Neu! 75/01 Hallogallo.flac", "Neu! / Neu! 2 / 1 / Hallogallo", "Neu!/Neu! 75/cover.jpg", "")
	c := s.counting()
	s.organizes("")
	s.stands("Can/", "Can/Tago Mago/", "Can/Tago Mago/01 One.flac < Can/Tago Mago/02 Two.flac", "Can/Tago Mago/02 Two.flac < Can/Tago Mago/01 One.flac",
		"Can/Tago Mago/03 A.flac < Can/Tago Mago/05 C.flac", "Can/Tago Mago/04 B.flac < Can/Tago Mago/03 A.flac", "Can/Tago Mago/05 C.flac < Can/Tago Mago/04 B.flac",
		"Neu!/", "Neu!/Neu! 2/", "Neu!/Neu! 2/01 Hallogallo.flac < Neu!/Neu! 75/01 Hallogallo.flac", "Neu!/Neu! 2/cover.jpg < Neu!/Neu! 75/cover.jpg",
		"Neu!/Neu! 75/", "Neu!/Neu! 75/01 Hallogallo.flac < Neu!/Neu! 2/01 Hallogallo.flac", "Neu!/Neu! 75/cover.jpg < Neu!/Neu! 2/cover.jpg")
	if c.ops > 3+4+3 {
		t.Errorf("%d operations", c.ops)
	}
}

// TestOrganizePassesPlacesOn: each album wants the place of the next.
func TestOrganizePassesPlacesOn(t *testing.T) {
	s := newStock(t)
	s.put("Can/A/01 x.flac", "Can / B / 1 / x", "Can/B/01 x.flac", "Can / C / 1 / x", "Can/C/01 x.flac", "Can / D / 1 / x", "Can/C/extra.txt", "")
	s.organizes("")
	s.stands("Can/", "Can/B/", "Can/B/01 x.flac < Can/A/01 x.flac", "Can/C/", "Can/C/01 x.flac < Can/B/01 x.flac",
		"Can/D/", "Can/D/01 x.flac < Can/C/01 x.flac", "Can/D/extra.txt < Can/C/extra.txt")
}

// TestOrganizeLeavesWhatIsNoAlbums: documents, and playlists that go by paths.
func TestOrganizeLeavesWhatIsNoAlbums(t *testing.T) {
	s := newStock(t)
	s.put("Downloads/x.flac", "Can / Ege Bamyasi / 7 / Spoon", "Downloads/y.flac", "Moby / Play / 9 / Porcelain", "Downloads/z.flac", "Björk / Post / 1 / Army of Me",
		"Downloads/manual.pdf", "", "Downloads/Drivers/setup.exe", "",
		"Photos/1.jpg", "", "Photos/2.jpg", "", "Photos/3.jpg", "", "Photos/4.jpg", "", "Photos/5.jpg", "", "Photos/6.jpg", "", "Photos/7.jpg", "", "Photos/8.jpg", "",
		"Photos/ringtone.flac", "Nokia / Tunes / 1 / Gran Vals",
		"ROMs/Games/pacman.rom", "", "Playlists/best.m3u8", "", "loose.flac", "Faust / IV / 1 / Krautrock", "readme.txt", "")
	r := s.organizes("")
	s.stands("Björk/", "Björk/Post/", "Björk/Post/01 Army of Me.flac < Downloads/z.flac", "Can/", "Can/Ege Bamyasi/", "Can/Ege Bamyasi/07 Spoon.flac < Downloads/x.flac",
		"Downloads/", "Downloads/Drivers/", "Downloads/Drivers/setup.exe", "Downloads/manual.pdf",
		"Faust/", "Faust/IV/", "Faust/IV/01 Krautrock.flac < loose.flac", "Moby/", "Moby/Play/", "Moby/Play/09 Porcelain.flac < Downloads/y.flac",
		"Nokia/", "Nokia/Tunes/", "Nokia/Tunes/01 Gran Vals.flac < Photos/ringtone.flac",
		"Photos/", "Photos/1.jpg", "Photos/2.jpg", "Photos/3.jpg", "Photos/4.jpg", "Photos/5.jpg", "Photos/6.jpg", "Photos/7.jpg", "Photos/8.jpg",
		"Playlists/", "Playlists/best.m3u8", "ROMs/", "ROMs/Games/", "ROMs/Games/pacman.rom", "readme.txt")
	if r.PlaylistsCount != 1 || r.Playlists[0].File != "Playlists/best.m3u8" || r.Looked != 18 {
		t.Errorf("report: %+v", r)
	}
}

// TestOrganizeLeavesTheUntagged: unless they are of an album that goes.
func TestOrganizeLeavesTheUntagged(t *testing.T) {
	s := newStock(t)
	s.put("Projects/Album X/Takes/Day 1/take1.wav", "", "Projects/Album X/Takes/Day 1/notes.txt", "",
		"Inbox/a.flac", "Can / Tago Mago / 1 / Paperhouse", "Inbox/b.flac", "Can / Tago Mago / 2 / Mushroom", "Inbox/hidden track.flac", "")
	r := s.organizes("")
	if files := s.files(); !slices.Contains(files, "Projects/Album X/Takes/Day 1/take1.wav") || !slices.Contains(files, "Projects/Album X/Takes/Day 1/notes.txt") {
		t.Errorf("files: %q", files)
	}
	if r.Untagged == 0 {
		t.Errorf("report: %+v", r)
	}
}

// TestOrganizeKeepsNamesOfACueSheet: what refers to files by name stays with them.
func TestOrganizeKeepsNamesOfACueSheet(t *testing.T) {
	s := newStock(t)
	s.put("in/whole album.flac", "Can / Tago Mago / 1 / Paperhouse", "in/other side.flac", "Can / Tago Mago / 5 / Aumgn", "in/album.cue", "", "in/cover.jpg", "")
	s.organizes("")
	s.stands("Can/", "Can/Tago Mago/", "Can/Tago Mago/album.cue < in/album.cue", "Can/Tago Mago/cover.jpg < in/cover.jpg",
		"Can/Tago Mago/other side.flac < in/other side.flac", "Can/Tago Mago/whole album.flac < in/whole album.flac")
}

// TestOrganizeTellsAlbumsApart: those of one name by one artist, by their years.
func TestOrganizeTellsAlbumsApart(t *testing.T) {
	s := newStock(t)
	s.put("a/1.flac", "Weezer / Weezer / 1 / My Name Is Jonas / 1994", "a/cover.jpg", "", "b/1.flac", "Weezer / Weezer / 1 / Don't Let Go / 2001", "b/cover.jpg", "")
	s.organizes("")
	files := strings.Join(s.files(), "\n")
	if !strings.Contains(files, "Weezer (") || strings.Contains(files, "cover (2).jpg") {
		t.Errorf("they are one:\n%s", files)
	}
}

// TestOrganizeDiscs: folders of discs become one album's.
func TestOrganizeDiscs(t *testing.T) {
	s := newStock(t)
	s.put("in/The Wall/CD1/1.flac", "Pink Floyd / The Wall / 1-1 / In the Flesh?", "in/The Wall/CD2/1.flac", "Pink Floyd / The Wall / 2-1 / Hey You", "in/The Wall/cover.jpg", "")
	s.organizes("")
	s.stands("Pink Floyd/", "Pink Floyd/The Wall/", "Pink Floyd/The Wall/1-01 In the Flesh_.flac < in/The Wall/CD1/1.flac",
		"Pink Floyd/The Wall/2-01 Hey You.flac < in/The Wall/CD2/1.flac", "Pink Floyd/The Wall/cover.jpg < in/The Wall/cover.jpg")
}

// TestOrganizeBelowAFolder leaves the rest alone.
func TestOrganizeBelowAFolder(t *testing.T) {
	s := newStock(t)
	s.put("in/x.flac", "Can / Tago Mago / 1 / Paperhouse", "out/x.flac", "Can / Tago Mago / 2 / Mushroom", "Can/Tago Mago/01 Paperhouse.flac", "Can / Tago Mago / 1 / Paperhouse")
	r := s.organize("in", intake.OrganizeOptions{})
	s.stands("Can/", "Can/Tago Mago/", "Can/Tago Mago/01 Paperhouse (2).flac < in/x.flac", "Can/Tago Mago/01 Paperhouse.flac", "out/", "out/x.flac")
	if r.Looked != 1 || r.RenamedCount != 1 || r.Removed != 1 {
		t.Errorf("report: %+v", r)
	}
	s.organizes("Can/Tago Mago")
}

func TestOrganizeRefuses(t *testing.T) {
	s := newStock(t)
	s.put("in/x.flac", "Can / Tago Mago / 1 / Paperhouse")
	for _, c := range []struct {
		dir, layout string
		want        error
	}{{"none", "", catalog.ErrNotFound}, {"in/x.flac", "", intake.ErrNotFolder}, {"in", "keep", intake.ErrNothingToOrganize}} {
		_, err := s.org.Run(t.Context(), c.dir, intake.OrganizeOptions{Layout: c.layout}, nil, nil)
		if !errors.Is(err, c.want) {
			t.Errorf("%s, layout %q: %v", c.dir, c.layout, err)
		}
	}
	if _, err := s.org.Run(t.Context(), "", intake.OrganizeOptions{Layout: "{"}, nil, nil); err == nil {
		t.Error("a bad layout is taken")
	}
	s.org.Commit = nil
	s.organize("/", intake.OrganizeOptions{DryRun: true})
	if len(s.moves) != 2 {
		t.Errorf("moves: %v", s.moves)
	}
}
