package integration

import (
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// step does one deed on the mount and in the model.
func (m *mounts) step() {
	deeds := map[string]func(){"mkdir": m.mkdir, "write": m.write, "write ": m.write, "patch": m.patch, "replace": m.replace,
		"unlink": m.unlink, "unlink open": m.unlinkOpen, "rmdir": m.rmdir, "rename": m.rename, "rename ": m.rename, "swap": m.swap,
		"chmod": m.chmod, "utimens": m.utimens, "setxattr": m.setxattr, "removexattr": m.removexattr, "list": m.list}
	names := make([]string, 0, len(deeds))
	for name := range deeds {
		names = append(names, name)
	}
	slices.Sort(names)
	deeds[rapid.SampledFrom(names).Draw(m.rt, "deed")]()
}

func (m *mounts) mkdir() {
	path := m.path("folder")
	m.agree("mkdir "+path, unix.Mkdir(m.at(path), 0o755), m.model.mkdir(path, 0o755))
}

// write makes a file, or rewrites it whole.
func (m *mounts) write() {
	path, text := m.path("file"), m.text()
	e, want := m.model.file(path, true)
	if m.agree("write "+path, os.WriteFile(m.at(path), []byte(text), 0o644), want) {
		e.content = text
		m.learn(path, e)
	}
}

// patch writes over a part of a file.
func (m *mounts) patch() {
	path := m.existing("file")
	e, want := m.model.file(path, false)
	f, err := os.OpenFile(m.at(path), os.O_RDWR, 0)
	if !m.agree("open "+path, err, want) {
		return
	}
	off := rapid.IntRange(0, len(e.content)).Draw(m.rt, "off")
	m.writes++
	text := fmt.Sprintf("<patch %d>", m.writes)
	if _, err := f.WriteAt([]byte(text), int64(off)); err != nil {
		m.rt.Fatal(err)
	}
	if err := f.Close(); err != nil {
		m.rt.Fatal(err)
	}
	b := append([]byte(e.content), make([]byte, max(0, off+len(text)-len(e.content)))...)
	copy(b[off:], text)
	e.content = string(b)
	m.learn(path, e)
}

// replace saves as careful programs do, by a temporary file.
func (m *mounts) replace() {
	path, text := m.existing("file"), m.text()
	temp := path + ".tmp"
	e, want := m.model.file(temp, true)
	if !m.agree("write "+temp, os.WriteFile(m.at(temp), []byte(text), 0o644), want) {
		return
	}
	e.content = text
	m.learn(temp, e)
	m.agree("rename to "+path, renameat2(m.at(temp), m.at(path), 0), m.model.rename(temp, path, 0))
}

func (m *mounts) unlink() {
	path := m.existing("file")
	m.agree("unlink "+path, unix.Unlink(m.at(path)), m.model.remove(path, false))
}

// unlinkOpen removes a file that is open, which can be read on and written.
func (m *mounts) unlinkOpen() {
	path := m.existing("file")
	e, _ := m.model.find(path)
	if e == nil || e.folder {
		return
	}
	how := rapid.SampledFrom([]int{os.O_RDONLY, os.O_RDWR}).Draw(m.rt, "how")
	f, err := os.OpenFile(m.at(path), how, 0)
	if err != nil {
		m.rt.Fatal(err)
	}
	m.agree("unlink "+path, unix.Unlink(m.at(path)), m.model.remove(path, false))
	if how == os.O_RDWR {
		if _, err := f.WriteAt([]byte("to the end"), int64(len(e.content))); err != nil {
			m.rt.Fatalf("writing to %s, removed: %v", path, err)
		}
		e.content += "to the end"
	}
	if b, err := io.ReadAll(f); err != nil || string(b) != e.content {
		m.rt.Fatalf("%s, removed, reads %.40q, %v; want %.40q", path, b, err, e.content)
	}
	if info, err := f.Stat(); err != nil || info.Sys().(*syscall.Stat_t).Nlink != 0 {
		m.rt.Fatalf("%s, removed: %+v, %v", path, info, err)
	}
	if err := f.Close(); err != nil {
		m.rt.Fatal(err)
	}
}

func (m *mounts) rmdir() {
	path := m.existing("folder")
	m.agree("rmdir "+path, unix.Rmdir(m.at(path)), m.model.remove(path, true))
}

func (m *mounts) rename() {
	from, to := m.existing("from"), m.path("to")
	flags := rapid.SampledFrom([]uint{0, 0, 0, noReplace}).Draw(m.rt, "flags")
	m.agree(fmt.Sprintf("rename %s to %s, flags %d", from, to, flags), renameat2(m.at(from), m.at(to), flags), m.model.rename(from, to, flags))
}

// swap renames over or exchanges what is there.
func (m *mounts) swap() {
	from, to := m.existing("from"), m.existing("to")
	flags := rapid.SampledFrom([]uint{0, exchange, exchange}).Draw(m.rt, "flags")
	m.agree(fmt.Sprintf("rename %s to %s, flags %d", from, to, flags), renameat2(m.at(from), m.at(to), flags), m.model.rename(from, to, flags))
}

func (m *mounts) chmod() {
	path := m.existing("path")
	mode := rapid.SampledFrom([]uint32{0o644, 0o600, 0o755, 0o444}).Draw(m.rt, "mode")
	e, want := m.model.find(path)
	if m.agree("chmod "+path, unix.Chmod(m.at(path), mode), want) {
		e.mode = mode
	}
}

func (m *mounts) utimens() {
	path := m.existing("path")
	at := time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(m.rt, "s"), rapid.Int64Range(0, 999_999_999).Draw(m.rt, "ns"))
	e, want := m.model.find(path)
	if m.agree("utimens "+path, os.Chtimes(m.at(path), at, at), want) && !e.folder {
		e.mtime = at.UnixNano()
	}
}

func (m *mounts) setxattr() {
	path := m.existing("path")
	name, value := rapid.SampledFrom([]string{"user.a", "user.b"}).Draw(m.rt, "name"), rapid.StringN(0, 20, 40).Draw(m.rt, "value")
	e, want := m.model.find(path)
	if m.agree("setxattr "+path, unix.Setxattr(m.at(path), name, []byte(value), 0), want) {
		e.xattrs[name] = value
	}
}

func (m *mounts) removexattr() {
	path := m.existing("path")
	name := rapid.SampledFrom([]string{"user.a", "user.b"}).Draw(m.rt, "name")
	e, want := m.model.find(path)
	if want == nil {
		if _, ok := e.xattrs[name]; !ok {
			want = unix.ENODATA
		}
	}
	if m.agree("removexattr "+path, unix.Removexattr(m.at(path), name), want) {
		delete(e.xattrs, name)
	}
}

// list reads one folder, by name and by stat of each.
func (m *mounts) list() {
	path := m.existing("folder")
	e, want := m.model.find(path)
	if want == nil && !e.folder {
		want = syscall.ENOTDIR
	}
	list, err := os.ReadDir(m.at(path))
	if !m.agree("list "+path, err, want) {
		return
	}
	if len(list) != len(e.inside) {
		m.rt.Fatalf("%s lists %v, want %d names", path, list, len(e.inside))
	}
	for _, got := range list {
		if want := e.inside[got.Name()]; want == nil || want.folder != got.IsDir() {
			m.rt.Fatalf("%s lists %v, want %v", path, got, want)
		}
	}
}
