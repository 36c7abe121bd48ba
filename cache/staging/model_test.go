package staging

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

const modelSize = 40_000

// model is what a draft must be, and what must be left of it after a crash.
type model struct {
	t    *testing.T
	rt   *rapid.T
	dir  string
	tune func(*Options, *tune)
	s    *Store
	base *memBase
	d    *Draft
	thin bool // extents are so few that gaps are filled at any write

	content []byte
	seed    uint64

	settled  Record
	was      []byte       // the content at settled
	touched  map[int]bool // bytes of was that may be anything since
	cut      bool         // whether any of was was cut off since
	recorded bool         // whether settled is from this draft or a reopened one at all
	unjour   []taken      // records that were synced and not settled
}

type taken struct {
	r       Record
	content []byte
}

// Whatever is done to a draft, it reads as a plain slice of bytes would, and what was
// settled is there after a crash but for bytes that were overwritten since.
func TestDraftIsItsModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{t: t, rt: rt, dir: t.TempDir(), touched: map[int]bool{}}
		m.thin = rapid.Bool().Draw(rt, "thin")
		slow := rapid.Bool().Draw(rt, "no holes")
		m.tune = func(_ *Options, tn *tune) {
			tn.open = 1
			tn.sync = func(*os.File) error { return nil } // only the disk's time
			tn.syncDir = func(string) error { return nil }
			if m.thin {
				tn.maxSpans = 5
			}
			if slow {
				tn.punch = func(*os.File, Span) error { return errors.ErrUnsupported }
			}
		}
		m.s = openStore(t, m.dir, m.tune)
		defer func() { m.s.Close() }()
		if rapid.Bool().Draw(rt, "based") {
			m.base = &memBase{content: noise(rapid.IntRange(0, modelSize).Draw(rt, "base"), 1)}
			m.content = bytes.Clone(m.base.content)
		}
		m.d = create(t, m.s, m.base)
		m.settle(m.sync())
		rt.Repeat(map[string]func(*rapid.T){
			"": m.check, "write": m.write, "small writes": m.small, "truncate": m.truncate, "empty": m.empty,
			"zero": m.zero, "allocate": m.allocate, "sync": m.syncOnly, "settle": m.settleOne,
			"complete": m.complete, "restart": m.restart, "crash": m.crash, "unreachable": m.unreachable,
		})
		for range m.unjour {
			m.settleOne(rt)
		}
		m.complete(rt)
		m.check(rt)
	})
}

func (m *model) span(rt *rapid.T) (off, n int) {
	off = rapid.IntRange(0, modelSize-1).Draw(rt, "off")
	return off, rapid.IntRange(1, min(modelSize-off, 9_000)).Draw(rt, "n")
}

// touch notes that bytes of the recorded file may change, when it is still the one in use.
func (m *model) touch(off, end int) {
	if filepath.Base(m.d.Path()) == m.settled.File {
		for i := off; i < min(end, len(m.was)); i++ {
			m.touched[i] = true
		}
	}
}

func (m *model) grow(size int) {
	if size > len(m.content) {
		m.content = append(m.content, make([]byte, size-len(m.content))...)
	}
}

func (m *model) write(rt *rapid.T) {
	off, n := m.span(rt)
	m.put(off, n)
}

func (m *model) put(off, n int) {
	m.seed++
	p := noise(n, m.seed)
	gen := m.d.Generation()
	m.touch(off, off+n)
	write(m.t, m.d, p, int64(off))
	m.grow(off + n)
	copy(m.content[off:], p)
	if m.d.Generation() <= gen || !m.d.Dirty() {
		m.rt.Fatal("a write went unnoticed")
	}
}

func (m *model) small(rt *rapid.T) {
	off := rapid.IntRange(0, modelSize/2).Draw(rt, "off")
	for range rapid.IntRange(1, 12).Draw(rt, "times") {
		m.put(off, 1+off%3)
		off += 500
	}
}

func (m *model) truncate(rt *rapid.T) { m.resize(rapid.IntRange(0, modelSize).Draw(rt, "size")) }
func (m *model) empty(*rapid.T)       { m.resize(0) }

func (m *model) resize(size int) {
	if err := m.d.Truncate(int64(size)); err != nil {
		m.rt.Fatal(err)
	}
	if size < len(m.content) {
		m.gone(size, len(m.content))
		m.content = m.content[:size]
	}
	m.content = bytes.Clone(m.content) // no old bytes behind its end
	m.grow(size)
}

// gone notes bytes that are no longer of the content, but must be of the record.
func (m *model) gone(off, end int) {
	m.cut = true
	if m.thin { // filling gaps may overwrite them
		m.touch(off, end)
	}
}

func (m *model) zero(rt *rapid.T) {
	off, n := m.span(rt)
	keep := rapid.Bool().Draw(rt, "keep")
	end := min(off+n, len(m.content))
	if base := len(m.base.of()); off < base { // may be done in the file
		m.touch(off, min(end, base))
	}
	if err := m.d.Zero(int64(off), int64(n), keep); err != nil {
		rt.Fatal(err)
	}
	if off < end {
		clear(m.content[off:end])
		m.gone(off, end)
	}
	if !keep {
		m.grow(off + n)
	}
}

func (b *memBase) of() []byte {
	if b == nil {
		return nil
	}
	return b.content
}

func (m *model) allocate(rt *rapid.T) {
	off, n := m.span(rt)
	keep := rapid.Bool().Draw(rt, "keep")
	if err := m.d.Allocate(int64(off), int64(n), keep); err != nil {
		rt.Fatal(err)
	}
	if !keep {
		m.grow(off + n)
	}
}

// sync checks at once that the record gives the content back.
func (m *model) sync() taken {
	r := mustSync(m.t, m.d)
	if m.d.Dirty() {
		m.rt.Fatal("dirty after a sync")
	}
	k := taken{r, bytes.Clone(m.content)}
	m.recover(k, nil)
	return k
}

// recover reopens a copy of the folder as it is now.
func (m *model) recover(k taken, touched map[int]bool) {
	dir := copyDir(m.t, m.dir)
	defer os.RemoveAll(dir)
	s := openStore(m.t, dir, m.tune)
	defer s.Close()
	d, err := s.Reopen(k.r, m.base.kept())
	if err != nil {
		m.rt.Fatalf("%v; record %+v", err, k.r)
	}
	defer d.Close()
	got := content(m.t, d)
	if len(got) != len(k.content) {
		m.rt.Fatalf("recovered %d bytes, want %d", len(got), len(k.content))
	}
	for i := range got {
		if got[i] != k.content[i] && !touched[i] {
			m.rt.Fatalf("byte %d of %d is %d after a crash, was %d when it was settled", i, len(got), got[i], k.content[i])
		}
	}
}

func (m *model) settle(k taken) {
	m.d.Settle(k.r)
	m.settled, m.was, m.recorded, m.cut = k.r, k.content, true, false
	clear(m.touched)
}

func (m *model) syncOnly(*rapid.T) { m.unjour = append(m.unjour, m.sync()) }

// settleOne settles the oldest record there is, as a slow journal does. What happened
// between its sync and now counts as overwritten.
func (m *model) settleOne(*rapid.T) {
	if len(m.unjour) == 0 {
		m.settle(m.sync())
		return
	}
	k := m.unjour[0]
	m.unjour = m.unjour[1:]
	same := bytes.Equal(k.content, m.content)
	m.settle(k)
	for i := range m.was { // bytes since then are not followed one by one
		m.touched[i] = m.touched[i] || !same
	}
	m.cut = k.r.Gen != m.d.Generation()
}

func (m *model) complete(rt *rapid.T) {
	err := m.d.Complete(m.t.Context())
	if errors.Is(err, ErrUnsettled) && m.cut {
		m.unjour = nil
		m.settle(m.sync())
		err = m.d.Complete(m.t.Context())
	}
	if err != nil {
		rt.Fatal(err)
	}
	if !m.d.Whole() || m.d.NeedsBase() {
		rt.Fatal("complete and not whole")
	}
	if got, err := os.ReadFile(m.d.Path()); err != nil || !bytes.Equal(got, m.content) {
		rt.Fatalf("the local file of %d bytes is not the content of %d, %v", len(got), len(m.content), err)
	}
}

// restart goes on from a record of all there is.
func (m *model) restart(rt *rapid.T) {
	k := m.sync()
	m.unjour = nil
	m.settle(k)
	m.again(k)
	m.check(rt)
}

// crash goes on from the settled record. Bytes that were overwritten since are what they
// are.
func (m *model) crash(*rapid.T) {
	m.unjour = nil
	m.again(taken{m.settled, m.was})
	got := content(m.t, m.d)
	for i := range m.was {
		if m.touched[i] {
			m.was[i] = got[i]
		}
	}
	m.content = bytes.Clone(m.was)
	clear(m.touched)
	m.cut = false
}

func (m *model) again(k taken) {
	m.d.Close()
	m.s.Close()
	m.s = openStore(m.t, m.dir, m.tune)
	m.d = reopen(m.t, m.s, k.r, m.base.kept())
	unknown, err := m.s.Sweep(nil)
	if err != nil {
		m.rt.Fatal(err)
	}
	for _, name := range unknown {
		if err := m.s.Quarantine(name, filepath.Join(m.t.TempDir(), "quarantine")); err != nil {
			m.rt.Fatal(err)
		}
	}
	if m.d.Dirty() || m.d.Generation() != k.r.Gen {
		m.rt.Fatal("a reopened draft is where it was")
	}
	if name := filepath.Base(m.d.Path()); name != k.r.File { // it had no bytes
		m.settled.File = name
	}
}

// unreachable reads while the base fails: what comes is right as far as it goes.
func (m *model) unreachable(rt *rapid.T) {
	if m.base == nil {
		return
	}
	m.base.fails.Store(true)
	defer m.base.fails.Store(false)
	off, n := m.span(rt)
	p := make([]byte, n)
	got, err := m.d.ReadAt(m.t.Context(), p, int64(off))
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errBase) {
		rt.Fatal(err)
	}
	wanted := min(max(len(m.content)-off, 0), n)
	if got > wanted || got < wanted && !errors.Is(err, errBase) || !bytes.Equal(p[:got], m.content[min(off, len(m.content)):][:got]) {
		rt.Fatalf("%d of %d bytes, %v, or wrong ones", got, wanted, err)
	}
}

func (m *model) check(rt *rapid.T) {
	if m.d.Size() != int64(len(m.content)) {
		rt.Fatalf("size %d, want %d", m.d.Size(), len(m.content))
	}
	if got := content(m.t, m.d); !bytes.Equal(got, m.content) {
		i := differ(got, m.content)
		rt.Fatalf("byte %d is %d, want %d; %v, base to %d", i, got[i], m.content[i], m.d.spans, m.d.baseEnd)
	}
	off, n := m.span(rt)
	p := make([]byte, n)
	got, err := m.d.ReadAt(m.t.Context(), p, int64(off))
	wanted := min(max(len(m.content)-off, 0), n)
	if got != wanted || (err != nil) != (got < n) || err != nil && err != io.EOF ||
		!bytes.Equal(p[:got], m.content[min(off, len(m.content)):][:got]) {
		rt.Fatalf("read of %d at %d of %d gave %d, %v, or wrong bytes", n, off, len(m.content), got, err)
	}
	if len(m.d.spans) > m.s.tune.maxSpans {
		rt.Fatalf("%d extents", len(m.d.spans))
	}
	m.recover(taken{m.settled, m.was}, m.touched)
}
