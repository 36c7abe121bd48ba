package main

import (
	"context"
	"time"
)

// subject is a program that shows the locker as a folder.
type subject interface {
	name() string
	// bare mounts, with no byte of any file on this machine, and gives how long that
	// took. What was mounted before is unmounted.
	bare(ctx context.Context) (time.Duration, error)
	unmount() error
	// sync returns when all that was written through the mount is in the store, and gives
	// since when.
	sync(ctx context.Context) (time.Time, error)
	// path gives where the mount shows a track or folder, or, for "", the artists.
	path(of string) string
	memory() (now, most int64, err error)
}

// The names of the subjects, in the order they are measured and printed.
const (
	ours   = "lockerfs"
	theirs = "rclone"
)
