package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
)

func (a *app) infoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "info PATH",
		Short: "Say all about a file or folder: tags, hash, object, cached share",
		Args:  cobra.ExactArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			at, err := a.locate(args[0])
			if err != nil {
				return err
			}
			return a.withLocker(ctx, true, func(_ place, l locker) error {
				i, err := l.Info(ctx, at)
				if err != nil {
					return err
				}
				if a.flags.json {
					return a.printJSON(i)
				}
				return a.printTable(i.rows())
			})
		}),
		ValidArgsFunction: a.completePaths,
	}
}

// row is one line of a two-column table. Rows without a value are left out.
type row struct{ name, value string }

func (a *app) printTable(rows []row) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		if r.value != "" {
			fmt.Fprintf(w, "%s\t%s\n", r.name, printable(r.value))
		}
	}
	return w.Flush()
}

func (i info) rows() []row {
	rows := []row{{"path", "/" + i.Path}}
	if i.Kind == catalog.Dir {
		return append(rows, row{"holds", fmt.Sprintf("%s, %s", count(i.Files, "file", "files"), humanSize(i.Bytes))},
			row{"changed", i.MTime.Local().Format(time.DateTime)}, row{"id", i.ID.String()})
	}
	rows = append(rows, tagRows(i.Tags)...)
	rows = append(rows,
		row{"size", fmt.Sprintf("%s (%s)", humanSize(i.Size), count(i.Size, "byte", "bytes"))},
		row{"changed", i.MTime.Local().Format(time.DateTime)},
		row{"here", share(i.Cached, i.Size)},
		row{"head", i.Pack.text()},
		row{"open", i.Open.text()},
		row{"sha256", first(i.SHA256, "not known yet")})
	if o := i.Object; o != nil {
		rows = append(rows, row{"object", o.Key}, row{"etag", o.ETag})
		switch {
		case o.Missing:
			rows = append(rows, row{"owner", "not written by lockerfs; MISSING from the bucket"})
		case o.Foreign:
			rows = append(rows, row{"owner", "not written by lockerfs, adopted"})
		}
	}
	return append(rows, row{"id", i.ID.String()})
}

// openHandles is what info tells of a file that programs have open.
type openHandles struct {
	// Handles are open; Kernel of them the kernel reads by itself.
	Handles int `json:"handles"`
	Kernel  int `json:"kernel"`
}

func useOf(answered, passed int) *openHandles {
	if answered+passed == 0 {
		return nil
	}
	return &openHandles{Handles: answered + passed, Kernel: passed}
}

func (u *openHandles) text() string {
	switch {
	case u == nil:
		return ""
	case u.Kernel > 0: // a file is read one way at a time
		return count(int64(u.Handles), "time", "times") + ", read by the kernel itself"
	}
	return count(int64(u.Handles), "time", "times") + ", read through lockerfs"
}

func tagRows(t *tag.Info) []row {
	if t == nil {
		return nil
	}
	return []row{
		{"title", t.Title}, {"artist", t.Artist}, {"album", t.Album}, {"album artist", t.AlbumArtist},
		{"track", numberOf(t.Track, t.TrackTotal)}, {"disc", numberOf(t.Disc, t.DiscTotal)},
		{"date", t.Date}, {"genre", t.Genre}, {"sound", soundOf(t)},
	}
}

func soundOf(t *tag.Info) string {
	var parts []string
	if t.Duration > 0 {
		parts = append(parts, playTime(t.Duration))
	}
	if t.Codec != "" {
		parts = append(parts, t.Codec)
	}
	if t.BitRate > 0 {
		parts = append(parts, fmt.Sprintf("%d kbit/s", (t.BitRate+500)/1000))
	}
	if t.SampleRate > 0 {
		parts = append(parts, fmt.Sprintf("%g kHz", float64(t.SampleRate)/1000))
	}
	switch t.Channels {
	case 0:
	case 1:
		parts = append(parts, "mono")
	case 2:
		parts = append(parts, "stereo")
	default:
		parts = append(parts, fmt.Sprintf("%d channels", t.Channels))
	}
	return strings.Join(parts, ", ")
}

func numberOf(n, total int) string {
	switch {
	case n == 0:
		return ""
	case total == 0:
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d of %d", n, total)
}

// share says how much of a file is on this machine.
func share(here, size int64) string {
	switch {
	case size == 0 || here >= size:
		return "all of it"
	case here == 0:
		return "nothing"
	}
	return fmt.Sprintf("%s (%d %%)", humanSize(here), here*100/size)
}
