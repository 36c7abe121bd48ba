package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

type sqliteFull struct{}

func (sqliteFull) Error() string { return "database or disk is full (13)" }
func (sqliteFull) Code() int     { return 13 | 1<<8 }

type apiError struct{}

func (apiError) Error() string        { return "operation error S3: GetObject, https response error…" }
func (apiError) ErrorCode() string    { return "AccessDenied" }
func (apiError) ErrorMessage() string { return "no\nsuch right" }

func TestDiagnose(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	for name, c := range map[string]struct {
		err   error
		code  exitCode
		cause string
	}{
		"offline":       {&remote.Error{Op: "get", Key: "k", Kind: remote.ErrOffline, Err: fmt.Errorf("layers: %w", refused)}, exitUnreachable, "the store URL cannot be reached: dial tcp: connection refused"},
		"denied":        {&remote.Error{Op: "get", Key: "k", Kind: remote.ErrDenied, Err: apiError{}}, exitDenied, "access to URL is denied: AccessDenied: no\nsuch right"},
		"throttled":     {fmt.Errorf("x: %w", remote.ErrThrottled), exitUnreachable, "the store URL is busy"},
		"no bucket":     {&remote.Error{Op: "get", Kind: remote.ErrNoStore}, exitNoStore, "there is no bucket or folder at URL"},
		"full store":    {&remote.Error{Op: "put", Kind: remote.ErrFull}, exitFull, "the store URL is full"},
		"full disk":     {fmt.Errorf("write: %w", syscall.ENOSPC), exitFull, "the disk is full"},
		"full index":    {fmt.Errorf("index: %w", sqliteFull{}), exitFull, "the disk is full"},
		"no locker":     {catalog.ErrNoLocker, exitNotLocker, "URL is not a locker"},
		"newer":         {fmt.Errorf("x: %w", catalog.ErrNewer), exitNewer, "the locker at URL was written by a newer lockerfs"},
		"other locker":  {catalog.ErrOther, exitNotLocker, "the state folder STATE belongs to another locker"},
		"no fuse":       {fs.ErrNoFUSE, exitNoFUSE, "FUSE cannot be used here"},
		"mount point":   {fmt.Errorf("%w: it is a file", fs.ErrMountPoint), exitMountPoint, "MNT cannot be a mount point: it is a file"},
		"busy":          {fmt.Errorf("/x: %w", fs.ErrBusy), exitMountPoint, "MNT is in use"},
		"cache in use":  {cache.ErrInUse, exitInUse, "the cache folder is in use"},
		"timeout":       {context.DeadlineExceeded, exitUnreachable, "the store URL did not answer in time"},
		"unsynced late": {fmt.Errorf("%w: %w", catalog.ErrUnsynced, context.DeadlineExceeded), exitUnreachable, "the store URL did not answer in time"},
		"interrupted":   {fmt.Errorf("%w: %w", remote.ErrOffline, context.Canceled), exitInterrupted, "interrupted"},
		"fault":         {errors.Join(&fault{code: exitSomeFailed, cause: "some"}, errors.New("close")), exitSomeFailed, "some"},
		"unknown":       {errors.New("odd"), exitOther, "odd"},
	} {
		t.Run(name, func(t *testing.T) {
			f := diagnose(c.err, where{store: "URL", state: "STATE", mount: "MNT"})
			if f.code != c.code || !strings.HasPrefix(f.cause, c.cause) {
				t.Errorf("got %d, %q, want %d, %q", f.code, f.cause, c.code, c.cause)
			}
		})
	}
}

// Every message has two lines, however its cause is written.
func TestFaultPrint(t *testing.T) {
	var b bytes.Buffer
	(&fault{cause: "a\r\nb\tc\x1b" + strings.Repeat("x", 1000), next: "do\nthis"}).print(&b)
	got := strings.Split(b.String(), "\n")
	if len(got) != 3 || !strings.HasPrefix(got[0], "lockerfs: a b c xxx") || got[1] != "next: do this" || len(got[0]) > 500 {
		t.Errorf("got %q", got)
	}
}

// Every symptom has a code of the table, a next step unless it was the person's own
// doing, and no placeholder that is not filled.
func TestSymptoms(t *testing.T) {
	meant := map[exitCode]bool{}
	for i, m := range exitMeanings() {
		if meant[m.code] || m.text == "" || m.code != exitCode(i) && m.code != exitInterrupted {
			t.Errorf("row %d of the table: %+v", i, m)
		}
		meant[m.code] = true
	}
	for _, s := range symptoms() {
		f := diagnose(fmt.Errorf("wrapped: %w", s.kind), where{"S", "T", "M"})
		if !meant[f.code] || f.code != s.code {
			t.Errorf("%v: got code %d, want %d", s.kind, f.code, s.code)
		}
		if f.next == "" && f.code != exitInterrupted || strings.ContainsAny(f.cause+f.next, "{}") {
			t.Errorf("%v: got %q, %q", s.kind, f.cause, f.next)
		}
	}
}

// What a person reads of every kind of error, word for word.
func TestEverySymptom(t *testing.T) {
	var got bytes.Buffer
	for _, s := range symptoms() {
		f := diagnose(s.kind, where{store: "s3://crates/home", state: "STATE", mount: "/home/me/Locker"})
		fmt.Fprintf(&got, "%d\n", f.code)
		f.print(&got)
	}
	want, err := os.ReadFile("testdata/symptoms.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
