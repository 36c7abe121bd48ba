"""What machines leave behind: litter, broken files, unfinished ones."""
import sound


def fill(shelf):
    litter(shelf)
    broken(shelf)


def litter(shelf):
    """Files that no person made: of macOS, Windows, Linux and a NAS."""
    home = "Mac/Vashti Bunyan/Just Another Diamond Day"
    paths = shelf.album(home, "{n:02} {title}.m4a", "Diamond Day\nGlow Worms\nLily Pond\nTimothy Grub", artist="Vashti Bunyan",
        album="Just Another Diamond Day", date="1970")
    for path in paths:
        folder, name = path.rsplit("/", 1)
        shelf.write(f"{folder}/._{name}", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + name.encode())
        shelf.picture(f"{folder}/@eaDir/{name}/SYNOAUDIO_01APIC_03.jpg")
    for name in (
            ".DS_Store", "._.DS_Store", ".directory", ".localized", "Icon\r", ".AppleDouble/x", "Thumbs.db", "desktop.ini", ".nomedia",
            ".picasa.ini", "._cover.jpg"):
        shelf.write(f"{home}/{name}", name.encode())
    shelf.picture(home + "/cover.jpg")
    for path in (
            ".Spotlight-V100/store.db", ".fseventsd/0001", ".Trash-1000/files/deleted.mp3", ".Trash-1000/info/deleted.mp3.trashinfo",
            "$RECYCLE.BIN/S-1-5/deleted.mp3", "System Volume Information/tracking.log", "#recycle/deleted.mp3", "lost+found/#12345",
            ".stfolder/marker", ".sync/Archive/old.mp3", ".git/config"):
        shelf.write(path, path.encode())
    # A person's own folder that only looks hidden.
    shelf.album("Rips/.hack Sign Original Sound Track", "{n:02} {title}.mp3", "Obsession\nKey of the Twilight", artist="See-Saw",
        album=".hack//SIGN Original Sound & Song Track 1", date="2002")


def broken(shelf):
    """Zero bytes, half a file, the answer of a server instead of a song."""
    home = "Broken/Boards of Canada - Geogaddi"
    shelf.album(home, "{n:02} {title}.mp3", "Ready Lets Go\nMusic Is Math\nBeware the Friendly Stranger", artist="Boards of Canada",
        album="Geogaddi", date="2002", id3="2.3")
    shelf.write(home + "/04 Gyroscope.mp3", b"")
    for kind in ("mp3", "flac", "m4a", "ogg", "opus", "wav", "aiff", "wma", "wv"):
        whole = sound.tagged(kind, shelf.seeds[kind], f"cut {kind}".encode()[:8].ljust(8, b"."),
            {"artist": "Truncated", "album": "Truncated", "title": f"Cut {kind}", "track": "1"})
        shelf.write(f"Broken/half.{kind}", whole[:len(whole) // 2])
        shelf.write(f"Broken/start.{kind}", whole[:40])
        shelf.write(f"Broken/zero.{kind}", b"")
        shelf.write(f"Broken/nulls.{kind}", b"\0" * (1000 + len(kind)) + kind.encode())
    shelf.write("Broken/lonely.mp3", b"")
    shelf.write("Broken/not found.mp3", "<html><head><title>404 Not Found</title></head></html>\n")
    shelf.write("Broken/text.flac", "This is a text.\n" * 40)
    shelf.write("Broken/zip.mp3", b"PK\3\4" + b"\0" * 300)
    head = sound.tagged("mp3", b"", b"", {"artist": "Only Tags", "album": "Only Tags", "title": "No Sound", "track": "1"})
    shelf.write("Broken/only tags.mp3", head)
    shelf.write("Broken/lying size.mp3", b"ID3\4\0\0\x7f\x7f\x7f\x7f" + b"TIT2" + b"\x7f\x7f\x7f\x7f\0\0\3Lies")
    # Sound after garbage, and garbage after sound.
    for n, title in ((4, "Push It"), (5, "I Think I'm Paranoid")):
        sane = sound.tagged("mp3", shelf.seeds["mp3"], f"garbage{n}".encode(),
            {"artist": "Garbage", "album": "Version 2.0", "title": title, "track": str(n)})
        shelf.write(f"Broken/Garbage - Version 2.0/{n:02} {title}.mp3", b"\0" * 5000 + sane if n == 4 else sane + b"\xff" * 5000)
