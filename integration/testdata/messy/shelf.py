"""Puts files on a shelf: tagged sound, pictures, texts, copies and links."""
import hashlib
import os

import sound


def safe(name):
    """What a ripper on Windows makes of a title."""
    return "".join("_" if c in '\\/:*?"<>|' else c for c in name)


class Shelf:
    def __init__(self, root, seeds):
        self.root, self.seeds, self.files = root, seeds, 0
        self.contents = {}  # path by content: equal ones must be meant

    def place(self, path):
        """The path on this machine, as bytes: names need not be UTF-8 (surrogateescape)."""
        full = os.fsencode(os.path.join(self.root, path))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        return full

    def seen(self, path):
        return os.path.lexists(self.place(path))

    def write(self, path, content, copy=False):
        """A file of any kind. Only empty ones and copies may have the bytes of another."""
        content = content if isinstance(content, bytes) else content.encode()
        other = self.contents.setdefault(content, path)
        if content and other != path and not copy:
            raise ValueError(f"{path} has the content of {other}")
        with open(self.place(path), "xb") as f:
            f.write(content)
        self.files += 1

    def paper(self, *paths):
        """Booklets and archives: their first bytes, and a line that only they have."""
        for path in paths:
            magic = {"pdf": "%PDF-1.4", "zip": "PK\3\4", "ipa": "PK\3\4", "nfo": "~~", "sfv": ";", "m4v": "\0\0\0\x20ftypM4V "}[path.rsplit(".", 1)[1]]
            self.write(path, f"{magic} {path}\r\n")

    def folder(self, path):
        os.makedirs(os.fsencode(os.path.join(self.root, path)))

    def picture(self, *paths):
        """Pictures, each its own."""
        for path in paths:
            kind = "png" if path.lower().endswith("png") else "jpg"
            self.write(path, self.seeds[kind] + stamp(path))

    def track(self, path, seed=None, **tags):
        """A file of sound. Its extension says of what kind, unless seed does."""
        seed = seed or path.rsplit(".", 1)[1].lower()
        kind = {"m4b": "m4a", "aif": "aiff"}.get(seed, seed)
        picture = tags.pop("picture", False)
        if picture:
            tags["picture"] = self.seeds["jpg"] + (stamp(os.path.dirname(path)) if picture == "album" else stamp(path))
        self.write(path, sound.tagged(kind, self.seeds[kind], stamp(path), tags))

    def album(self, folder, pattern, titles, start=1, total=True, numbered=True, without=(), tagged=True, **tags):
        """An album's tracks, named by a pattern of {n}, {title}, {artist} and {album}.

        titles is a text with a line each, "Artist ~ Title" where the artists differ.
        without names tags that are missing, and tagged=False leaves out all of them.
        """
        lines = [line.strip() for line in titles.strip().split("\n")]
        paths = []
        for n, line in enumerate(lines, start):
            one = dict(tags)
            if " ~ " in line:
                one["artist"], line = line.split(" ~ ", 1)
            one["title"] = line
            if numbered:
                one["track"] = f"{n}/{len(lines)}" if total else str(n)
            name = pattern.format(n=n, title=safe(line), artist=safe(str(one.get("artist", ""))), album=safe(one.get("album", "")))
            for key in without:
                one.pop(key, None)
            if not tagged:
                one = {}
            paths.append(f"{folder}/{name}")
            self.track(paths[-1], **one)
        return paths

    def copy(self, source, path):
        """The same bytes once more."""
        with open(self.place(source), "rb") as f:
            self.write(path, f.read(), copy=True)

    def hardlink(self, source, path):
        os.link(self.place(source), self.place(path))
        self.files += 1

    def symlink(self, target, path):
        os.symlink(os.fsencode(target), self.place(path))

    def pipe(self, path):
        os.mkfifo(self.place(path))


def stamp(path):
    """Eight bytes that only this file has."""
    return hashlib.sha256(os.fsencode(path)).digest()[:8]
