package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// testLibrary is a store with a checkpoint of folders that have a segment each, and a commit
// after it.
type testLibrary struct {
	*remotetest.Memory
	folders  []ID
	segments map[ID]string // the key of a folder's segment
	want     map[string]string

	mu   sync.Mutex
	got  []string                                    // keys of segments, as they were asked for
	hook func(ctx context.Context, key string) error // nil for none
}

const libraryFolders = 20

func newLibrary(t *testing.T) *testLibrary {
	t.Helper()
	store, _ := begin(t)
	a := opened(t, store)
	l := &testLibrary{Memory: store, segments: map[ID]string{}}
	ops := []Op{fileOp(tid(1), Root, "in the root.flac", "r")}
	for i := range libraryFolders {
		dir := tid(1000 + 8*i) // one of these ids ends a segment
		if dir&cutMask != 0 {
			t.Fatalf("folder %s ends no segment", dir)
		}
		l.folders = append(l.folders, dir)
		ops = append(ops, dirOp(dir, Root, fmt.Sprint("folder ", i)))
		for j := range 3 {
			ops = append(ops, fileOp(tid(5000+10*i+j), dir, fmt.Sprint(j, ".flac"), fmt.Sprint(i, j)))
		}
	}
	ops = append(ops, dirOp(tid(4), Root, "of folders"), dirOp(tid(5), tid(4), "in it"))
	push(t, a, ops...)
	push(t, a, Op{Verb: Remove, ID: tid(5000)})
	if _, err := a.Index().Checkpoint(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	_, refs, _, err := readManifest(t.Context(), store, first(t, store, manifestPrefix))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refs {
		for _, dir := range append(l.folders, Root) {
			if (&awaited{segmentRef: r}).holds(dir) {
				l.segments[dir] = segmentPrefix + r.Hash
			}
		}
	}
	if len(refs) != libraryFolders+1 { // the root shares one with the first folder; one is of the past
		t.Fatalf("%d segments", len(refs))
	}
	push(t, a, dirOp(tid(3), Root, "late"))
	l.want = dump(t, a.Index())
	return l
}

func (l *testLibrary) Get(ctx context.Context, key string, r remote.Range, etag string) (io.ReadCloser, remote.Object, error) {
	l.mu.Lock()
	hook := l.hook
	if strings.HasPrefix(key, segmentPrefix) {
		l.got = append(l.got, key)
	}
	l.mu.Unlock()
	if hook != nil {
		if err := hook(ctx, key); err != nil {
			return nil, remote.Object{}, err
		}
	}
	return l.Memory.Get(ctx, key, r, etag)
}

// holding has reads of segments wait for the channel that is given for their key.
func (l *testLibrary) holding(open map[string]chan struct{}) {
	l.hook = func(ctx context.Context, key string) error {
		if ch := open[key]; ch != nil {
			select {
			case <-ch:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
}

func names(list []Attr) (n []string) {
	for _, a := range list {
		n = append(n, a.Name)
	}
	return n
}

// TestFirstSyncInParts: folders are listed before all is here, each as a whole or not at
// all, and what somebody waits for comes first.
func TestFirstSyncInParts(t *testing.T) {
	l := newLibrary(t)
	gates := map[string]chan struct{}{}
	for _, key := range l.segments {
		gates[key] = make(chan struct{})
	}
	l.holding(gates)
	f := follower(t, l)
	x := f.Index()
	opened := make(chan error, 1)
	go func() { opened <- f.Open(t.Context()) }()

	if err := x.Await(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	last := l.folders[libraryFolders-1]
	if err := x.Await(short, last); !errors.Is(err, ErrUnsynced) {
		t.Fatalf("a folder that is not here: %v", err)
	}
	for _, dir := range append(l.folders, Root) {
		if list, err := x.Children(t.Context(), dir, "", 100); !errors.Is(err, ErrUnsynced) {
			t.Fatalf("folder %s, which is not here: %v, %v", dir, names(list), err)
		}
		if _, err := x.Child(t.Context(), dir, "nothing"); !errors.Is(err, ErrUnsynced) {
			t.Fatalf("a name in folder %s, which is not here: %v", dir, err)
		}
	}
	// A folder that has none but folders needs no segment.
	if err := x.Await(t.Context(), tid(4)); err != nil {
		t.Fatal(err)
	}
	if list, err := x.Children(t.Context(), tid(4), "", 100); err != nil || len(list) != 1 {
		t.Fatalf("a folder of folders: %v, %v", names(list), err)
	}
	// Six are on their way; of the others that of the last folder is fetched next.
	waiting := make(chan error, 1)
	go func() { waiting <- x.Await(t.Context(), last) }()
	eventually(t, func() bool { return x.arrivals.urgent(&awaited{segmentRef: segmentRef{First: last, Last: last}}) })
	close(gates[l.segments[last]])
	close(gates[l.segments[Root]])
	if err := <-waiting; err != nil {
		t.Fatal(err)
	}
	if n := slices.Index(l.asked(), l.segments[last]); n < 0 || n > parallelSegments {
		t.Errorf("what was waited for was fetched as number %d", n)
	}
	list, err := x.Children(t.Context(), last, "", 100)
	if diff := cmp.Diff([]string{"0.flac", "1.flac", "2.flac"}, names(list)); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	if err := x.Await(t.Context(), Root); err != nil {
		t.Fatal(err)
	}
	if list, err = x.Children(t.Context(), Root, "", 100); err != nil || len(list) != libraryFolders+2 {
		t.Errorf("the root has %v, %v", names(list), err)
	}
	if _, err := x.Children(t.Context(), l.folders[3], "", 100); !errors.Is(err, ErrUnsynced) || x.Synced() {
		t.Errorf("another folder: %v, synced %v", err, x.Synced())
	}
	for _, gate := range gates {
		select {
		case <-gate:
		default:
			close(gate)
		}
	}
	if err := <-opened; err != nil || !x.Synced() {
		t.Fatalf("%v, synced %v", err, x.Synced())
	}
	if diff := cmp.Diff(l.want, dump(t, x)); diff != "" {
		t.Error(diff)
	}
	l.whole(t, x)
}

func (l *testLibrary) asked() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.got)
}

// whole makes sure that nothing of loading is left, and that what was left out is made.
func (l *testLibrary) whole(t *testing.T, x *Index) {
	t.Helper()
	var left, indexes int
	if err := x.read.QueryRow("SELECT (SELECT count(*) FROM awaited), (SELECT count(*) FROM sqlite_master WHERE name IN ('content_digest', 'content_key'))").Scan(&left, &indexes); err != nil {
		t.Fatal(err)
	}
	if loading, err := x.loading(t.Context()); err != nil || loading || left != 0 || indexes != 2 {
		t.Errorf("loading %v, %v; %d segments are awaited, %d indexes are there", loading, err, left, indexes)
	}
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to that")
		}
	}
}

// TestFirstSyncResumed: a device that was stopped while it read a checkpoint, after some
// segments, goes on with what it has not read.
func TestFirstSyncResumed(t *testing.T) {
	for _, stop := range []int{0, 1, 7, libraryFolders} {
		l := newLibrary(t)
		path := t.TempDir() + "/index.db"
		x := openTestIndex(t, path)
		stopped := 0
		l.hook = func(ctx context.Context, key string) error {
			if !strings.HasPrefix(key, segmentPrefix) {
				return nil
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			if stopped++; stopped > stop {
				return remote.ErrOffline
			}
			return nil
		}
		err := NewFollower(NewLog(l, true), x, discard(), nil).Open(t.Context())
		if !errors.Is(err, remote.ErrOffline) || x.Synced() {
			t.Fatalf("stopped after %d segments: %v", stop, err)
		}
		var left int
		if err := x.read.QueryRow("SELECT count(*) FROM awaited").Scan(&left); err != nil {
			t.Fatal(err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		l.mu.Lock()
		l.hook, l.got = nil, nil
		l.mu.Unlock()
		again := openTestIndex(t, path)
		if again.Synced() {
			t.Fatal("a part counts as the whole")
		}
		if err := NewFollower(NewLog(l, true), again, discard(), nil).Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(l.want, dump(t, again)); diff != "" || len(l.got) != left {
			t.Errorf("stopped after %d, %d were left, %d were read: %s", stop, left, len(l.got), diff)
		}
		l.whole(t, again)
	}
}

// TestFirstSyncDamaged: when a part turns out damaged after others were shown, all of it
// is given up for an older checkpoint, and who was told of names learns that they changed.
func TestFirstSyncDamaged(t *testing.T) {
	for _, harm := range []string{"rotten", "missing"} {
		l := newLibrary(t)
		a := opened(t, l)
		push(t, a, fileOp(tid(4), l.folders[7], "new.flac", "new"))
		if _, err := a.Index().Checkpoint(t.Context(), l.Memory); err != nil {
			t.Fatal(err)
		}
		l.want = dump(t, a.Index())
		keys, err := manifests(t.Context(), l)
		if err != nil || len(keys) != 2 {
			t.Fatal(keys, err)
		}
		_, refs, _, err := readManifest(t.Context(), l, keys[1])
		if err != nil {
			t.Fatal(err)
		}
		bad := segmentPrefix + refs[slices.IndexFunc(refs, func(r segmentRef) bool { return r.Last == l.folders[7] })].Hash
		if harm == "rotten" {
			overwrite(t, l.Memory, bad, "rotten")
		} else if err := l.Delete(t.Context(), bad); err != nil {
			t.Fatal(err)
		}
		gate := make(chan struct{})
		l.holding(map[string]chan struct{}{bad: gate})
		told := map[string]bool{}
		x := openTestIndex(t, t.TempDir()+"/index.db")
		f := NewFollower(NewLog(l, true), x, discard(), func(done Applied) {
			for _, c := range done.Changes {
				told[c.Name] = true
			}
		})
		opened := make(chan error, 1)
		go func() { opened <- f.Open(t.Context()) }()
		if err := x.Await(t.Context(), l.folders[2]); err != nil {
			t.Fatal(err)
		}
		close(gate)
		if err := <-opened; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(l.want, dump(t, x)); diff != "" {
			t.Errorf("%s: %s", harm, diff)
		}
		if !told["folder 2"] || !told["in the root.flac"] {
			t.Errorf("%s: told of %v", harm, told)
		}
		l.whole(t, x)
	}
}

// TestSegmentLies: a file outside the folders that its segment names would make a listing
// that lacks it look whole.
func TestSegmentLies(t *testing.T) {
	l := newLibrary(t)
	key := first(t, l, manifestPrefix)
	head, refs, folders, err := readManifest(t.Context(), l, key)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(refs, func(r segmentRef) bool { return r.Last == l.folders[7] })
	for name, lie := range map[string]func(r *segmentRef, e *folderLine){
		"narrow": func(r *segmentRef, e *folderLine) { r.First, r.Last = r.Last+1, r.Last+1 },
		"other":  func(r *segmentRef, e *folderLine) { r.Other = true },
		"lines":  func(r *segmentRef, e *folderLine) { r.Lines++ },
		"bare":   func(r *segmentRef, e *folderLine) { e.Bare = true },
	} {
		lying, folders := slices.Clone(refs), slices.Clone(folders)
		lie(&lying[i], &folders[slices.IndexFunc(folders, func(e folderLine) bool { return e.ID == l.folders[7] })])
		store, format := begin(t)
		for _, r := range refs {
			body, err := get(t.Context(), l, segmentPrefix+r.Hash, maxSegmentBody)
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, store, segmentPrefix+r.Hash, string(body))
		}
		head.Epoch = format.Epoch
		if err := writeManifest(t.Context(), store, head, lying, folders); err != nil {
			t.Fatal(err)
		}
		x := openTestIndex(t, t.TempDir()+"/index.db")
		if err := x.load(t.Context(), store, format, first(t, store, manifestPrefix)); !errors.Is(err, ErrCorrupt) || len(dump(t, x)) != 0 {
			t.Errorf("%s: %v, tree %v", name, err, dump(t, x))
		}
	}
}
