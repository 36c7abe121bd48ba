package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// print writes the table.
func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", r.Machine)
	fmt.Fprintf(w, "%d tracks and a few special ones, %.0f MB, in versitygw on the same machine behind a link of the bench's own; MB are 10^6 bytes\n", r.Tracks, float64(r.Bytes)/1e6)
	table := [][]string{}
	for i, x := range r.Rows {
		if i == 0 || x.Link != r.Rows[i-1].Link {
			table = append(table, nil, append([]string{x.Link}, head()...))
		}
		table = append(table, x.cells()...)
	}
	align(w, table)
	fmt.Fprintln(w, `
times: of one track where a row is about tracks; p95 and max are empty where there was one · req, KB: what passed over the link, for one track or album
a copy in: one file after the other, with an fsync of each and of the folder in the end, by turns with the same to the local file system
share: of the local file system's rate for the same bytes, of the link's, or for an import of sha256sum's · gain: how many times better than rclone
RSS: after the work, and the most until then · rclone: mount --vfs-cache-mode full --use-server-modtime over the same objects and link, in the same run
budgets of walks leave out the requests for scan packs, which come in the background; packs are here in all later rows that do not say otherwise,
and heads only where a row says so · devices do not poll for news here; that is one small request every 4 s`)
	if len(r.missed()) > 0 {
		fmt.Fprintf(w, "MISSED: %s\n", strings.Join(r.missed(), "; "))
	}
}

func (r *report) missed() (works []string) {
	for _, x := range r.Rows {
		if x.Missed {
			works = append(works, x.Work)
		}
	}
	return works
}

func head() []string {
	return []string{"by", "times", "p50 ms", "p95", "max", "MB/s", "share", "req", "KB down", "KB up", "RSS MB", "gain", "budget"}
}

// cells gives a line for each program.
func (x *row) cells() [][]string {
	verdict := x.Budget
	switch {
	case x.Missed:
		verdict += "  MISSED"
	case verdict != "" && x.Lockerfs == nil:
		verdict += "  not measured"
	case verdict != "":
		verdict += "  ok"
	}
	if x.Note != "" {
		verdict = strings.TrimSpace(verdict + "  (" + x.Note + ")")
	}
	lines := [][]string{x.Lockerfs.cells(x.Work, ours, verdict)}
	if x.Rclone != nil {
		lines = append(lines, x.Rclone.cells("", theirs, ""))
	}
	if x.Gain > 0 {
		lines[0][len(lines[0])-2] = significant(x.Gain) + "×"
	}
	return lines
}

func (f *figures) cells(work, who, verdict string) []string {
	c := []string{work, who, "", "", "", "", "", "", "", "", "", "", "", verdict}
	if f == nil {
		return c
	}
	c[2], c[3] = fmt.Sprint(f.Samples), significant(f.Median)
	if f.Samples > 1 {
		c[4], c[5] = significant(f.P95), significant(f.Max)
	}
	if f.Rate > 0 {
		c[6] = significant(f.Rate)
	}
	if share := max(f.OfLocal, f.OfLink); share > 0 {
		c[7] = fmt.Sprintf("%.2f", share)
	}
	if f.traffic != nil {
		c[8], c[9], c[10] = significant(f.requestsEach(false)), significant(f.downEach()/1e3), significant(f.upEach()/1e3)
	}
	if f.Memory > 0 {
		c[11] = fmt.Sprintf("%.0f (%.0f)", float64(f.Memory)/1e6, float64(f.MostMemory)/1e6)
	}
	if f.Stalls != nil {
		c[13] = strings.TrimSpace(fmt.Sprintf("%s  %d stalls, %s ms", verdict, *f.Stalls, significant(f.Silence)))
	}
	return c
}

// significant shows three digits or so, whatever the size.
func significant(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// align writes lines of cells under each other: the first two and the last columns to
// the left, figures to the right. A nil line stays empty.
func align(w io.Writer, table [][]string) {
	var widths []int
	for _, line := range table {
		for i, c := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, line := range table {
		var b strings.Builder
		for i, c := range line {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			switch {
			case i == 0:
				b.WriteString(c + space)
			case i == 1:
				b.WriteString("  " + c + space)
			case i == len(line)-1:
				b.WriteString("  " + c)
			default:
				b.WriteString("  " + space + c)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
