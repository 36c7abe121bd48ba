package main

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestHookIsDebounced: many changes are one run, changes during a run another, and changes
// that do not end do not keep it from running.
func TestHookIsDebounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		h := newHook([]string{"x"}, func() string { return "" }, slog.New(slog.DiscardHandler))
		var ran atomic.Int32
		h.run = func(context.Context) error {
			ran.Add(1)
			time.Sleep(time.Second)
			return errors.New("failed")
		}
		over := make(chan struct{})
		go func() {
			defer close(over)
			h.watch(ctx)
		}()
		expect := func(want int, when string) {
			t.Helper()
			synctest.Wait()
			if got := int(ran.Swap(0)); got != want {
				t.Errorf("%s: ran %d times, want %d", when, got, want)
			}
		}
		expect(0, "nothing changed")
		for range 100 {
			h.changed()
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(hookPause)
		expect(1, "many changes")
		h.changed() // it is still running
		time.Sleep(time.Second + hookPause)
		expect(1, "a change meanwhile")
		for range 100 {
			h.changed()
			time.Sleep(time.Second)
		}
		time.Sleep(2 * hookPause)
		if got := ran.Load(); got < 3 {
			t.Errorf("ran %d times while changes went on for 100 s", got)
		}
		stop()
		<-over
	})
	var none *hook
	none.changed()
}
