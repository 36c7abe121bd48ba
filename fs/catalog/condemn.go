package catalog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lockerfs/lockerfs/remote"
)

// ErrCondemned: an operation names an object that will be, or has been, deleted. Who has
// the bytes uploads them again, under a new key.
var ErrCondemned = errors.New("the object was given up and may be deleted")

// MaxKeys bounds how many objects one Condemn names.
const MaxKeys = 10_000

// checkKey tells whether key may be that of an object with somebody's bytes.
func checkKey(key string) error {
	if !remote.ValidKey(key) || strings.HasPrefix(key, ".lockerfs/") {
		return fmt.Errorf("object key %.80q: %w", key, ErrInvalid)
	}
	return nil
}

// allowed refuses a version whose object was condemned.
func (a *applier) allowed(v *Version) error {
	if v == nil {
		return nil
	}
	switch gone, err := a.Condemned(v.Object); {
	case err != nil:
		return err
	case gone:
		return fmt.Errorf("object %.80q: %w: %w", v.Object.Key, ErrCondemned, ErrInvalid)
	}
	return nil
}

// condemn gives up objects, but for those that are in use.
func (a *applier) condemn(op *Op) error {
	if n := len(op.Keys) + len(op.Adopted); n == 0 || n > MaxKeys {
		return fmt.Errorf("%d keys: %w", n, ErrInvalid)
	}
	refs := make([]Ref, 0, len(op.Keys)+len(op.Adopted))
	for _, key := range op.Keys {
		refs = append(refs, Ref{Key: key})
	}
	for _, r := range op.Adopted {
		if r.ETag == "" || len(r.ETag) > maxETag {
			return fmt.Errorf("adopted object %.80q: ETag of %d bytes: %w", r.Key, len(r.ETag), ErrInvalid)
		}
		refs = append(refs, Ref{Key: r.Key, ETag: r.ETag, Foreign: true})
	}
	for _, r := range refs {
		if err := checkKey(r.Key); err != nil {
			return err
		}
		used, err := a.Refers(r.Key)
		if err != nil {
			return err
		}
		if used {
			continue
		}
		if err := a.Condemn(r, a.n); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) expire(op *Op) error {
	if op.Before <= 0 {
		return fmt.Errorf("before commit %d: %w", op.Before, ErrInvalid)
	}
	return a.Expire(op.Before)
}

func (a *applier) configure(op *Op) error {
	if op.Settings == nil {
		return fmt.Errorf("no settings: %w", ErrInvalid)
	}
	if err := op.Settings.check(); err != nil {
		return err
	}
	return a.Configure(*op.Settings)
}

// describe tells more of the content that a file has.
func (a *applier) describe(op *Op) error {
	e, err := a.entry(op.ID)
	if err != nil {
		return err
	}
	was, v := e.Version, op.Version
	if was == nil || v == nil {
		return fmt.Errorf("describing a %s, version %v: %w", e.Kind, v != nil, ErrInvalid)
	}
	to := *v
	if was.SHA256.Known() && !to.SHA256.Known() {
		to.SHA256 = was.SHA256
	}
	switch {
	case to.ID != was.ID || to.Size != was.Size || to.Object.Key != was.Object.Key || to.Object.Foreign != was.Object.Foreign:
		return fmt.Errorf("describing another content than file %s has: %w", e.ID, ErrInvalid)
	case was.SHA256.Known() && to.SHA256 != was.SHA256:
		return fmt.Errorf("file %s has another hash: %w", e.ID, ErrInvalid)
	case !was.Object.Foreign && to.Object != was.Object:
		return fmt.Errorf("object %.80q is ours and does not change: %w", was.Object.Key, ErrInvalid)
	}
	if err := checkVersion(&to, 0); err != nil {
		return err
	}
	if err := a.allowed(&to); err != nil {
		return err
	}
	return a.Describe(e.ID, to)
}

// adopt takes the object of a file that is there now from what is ignored.
func (a *applier) adopt(v *Version) error {
	if v == nil || !v.Object.Foreign {
		return nil
	}
	return a.Notice(v.Object.Key)
}

// ignore remembers that a file was taken away whose object is not ours, and stays in the
// store: nobody is to adopt it again.
func (a *applier) ignore(e *Entry) error {
	if e.Version == nil || !e.Version.Object.Foreign {
		return nil
	}
	return a.Ignore(e.Version.Object, e.Version.Size)
}
