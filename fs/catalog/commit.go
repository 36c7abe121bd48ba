package catalog

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Bounds of one commit. They hold for reading too: what exceeds them is hostile.
const (
	// MaxCommitBody is the largest commit as stored, in bytes.
	MaxCommitBody = 1 << 20
	// MaxCommitText is the largest commit unpacked, in bytes.
	MaxCommitText = 16 << 20
	// MaxCommitOps is the largest number of operations in a commit.
	MaxCommitOps = 50_000
)

// commitFormat is the number a commit's header carries; a greater one was written
// by a newer lockerfs.
const commitFormat = 2

// Header is the first line of a commit.
type Header struct {
	// Format is the version of this encoding.
	Format int `json:"lockerfs"`
	// N is the commit's number: 1 for a locker's first.
	N int64 `json:"n"`
	// ID is random: how a writer recognises its own commit after a lost answer.
	ID string `json:"id"`
	// Epoch names the run of the log that this commit belongs to; a rebuilt
	// catalog begins a new one.
	Epoch string `json:"epoch"`
	// Device and DeviceName tell who wrote it.
	Device     string `json:"device"`
	DeviceName string `json:"device_name,omitempty"`
	// Time is the writer's clock, nanoseconds since 1970, UTC.
	Time int64 `json:"time"`
}

// Commit is a batch of operations that applies whole or not at all.
type Commit struct {
	Header
	Ops []Op
}

// Verb is what an operation does.
type Verb string

// The operations. They name entries by ID, so renaming a folder is one operation.
const (
	// Create adds Entry, a new file or folder.
	Create Verb = "create"
	// Replace gives file ID the content Version and the time MTime.
	Replace Verb = "replace"
	// Move puts entry ID under Parent with Name, and removes the entry Over, which has
	// that name, if it is given. Without Over the name must be free when its turn comes:
	// two entries swap names by three moves in one commit, of which the first takes a
	// name that is free for the moment. A commit applies whole, so nobody sees that.
	// [Index.Refile] makes such moves.
	Move Verb = "move"
	// Remove removes file ID, or folder ID when it is empty.
	Remove Verb = "remove"
	// Set changes Mode, MTime or Xattrs of entry ID: those that are given.
	Set Verb = "set"
	// Describe tells more of the content that file ID has: Version carries the same version
	// ID, size and object key as the file's present content. Its SHA256 (where it was
	// unknown), Tags, Pack, and, of a foreign object, ETag and Missing take the place of
	// what is there. The content is the same, so the node stays.
	Describe Verb = "describe"
	// Condemn says that the objects Keys, which are ours, and Adopted, which are not, will
	// be deleted: no operation may name them from here on. One that any entry, present or
	// past, refers to is passed over.
	Condemn Verb = "condemn"
	// Expire forgets what commits up to Before took away.
	Expire Verb = "expire"
	// Configure replaces the locker's settings, which all devices share.
	Configure Verb = "configure"
)

// Op is one operation. Which fields count depends on the verb.
type Op struct {
	Verb Verb `json:"op"`
	// At is when it was done, nanoseconds since 1970, UTC: the folder's new time.
	At      int64    `json:"at"`
	Entry   *Entry   `json:"entry,omitempty"`
	ID      ID       `json:"id,omitzero"`
	Version *Version `json:"version,omitempty"`
	Parent  ID       `json:"parent,omitzero"`
	Name    string   `json:"name,omitempty"`
	Over    ID       `json:"over,omitzero"`
	MTime   *int64   `json:"mtime,omitempty"`
	Mode    *uint32  `json:"mode,omitempty"`
	// Xattrs replaces all shared extended attributes when it is given, also empty.
	Xattrs map[string][]byte `json:"xattrs,omitzero"`
	// Keys and Adopted name objects: see Condemn.
	Keys    []string `json:"keys,omitempty"`
	Adopted []Ref    `json:"adopted,omitempty"`
	// Before is a commit's number: see Expire.
	Before   int64     `json:"before,omitempty"`
	Settings *Settings `json:"settings,omitempty"`
}

// maxTold bounds what a header says of its commit and of who wrote it, in bytes.
const maxTold = 255

// sound tells whether a header can be kept and shown.
func (h *Header) sound() bool {
	return h.ID != "" && len(h.ID) <= maxTold && len(h.Device) <= maxTold && len(h.DeviceName) <= maxTold && h.Time > -maxTime && h.Time < maxTime
}

// NewCommitID makes a random commit id of 32 hex digits.
func NewCommitID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Encode gives the commit's body: zstd over JSON lines, readable with
// `zstdcat | jq`. A commit over the bounds is ErrTooLarge.
func (c *Commit) Encode() ([]byte, error) {
	if len(c.Ops) > MaxCommitOps {
		return nil, fmt.Errorf("commit of %d operations, at most %d: %w", len(c.Ops), MaxCommitOps, ErrTooLarge)
	}
	c.Format = commitFormat
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c.Header); err != nil {
		return nil, err
	}
	for i := range c.Ops {
		if err := enc.Encode(&c.Ops[i]); err != nil {
			return nil, err
		}
	}
	body, err := pack(text.Bytes())
	if err != nil {
		return nil, err
	}
	if text.Len() > MaxCommitText || len(body) > MaxCommitBody || !linesFit(text.Bytes()) {
		return nil, fmt.Errorf("commit of %d bytes, %d as text: %w", len(body), text.Len(), ErrTooLarge)
	}
	return body, nil
}

// DecodeCommit reads a body that came from number n of the log of epoch. The
// error is ErrNewer for a commit of a newer format, ErrEpoch for a sound header of
// another epoch, and ErrInvalid for anything that cannot be read, in which case the
// commit counts as empty everywhere.
func DecodeCommit(n int64, epoch string, body []byte) (*Commit, error) {
	if len(body) > MaxCommitBody {
		return nil, fmt.Errorf("%d bytes: %w", len(body), ErrInvalid)
	}
	text, err := unpack(body, MaxCommitText)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrInvalid)
	}
	if !linesFit(text) {
		return nil, fmt.Errorf("a line of it is too long, or it has too many parts: %w", ErrInvalid)
	}
	l := lines{text}
	var c Commit
	if err := l.next(&c.Header); err != nil {
		return nil, fmt.Errorf("header: %v: %w", err, ErrInvalid)
	}
	if c.Format > commitFormat {
		return nil, fmt.Errorf("commit format %d: %w", c.Format, ErrNewer)
	}
	if c.Format < 1 || c.N != n || !c.sound() {
		return nil, fmt.Errorf("header says format %d, number %d, id %.40q: %w", c.Format, c.N, c.ID, ErrInvalid)
	}
	if c.Epoch != epoch {
		return nil, fmt.Errorf("header says epoch %.40q: %w", c.Epoch, ErrEpoch)
	}
	if err := c.read(&l); err != nil {
		return nil, err
	}
	return &c, nil
}

// read reads the operations.
func (c *Commit) read(l *lines) error {
	for {
		var op Op
		switch err := l.next(&op); {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("operation %d: %v: %w", len(c.Ops), err, ErrInvalid)
		case len(c.Ops) == MaxCommitOps:
			return fmt.Errorf("more than %d operations: %w", MaxCommitOps, ErrInvalid)
		}
		c.Ops = append(c.Ops, op)
	}
}

// pack compresses text with zstd. A larger window would take 16 MB for each.
func pack(text []byte) ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	return enc.EncodeAll(text, nil), nil
}

// unpack decompresses body, refusing to give more than limit bytes.
func unpack(body []byte, limit uint64) ([]byte, error) { return unpackInto(nil, body, limit) }

// unpackInto puts the text into buf where there is room.
func unpackInto(buf, body []byte, limit uint64) ([]byte, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(limit), zstd.WithDecoderMaxWindow(16<<20))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	return dec.DecodeAll(body, buf[:0])
}
