package integration

import (
	"flag"
	"fmt"
	"strings"
	"time"
)

// crashAll: `go test ./integration -run TestCrash$ -crash.all`.
var crashAll = flag.Bool("crash.all", false, "have TestCrash go through every point several times")

// crashCase is one moment to be killed at.
type crashCase struct {
	// point is where, and at which time that the daemon comes there.
	point string
	// before is where it was killed the time before that, for points of the start.
	before string
	// heavy: the journal gets so large that it is written anew.
	heavy bool
}

// crashCases are all points, in the order of a file's way, and some of them more than once.
func crashCases() (all []crashCase) {
	for _, point := range []string{
		"create.staged", "create.record", "created", "mkdir.record", "mkdir.recorded", "remove.record", "removed",
		"rename.record", "renamed", "rename.record:3", "renamed:3", "set.record", "set.recorded", "xattr.record", "xattr.recorded",
		"renew.staged", "renewed", "renewed:4",
		"close.sync", "close.synced", "write.record", "write.recorded", "close.recorded", "close.durable", "close.settled", "close.settled:5",
		"journal.append", "journal.appended", "journal.sync", "journal.synced", "discard", "discarded",
		"upload", "upload.whole", "upload.hashed", "upload.matched", "upload.put", "upload.put:7", "upload.there", "upload.there:7",
		"sent.record", "sent.recorded", "sent.record:6", "sent.recorded:6", "revert.record", "reverted",
		"commit.planned", "intent.write", "intent.written", "commit.send", "commit.sent", "commit.take", "commit.taken",
		"intent.clear", "intent.cleared", "intent.written:3", "commit.sent:3", "commit.taken:2", "intent.cleared:2",
		"fit", "fit.record", "fit.record:4", "committed", "committed:5", "fit.changes", "fit.untouch", "fitted", "leave", "leave.kept", "leave.kept:4",
	} {
		if !strings.Contains(point, ":") || *crashAll {
			all = append(all, crashCase{point: point})
		}
	}
	for n := 3; n < 80 && *crashAll; n += 3 {
		all = append(all, crashCase{point: fmt.Sprintf("journal.appended:%d", n)})
	}
	for _, point := range []string{"journal.rewritten", "journal.rename", "journal.renamed", "recover.replayed", "recover.reopened", "recover.swept"} {
		all = append(all, crashCase{point: point, before: "close.recorded:6"})
	}
	for _, point := range []string{"recover.intent", "recover.decided", "recover.swept"} {
		for _, before := range []string{"intent.written", "commit.sent", "commit.taken"} {
			all = append(all, crashCase{point: point, before: before})
		}
	}
	for _, point := range []string{"compact.begun", "compact.copied", "journal.rename:2", "journal.renamed:2", "compact.replaced"} {
		all = append(all, crashCase{point: point, heavy: true})
	}
	return all
}

func (c crashCase) run(d *device, w *writer) {
	d.t.Helper()
	if c.before != "" {
		x := d.doom(c.before)
		w.play(x.ended)
		x.struck()
	}
	x := d.doom(c.point)
	if c.heavy {
		w.heavy()
	}
	if c.before == "" {
		w.play(x.ended)
	}
	if w.failed != nil {
		d.t.Fatal(w.failed)
	}
	x.struck()
	d.mount()
	d.stillThere(w)
	for range 20 { // at once, while what was under way is being finished
		if !w.random() {
			d.t.Fatalf("after the crash: %v\n%s", w.failed, d.out)
		}
	}
	d.kept(w)
	d.unmount()
}

// prelude makes what is committed before the crash.
func (w *writer) prelude() {
	w.mkdir("Album")
	w.mkdir("Old")
	w.mkdir("Empty")
	for _, name := range []string{"edit", "over", "gone", "moved", "opened", "short", "anew", "left", "right", "idle"} {
		w.create("Album/"+name+".flac", 30_000)
	}
	w.create("Old/a.flac", 300_000)
	w.create("Old/b.flac", 10)
}

// play does everything that programs do to files, again and again, until it is over or
// all has been done often enough.
func (w *writer) play(over func() bool) {
	for round := 1; round <= 4 && !over() && !w.dead && w.failed == nil; round++ {
		w.act(fmt.Sprintf("Round %d", round), round == 1)
		// What was written is on its way now, and some of it arrives before the next round.
		for until := time.Now().Add(time.Duration(round) * 60 * time.Millisecond); !over() && time.Now().Before(until); {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// act is one round.
func (w *writer) act(dir string, first bool) bool {
	in := func(name string) string { return dir + "/" + name }
	return w.mkdir(dir) &&
		w.create(in("a.flac"), 1000) && w.create(in("b.flac"), 200_000) && w.rename(in("a.flac"), in("c.flac")) &&
		w.edit("Album/edit.flac", 10_000, 2000) && w.idle("Album/idle.flac") &&
		w.moveOpen("Album/opened.flac", in("opened.flac")) && w.rename(in("opened.flac"), "Album/opened.flac") &&
		w.save("Album/over.flac", 40_000) && w.exchange("Album/left.flac", "Album/right.flac") &&
		w.mark("Album/moved.flac") && w.rename("Album/moved.flac", in("moved.flac")) && w.rename(in("moved.flac"), "Album/moved.flac") &&
		w.remove("Album/gone.flac") && w.create("Album/gone.flac", 5000) &&
		w.truncate("Album/short.flac", len(w.now["Album/short.flac"].b)-1000) && w.truncate(in("c.flac"), 10) && w.edit(in("c.flac"), 3, 400) &&
		w.create("Album/anew.flac", 20_000) && w.create(in("large.flac"), 1<<20) &&
		w.mkdir(in("x")) && w.create(in("x/y.flac"), 100) && w.remove(in("x/y.flac")) && w.remove(in("x")) &&
		w.twin("Old/b.flac") && (!first || w.rename("Old", in("Old")) && w.rename(in("Old"), "Old") && w.remove("Empty"))
}

// idle opens a file for writing and does not write.
func (w *writer) idle(name string) bool {
	old := w.now[name].b
	f, ok := w.open(name, 0)
	w.writing = false
	if !ok {
		return false
	}
	defer f.Close()
	return w.do("look at "+name, func() error { return nil }, func(t tree) { t[name] = leaf{b: old} })
}

// twin writes a file anew with the bytes that it has, which the locker holds already.
func (w *writer) twin(name string) bool {
	b := w.now[name].b
	f, ok := w.open(name, 0)
	if !ok {
		return false
	}
	return w.finish(f, name, b, true, piece{0, b})
}

// heavy makes the journal large.
func (w *writer) heavy() {
	for range 1000 {
		w.note("Album/moved.flac", w.bytes(3500))
	}
}
