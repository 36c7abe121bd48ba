package cache

import (
	"os"
	"time"
)

// playedOpen is how long a file is open at least when it is played. A player keeps it
// open while it plays, a tag reader for moments.
const playedOpen = 20 * time.Second

// backing is a file that is read without us, while its handle is open.
type backing struct {
	file  *os.File
	since time.Time
}

// Backing gives a file with all bytes of the object, for the kernel to read by itself.
// Until Release nothing is taken away from it. ok is false unless the whole matched its
// SHA-256 and every block was checked since this process began: what was found at start
// is read through us once before. The file is closed by Release.
//
// Such reads are not seen here; to have been open for long counts as a play.
func (h *Handle) Backing() (file *os.File, ok bool) {
	r := h.r
	r.mu.Lock()
	if !h.whole() {
		r.mu.Unlock()
		return nil, false
	}
	if h.backing != nil {
		defer r.mu.Unlock()
		return h.backing.file, true
	}
	r.backed++ // from now on nothing is evicted
	ident := r.ident
	r.mu.Unlock()

	file, err := os.Open(dataPath(r.c.opts.Dir, r.rec.id))
	if err == nil {
		var info os.FileInfo
		if info, err = file.Stat(); err == nil && (!os.SameFile(info, ident) || info.Size() != r.obj.Size) {
			err = os.ErrNotExist
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || !h.whole() || h.backing != nil {
		r.backed--
		if file != nil {
			file.Close()
		}
		if h.backing != nil {
			return h.backing.file, true
		}
		return nil, false
	}
	h.backing = &backing{file: file, since: time.Now()}
	return file, true
}

// whole tells whether every byte is here and known to be right. With r.mu held.
func (h *Handle) whole() bool {
	r := h.r
	if h.released || r.dead || r.suspect || !r.verified || r.missing > 0 || len(r.flight) > 0 || r.ident == nil {
		return false
	}
	for b := range r.blocks {
		if !r.blocks[b].state.has(here | checked) {
			return false
		}
	}
	return true
}

// unback ends what Backing began. The handle is released, so nobody else has it.
func (h *Handle) unback() {
	h.r.mu.Lock()
	b := h.backing
	h.backing = nil
	if b != nil {
		h.r.backed--
	}
	h.r.mu.Unlock()
	if b == nil {
		return
	}
	b.file.Close()
	if time.Since(b.since) >= h.c.tune.playedOpen {
		h.c.play(h.r.rec)
	}
}
