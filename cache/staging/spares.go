package staging

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// spares are empty files whose names are durable, so that a draft begins and is synced
// without a sync of the folder.
type spares struct {
	dir   string
	batch int // made at once; more are made when no more than half of that are left
	// claim is told of a spare that is taken, under mu, so that at no time nobody knows it.
	claim   func(name string) bool
	syncDir func(dir string) error

	making sync.Mutex // held while a batch is made, so that those who wait for one share it

	mu     sync.Mutex // guards the fields below; taken innermost, or after making
	names  []string
	known  map[string]bool // the names in names, and those of a batch being made
	closed bool

	wake chan struct{} // of one: the stock is low
	done chan struct{} // closed with the store
	over chan struct{} // closed when stock has returned
}

func newSpares(dir string, t tune, claim func(name string) bool) *spares {
	return &spares{dir: dir, batch: t.batch, syncDir: t.syncDir, claim: claim, known: map[string]bool{},
		wake: make(chan struct{}, 1), done: make(chan struct{}), over: make(chan struct{})}
}

// stock makes batches ahead until close. An error is left to who needs one at once.
func (s *spares) stock() {
	defer close(s.over)
	for {
		if s.low() {
			s.make()
		}
		select {
		case <-s.wake:
		case <-s.done:
			return
		}
	}
}

// take gives a spare, and makes some if there is none.
func (s *spares) take() (string, error) {
	for {
		if name, err := s.pop(); name != "" || err != nil {
			return name, err
		}
		s.making.Lock()
		err := s.makeLocked()
		s.making.Unlock()
		if err != nil {
			return "", err
		}
	}
}

// pop gives a spare, or "" when there is none, and asks for more when few are left.
func (s *spares) pop() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", ErrClosed
	}
	if len(s.names) <= s.batch/2 {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	if len(s.names) == 0 {
		return "", nil
	}
	name := s.names[len(s.names)-1]
	s.names = s.names[:len(s.names)-1]
	s.claim(name)
	delete(s.known, name)
	return name, nil
}

func (s *spares) low() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.names) <= s.batch/2
}

func (s *spares) make() error {
	s.making.Lock()
	defer s.making.Unlock()
	if !s.low() {
		return nil
	}
	return s.makeBatch()
}

// makeLocked makes a batch unless one was made while the caller waited for s.making.
func (s *spares) makeLocked() error {
	s.mu.Lock()
	there := len(s.names) > 0 || s.closed
	s.mu.Unlock()
	if there {
		return nil
	}
	return s.makeBatch()
}

// makeBatch makes a batch, or as much of one as the disk has room for. With s.making held.
func (s *spares) makeBatch() error {
	var made []string
	var failed error
	for range s.batch {
		name := newName()
		s.know(name, true)
		f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			s.know(name, false)
			failed = err
			break
		}
		f.Close()
		made = append(made, name)
	}
	if len(made) == 0 {
		return fmt.Errorf("staged file: %w", full(failed))
	}
	if err := s.syncDir(s.dir); err != nil {
		s.remove(made)
		return fmt.Errorf("staged file: %w", full(err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, made...)
	return nil
}

// know notes a spare before it is there, so that nobody takes it for a stray.
func (s *spares) know(name string, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known {
		s.known[name] = true
	} else {
		delete(s.known, name)
	}
}

func (s *spares) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[name]
}

// close removes the spares that were not needed.
func (s *spares) close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	s.mu.Unlock()
	close(s.done)
	<-s.over
	s.making.Lock() // a caller of take may still be at it
	defer s.making.Unlock()
	s.mu.Lock()
	names := s.names
	s.names = nil
	s.mu.Unlock()
	s.remove(names)
}

func (s *spares) remove(names []string) {
	for _, name := range names {
		os.Remove(filepath.Join(s.dir, name)) // at worst an empty file stays for Sweep
		s.know(name, false)
	}
}

// newName is one that no file ever had.
func newName() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// validName tells whether name is one that newName may have given.
func validName(name string) bool {
	b, err := hex.DecodeString(name)
	return err == nil && len(b) == 16 && hex.EncodeToString(b) == name
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
