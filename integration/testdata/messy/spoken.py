"""Words rather than music: books, podcasts, radio plays, lessons."""


def fill(shelf):
    audiobooks(shelf)
    podcasts(shelf)


def audiobooks(shelf):
    """One file with chapters, or a file for each chapter, or discs of files for seeking."""
    shelf.track("iTunes/iTunes Media/Audiobooks/Ursula K. Le Guin/The Left Hand of Darkness.m4b", artist="Ursula K. Le Guin",
        albumartist="Ursula K. Le Guin", album="The Left Hand of Darkness", title="The Left Hand of Darkness", composer="George Guidall",
        genre="Audiobook", date="1969", picture=True)
    shelf.track("Audiobooks/Douglas Adams - The Hitchhiker's Guide to the Galaxy/The Hitchhiker's Guide to the Galaxy.m4b",
        artist="Douglas Adams, Stephen Fry", album="The Hitchhiker's Guide to the Galaxy", title="The Hitchhiker's Guide to the Galaxy",
        genre="Audiobook")
    shelf.picture("Audiobooks/Douglas Adams - The Hitchhiker's Guide to the Galaxy/cover.jpg")
    home = "Audiobooks/Italo Calvino/Die unsichtbaren Städte"
    for n in range(1, 25):
        shelf.track(f"{home}/Kapitel {n:02}.mp3", artist="Italo Calvino", album="Die unsichtbaren Städte", title=f"Kapitel {n:02}",
            track=f"{n}/24", genre="Hörbuch", id3="2.3")
    home = "Audiobooks/Terry Pratchett - Discworld 01 - The Colour of Magic"
    for disc in (1, 2, 3):
        for n in range(1, 9):
            shelf.track(f"{home}/Disc {disc}/Track {n:02}.mp3", artist="Terry Pratchett", album="The Colour of Magic",
                title=f"Track {n:02}", track=str(n), id3="2.3")
    # Nothing but names, and each disc numbers on from the last.
    home = "Audiobooks/Die drei Fragezeichen/001 - Der Super-Papagei"
    for n in range(1, 7):
        shelf.track(f"{home}/{n:02} - Der Super-Papagei - Teil {n}.mp3")
    shelf.picture(home + "/cover.jpg")
    home = "Audiobooks/Die drei Fragezeichen/002 - Der Phantomsee"
    for n in range(1, 7):
        shelf.track(f"{home}/{n:02} - Der Phantomsee - Teil {n}.mp3")


def podcasts(shelf):
    """Episodes: dates in names, numbers if any, the show as album and as artist."""
    home = "iTunes/iTunes Media/Podcasts/In Our Time"
    for n, title in enumerate((
            "The Ontological Argument", "Photosynthesis", "Hamlet: the play / the prince", "The Bronze Age Collapse"), 1):
        shelf.track(f"{home}/{n:02} {title.replace('/', '_').replace(':', '_')}.mp3", artist="BBC Radio 4", album="In Our Time",
            title=title, genre="Podcast", date=f"2012-09-{n:02}", id3="2.3")
    for n in (398, 399, 400):
        shelf.track(f"Podcasts/This American Life/{n}.mp3", artist="This American Life", title=f"#{n}: Long Shot",
            album="This American Life", genre="Podcast")
    for day in range(1, 8):
        shelf.track(f"Podcasts/Tagesschau/TV-2010{day:02}01-2000-1301.mp3")
    # The language lessons: artist and album are the same for all, the number is in the title.
    for unit in range(1, 7):
        shelf.track(f"Audiobooks/Pimsleur Japanese I/Unit {unit:02}.mp3", artist="Pimsleur", album="Japanese I", title=f"Unit {unit:02}",
            genre="Speech", id3="2.3")
