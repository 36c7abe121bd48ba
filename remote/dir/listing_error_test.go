package dir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestListingErrorIsNotAbsence: a folder that cannot be looked at is no empty folder.
func TestListingErrorIsNotAbsence(t *testing.T) {
	root := filepath.Join(t.TempDir(), "store")
	s, err := Create(root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.MkdirAll(filepath.Join(root, "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	l := listing{root: s.held.Load().root}
	if there, err := l.isFolder("log"); err != nil || !there {
		t.Errorf("a folder: %v, %v", there, err)
	}
	if there, err := l.isFolder("nothing"); err != nil || there {
		t.Errorf("no folder: %v, %v", there, err)
	}
	closed, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	l.root = &folder{Root: closed}
	if _, err := l.isFolder("log"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a root that is closed: %v", err)
	}
}
