package intake

import (
	"fmt"
	"path"
	"strings"

	"github.com/lockerfs/lockerfs/fs/library"
)

// collided notes a file that could not have the name it would have had, with who has it.
func (r *run) collided(p *placed) error {
	wanted := unnumbered(p.path)
	if wanted == "" || unnumbered(p.file.source) != "" || p.tags != nil && unnumbered(p.tags.Title) != "" {
		return nil // or the number is its own
	}
	taken, err := r.shelf.taken(wanted)
	if err != nil || !taken {
		return err
	}
	who, err := r.spool.source(split(wanted))
	if err != nil {
		return err
	}
	if who == "" {
		who = "a file that was in the locker"
	}
	r.ledger.note(renamed, p.path, fmt.Sprintf("from %s; %s has the name %q", p.file.path, who, path.Base(wanted)))
	return nil
}

// unnumbered gives the path that was wanted by who got p, a path like "Title (2).flac";
// "" for a path that is none such.
func unnumbered(p string) string {
	dir, name := path.Split(p)
	stem, ext := library.SplitExt(name)
	open := strings.LastIndex(stem, " (")
	if open <= 0 || !strings.HasSuffix(stem, ")") {
		return ""
	}
	number := stem[open+2 : len(stem)-1]
	if number == "" || number == "1" || number[0] == '0' || len(number) > 3 || strings.Trim(number, "0123456789") != "" {
		return "" // four digits are a year
	}
	return dir + stem[:open] + ext
}
