package staging

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"testing"
)

// TagLib retitles in thousands of small writes: they read nothing from the base, and one
// Complete reads what is left of it once.
func TestSmallWritesReadNothing(t *testing.T) {
	base := &memBase{content: noise(5<<20, 1)}
	d := create(t, openStore(t, t.TempDir(), nil), base)
	wanted := bytes.Clone(base.content)
	for i := range 5313 {
		p, off := noise(27, uint64(i)), i*980
		write(t, d, p, int64(off))
		copy(wanted[off:], p)
	}
	if n := base.calls.Load(); n != 0 {
		t.Fatalf("%d reads of the base", n)
	}
	want(t, d, wanted)
	before := base.bytes.Load()
	if err := d.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, d, wanted)
	if n := base.bytes.Load() - before; n > int64(len(wanted)) {
		t.Errorf("Complete read %d bytes of a base of %d", n, len(wanted))
	}
	if n := base.calls.Load(); n > 2*6 {
		t.Errorf("%d reads of the base", n)
	}
}

// What a truncation cut off does not come back, be it the base's or written here, whether
// or not a record keeps it in the file.
func TestTruncatedBytesStayGone(t *testing.T) {
	for _, synced := range []bool{false, true} {
		for _, size := range []int64{0, 10, 5000} {
			d := create(t, openStore(t, t.TempDir(), nil), &memBase{content: noise(9000, 1)})
			write(t, d, noise(100, 2), 4950)
			if synced {
				d.Settle(mustSync(t, d))
			}
			wanted := make([]byte, 9000)
			copy(wanted, content(t, d)[:size])
			for _, to := range []int64{size, 9000} {
				if err := d.Truncate(to); err != nil {
					t.Fatal(err)
				}
			}
			want(t, d, wanted)
			write(t, d, []byte{7}, 8000)
			wanted[8000] = 7
			want(t, d, wanted)
		}
	}
}

// A program that saves begins with a truncation to nothing. Until its new content is
// settled the old one can be reopened; after that only the new one is there.
func TestSavingKeepsTheOldContent(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	d := create(t, s, nil)
	old, fresh := noise(50_000, 1), noise(30_000, 2)
	write(t, d, old, 0)
	first := mustSync(t, d)
	d.Settle(first)
	if err := d.Truncate(0); err != nil {
		t.Fatal(err)
	}
	write(t, d, fresh, 0)
	recovered := func(r Record, wanted []byte) {
		t.Helper()
		s := openStore(t, copyDir(t, dir), nil)
		defer s.Close()
		d := reopen(t, s, r, nil)
		want(t, d, wanted)
		if err := d.Discard(); err != nil {
			t.Fatal(err)
		}
	}
	recovered(first, old)
	second := mustSync(t, d)
	recovered(first, old)
	recovered(second, fresh)
	if len(second.Former) != 1 || second.Former[0] != first.File {
		t.Errorf("the record replaces %v, want %s", second.Former, first.File)
	}
	d.Settle(first) // late news settle nothing
	recovered(first, old)
	d.Settle(second)
	if names := mustNames(t, s); len(names) != 1 || names[0] != second.File {
		t.Errorf("files %v, want only %s", names, second.File)
	}
	recovered(second, fresh)
}

// A crash may come between the journal and Settle: the next start removes what the newer
// record replaces.
func TestReopenRemovesFormerFiles(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	d := create(t, s, nil)
	for i := range 3 {
		write(t, d, noise(100, uint64(i)), 0)
		mustSync(t, d)
		if err := d.Truncate(0); err != nil {
			t.Fatal(err)
		}
	}
	write(t, d, noise(10, 9), 0)
	r := mustSync(t, d)
	s.Close()
	s = openStore(t, dir, nil)
	want(t, reopen(t, s, r, nil), noise(10, 9))
	if names := mustNames(t, s); len(names) != 1 || len(r.Former) != 3 {
		t.Errorf("files %v are left of %v", names, r.Former)
	}
}

// Syncs cost nothing where nothing changed.
func TestCleanSync(t *testing.T) {
	syncs := 0
	d := create(t, openStore(t, t.TempDir(), func(_ *Options, tn *tune) {
		tn.sync = func(f *os.File) error { syncs++; return dataSync(f) }
	}), nil)
	if d.Dirty() {
		t.Error("a new draft is dirty")
	}
	mustSync(t, d)
	if syncs != 0 {
		t.Error("an empty draft was synced")
	}
	write(t, d, []byte("abc"), 0)
	for range 3 {
		mustSync(t, d)
	}
	if err := d.Truncate(9); err != nil {
		t.Fatal(err)
	}
	if r := mustSync(t, d); r.Size != 9 || d.Dirty() {
		t.Errorf("record %+v of a file of 9 bytes", r)
	}
	if syncs != 2 {
		t.Errorf("%d syncs, want 2", syncs)
	}
}

// After a failed fdatasync the kernel may call the next one a success. The draft does not.
func TestFailedSyncIsFinal(t *testing.T) {
	broken := errors.New("disk broken")
	fail := true
	d := create(t, openStore(t, t.TempDir(), func(_ *Options, tn *tune) {
		tn.sync = func(f *os.File) error {
			if fail {
				return broken
			}
			return dataSync(f)
		}
	}), nil)
	write(t, d, noise(100, 1), 0)
	if _, err := d.Sync(); !errors.Is(err, broken) || !d.Dirty() {
		t.Fatalf("%v, dirty %v", err, d.Dirty())
	}
	fail = false
	write(t, d, noise(100, 2), 0)
	if _, err := d.Sync(); !errors.Is(err, broken) {
		t.Fatalf("a second sync: %v", err)
	}
	if err := d.Complete(t.Context()); !errors.Is(err, broken) {
		t.Fatalf("what may be lost is complete: %v", err)
	}
	if err := d.Truncate(0); err != nil {
		t.Fatal(err)
	}
	write(t, d, noise(100, 3), 0)
	r := mustSync(t, d)
	d.Settle(r)
	want(t, d, noise(100, 3))
}

// A descriptor that is given up with unsynced bytes is synced first: an error is not lost.
func TestFailedSyncOfAnUnusedDescriptor(t *testing.T) {
	broken := errors.New("disk broken")
	fail := false
	s := openStore(t, t.TempDir(), func(_ *Options, tn *tune) {
		tn.open = 1
		tn.sync = func(f *os.File) error {
			if fail {
				return broken
			}
			return dataSync(f)
		}
	})
	a, b := create(t, s, nil), create(t, s, nil)
	write(t, a, []byte("a"), 0)
	fail = true
	write(t, b, []byte("b"), 0) // and a's descriptor goes
	fail = false
	if _, err := a.Sync(); !errors.Is(err, broken) {
		t.Errorf("sync of a: %v", err)
	}
	if _, err := b.Sync(); err != nil {
		t.Errorf("sync of b: %v", err)
	}
}

// While recorded bytes that were cut off are still needed, the file is not cut.
func TestCompleteWaitsForSettle(t *testing.T) {
	dir := t.TempDir()
	d := create(t, openStore(t, dir, nil), nil)
	write(t, d, noise(9000, 1), 0)
	first := mustSync(t, d)
	d.Settle(first)
	if err := d.Truncate(100); err != nil {
		t.Fatal(err)
	}
	check := func(wanted error) {
		t.Helper()
		if err := d.Complete(t.Context()); !errors.Is(err, wanted) || d.Whole() != (wanted == nil) {
			t.Fatalf("Complete: %v, want %v; whole: %v", err, wanted, d.Whole())
		}
	}
	check(ErrUnsettled)
	second := mustSync(t, d)
	check(ErrUnsettled)
	want(t, reopen(t, openStore(t, copyDir(t, dir), nil), first, nil), noise(9000, 1))
	d.Settle(second)
	check(nil)
	if info, err := os.Stat(d.Path()); err != nil || info.Size() != 100 {
		t.Errorf("%v, %v", info, err)
	}
	if err := d.Truncate(200); err != nil || d.Whole() {
		t.Errorf("%v; whole with a hole at its end", err)
	}
	check(nil)
	write(t, d, []byte("x"), 7)
	if !d.Whole() {
		t.Error("not whole after a change in place")
	}
}

// What a base does wrong is an error, and never an end of the file or a zero.
func TestFailingBase(t *testing.T) {
	base := &memBase{content: noise(300_000, 1)}
	d := create(t, openStore(t, t.TempDir(), nil), base)
	write(t, d, noise(1000, 2), 1000)
	write(t, d, noise(1000, 3), 200_000)
	base.fails.Store(true)
	p := make([]byte, 300_000)
	for _, tt := range []struct{ off, n, got int }{
		{0, 10, 0}, {1000, 1000, 1000}, {1000, 1001, 1000}, {999, 10, 0}, {200_000, 1000, 1000}, {1500, 250_000, 500},
	} {
		n, err := d.ReadAt(t.Context(), p[:tt.n], int64(tt.off))
		if n != tt.got || (n < tt.n) != errors.Is(err, errBase) || n == tt.n && err != nil {
			t.Errorf("%d at %d: %d, %v; want %d", tt.n, tt.off, n, err, tt.got)
		}
	}
	if err := d.Complete(t.Context()); !errors.Is(err, errBase) || d.Whole() {
		t.Errorf("Complete: %v", err)
	}
	base.fails.Store(false)
	wanted := content(t, d)
	if err := d.Complete(t.Context()); err != nil || d.NeedsBase() {
		t.Fatal(err)
	}
	base.fails.Store(true)
	want(t, d, wanted)
}

// A base that ends before it should does not shorten the draft.
func TestShortBase(t *testing.T) {
	base := &memBase{content: noise(1000, 1)}
	d, err := openStore(t, t.TempDir(), nil).Create(base, 2000)
	if err != nil {
		t.Fatal(err)
	}
	n, err := d.ReadAt(t.Context(), make([]byte, 2000), 0)
	if n != 1000 || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		t.Errorf("read: %d, %v", n, err)
	}
	if err := d.Complete(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Complete: %v", err)
	}
}

func TestImpossibleArguments(t *testing.T) {
	s := openStore(t, t.TempDir(), func(o *Options, _ *tune) { o.MaxSize = 1 << 20 })
	d := create(t, s, nil)
	write(t, d, []byte("abc"), 0)
	p := make([]byte, 10)
	read := func(off int64) error { _, err := d.ReadAt(t.Context(), p, off); return err }
	put := func(off int64) error { _, err := d.WriteAt(p, off); return err }
	_, over := s.Create(nil, 1)
	_, large := s.Create(&memBase{}, 1<<20+1)
	for i, tt := range []struct{ err, want error }{
		{read(-1), fs.ErrInvalid}, {read(3), io.EOF}, {read(math.MaxInt64), io.EOF},
		{put(-1), fs.ErrInvalid}, {put(1<<20 - 9), ErrTooLarge}, {put(math.MaxInt64), ErrTooLarge},
		{d.Truncate(-1), fs.ErrInvalid}, {d.Truncate(1<<20 + 1), ErrTooLarge},
		{d.Allocate(0, 0, false), fs.ErrInvalid}, {d.Allocate(1, 1<<20, false), ErrTooLarge},
		{d.Allocate(math.MaxInt64, math.MaxInt64, true), ErrTooLarge},
		{d.Zero(0, 0, false), fs.ErrInvalid}, {d.Zero(-1, 1, false), fs.ErrInvalid},
		{d.Zero(1<<20, 1, false), ErrTooLarge}, {over, fs.ErrInvalid}, {large, ErrTooLarge},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("case %d: %v, want %v", i, tt.err, tt.want)
		}
	}
	want(t, d, []byte("abc"))
}

func TestClosed(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	byDraft, byStore := create(t, s, &memBase{content: noise(10, 1)}), create(t, s, nil)
	write(t, byDraft, []byte("abc"), 0)
	write(t, byStore, []byte("abc"), 0)
	byDraft.Close()
	byDraft.Close()
	check := func(name string, d *Draft) {
		t.Helper()
		_, read := d.ReadAt(t.Context(), make([]byte, 2), 0)
		_, put := d.WriteAt([]byte("x"), 0)
		_, synced := d.Sync()
		for i, err := range []error{read, put, synced, d.Allocate(0, 1, true)} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s, call %d: %v", name, i, err)
			}
		}
	}
	check("closed draft", byDraft)
	for i, err := range []error{byDraft.Zero(0, 1, true), byDraft.Truncate(1), byDraft.Complete(context.Background())} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("closed draft, other call %d: %v", i, err)
		}
	}
	s.Close()
	s.Close()
	check("closed store", byStore)
	if _, err := s.Create(nil, 0); !errors.Is(err, ErrClosed) {
		t.Errorf("Create: %v", err)
	}
	if names := mustNames(t, s); len(names) != 2 {
		t.Errorf("%v are left, want the files of two drafts and no spares", names)
	}
}

// Complete changes no content, so that nobody need sync; who does gets a record that needs
// no base.
func TestRecordAfterComplete(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	base := &memBase{content: noise(3<<20, 1)}
	d := create(t, s, base)
	write(t, d, noise(2<<20, 2), 1<<19)
	wanted := content(t, d)
	before, gen := base.bytes.Load(), d.Generation()
	r := mustSync(t, d)
	d.Settle(r)
	if !r.NeedsBase() || !d.NeedsBase() {
		t.Error("no base is needed for a megabyte of it")
	}
	if err := d.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := base.bytes.Load() - before; n != 1<<20 {
		t.Errorf("%d bytes of the base were read, want what was missing", n)
	}
	if d.Dirty() || d.Generation() != gen {
		t.Error("Complete counts as a change")
	}
	r = mustSync(t, d)
	if r.NeedsBase() {
		t.Errorf("record %+v needs the base", r)
	}
	s.Close()
	want(t, reopen(t, openStore(t, dir, nil), r, nil), wanted)
}
