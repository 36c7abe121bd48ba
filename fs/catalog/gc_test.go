package catalog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// aging is a locker whose clock stands where the test puts it.
type aging struct {
	t      *testing.T
	memory *remotetest.Memory
	store  *remotetest.Faulty
	now    time.Time
	f      *Follower
}

func newAging(t *testing.T) *aging {
	t.Helper()
	a := &aging{t: t, now: time.Unix(1<<30, 0)}
	a.memory, _ = begin(t)
	a.memory.SetClock(func() time.Time { return a.now })
	a.store = remotetest.NewFaulty(a.memory)
	a.f = opened(t, a.store)
	return a
}

// put puts an object as ours.
func (a *aging) put(key string) Ref {
	a.t.Helper()
	meta, err := a.f.Index().ObjectMetadata(a.t.Context(), "x", 1, sha256.Sum256([]byte(key)))
	if err != nil {
		a.t.Fatal(err)
	}
	opts := remote.PutOptions{Metadata: meta}
	obj, err := a.memory.Put(a.t.Context(), key, section([]byte(key)), opts)
	if err != nil {
		a.t.Fatal(err)
	}
	return Ref{Key: key, ETag: obj.ETag}
}

// collector commits without rebasing: nobody else is there.
func (a *aging) collector() *Collector {
	return &Collector{Follower: a.f, Logger: discard(), Commit: func(_ context.Context, ops []Op) error {
		push(a.t, a.f, ops...)
		return nil
	}}
}

func (a *aging) collect() Collected {
	a.t.Helper()
	c, err := a.collector().Run(a.t.Context(), false)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// left gives the keys below a prefix.
func (a *aging) left(prefix string) string {
	a.t.Helper()
	page, err := a.memory.List(a.t.Context(), prefix, "", 0)
	if err != nil {
		a.t.Fatal(err)
	}
	var keys []string
	for _, o := range page.Objects {
		keys = append(keys, strings.TrimPrefix(o.Key, prefix))
	}
	return strings.Join(keys, " ")
}

const gcDay = 24 * time.Hour

// TestCollectingAges: what was removed is kept for 30 days, what no commit names for 7, and
// what was given up for 7 more.
func TestCollectingAges(t *testing.T) {
	a := newAging(t)
	file := fileOp(tid(1), Root, "x", "x")
	file.Entry.Version.Object = a.put("Music/used.000000000000.flac")
	a.put("Music/paused.111111111111.flac")
	push(t, a.f, file)
	push(t, a.f, Op{Verb: Remove, ID: tid(1)})
	start := a.now
	at := func(after time.Duration, want Collected, left string) {
		t.Helper()
		a.now = start.Add(after)
		got := a.collect()
		for name, pair := range map[string][2]int64{"forgotten": {got.Forgotten.Objects, want.Forgotten.Objects}, "condemned": {got.Condemned.Objects, want.Condemned.Objects},
			"waiting": {got.Waiting.Objects, want.Waiting.Objects}, "deleted": {got.Deleted.Objects, want.Deleted.Objects}, "loose": {got.Loose.Objects, want.Loose.Objects}} {
			if pair[0] != pair[1] {
				t.Errorf("after %s: %s %d, want %d", after, name, pair[0], pair[1])
			}
		}
		if got := a.left("Music/"); got != left {
			t.Errorf("after %s: %s is left, want %s", after, got, left)
		}
	}
	one := Sum{Objects: 1}
	at(7*gcDay-time.Second, Collected{Loose: one}, "paused.111111111111.flac used.000000000000.flac")
	at(7*gcDay, Collected{Condemned: one}, "paused.111111111111.flac used.000000000000.flac")
	at(14*gcDay-time.Second, Collected{Waiting: one}, "paused.111111111111.flac used.000000000000.flac")
	at(14*gcDay, Collected{Deleted: one}, "used.000000000000.flac")
	at(30*gcDay-time.Second, Collected{}, "used.000000000000.flac")
	if r, err := a.f.Index().Restore(t.Context(), "x", AtRemoval, 1); err != nil || len(r.Ops) != 1 {
		t.Errorf("it cannot come back: %+v, %v", r, err)
	}
	at(30*gcDay, Collected{Forgotten: one, Condemned: one}, "used.000000000000.flac")
	at(37*gcDay-time.Second, Collected{Waiting: one}, "used.000000000000.flac")
	at(37*gcDay, Collected{Deleted: one}, "")
	at(99*gcDay, Collected{}, "")
}

// TestCollectingOwn: adopted objects go only where the locker owns them, only those that
// were in it and were removed, and none that somebody wrote since.
func TestCollectingOwn(t *testing.T) {
	a := newAging(t)
	var ops []Op
	for i, key := range []string{"shop/a", "shop/b", "shop/changed", "Music/like.222222222222.flac"} {
		obj, err := a.memory.Put(t.Context(), key, section([]byte(key)), remote.PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, adoptOp(tid(i+1), Root, fmt.Sprint(i), key, obj.ETag))
	}
	overwrite(t, a.memory, "shop/never", "mine")
	other := ObjectMetadata("x", 1, Hash{1})
	other[metaLocker] = NewCommitID() // copied from another locker
	if _, err := a.memory.Put(t.Context(), "Music/never.333333333333.flac", section([]byte("mine")), remote.PutOptions{Metadata: other}); err != nil {
		t.Fatal(err)
	}
	push(t, a.f, ops...)
	push(t, a.f, Op{Verb: Remove, ID: tid(1)}, Op{Verb: Remove, ID: tid(3)}, Op{Verb: Remove, ID: tid(4)})
	all := a.left("")
	for range 3 {
		a.now = a.now.Add(31 * gcDay)
		if a.collect(); len(a.left("shop/")) != len("a b changed never") || len(a.left("Music/")) != len("like.222222222222.flac never.333333333333.flac") {
			t.Fatalf("before the locker owns them: %s, was %s", a.left(""), all)
		}
	}
	push(t, a.f, Op{Verb: Configure, Settings: &Settings{Own: true}})
	if c := a.collect(); c.Condemned.Objects != 3 {
		t.Errorf("%+v", c)
	}
	a.now = a.now.Add(time.Hour)
	overwrite(t, a.memory, "shop/changed", "other")
	overwrite(t, a.memory, "Music/like.222222222222.flac", "Music/like.222222222222.flac") // the same bytes, put there anew
	a.now = a.now.Add(8 * gcDay)
	if c := a.collect(); c.Deleted.Objects != 1 || c.Adopted.Objects != 1 {
		t.Errorf("%+v", c)
	}
	if got := a.left("shop/") + " " + a.left("Music/"); got != "b changed never like.222222222222.flac never.333333333333.flac" {
		t.Errorf("left: %s", got)
	}
}

// TestCollectingStops: whatever cannot be listed, read or understood ends the run before
// anything is deleted, and a dry run changes nothing at all.
func TestCollectingStops(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		spoil func(a *aging)
		dry   bool
		want  error
	}{
		"a dry run":           {func(*aging) {}, true, nil},
		"listing objects":     {func(a *aging) { a.store.Fail(remotetest.List, "Music/", broken) }, false, broken},
		"listing the log":     {func(a *aging) { a.store.Fail(remotetest.List, logPrefix, broken) }, false, broken},
		"listing packs":       {func(a *aging) { a.store.Fail(remotetest.List, packPrefix, broken) }, false, broken},
		"listing manifests":   {func(a *aging) { a.store.Fail(remotetest.List, manifestPrefix, broken) }, false, broken},
		"listing segments":    {func(a *aging) { a.store.Fail(remotetest.List, segmentPrefix, broken) }, false, broken},
		"reading a manifest":  {func(a *aging) { a.store.Fail(remotetest.Get, manifestPrefix, broken) }, false, broken},
		"looking at one":      {func(a *aging) { a.store.Fail(remotetest.Head, "Music/", broken) }, false, broken},
		"the store's clock":   {func(a *aging) { a.store.Fail(remotetest.Put, clockPrefix, broken) }, false, broken},
		"a commit is missing": {func(a *aging) { a.memory.Delete(context.Background(), logKey(1)) }, false, nil},
		"a hole in the log":   {func(a *aging) { a.memory.Delete(context.Background(), logKey(2)) }, false, ErrCorrupt},
		"the end is missing": {func(a *aging) {
			a.memory.Delete(context.Background(), logKey(a.f.Index().Applied()))
		}, false, ErrCorrupt},
		"a rotten commit": {func(a *aging) {
			overwrite(a.t, a.memory, logKey(a.f.Index().Applied()+1), "rotten")
		}, false, ErrCorrupt},
		"a newer commit": {func(a *aging) {
			overwrite(a.t, a.memory, logKey(a.f.Index().Applied()+1), zipped(a.t, `{"lockerfs":99}`))
		}, false, ErrNewer},
		"a newer manifest": {func(a *aging) {
			body := zipped(a.t, `{"lockerfs":99}`)
			overwrite(a.t, a.memory, fmt.Sprintf("%s%020d-%s", manifestPrefix, 9, bodyHash([]byte(body))[:32]), body)
		}, false, ErrNewer},
		"a newer locker": {func(a *aging) {
			overwrite(a.t, a.memory, formatKey, `{"lockerfs":99}`)
		}, false, ErrNewer},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAging(t)
			a.put("Music/doomed.000000000000.flac")
			push(t, a.f, base()...)
			push(t, a.f, Op{Verb: Remove, ID: tid(3)}, Op{Verb: Condemn, Keys: []string{"Music/doomed.000000000000.flac"}})
			for range 4 {
				if _, err := a.f.Index().Checkpoint(t.Context(), a.memory); err != nil {
					t.Fatal(err)
				}
				push(t, a.f, Op{Verb: Set, ID: tid(1), MTime: ptr(int64(7))})
			}
			overwrite(t, a.memory, PackKey("nobody's"), "x")
			a.now = a.now.Add(8 * gcDay)
			a.put("Music/loose.111111111111.flac")
			a.now = a.now.Add(40 * gcDay)
			c.spoil(a)
			before := a.left("")
			_, err := a.collector().Run(t.Context(), c.dry)
			if c.want != nil && !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if name == "a commit is missing" { // the first ones are in the checkpoints
				return
			}
			for _, key := range strings.Fields(before) {
				if !strings.Contains(" "+a.left("")+" ", " "+key+" ") {
					t.Errorf("%s was deleted", key)
				}
			}
		})
	}
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	body, err := pack([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestCollectingCheckpoints: the two newest good checkpoints stay with all their segments,
// and so do those that somebody may be reading or writing.
func TestCollectingCheckpoints(t *testing.T) {
	a := newAging(t)
	var manifests []string
	for i := range 5 {
		push(t, a.f, fileOp(tid(i+1), Root, fmt.Sprint("f", i), fmt.Sprint("c", i)))
		if _, err := a.f.Index().Checkpoint(t.Context(), a.memory); err != nil {
			t.Fatal(err)
		}
		manifests = strings.Fields(a.left(manifestPrefix))
		a.now = a.now.Add(time.Hour)
	}
	if c := a.collect(); c.Checkpoints.Objects != 0 {
		t.Errorf("young ones went: %+v", c)
	}
	overwrite(t, a.memory, manifestPrefix+manifests[4], "rotten")
	a.now = a.now.Add(8 * gcDay)
	overwrite(t, a.memory, segmentPrefix+strings.Repeat("ab", 32), "of a checkpoint that is being written")
	overwrite(t, a.memory, PackKey("young"), "x")
	c := a.collect()
	if got := strings.Fields(a.left(manifestPrefix)); strings.Join(got, " ") != manifests[2]+" "+manifests[3] && strings.Join(got, " ") != strings.Join(manifests[2:], " ") {
		t.Errorf("%+v: left are %v of %v", c, got, manifests)
	}
	if c.Checkpoints.Objects == 0 || c.Packs.Objects != 0 || !strings.Contains(a.left(segmentPrefix), strings.Repeat("ab", 32)) {
		t.Errorf("%+v, left: %s", c, a.left(".lockerfs/"))
	}
	b := opened(t, a.memory) // by a checkpoint, and the log after it
	if len(dump(t, b.Index())) != 5 {
		t.Errorf("%v", dump(t, b.Index()))
	}
	for _, key := range strings.Fields(a.left(manifestPrefix)) {
		x := openTestIndex(t, t.TempDir()+"/index.db")
		format, err := ReadFormat(t.Context(), a.memory)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.load(t.Context(), a.memory, format, manifestPrefix+key); err != nil && key != manifests[4] {
			t.Errorf("%s: %v", key, err)
		}
	}
	a.now = a.now.Add(31 * gcDay)
	if c := a.collect(); c.Packs.Objects != 1 {
		t.Errorf("%+v", c)
	}
}
