package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	hashing   = "sha256sum of the collection, from memory"
	examining = "import --dry-run of the same, from memory"
)

// intake measures how fast an import reads what it takes in: tags and hashes, beside
// sha256sum over the same files in the same minutes. All is in the kernel's memory
// before, a dry run leaves out the upload, and each is by a device that has never seen
// the files. Pairs and their medians keep out what else this machine does.
func (b *bench) intake(ctx context.Context) error {
	b.say("holding import --dry-run against sha256sum")
	if _, err := b.sha256sum(ctx); err != nil { // brings the files into memory
		return err
	}
	var plain, dry []time.Duration
	var shares []float64
	for i := range b.settings.turns {
		d, err := b.newDevice(fmt.Sprintf("dry-%d", i))
		if err != nil {
			return err
		}
		if _, err := d.run(ctx, "init", d.store); err != nil {
			return err
		}
		var times [2]time.Duration
		works := []func() error{
			func() (err error) { times[0], err = b.sha256sum(ctx); return err },
			func() (err error) { times[1], err = b.dryRun(ctx, d); return err },
		}
		if i%2 == 1 { // who goes second has it warmer, or hotter
			slices.Reverse(works)
		}
		for _, work := range works {
			if err := work(); err != nil {
				return err
			}
		}
		plain, dry = append(plain, times[0]), append(dry, times[1])
		shares = append(shares, times[0].Seconds()/times[1].Seconds())
	}
	files := len(b.music.all())
	whole := figures{Units: files, bytes: int64(b.settings.turns) * b.music.bytes}.times(dry...)
	whole.OfLocal = slices.Sorted(slices.Values(shares))[len(shares)/2]
	b.report.add(ours, hashing, wire{}, figures{Units: files, bytes: int64(b.settings.turns) * b.music.bytes}.times(plain...))
	b.report.add(ours, examining, wire{}, whole)
	return nil
}

// sha256sum hashes the collection with the program that everybody has.
func (b *bench) sha256sum(ctx context.Context) (time.Duration, error) {
	var files strings.Builder
	for _, tr := range b.music.all() {
		files.WriteString(tr.source + "\x00")
	}
	c := exec.CommandContext(ctx, "xargs", "-0", "sha256sum")
	c.Stdin = strings.NewReader(files.String())
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	start := time.Now()
	err := c.Run()
	took := time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("sha256sum: %w\n%s", err, bytes.TrimSpace(said.Bytes()))
	}
	if got, want := bytes.Count(out.Bytes(), []byte("\n")), len(b.music.all()); got != want {
		return 0, fmt.Errorf("sha256sum gave %d hashes for %d files", got, want)
	}
	return took, nil
}

// dryRun plans the import of the collection, and makes sure that all of it was planned.
func (b *bench) dryRun(ctx context.Context, d *device) (time.Duration, error) {
	took, out, err := d.output(ctx, "import", "--dry-run", "--json", b.music.dir)
	if err != nil {
		return 0, err
	}
	var planned struct {
		Imported int   `json:"imported"`
		Bytes    int64 `json:"imported_bytes"`
	}
	if err := json.Unmarshal(out, &planned); err != nil {
		return 0, fmt.Errorf("the report of the dry run: %w", err)
	}
	if want := len(b.music.all()); planned.Imported != want || planned.Bytes != b.music.bytes {
		return 0, fmt.Errorf("the dry run planned %d files of %d bytes, want %d of %d", planned.Imported, planned.Bytes, want, b.music.bytes)
	}
	return took, nil
}
