package main

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

// What the config and --metered may say.
const (
	meteredAuto = "auto"
	meteredOn   = "on"
	meteredOff  = "off"
)

var errMetered = errors.New("must be auto, on or off")

func checkMetered(s string) error {
	switch s {
	case "", meteredAuto, meteredOn, meteredOff:
		return nil
	}
	return errMetered
}

const (
	// meteredEvery is how often NetworkManager is asked, and meteredAnswers how long it may
	// take to answer.
	meteredEvery   = 20 * time.Second
	meteredAnswers = 2 * time.Second
)

// thrift is whether bytes cost money now: then nothing is fetched that nobody asked for.
type thrift struct {
	word    string
	metered atomic.Bool
	// ask asks NetworkManager; known is false where there is none.
	ask func(ctx context.Context) (metered, known bool)
}

func newThrift(word string) *thrift {
	t := &thrift{word: word, ask: askNetworkManager}
	t.metered.Store(word == meteredOn)
	return t
}

// now tells whether bytes cost money.
func (t *thrift) now() bool { return t != nil && t.metered.Load() }

// watch follows the networks that the machine is in until ctx ends. changed is told.
func (t *thrift) watch(ctx context.Context, changed func()) {
	if t.word == meteredOn || t.word == meteredOff {
		return
	}
	for {
		metered, known := t.ask(ctx)
		if !known {
			return
		}
		if t.metered.Swap(metered) != metered {
			changed()
		}
		if rest(ctx, meteredEvery) != nil {
			return
		}
	}
}

// askNetworkManager reads its property Metered, by systemd's program for the bus: 1 is
// yes, 2 no, 3 and 4 a guess of the same, 0 unknown.
func askNetworkManager(ctx context.Context) (metered, known bool) {
	const name, path = "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"
	ctx, cancel := context.WithTimeout(ctx, meteredAnswers)
	defer cancel()
	out, err := exec.CommandContext(ctx, "busctl", "get-property", name, path, name, "Metered").Output()
	kind, value, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || !ok || kind != "u" {
		return false, false
	}
	return value == "1" || value == "3", true
}
