package library

import (
	"cmp"
	"path"
	"strings"
)

// leastDepth is in how many folders an album's files stand at least.
func (l *Layout) leastDepth() int {
	least := l.album + 1
	for _, p := range l.parts[:l.album] {
		if p.optional() {
			least--
		}
	}
	return least
}

// depth is in how many folders the files of the album stand that a held file is of: a
// folder that can be left out counts where the file's path has it.
func (l *Layout) depth(s Source, index int) int {
	t := newTrack(s, index, "")
	names, depth := strings.Split(path.Dir(s.Path), "/"), 1
	for _, p := range l.parts[:l.album] {
		if p.optional() && !(depth <= len(names) && p.couldBe(names[depth-1], &album{title: t.album, artist: cmp.Or(t.albumArtist, t.artist), tracks: []*track{t}})) {
			continue
		}
		depth++
	}
	return depth
}

// albumFolder gives the folder of the album that a held file stands in, above those that
// the layout makes for parts of an album.
func (l *Layout) albumFolder(s Source, index int) string {
	dir := path.Dir(s.Path)
	depth, least := strings.Count(dir, "/")+1, l.depth(s, index)
	if depth <= least {
		return dir
	}
	if root := albumFolder(dir); root != dir {
		return root
	}
	if len(l.parts) == l.album+2 {
		return dir
	}
	for root := path.Dir(dir); depth > least && root != "."; root, depth = path.Dir(root), depth-1 {
		t := newTrack(s, index, below(root, s.Path))
		here := strings.Split(t.rel, "/")
		a := &album{title: t.album, artist: cmp.Or(t.albumArtist, t.artist), tracks: []*track{t}}
		_, _, ok := t.read(here, func(s *scope) []string {
			s.album = a
			made := l.below(s)
			return append(made[:len(made)-1], here[len(here)-1])
		})
		if ok && len(here) > 1 {
			return root
		}
	}
	return dir
}
