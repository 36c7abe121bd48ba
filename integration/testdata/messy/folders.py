"""Folders that hold no album, or several, or nothing."""


def fill(shelf):
    loose(shelf)
    mixed(shelf)
    pictures(shelf)
    playlists(shelf)
    copies(shelf)
    links(shelf)
    empty(shelf)


def loose(shelf):
    """Files beside all the folders, at the very top."""
    shelf.track("Neil Young - Heart of Gold.mp3", artist="Neil Young", title="Heart of Gold", album="Harvest", track="4", id3="2.3")
    shelf.track("voice memo 2011-02-03.m4a")
    shelf.track("Recording.wav")
    shelf.write("readme.txt", "Music of the family. Please do not tidy!\n")
    shelf.write("backup.bat", "xcopy /s m:\\music e:\\music\r\n")


def mixed(shelf):
    """One folder, many albums: downloads, singles, a telephone."""
    for artist, album, titles in (
            ("Broadcast", "Tender Buttons", ("Tears in the Typing Pool", "Michael a Grammar")),
            ("Broadcast", "Haha Sound", ("Colour Me In", "Pendulum")), ("Caribou", "Swim", ("Odessa", "Sun")),
            ("Caribou", "Up in Flames", ("I've Lived on a Dirt Road All My Life",))):
        for title in titles:
            shelf.track(f"Phone/Music/{artist} - {title}.mp3", artist=artist, album=album, title=title, id3="2.3")
    shelf.picture("Phone/Music/AlbumArt.jpg")
    shelf.write("Phone/Music/.nomedia", b"")
    # An artist's folder with songs of two albums and no folders for these.
    for n, (album, title) in enumerate((
            ("Pink Moon", "Pink Moon"), ("Pink Moon", "Place to Be"), ("Bryter Layter", "Northern Sky"), (None, "Black Eyed Dog")), 1):
        shelf.track(f"Rips/Nick Drake/{title}.mp3", artist="Nick Drake", album=album, title=title, id3="2.3")
    shelf.picture("Rips/Nick Drake/Nick Drake.jpg")
    # Albums below an album: what was bought later lies inside what was there.
    shelf.album("Rips/Low/Things We Lost in the Fire", "{n:02} {title}.mp3", "Sunflower\nWhitetail", artist="Low",
        album="Things We Lost in the Fire", date="2001", id3="2.3")
    shelf.album("Rips/Low/Things We Lost in the Fire/Bonus EP", "{n:02} {title}.mp3", "Overhead\nDon't Carry It All", artist="Low",
        album="Bonus EP", date="2001", id3="2.3")


def pictures(shelf):
    """Folders of pictures and papers only, some in an album, some far from any."""
    shelf.picture("Covers/Portishead - Dummy.jpg", "Covers/Radiohead - Kid A.png", "Photos of concerts/2003-06-28/IMG_0001.JPG",
        "Photos of concerts/2003-06-28/IMG_0002.JPG")
    shelf.paper("Tickets/Glastonbury 2003.pdf")
    shelf.write("Guitar tabs/Radiohead/Creep.txt", "G B C Cm\n")
    shelf.picture("Rips/Radiohead/Kid A scans/booklet.jpg", "Rips/Weezer/band.jpg")


def playlists(shelf):
    """Lists that name files elsewhere in the collection, in every dialect."""
    shelf.write("Playlists/Summer 2005.m3u",
        "#EXTM3U\r\n#EXTINF:123,Portishead - Numb\r\n..\\Rips\\Portishead - Dummy (1994) [FLAC]\\07 - Numb.flac\r\n")
    shelf.write("Playlists/party.m3u8", "\ufeff#EXTM3U\n../Scene/Daft_Punk-Discovery-2001-WAX/01-daft_punk-one_more_time.mp3\n")
    shelf.write("Playlists/old.pls", "[playlist]\nFile1=M:\\Music\\Rips\\Radiohead\\(2000) Kid A\\08. Idioteque.flac\nNumberOfEntries=1\n")
    shelf.write("Playlists/wmp.wpl", '<?wpl version="1.0"?>\n')
    shelf.write("Playlists/vlc.xspf", '<?xml version="1.0"?>\n')
    shelf.write("everything.m3u", "Rips/Portishead - Dummy (1994) [FLAC]/07 - Numb.flac\n")
    # A playlist beside an artist's albums, of all of them.
    shelf.write("Rips/Radiohead/Radiohead.m3u", "(1997) OK Computer/01. Airbag.flac\r\n(2000) Kid A/08. Idioteque.flac\r\n")


def copies(shelf):
    """The old laptop was copied whole, and then some of it again."""
    for n, title in ((1, "Airbag"), (2, "Paranoid Android"), (3, "Subterranean Homesick Alien")):
        shelf.copy(f"Rips/Radiohead/(1997) OK Computer/{n:02}. {title}.flac",
            f"Backup/Laptop 2011/Music/Radiohead/(1997) OK Computer/{n:02}. {title}.flac")
        shelf.copy(f"Rips/Radiohead/(1997) OK Computer/{n:02}. {title}.flac", f"Backup/Laptop 2011/Desktop/new folder/{n:02}. {title}.flac")
    shelf.copy("Rips/Radiohead/(1997) OK Computer/front.jpg", "Backup/Laptop 2011/Music/Radiohead/(1997) OK Computer/front.jpg")
    shelf.copy("Scene/Daft_Punk-Discovery-2001-WAX/01-daft_punk-one_more_time.mp3", "Old downloads/One More Time (1).mp3")
    shelf.copy("Scene/Daft_Punk-Discovery-2001-WAX/01-daft_punk-one_more_time.mp3", "Old downloads/Copy of One More Time.mp3")
    # The same sound twice in one folder, without tags: one file under two names.
    shelf.track("Old downloads/twice/first.mp3")
    shelf.copy("Old downloads/twice/first.mp3", "Old downloads/twice/first (copy).mp3")
    # The same tags on other bytes: ripped again after a scratch was polished away.
    for where in ("Old downloads/again", "Old downloads/again/better"):
        shelf.album(where, "{n:02} {title}.mp3", "Pyramid Song\nKnives Out", artist="Radiohead", album="Amnesiac", date="2001", id3="2.3")


def links(shelf):
    """Links of all sorts, and what is no file at all."""
    shelf.hardlink("Rips/Talk Talk - Laughing Stock/06 Runeii.flac", "Favourites/Runeii.flac")
    shelf.symlink("../Rips/Talk Talk - Laughing Stock/05 New Grass.flac", "Favourites/New Grass.flac")
    shelf.symlink("../Rips/Radiohead", "Favourites/Radiohead")
    shelf.symlink("..", "Favourites/everything")
    shelf.symlink("nowhere.mp3", "Favourites/dangling.mp3")
    shelf.symlink("loop b", "Favourites/loop a")
    shelf.symlink("loop a", "Favourites/loop b")
    shelf.pipe("Favourites/pipe.mp3")


def empty(shelf):
    for path in ("Empty", "Rips/Radiohead/(2025) Not yet", "New Folder", "New Folder (2)/New Folder"):
        shelf.folder(path)
