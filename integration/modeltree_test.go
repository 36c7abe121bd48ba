package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
)

// imagined is a file or folder as the model has it.
type imagined struct {
	folder  bool
	mode    uint32
	mtime   int64 // of files, nanoseconds since 1970
	xattrs  map[string]string
	content string
	inside  map[string]*imagined // of folders
}

func imaginedFolder(mode uint32) *imagined {
	return &imagined{folder: true, mode: mode, xattrs: map[string]string{}, inside: map[string]*imagined{}}
}

// find gives what is at a slash-separated path; "" is the folder itself.
func (m *imagined) find(path string) (*imagined, error) {
	at := m
	for part := range strings.SplitSeq(path, "/") {
		if part == "" {
			continue
		}
		if !at.folder {
			return nil, syscall.ENOTDIR
		}
		next := at.inside[part]
		if next == nil {
			return nil, syscall.ENOENT
		}
		at = next
	}
	return at, nil
}

// spot gives the folder of a path, and what is in it under the last name, nil for nothing.
func (m *imagined) spot(path string) (folder *imagined, name string, there *imagined, err error) {
	i := strings.LastIndexByte(path, '/')
	folder, err = m.find(path[:max(i, 0)])
	if err == nil && !folder.folder {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, "", nil, err
	}
	return folder, path[i+1:], folder.inside[path[i+1:]], nil
}

func (m *imagined) mkdir(path string, mode uint32) error {
	folder, name, there, err := m.spot(path)
	if err == nil && there != nil {
		err = syscall.EEXIST
	}
	if err == nil {
		folder.inside[name] = imaginedFolder(mode)
	}
	return err
}

// file gives the file at a path, made if create says so.
func (m *imagined) file(path string, create bool) (*imagined, error) {
	folder, name, there, err := m.spot(path)
	switch {
	case err != nil:
		return nil, err
	case there == nil && !create:
		return nil, syscall.ENOENT
	case there == nil:
		there = &imagined{mode: 0o644, xattrs: map[string]string{}}
		folder.inside[name] = there
	case there.folder:
		return nil, syscall.EISDIR
	}
	return there, nil
}

func (m *imagined) remove(path string, isFolder bool) error {
	folder, name, there, err := m.spot(path)
	switch {
	case err != nil:
		return err
	case there == nil:
		return syscall.ENOENT
	case isFolder && !there.folder:
		return syscall.ENOTDIR
	case !isFolder && there.folder:
		return syscall.EISDIR
	case len(there.inside) > 0:
		return syscall.ENOTEMPTY
	}
	delete(folder.inside, name)
	return nil
}

// Flags of renameat2.
const (
	noReplace = 1
	exchange  = 2
)

func (m *imagined) rename(from, to string, flags uint) error {
	fromFolder, fromName, moved, err := m.spot(from)
	toFolder, toName, over, errTo := m.spot(to)
	switch {
	case err != nil:
		return err
	case errTo != nil:
		return errTo
	case moved == nil:
		return syscall.ENOENT
	case flags == noReplace && over != nil:
		return syscall.EEXIST
	case flags == exchange && over == nil:
		return syscall.ENOENT
	case strings.HasPrefix(to, from+"/"):
		return syscall.EINVAL
	case strings.HasPrefix(from, to+"/") && flags == exchange:
		return syscall.EINVAL
	case strings.HasPrefix(from, to+"/"):
		return syscall.ENOTEMPTY
	case moved == over:
		return nil
	}
	if flags == exchange {
		fromFolder.inside[fromName], toFolder.inside[toName] = over, moved
		return nil
	}
	switch {
	case over == nil:
	case moved.folder && !over.folder:
		return syscall.ENOTDIR
	case !moved.folder && over.folder:
		return syscall.EISDIR
	case len(over.inside) > 0:
		return syscall.ENOTEMPTY
	}
	delete(fromFolder.inside, fromName)
	toFolder.inside[toName] = moved
	return nil
}

// told gives the tree in the form of [shownTree].
func (m *imagined) told() map[string]string {
	all := map[string]string{}
	var walk func(at *imagined, path string)
	walk = func(at *imagined, path string) {
		for name, e := range at.inside {
			all[path+name] = e.String()
			walk(e, path+name+"/")
		}
	}
	walk(m, "")
	return all
}

func (m *imagined) String() string {
	var set []string
	for _, name := range slices.Sorted(maps.Keys(m.xattrs)) {
		set = append(set, fmt.Sprintf("%s=%q", name, m.xattrs[name]))
	}
	if m.folder {
		return fmt.Sprintf("folder %o %v", m.mode, set)
	}
	return fmt.Sprintf("file %o %v %d %.24q+%d", m.mode, set, m.mtime, m.content, len(m.content))
}
