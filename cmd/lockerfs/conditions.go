package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// probePrefix is where the probe's objects stand for a moment.
const probePrefix = ".lockerfs/probe/"

// probed is conditions.json of the state folder: what this store enforces, and
// whether this device may commit where it enforces nothing.
type probed struct {
	Store string    `json:"store"`
	Time  time.Time `json:"time"`
	// Sole is set when this device is the only one of a store that several devices
	// cannot share.
	Sole       bool              `json:"sole,omitempty"`
	Conditions remote.Conditions `json:"conditions"`
}

func conditionsPath(state string) string { return filepath.Join(state, "conditions.json") }

// readProbed gives what is known about the store, if anything is. A damaged file is
// as good as none: the store is asked again.
func readProbed(state, store string) (probed, bool) {
	var p probed
	b, err := os.ReadFile(conditionsPath(state))
	if err != nil || json.Unmarshal(b, &p) != nil || p.Conditions.Create == "" {
		return probed{}, false
	}
	return p, p.Store == store
}

// probeStore finds out what the store enforces and remembers it.
func probeStore(ctx context.Context, s remote.Store, state, store string, sole bool) (probed, error) {
	found, err := remote.Probe(ctx, s, probePrefix)
	if err != nil {
		return probed{}, err
	}
	p := probed{Store: store, Time: time.Now().UTC().Truncate(time.Second), Sole: sole, Conditions: found}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return probed{}, err
	}
	return p, writePrivately(conditionsPath(state), append(b, '\n'))
}

// mayCommit tells whether this device may write to the locker.
func (p probed) mayCommit() error {
	if !p.Conditions.Writable() {
		return &fault{code: exitDenied, cause: "the credentials may read " + shortStore(p.Store) + " and not write to it",
			next: "use credentials that may put and delete objects there"}
	}
	if p.Conditions.Shareable() || p.Sole {
		return nil
	}
	return &fault{code: exitOther, cause: fmt.Sprintf("%s does not enforce conditional writes (%s), so only one device may write to it", shortStore(p.Store), p.Conditions.Create),
		next: "if no other device writes to this locker: lockerfs init --only-device '" + p.Store + "'"}
}
