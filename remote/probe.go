package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"
)

// probeCleanup is how long a probe may take to remove its objects, also after its
// own context has ended.
const probeCleanup = 10 * time.Second

// Probe finds out how s treats conditions by trying them on two small objects with
// random names under prefix, which it removes again (about thirteen requests). Before
// that it lists: a store that does not let us cannot hold a locker, and the error, an
// ErrDenied of a list, says so. Credentials that may list and not write are a verdict.
//
// Each verdict comes from reading back what the object holds, not from the answer
// to the write: a store may have retried a write whose first answer was lost and
// then report a failed condition although the write won. Any error that leaves a
// verdict open (the store is away, refuses the rights, is full) is returned, with
// the zero Conditions.
func Probe(ctx context.Context, s Store, prefix string) (found Conditions, err error) {
	p := probe{store: s, key: prefix + rand.Text()}
	defer func() {
		if !found.Writable() {
			return // nothing was written
		}
		if cleanErr := p.clean(ctx); err == nil && cleanErr != nil {
			err = cleanErr
		}
		if err != nil {
			found, err = Conditions{}, fmt.Errorf("probe of conditional writes: %w", err)
		}
	}()
	if _, err := s.List(ctx, prefix, "", 1); err != nil {
		return found, err
	}
	if found.Create, err = p.create(ctx); err != nil {
		return found, err
	}
	if !found.Writable() {
		found.Replace = Denied
		return found, nil
	}
	if found.Replace, err = p.replace(ctx); err != nil {
		return found, err
	}
	found.Read, err = p.read(ctx)
	return found, err
}

type probe struct {
	store Store
	key   string
	stale string // an ETag the object of the replace test has had before
}

func (p *probe) createKey() string  { return p.key + "-create" }
func (p *probe) replaceKey() string { return p.key + "-replace" }

// create writes twice with Absent; the second must not stick.
func (p *probe) create(ctx context.Context) (Support, error) {
	only := Condition{Absent: true}
	first, _, err := p.put(ctx, p.createKey(), only)
	if errors.Is(err, ErrNotImplemented) {
		return Refused, nil
	}
	if errors.Is(err, ErrDenied) {
		// One refusal may be an accident, or about the condition.
		if _, _, again := p.put(ctx, p.createKey(), Condition{}); errors.Is(again, ErrDenied) {
			return Denied, nil
		}
	}
	if err != nil && !errors.Is(err, ErrExists) {
		return "", err
	}
	second, _, err := p.put(ctx, p.createKey(), only)
	if err != nil && !errors.Is(err, ErrExists) {
		return "", err
	}
	return p.verdict(ctx, p.createKey(), first, second)
}

// replace writes over the ETag the object has, which must stick, and then over the
// same ETag again, which must not.
func (p *probe) replace(ctx context.Context) (Support, error) {
	first, object, err := p.put(ctx, p.replaceKey(), Condition{})
	if err != nil {
		return "", err
	}
	p.stale = object.ETag
	over := Condition{ETag: object.ETag}
	second, _, err := p.put(ctx, p.replaceKey(), over)
	if errors.Is(err, ErrNotImplemented) {
		return Refused, p.change(ctx)
	}
	if err != nil && !errors.Is(err, ErrPrecondition) {
		return "", err
	}
	holds, err := p.content(ctx, p.replaceKey())
	if err != nil {
		return "", err
	}
	if holds == first {
		// It refuses the very ETag it gave (old Ceph does, over the quotes), so
		// no conditional replace can be had here.
		return Refused, p.change(ctx)
	}
	third, _, err := p.put(ctx, p.replaceKey(), over)
	if err != nil && !errors.Is(err, ErrPrecondition) {
		return "", err
	}
	return p.verdict(ctx, p.replaceKey(), second, third)
}

// change gives the object new content, so that its first ETag is stale.
func (p *probe) change(ctx context.Context) error {
	_, _, err := p.put(ctx, p.replaceKey(), Condition{})
	return err
}

// read asks for a range of a version that has been replaced.
func (p *probe) read(ctx context.Context) (Support, error) {
	body, _, err := p.store.Get(ctx, p.replaceKey(), Range{Offset: 1, Length: 4}, p.stale)
	switch {
	case err == nil:
		return Ignored, body.Close()
	case errors.Is(err, ErrPrecondition):
		return Enforced, nil
	case errors.Is(err, ErrNotImplemented):
		return Refused, nil
	}
	return "", err
}

// verdict reads which of two writes the object holds: kept, the one that was to
// stay, or late, the one that was to be refused.
func (p *probe) verdict(ctx context.Context, key, kept, late string) (Support, error) {
	holds, err := p.content(ctx, key)
	if err != nil {
		return "", err
	}
	switch holds {
	case kept:
		return Enforced, nil
	case late:
		return Ignored, nil
	}
	return "", fmt.Errorf("%w: %q holds neither of the writes", ErrCorrupt, key)
}

// put writes random content, which it returns.
func (p *probe) put(ctx context.Context, key string, c Condition) (string, Object, error) {
	content := rand.Text()
	body := io.NewSectionReader(bytes.NewReader([]byte(content)), 0, int64(len(content)))
	object, err := p.store.Put(ctx, key, body, PutOptions{If: c})
	return content, object, err
}

func (p *probe) content(ctx context.Context, key string) (string, error) {
	body, _, err := p.store.Get(ctx, key, Range{}, "")
	if err != nil {
		return "", err
	}
	defer body.Close()
	content, err := io.ReadAll(io.LimitReader(body, 1024))
	return string(content), err
}

func (p *probe) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeCleanup)
	defer cancel()
	return errors.Join(p.store.Delete(ctx, p.createKey()), p.store.Delete(ctx, p.replaceKey()))
}
