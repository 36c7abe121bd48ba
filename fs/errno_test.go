package fs

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/remote"
)

func TestErrno(t *testing.T) {
	for _, c := range []struct {
		err  error
		want syscall.Errno
	}{
		{nil, 0},
		{errReadOnly, syscall.EROFS},
		{errStale, syscall.ESTALE},
		{errNotDir, syscall.ENOTDIR},
		{errIsDir, syscall.EISDIR},
		{errNoHandle, syscall.EBADF},
		{errNoAttr, syscall.Errno(fuse.ENOATTR)},
		{errSmall, syscall.ERANGE},
		{errPastEnd, syscall.ENXIO},
		{errBadRequest, syscall.EINVAL},
		{errNotTTY, syscall.ENOTTY},
		{errShort, syscall.EIO},
		{&remote.Error{Op: "get", Kind: remote.ErrNotFound}, syscall.EIO},
		{&remote.Error{Op: "get", Kind: remote.ErrOffline, Err: context.Canceled}, syscall.EIO},
		{&remote.Error{Op: "get", Kind: remote.ErrNotImplemented, Err: syscall.ENOSYS}, syscall.EIO},
		{&remote.Error{Op: "get", Kind: remote.ErrDenied}, syscall.EIO},
		{fmt.Errorf("x: %w", remote.ErrFull), syscall.ENOSPC},
		{fmt.Errorf("x: %w", catalog.ErrNotFound), syscall.ENOENT},
		{fmt.Errorf("%w: %w", catalog.ErrUnsynced, context.DeadlineExceeded), syscall.EIO},
		{catalog.ErrNewer, syscall.EROFS},
		{catalog.ErrCorrupt, syscall.EIO},
		{library.ErrNameTooLong, syscall.ENAMETOOLONG},
		{library.ErrNameEncoding, syscall.EILSEQ},
		{library.ErrNameInvalid, syscall.EINVAL},
		{context.DeadlineExceeded, syscall.EIO},
		{fmt.Errorf("read: %w", context.Canceled), syscall.EINTR},
		{errors.New("anything else"), syscall.EIO},
	} {
		if got := errno(c.err); got != c.want {
			t.Errorf("%v: got %v, want %v", c.err, got, c.want)
		}
	}
}

// Every kind of error of the packages below has its row, so that nobody adds one
// without a thought for what programs will see.
func TestErrnoKnowsEveryKind(t *testing.T) {
	rows := map[string]bool{}
	ast.Inspect(parseFile(t, "errno.go"), func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := s.X.(*ast.Ident); ok {
				rows[pkg.Name+"."+s.Sel.Name] = true
			}
		}
		return true
	})
	for pkg, dir := range map[string]string{"remote": "../remote", "catalog": "catalog", "library": "library", "pending": "pending"} {
		kinds := errorKinds(t, dir)
		if len(kinds) == 0 {
			t.Errorf("no error kinds found in %s", dir)
		}
		for _, kind := range kinds {
			if !rows[pkg+"."+kind] {
				t.Errorf("%s.%s has no errno", pkg, kind)
			}
		}
	}
}

func parseFile(t *testing.T, path string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// errorKinds lists the package-level variables named Err… in a folder.
func errorKinds(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, d := range parseFile(t, path).Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				for _, n := range s.(*ast.ValueSpec).Names {
					if strings.HasPrefix(n.Name, "Err") {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}
