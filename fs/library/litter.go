package library

import (
	"path"
	"strings"
)

// Litter tells whether name is one of the files and folders that desktops and
// their indexers leave everywhere: kept on the machine that made it, never
// uploaded. The names are those of macOS, Windows, KDE, the usual NAS systems, and of
// programs that keep folders in step.
func Litter(name string) bool {
	switch strings.ToLower(name) {
	case ".ds_store", ".spotlight-v100", ".fseventsd", ".temporaryitems", ".apdisk", ".volumeicon.icns",
		".metadata_never_index", ".hidden", ".directory", ".localized", ".documentrevisions-v100",
		"thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information",
		"@eadir", "#recycle", "@recycle", "#snapshot", ".@__thumb", "lost+found",
		"icon\r", ".appledouble", ".picasa.ini", ".nomedia", ".git", ".stfolder", ".stignore", ".stversions", ".sync":
		return true
	}
	return strings.EqualFold(path.Ext(name), ".lnk") || strings.HasPrefix(name, "._") || strings.HasPrefix(name, "..DS_Store") ||
		strings.HasPrefix(name, ".Trash") || strings.HasPrefix(name, ".fuse_hidden") || strings.HasPrefix(name, ".nfs")
}
