package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
)

// Menu entries of file managers. Each manager has its own plain mechanism: Nautilus runs
// scripts of a folder, Thunar what a list of actions says, Dolphin what a .desktop file says.

// deskMark is in every file that is ours as a whole.
const deskMark = "Made by: lockerfs desktop install"

// desktop is where the files of this user's file managers are.
type desktop struct {
	// data and config are the user's folders, shared those of the system with defaults.
	data, config string
	shared       []string
	// thunar tells whether Thunar is on this machine.
	thunar bool
}

func thisDesktop() desktop {
	_, err := exec.LookPath("thunar")
	return desktop{data: xdg.DataHome, config: xdg.ConfigHome, shared: xdg.ConfigDirs, thunar: err == nil}
}

// deskFile is a file and what was done with it.
type deskFile struct {
	Path string `json:"path"`
	// Done is installed or removed.
	Done string `json:"done"`
}

// deskAction is one menu entry.
type deskAction struct {
	name, does, icon, id string
	// run is the command line after lockerfs, for what is selected.
	run string
}

func deskActions() []deskAction {
	return []deskAction{
		{"Keep offline", "Keep what is selected on this machine.", "emblem-downloads", "keep-offline", "pin --no-wait --"},
		{"Free up space", "Let go of what was kept on this machine.", "edit-clear", "free-up-space", "unpin --"},
	}
}

// script is what runs for a menu entry, in any file manager.
func (x deskAction) script(lockerfs string) string {
	return `#!/bin/sh
# ` + x.does + ` ` + deskMark + `
lockerfs=` + shellQuote(lockerfs) + `
[ -x "$lockerfs" ] || lockerfs=lockerfs
# Nautilus gives whole paths in a variable, one a line; others give arguments.
if [ -n "$NAUTILUS_SCRIPT_SELECTED_FILE_PATHS" ]; then
	set --
	while IFS= read -r path; do
		[ -n "$path" ] && set -- "$@" "$path"
	done <<END
$NAUTILUS_SCRIPT_SELECTED_FILE_PATHS
END
fi
[ $# -gt 0 ] || exit 0
said=$("$lockerfs" ` + x.run + ` "$@" 2>&1) && exit 0
code=$?
command -v notify-send >/dev/null && notify-send -a lockerfs -i dialog-error '` + x.name + `' "$said"
printf '%s\n' "$said" >&2
exit $code
`
}

// shellQuote makes one word of the shell of s.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// own are the files that are ours as a whole, with what is in them.
func (d desktop) own(lockerfs string) map[string]string {
	files := map[string]string{d.dolphinMenu(): d.dolphin(), d.thumbnailerFile(): thumbnailer(lockerfs)}
	for _, x := range deskActions() {
		files[d.command(x)] = x.script(lockerfs)
		files[filepath.Join(d.data, "nautilus", "scripts", x.name)] = x.script(lockerfs)
	}
	return files
}

// command is the script of an entry that other managers run.
func (d desktop) command(x deskAction) string { return filepath.Join(d.data, "lockerfs", x.id) }

func (d desktop) thumbnailerFile() string {
	return filepath.Join(d.data, "thumbnailers", "lockerfs.thumbnailer")
}

// thumbnailer is what tells file managers who makes small pictures of tracks and of album's
// folders. Thunar's has one for tracks that comes first unless told otherwise.
func thumbnailer(lockerfs string) string {
	run := strings.ReplaceAll(shellQuote(lockerfs), "%", "%%")
	return "[Thumbnailer Entry]\n# " + deskMark + "\nTryExec=" + lockerfs + "\nExec=" + run + " desktop thumbnail --size %s %i %o\n" +
		"MimeType=inode/directory;audio/mpeg;audio/flac;audio/x-flac;audio/mp4;audio/x-m4a;audio/x-m4b;audio/x-aiff;audio/x-wav;audio/vnd.wave;audio/x-ms-wma;\n" +
		"\n[X-Tumbler Settings]\nPriority=4\n"
}

func (d desktop) dolphinMenu() string {
	return filepath.Join(d.data, "kio", "servicemenus", "lockerfs.desktop")
}

// dolphin is its menu of what can be done with music.
func (d desktop) dolphin() string {
	var b strings.Builder
	b.WriteString("[Desktop Entry]\n# " + deskMark + "\nType=Service\nServiceTypes=KonqPopupMenu/Plugin\n" +
		"MimeType=inode/directory;audio/*;application/vnd.apple.mpegurl;\nActions=")
	for _, x := range deskActions() {
		b.WriteString(x.id + ";")
	}
	b.WriteString("\n")
	for _, x := range deskActions() {
		fmt.Fprintf(&b, "\n[Desktop Action %s]\nName=%s\nIcon=%s\nExec=%s %%F\n", x.id, x.name, x.icon, execQuote(d.command(x)))
	}
	return b.String()
}

// execQuote makes one word of a line Exec of s, which has two levels of quoting.
func execQuote(s string) string {
	word := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`).Replace(s)
	return strings.NewReplacer(`\`, `\\`, `%`, `%%`).Replace(`"` + word + `"`)
}

// install makes the files, or makes them anew.
func (d desktop) install(lockerfs string) (done []deskFile, err error) {
	files := d.own(lockerfs)
	for _, path := range sortedKeys(files) {
		if err := foreignFile(path); err != nil {
			return done, err
		}
	}
	for _, path := range sortedKeys(files) {
		if err := writePrivately(path, []byte(files[path])); err != nil {
			return done, err
		}
		if err := os.Chmod(path, 0o755); err != nil { // Dolphin too runs nothing else
			return done, err
		}
		done = append(done, deskFile{path, "installed"})
	}
	changed, err := d.installThunar()
	if changed {
		done = append(done, deskFile{d.thunarList(), "installed"})
	}
	return done, err
}

// foreignFile gives an error when a file is there that is not ours.
func foreignFile(path string) error {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !bytes.Contains(text, []byte(deskMark)):
		return &fault{code: exitOther, cause: fmt.Sprintf("%s is there and was not made by lockerfs", path), next: "rename it, then lockerfs desktop install"}
	}
	return nil
}

// remove removes what install made.
func (d desktop) remove() (done []deskFile, err error) {
	for _, path := range sortedKeys(d.own("")) {
		if foreignFile(path) != nil {
			continue
		}
		if err := os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return done, err
		}
		done = append(done, deskFile{path, "removed"})
	}
	_ = os.Remove(filepath.Join(d.data, "lockerfs")) // if nothing else is in it
	changed, err := d.removeThunar()
	if changed {
		done = append(done, deskFile{d.thunarList(), "removed"})
	}
	return done, err
}
