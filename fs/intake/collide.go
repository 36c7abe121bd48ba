package intake

import (
	"fmt"
	"path"
)

// collided notes a file that could not have the name it would have had, with who has it.
func (r *run) collided(p *placed, wanted string) error {
	if wanted == "" {
		return nil
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
