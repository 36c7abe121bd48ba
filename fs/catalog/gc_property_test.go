package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// world is a locker, its devices, and a clock that the test moves.
type world struct {
	rt      *rapid.T
	store   *forgetful
	now     time.Time
	devices []*gcDevice
	truth   *gcDevice // reads everything at once
	step    int
	// seen is when a present entry last referred to a key.
	seen map[string]time.Time
	// foreign are the objects that others put there, and ours the contents of all others.
	foreign map[string]string
	// doomed is when an object of ours was given up.
	doomed map[string]time.Time
	owned  bool // gc was allowed once to delete adopted objects
	depth  int
}

// forgetful is a store whose answers to puts and deletes are lost at times.
type forgetful struct {
	*remotetest.Memory
	mu      sync.Mutex // guards what follows
	lose    int        // how many more
	deleted []string
}

var errLost = errors.New("the answer was lost")

func (f *forgetful) lost() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lose == 0 {
		return nil
	}
	f.lose--
	return fmt.Errorf("%w: %w", errLost, remote.ErrOffline)
}

func (f *forgetful) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	obj, err := f.Memory.Put(ctx, key, body, o)
	return obj, errors.Join(err, f.lost())
}

func (f *forgetful) Delete(ctx context.Context, key string) error {
	f.mu.Lock()
	f.deleted = append(f.deleted, key)
	f.mu.Unlock()
	return errors.Join(f.Memory.Delete(ctx, key), f.lost())
}

// gcDevice is a device that may sleep for long between what it plans and what it commits.
type gcDevice struct {
	f       *Follower
	planned [][]Op
}

// commit is what package pending does, in small.
func (d *gcDevice) commit(ctx context.Context, ops []Op) ([]Conflict, error) {
	for {
		if err := d.f.CatchUp(ctx); err != nil {
			return nil, err
		}
		rebased, conflicts, err := d.f.Index().Rebase(ctx, ops)
		if err != nil || len(rebased) == 0 {
			return conflicts, err
		}
		_, epoch, err := d.f.Index().Bound(ctx)
		if err != nil {
			return nil, err
		}
		c := Commit{Header: Header{N: d.f.Index().Applied() + 1, ID: NewCommitID(), Epoch: epoch}, Ops: rebased}
		body, err := c.Encode()
		if err != nil {
			return nil, err
		}
		_ = d.f.Log().Append(ctx, c.N, body) // reading decides
		if mine, err := d.f.Log().Mine(ctx, c.N, epoch, c.ID); err != nil || !mine {
			if err != nil && !errors.Is(err, remote.ErrNotFound) {
				return nil, err
			}
			continue
		}
		return conflicts, d.f.Take(ctx, c.N, body)
	}
}

// put uploads bytes as package pending does.
func (w *world) put(content string) Ref {
	key := NewObjectKey("f" + content + ".flac")
	meta, err := w.truth.f.Index().ObjectMetadata(w.rt.Context(), "f"+content+".flac", 1, sha256.Sum256([]byte(content)))
	if err != nil {
		w.rt.Fatal(err)
	}
	opts := remote.PutOptions{Metadata: meta}
	obj, err := w.store.Memory.Put(w.rt.Context(), key, section([]byte(content)), opts)
	if err != nil {
		w.rt.Fatal(err)
	}
	return Ref{Key: key, ETag: obj.ETag}
}

func (w *world) create(ref Ref, content string) Op {
	v := &Version{ID: NewID(), Size: int64(len(content)), SHA256: sha256.Sum256([]byte(content)), Object: ref}
	if ref.Foreign {
		v.SHA256 = Hash{}
	}
	return Op{Verb: Create, At: 1, Entry: &Entry{ID: NewID(), Parent: Root, Name: fmt.Sprint("f", w.step, "-", len(w.seen)), Kind: File, Version: v}}
}

// perform commits operations, and sends again what was given up, as the writers do.
func (w *world) perform(d *gcDevice, ops []Op) {
	for len(ops) > 0 {
		conflicts, err := d.commit(w.rt.Context(), ops)
		if err != nil {
			w.rt.Fatal(err)
		}
		refused := map[ID]bool{}
		for _, c := range conflicts {
			refused[c.ID] = errors.Is(c.Err, ErrCondemned)
		}
		var again []Op
		for _, op := range ops {
			if op.Verb == Create && refused[op.Entry.ID] && !op.Entry.Version.Object.Foreign && op.Entry.Mode != restoredMode {
				content := fmt.Sprint("again", w.step)
				again = append(again, w.create(w.put(content), content))
			}
		}
		ops = again
	}
}

// restoredMode marks what comes back from the past: nobody has its bytes but the store.
const restoredMode = 0o600

// files gives what a device knows, which may be old.
func (d *gcDevice) files(rt *rapid.T) (list []Entry) {
	all, err := d.f.Index().Children(rt.Context(), Root, "", 1000)
	if err != nil {
		rt.Fatal(err)
	}
	for _, a := range all {
		e, err := d.f.Index().Entry(rt.Context(), a.ID)
		if err != nil {
			rt.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// deed does something.
func (w *world) deed() {
	w.step++
	d := w.devices[rapid.IntRange(0, 2).Draw(w.rt, "device")]
	content := fmt.Sprint("c", w.step)
	switch what := rapid.SampledFrom([]string{"upload", "upload", "match", "remove", "remove", "replace", "restore", "go on", "go on",
		"adopt", "own", "follow", "wait", "wait", "wait", "collect", "collect", "collect"}).Draw(w.rt, "deed"); what {
	case "upload": // and pause
		d.planned = append(d.planned, []Op{w.create(w.put(content), content)})
	case "match", "remove", "replace":
		files := d.files(w.rt)
		if len(files) == 0 {
			return
		}
		e := files[rapid.IntRange(0, len(files)-1).Draw(w.rt, "file")]
		switch what {
		case "match":
			op := w.create(e.Version.Object, content)
			op.Entry.Version.SHA256, op.Entry.Version.Size = e.Version.SHA256, e.Version.Size
			d.planned = append(d.planned, []Op{op})
		case "remove":
			w.perform(d, []Op{{Verb: Remove, At: 1, ID: e.ID}})
		case "replace":
			v := w.create(w.put(content), content).Entry.Version
			w.perform(d, []Op{{Verb: Replace, At: 1, ID: e.ID, MTime: ptr(int64(1)), Version: v}})
		}
	case "restore":
		w.restore(d)
	case "go on":
		w.goOn(d)
	case "adopt":
		key := fmt.Sprintf(rapid.SampledFrom([]string{"shop/%s.flac", "Music/%s.0123456789ab.flac", "%s"}).Draw(w.rt, "key"), content)
		obj, err := w.store.Memory.Put(w.rt.Context(), key, section([]byte(content)), remote.PutOptions{})
		if err != nil {
			w.rt.Fatal(err)
		}
		w.foreign[key] = obj.ETag
		if rapid.IntRange(0, 3).Draw(w.rt, "unseen") > 0 {
			w.perform(d, []Op{w.create(Ref{Key: key, ETag: obj.ETag, Foreign: true}, content)})
		}
	case "own":
		if rapid.IntRange(0, 3).Draw(w.rt, "really") == 0 {
			w.owned = true
			w.perform(d, []Op{{Verb: Configure, Settings: &Settings{Own: true}}})
		}
	case "follow":
		if err := d.f.Poll(w.rt.Context()); err != nil {
			w.rt.Fatal(err)
		}
	case "wait":
		w.now = w.now.Add(rapid.SampledFrom([]time.Duration{time.Hour, 3 * 24 * time.Hour, 8 * 24 * time.Hour, 31 * 24 * time.Hour}).Draw(w.rt, "long"))
	case "collect":
		w.collect(d)
	}
	w.check()
}

// goOn has a device commit what it planned, maybe long ago.
func (w *world) goOn(d *gcDevice) {
	if len(d.planned) > 0 {
		ops := d.planned[0]
		d.planned = d.planned[1:]
		w.perform(d, ops)
	}
}

// restore plans to bring something back, and does so later.
func (w *world) restore(d *gcDevice) {
	snap, err := d.f.Index().snapshot(w.rt.Context())
	if err != nil {
		w.rt.Fatal(err)
	}
	var name string
	err = snap.tx.QueryRow("SELECT CAST(body AS TEXT) ->> '$.name' FROM past WHERE id NOT IN (SELECT id FROM entry) ORDER BY n DESC LIMIT 1").Scan(&name)
	snap.close()
	if err != nil {
		return // nothing was removed
	}
	r, err := d.f.Index().Restore(w.rt.Context(), name, AtRemoval, 1)
	if err != nil {
		return
	}
	for _, op := range r.Ops {
		if op.Verb == Create {
			op.Entry.Mode = restoredMode
		}
	}
	d.planned = append(d.planned, r.Ops)
}

// collect collects garbage, while others do this and that.
func (w *world) collect(d *gcDevice) {
	if w.depth > 1 {
		return
	}
	w.depth++
	defer func() { w.depth-- }()
	meanwhile := func() {
		switch rapid.IntRange(0, 3).Draw(w.rt, "meanwhile") {
		case 0:
			w.deed()
		case 1: // the very objects that are about to be given up come into use
			w.goOn(w.devices[rapid.IntRange(0, 2).Draw(w.rt, "who")])
		}
	}
	c := Collector{Follower: d.f, Logger: discard(), Progress: func(int64) { meanwhile() }, Commit: func(ctx context.Context, ops []Op) error {
		meanwhile()
		_, err := d.commit(ctx, ops)
		meanwhile()
		return err
	}}
	w.store.mu.Lock()
	w.store.lose = rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(w.rt, "lost answers")
	w.store.mu.Unlock()
	_, err := c.Run(w.rt.Context(), rapid.IntRange(0, 4).Draw(w.rt, "dry") == 0)
	w.store.mu.Lock()
	w.store.lose = 0
	w.store.mu.Unlock()
	if err != nil && !errors.Is(err, errLost) {
		w.rt.Fatal(err)
	}
}

// check makes sure that everything is there that must be.
func (w *world) check() {
	if err := w.truth.f.CatchUp(w.rt.Context()); err != nil {
		w.rt.Fatal(err)
	}
	for _, e := range w.truth.files(w.rt) {
		w.seen[e.Version.Object.Key] = w.now
		w.there(e.Version.Object, "a present file")
	}
	for key, at := range w.seen {
		if w.now.Sub(at) < 30*24*time.Hour {
			if _, err := w.store.Head(w.rt.Context(), key); err != nil {
				w.rt.Fatalf("%s was in use %s ago: %v", key, w.now.Sub(at), err)
			}
		}
	}
	for _, key := range w.ourObjects() {
		n, gone, err := w.truth.f.Index().Condemned(w.rt.Context(), key)
		if err != nil {
			w.rt.Fatal(err)
		}
		if gone {
			commit, err := w.store.Head(w.rt.Context(), logKey(n))
			if err != nil {
				w.rt.Fatal(err)
			}
			w.doomed[key] = commit.ModTime
		}
	}
	for _, key := range w.store.deleted {
		if at, ok := w.doomed[key]; looksOurs(key) && w.foreign[key] == "" && (!ok || w.now.Sub(at) < 7*24*time.Hour) {
			w.rt.Fatalf("%s was deleted %s after it was given up (%v)", key, w.now.Sub(at), ok)
		}
	}
	for key, etag := range w.foreign {
		if obj, err := w.store.Head(w.rt.Context(), key); err != nil && !w.owned || err == nil && obj.ETag != etag {
			w.rt.Fatalf("foreign %s: %v", key, err)
		}
	}
}

func (w *world) there(r Ref, what string) {
	body, obj, err := w.store.Get(w.rt.Context(), r.Key, remote.Range{}, r.ETag)
	if err != nil {
		w.rt.Fatalf("%s is lost: %s: %v", what, r.Key, err)
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil || int64(len(b)) != obj.Size || bytes.Contains(b, []byte("?")) {
		w.rt.Fatalf("%s: %q, %v", r.Key, b, err)
	}
}

// ourObjects gives the keys of our objects in the store.
func (w *world) ourObjects() (keys []string) {
	page, err := w.store.List(w.rt.Context(), ourPrefix, "", 0)
	if err != nil {
		w.rt.Fatal(err)
	}
	for _, o := range page.Objects {
		keys = append(keys, o.Key)
	}
	return keys
}

// TestCollectingLosesNothing: whatever devices do, in whatever order and however long they
// sleep in between, nothing is deleted that the catalog refers to or did within 30 days,
// and in the end all that nobody needs is gone.
func TestCollectingLosesNothing(t *testing.T) {
	var indexes []*Index
	for range 4 {
		indexes = append(indexes, openTestIndex(t, filepath.Join(t.TempDir(), "index.db")))
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{rt: rt, store: &forgetful{Memory: remotetest.NewMemory()}, now: time.Unix(1<<30, 0), seen: map[string]time.Time{}, foreign: map[string]string{}, doomed: map[string]time.Time{}}
		w.store.SetClock(func() time.Time { return w.now })
		format, _, err := CreateFormat(rt.Context(), w.store, "")
		if err != nil {
			rt.Fatal(err)
		}
		for _, x := range indexes {
			err := x.update(rt.Context(), func(st *txState) error { return errors.Join(st.begin(format, 0), st.setMeta("synced", "1")) })
			if err != nil {
				rt.Fatal(err)
			}
			w.devices = append(w.devices, &gcDevice{f: NewFollower(NewLog(w.store, true), x, discard(), nil)})
		}
		w.truth, w.devices = w.devices[3], w.devices[:3]
		for range rapid.IntRange(1, 30).Draw(rt, "deeds") {
			w.deed()
		}
		for _, d := range w.devices { // nobody sleeps for ever
			for _, ops := range d.planned {
				w.perform(d, ops)
			}
		}
		w.check()
		for range 3 {
			w.now = w.now.Add(keepHistory + time.Hour)
			c := Collector{Follower: w.devices[0].f, Logger: discard(), Commit: func(ctx context.Context, ops []Op) error {
				_, err := w.devices[0].commit(ctx, ops)
				return err
			}}
			if _, err := c.Run(rt.Context(), false); err != nil {
				rt.Fatal(err)
			}
			w.check()
		}
		used := map[string]bool{}
		for _, e := range w.truth.files(rt) {
			used[e.Version.Object.Key] = true
		}
		for _, key := range w.ourObjects() {
			if !used[key] && w.foreign[key] == "" {
				rt.Fatalf("%s is in the store for nobody", key)
			}
		}
		if clocks, err := w.store.List(rt.Context(), clockPrefix, "", 0); err != nil || len(clocks.Objects) > 0 {
			rt.Fatal(clocks, err)
		}
	})
}
