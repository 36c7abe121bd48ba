package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
)

// The chart's measures, in pixels.
const (
	chartWidth  = 860
	chartLeft   = 345 // where the bars begin
	chartRight  = 790 // where the longest ends
	chartTop    = 64
	barHeight   = 11
	rowHeight   = 38
	chartBottom = 44
)

// chart draws the times of the rows that both programs have, as bars on a logarithmic
// scale, with a mark where the budget is. It is an SVG without scripts or fonts.
func (r *report) chart() string {
	rows := r.charted()
	low, high := decades(rows)
	x := func(v float64) float64 {
		at := (math.Log10(max(v, low)) - math.Log10(low)) / (math.Log10(high) - math.Log10(low))
		return chartLeft + at*(chartRight-chartLeft)
	}
	height := chartTop + len(rows)*rowHeight + chartBottom
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" font-family="sans-serif" font-size="13" role="img">
<title>lockerfs beside rclone mount: less is better</title>
<rect width="%[1]d" height="%[2]d" rx="8" fill="#ffffff"/>
<rect x="%d" y="18" width="12" height="12" fill="#1f7a5c"/><text x="%d" y="29" fill="#222">lockerfs</text>
<rect x="%d" y="18" width="12" height="12" fill="#b9bec5"/><text x="%d" y="29" fill="#222">rclone mount --vfs-cache-mode full</text>
<line x1="%d" y1="17" x2="%[7]d" y2="31" stroke="#c2410c" stroke-width="2"/><text x="%d" y="29" fill="#222">budget</text>
<text x="20" y="29" fill="#222" font-weight="bold">less is better</text>
`, chartWidth, height, chartLeft, chartLeft+18, chartLeft+100, chartLeft+118, chartLeft+365, chartLeft+373)
	for v := low; v <= high*1.001; v *= 10 {
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%[1]f" y2="%[3]d" stroke="#e4e6ea"/><text x="%.1[1]f" y="%[2]d" dy="-6" fill="#666" font-size="11" text-anchor="middle">%[4]s</text>`+"\n",
			x(v), chartTop-6, height-chartBottom, humanMS(v))
	}
	for i, row := range rows {
		y := chartTop + i*rowHeight
		fmt.Fprintf(&b, `<text x="20" y="%d" fill="#222">%s</text>`+"\n", y+barHeight+5, escaped(row.Work))
		bar(&b, x, y, row.Lockerfs.Median, row.Limit, "#1f7a5c")
		bar(&b, x, y+barHeight+3, row.Rclone.Median, 0, "#b9bec5")
		if row.Limit > 0 {
			fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%[1]f" y2="%[3]d" stroke="#c2410c" stroke-width="2"/>`+"\n", x(row.Limit), y-3, y+barHeight+1)
		}
	}
	fmt.Fprintf(&b, `<text x="20" y="%d" fill="#666" font-size="11">%s</text>`+"\n</svg>\n", height-16, escaped(fmt.Sprintf("median times, logarithmic · %d tracks · %s", r.Tracks, r.Machine)))
	return b.String()
}

// charted are the rows with a time of both programs that says something by itself.
func (r *report) charted() (rows []*row) {
	for _, x := range r.Rows {
		if x.Lockerfs == nil || x.Rclone == nil || x.Rclone.OfLocal > 0 || x.Work == workThin {
			continue
		}
		rows = append(rows, x)
	}
	return rows
}

// decades gives the powers of ten, in milliseconds, that hold all times.
func decades(rows []*row) (low, high float64) {
	low, high = 1, 100
	for _, x := range rows {
		for _, v := range []float64{x.Lockerfs.Median, x.Rclone.Median} {
			if v > 0 {
				low, high = min(low, math.Pow(10, math.Floor(math.Log10(v)))), max(high, math.Pow(10, math.Ceil(math.Log10(v))))
			}
		}
	}
	return max(low, 1e-3), high
}

// bar draws one bar with its time behind it, clear of the mark at limit.
func bar(b *strings.Builder, x func(float64) float64, y int, v, limit float64, colour string) {
	const label = 48 // wide
	width := max(x(v)-chartLeft, 2)
	behind := chartLeft + width
	if mark := x(limit); limit > 0 && mark > behind-2 && mark < behind+label {
		behind = mark
	}
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/><text x="%.1f" y="%d" fill="#444" font-size="11">%s</text>`+"\n",
		chartLeft, y, width, barHeight, colour, behind+5, y+barHeight-1, humanMS(v))
}

// humanMS writes milliseconds as people do.
func humanMS(v float64) string {
	switch {
	case v >= 1000:
		return strings.TrimSuffix(fmt.Sprintf("%.3g", v/1000), ".0") + " s"
	case v < 1:
		return fmt.Sprintf("%.2g ms", v)
	}
	return fmt.Sprintf("%.3g ms", v)
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
