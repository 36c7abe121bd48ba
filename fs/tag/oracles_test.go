package tag_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	dhowden "github.com/dhowden/tag"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// What others say of the variants, by the names of our own fields.

// said is what we say.
func said(in tag.Info) map[string]string {
	out := map[string]string{
		"title": in.Title, "artist": in.Artist, "album": in.Album, "albumartist": in.AlbumArtist, "composer": in.Composer, "genre": in.Genre,
		"titlesort": in.TitleSort, "artistsort": in.ArtistSort, "albumsort": in.AlbumSort, "albumartistsort": in.AlbumArtistSort, "composersort": in.ComposerSort,
		"tracknumber": number(in.Track), "tracktotal": number(in.TrackTotal), "discnumber": number(in.Disc), "disctotal": number(in.DiscTotal),
		"date": in.Date, "originaldate": in.OriginalDate, "year": number(in.Year),
		"mb_release": in.ReleaseID, "mb_track": in.TrackID, "mb_recording": in.RecordingID, "mb_releasegroup": in.ReleaseGroupID,
		"mb_artists": strings.Join(in.ArtistIDs, "; "), "mb_albumartists": strings.Join(in.AlbumArtistIDs, "; "),
		"codec": in.Codec, "rate": number(in.SampleRate), "channels": number(in.Channels), "duration": fmt.Sprint(in.Duration.Seconds()),
	}
	if in.Compilation {
		out["compilation"] = "1"
	}
	if g := in.Gain; g != nil {
		out["track_gain"], out["track_peak"], out["album_gain"], out["album_peak"] = fmt.Sprint(g.Track), fmt.Sprint(g.TrackPeak), fmt.Sprint(g.Album), fmt.Sprint(g.AlbumPeak)
	}
	var pictures []string
	for _, p := range in.Pictures {
		pictures = append(pictures, fmt.Sprintf("%d:%s", p.Type, p.Hash))
	}
	out["pictures"] = strings.Join(pictures, " ")
	return out
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// split takes "3/12" apart, and what is no number away.
func split(said map[string]string) map[string]string {
	for _, of := range []string{"track", "disc"} {
		n, total, _ := strings.Cut(said[of], "/")
		delete(said, of)
		for key, text := range map[string]string{"number": n, "total": total} {
			if v, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && v > 0 && said[of+key] == "" {
				said[of+key] = strconv.Itoa(v)
			}
		}
	}
	return said
}

// mutagen makes the variants that have tags, and gives what it reads in all.
func (s *studio) mutagen(all []variant) []map[string]string {
	s.t.Helper()
	in, err := json.Marshal(all)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "testdata/variants.py")
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("python3 with mutagen (Debian's python3-mutagen): %v\n%s", err, stderr.String())
	}
	var out []map[string]string
	for d := json.NewDecoder(&stdout); d.More(); {
		var m map[string]string
		if err := d.Decode(&m); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, split(m))
	}
	if len(out) != len(all) {
		s.t.Fatalf("mutagen read %d of %d files", len(out), len(all))
	}
	return out
}

// decoded gives what ffmpeg says of the files, which is what ffprobe says, and as duration
// how much sound it decodes. One process looks at many files, two run at a time.
func (s *studio) decoded(files []string) map[string]map[string]string {
	s.t.Helper()
	const batch = 40
	var mu sync.Mutex
	var group sync.WaitGroup
	slots := make(chan struct{}, 2)
	out := map[string]map[string]string{}
	for from := 0; from < len(files); from += batch {
		some := files[from:min(from+batch, len(files))]
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			found, err := decode(s.t, some)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				s.t.Error(err)
			}
			for i, m := range found {
				out[some[i]] = m
			}
		})
	}
	group.Wait()
	return out
}

func decode(t *testing.T, files []string) ([]map[string]string, error) {
	dir := t.TempDir()
	args := []string{"-hide_banner", "-nostats", "-nostdin", "-y"}
	for _, f := range files {
		args = append(args, "-i", f)
	}
	pcm := func(i int) string { return fmt.Sprintf("%s/%d.pcm", dir, i) }
	for i := range files {
		args = append(args, "-map", fmt.Sprintf("%d:a:0", i), "-ac", "1", "-f", "s16le", pcm(i))
	}
	var stderr bytes.Buffer
	cmd := exec.Command("ffmpeg", args...)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("ffmpeg: %w\n%s", err, stderr.String())
	}
	out := inputs(stderr.String())
	if len(out) != len(files) {
		return nil, fmt.Errorf("ffmpeg tells of %d of %d files", len(out), len(files))
	}
	for i, m := range out {
		st, err := os.Stat(pcm(i))
		if err != nil {
			return nil, err
		}
		rate, _ := strconv.Atoi(m["rate"])
		m["duration"] = fmt.Sprint(float64(st.Size()/2) / float64(max(rate, 1)))
		os.Remove(pcm(i))
	}
	return out, nil
}

// inputs reads what ffmpeg prints of its inputs: their metadata, then that of their
// streams, of which the first of sound counts.
func inputs(log string) []map[string]string {
	log, _, _ = strings.Cut(log, "\nStream mapping:")
	sound := regexp.MustCompile(`^ {2}Stream #\d+:\d+.*: Audio: (\w+).*?, (\d+) Hz, ([^,]+)`)
	pair := regexp.MustCompile(`^ {4,6}(\S.*?) *: (.*)$`)
	var out []map[string]string
	var m map[string]string
	listen := false
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "Input #") {
			m, listen = map[string]string{}, true
			out = append(out, m)
			continue
		}
		if strings.HasPrefix(line, "  Stream #") {
			f := sound.FindStringSubmatch(line)
			if listen = f != nil && m["codec"] == ""; listen {
				m["codec"], m["rate"], m["channels"] = f[1], f[2], channelCount(f[3])
			}
			continue
		}
		f := pair.FindStringSubmatch(line)
		if f == nil || !listen {
			continue
		}
		if f[1] == "replaygain" {
			sideGain(m, f[2])
			continue
		}
		if key := ffmpegField(f[1]); key != "" && m[key] == "" {
			m[key] = f[2]
		}
	}
	for _, m := range out {
		split(m)
	}
	return out
}

func channelCount(layout string) string {
	switch n, _, _ := strings.Cut(layout, " "); n {
	case "mono":
		return "1"
	case "stereo":
		return "2"
	case "5.1", "5.1(side)":
		return "6"
	default:
		return n
	}
}

// sideGain reads "track gain - 6.300000, track peak - unknown, …".
func sideGain(m map[string]string, text string) {
	for part := range strings.SplitSeq(text, ", ") {
		name, value, _ := strings.Cut(part, " - ")
		if _, err := strconv.ParseFloat(value, 64); err == nil {
			m[strings.ReplaceAll(name, " ", "_")] = value
		}
	}
}

// ffmpegField gives our field for ffmpeg's name, which is often the file's own.
func ffmpegField(name string) string {
	name = strings.ToLower(name)
	switch name {
	case "title", "artist", "album", "composer", "genre", "date", "track", "disc", "originaldate", "titlesort", "artistsort", "albumsort", "albumartistsort", "composersort":
		return name
	case "album_artist":
		return "albumartist"
	case "compilation", "itunescompilation", "tcmp":
		return "compilation"
	case "tracktotal", "totaltracks":
		return "tracktotal"
	case "disctotal", "totaldiscs":
		return "disctotal"
	case "title-sort", "sort_name", "wm/titlesortorder":
		return "titlesort"
	case "artist-sort", "sort_artist", "wm/artistsortorder":
		return "artistsort"
	case "album-sort", "sort_album", "wm/albumsortorder":
		return "albumsort"
	case "tso2", "sort_album_artist", "wm/albumartistsortorder":
		return "albumartistsort"
	case "tsoc", "sort_composer", "wm/composersortorder":
		return "composersort"
	case "tdor", "tory", "wm/originalreleasetime":
		return "originaldate"
	case "replaygain_track_gain", "replaygain_album_gain", "replaygain_track_peak", "replaygain_album_peak":
		return strings.TrimPrefix(name, "replaygain_")
	}
	ids := map[string]string{"album": "mb_release", "releasetrack": "mb_track", "track": "mb_recording", "releasegroup": "mb_releasegroup", "artist": "mb_artists", "albumartist": "mb_albumartists"}
	name, ok := strings.CutPrefix(strings.NewReplacer(" ", "", "/", "", "_", "").Replace(name), "musicbrainz")
	if ok {
		return ids[strings.TrimSuffix(name, "id")]
	}
	return ""
}

// dhowdenSays gives what dhowden/tag reads.
func dhowdenSays(b []byte) map[string]string {
	m, err := dhowden.ReadFrom(bytes.NewReader(b))
	if err != nil {
		return map[string]string{"refused": err.Error()}
	}
	track, tracks := m.Track()
	disc, discs := m.Disc()
	return map[string]string{
		"title": m.Title(), "artist": m.Artist(), "album": m.Album(), "albumartist": m.AlbumArtist(), "composer": m.Composer(), "genre": m.Genre(),
		"tracknumber": number(track), "tracktotal": number(tracks), "discnumber": number(disc), "disctotal": number(discs), "year": number(m.Year()),
	}
}
