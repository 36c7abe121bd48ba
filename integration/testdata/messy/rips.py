"""Own CDs and records, ripped: the tidy end of the collection."""
from shelf import safe

DUMMY = """Mysterons
Sour Times
Strangers
It Could Be Sweet
Wandering Star
It's a Fire
Numb
Roads
Pedestal
Biscuit
Glory Box"""

OK_COMPUTER = """Airbag
Paranoid Android
Subterranean Homesick Alien
Exit Music (For a Film)
Let Down
Karma Police
Fitter Happier
Electioneering
Climbing Up the Walls
No Surprises
Lucky
The Tourist"""

KIND_OF_BLUE = """So What
Freddie Freeloader
Blue in Green
All Blues
Flamenco Sketches"""


def fill(shelf):
    exact_audio_copy(shelf)
    artist_folders(shelf)
    images(shelf)
    vinyl(shelf)
    bootlegs(shelf)
    two_formats(shelf)
    discography(shelf)


def cue(album, files):
    lines = [f'TITLE "{album}"']
    for n, name in enumerate(files, 1):
        lines += [f'FILE "{name}" WAVE', f"  TRACK {n:02} AUDIO", "    INDEX 01 00:00:00"]
    return "\r\n".join(lines) + "\r\n"


def exact_audio_copy(shelf):
    """Log, cue sheet, playlist and cover beside the tracks, which these name."""
    home = "Rips/Portishead - Dummy (1994) [FLAC]"
    paths = shelf.album(home, "{n:02} - {title}.flac", DUMMY, artist="Portishead", album="Dummy", date="1994", genre="Trip Hop")
    files = [p.rsplit("/", 1)[1] for p in paths]
    shelf.write(home + "/Portishead - Dummy.cue", cue("Dummy", files))
    shelf.write(home + "/Portishead - Dummy.log", "Exact Audio Copy V0.95 beta 4 from 23. January 2008\r\n\r\nPortishead / Dummy\r\n")
    shelf.write(home + "/Portishead - Dummy.m3u", "#EXTM3U\r\n" + "\r\n".join(files) + "\r\n")
    shelf.picture(home + "/folder.jpg")
    # Without a cue sheet; the name of the cover says what it is of.
    home = "Rips/Massive Attack - Mezzanine (1998) [EAC-FLAC]"
    shelf.album(home, "{n:02}. {title}.flac",
        "Angel\nRisingson\nTeardrop\nInertia Creeps\nExchange\nDissolved Girl\nMan Next Door\nBlack Milk\nMezzanine\nGroup Four\n"
        "(Exchange)",
        artist="Massive Attack", albumartist="Massive Attack", album="Mezzanine", date="1998-04-20", genre="Trip-Hop")
    shelf.write(home + "/Mezzanine.log", "Exact Audio Copy V1.0 beta 3 from 29. August 2011\r\n")
    shelf.picture(home + "/Massive Attack - Mezzanine.jpg", home + "/Scans/booklet 01.jpg", home + "/Scans/booklet 02.jpg",
        home + "/Scans/cd.png")
    # XLD on a Mac, an accuraterip log, the cover in the files only.
    home = "Rips/Talk Talk - Laughing Stock"
    shelf.album(home, "{n:02} {title}.flac", "Myrrhman\nAscension Day\nAfter the Flood\nTaphead\nNew Grass\nRuneii",
                artist="Talk Talk", album="Laughing Stock", date="1991", picture="album")
    shelf.write(home + "/Laughing Stock.log", "X Lossless Decoder version 20121027 (141.0)\n")
    shelf.write(home + "/._Laughing Stock.log", b"\x00\x05\x16\x07")
    # The tags were never written; the folder and the files say all.
    home = "Rips/Can - 1971 - Tago Mago"
    shelf.album(home, "{n:02} - {title}.flac", "Paperhouse\nMushroom\nOh Yeah\nHalleluhwah\nAumgn\nPeking O\nBring Me Coffee or Tea",
        artist="Can", tagged=False)


def artist_folders(shelf):
    """Artist/(Year) Album, as hard drives had it before there were tags to trust."""
    home = "Rips/Radiohead/(1997) OK Computer"
    shelf.album(home, "{n:02}. {title}.flac", OK_COMPUTER, artist="Radiohead", album="OK Computer", date="1997")
    shelf.picture(home + "/front.jpg", home + "/Artwork/back.jpg", home + "/Artwork/inlay.jpg", "Rips/Radiohead/artist.jpg")
    home = "Rips/Radiohead/(2000) Kid A"
    shelf.album(home, "{n:02}. {title}.flac",
        "Everything in Its Right Place\nKid A\nThe National Anthem\nHow to Disappear Completely\nTreefingers\nOptimistic\nIn Limbo\n"
        "Idioteque\nMorning Bell\nMotion Picture Soundtrack",
        artist="Radiohead", album="Kid A", date="2000-10-02")
    shelf.write(home + "/lyrics.txt", "Yesterday I woke up\n")
    shelf.write(home + "/08. Idioteque.lrc", "[00:01.00]Who's in a bunker\n")  # lyrics beside one track
    home = "Rips/David Bowie/1977 - Low"
    shelf.album(home, "{n:02} {title}.flac",
        "Speed of Life\nBreaking Glass\nWhat in the World\nSound and Vision\nAlways Crashing in the Same Car\nBe My Wife\n"
        "A New Career in a New Town\nWarszawa\nArt Decade\nWeeping Wall\nSubterraneans",
        artist="David Bowie", tagged=False)
    home = 'Rips/David Bowie/1977 - "Heroes"'
    shelf.album(home, "{n:02} {title}.flac", "Beauty and the Beast\nJoe the Lion\n“Heroes”\nSons of the Silent Age\nBlackout",
                artist="David Bowie", album='"Heroes"', date="1977")
    # Tags whose numbers count from 0, and a hidden track before the first.
    home = "Rips/Super Furry Animals - Guerrilla"
    shelf.album(home, "{n:02} - {title}.mp3", "The Citizens Band\nCheck It Out\nDo or Die\nThe Turning Tide", start=0,
        artist="Super Furry Animals", album="Guerrilla", date="1999")


def images(shelf):
    """One file for a whole disc, with the cue sheet that divides it."""
    home = "Rips/Boards of Canada - Music Has the Right to Children"
    shelf.track(home + "/CDImage.flac", artist="Boards of Canada", album="Music Has the Right to Children",
        title="Music Has the Right to Children", date="1998")
    shelf.write(home + "/CDImage.cue",
        'PERFORMER "Boards of Canada"\r\nTITLE "Music Has the Right to Children"\r\nFILE "CDImage.flac" WAVE\r\n  TRACK 01 AUDIO\r\n    TITLE "Wildlife Analysis"\r\n    INDEX 01 00:00:00\r\n')
    shelf.write(home + "/CDImage.log", "Exact Audio Copy V0.99 prebeta 4\r\n")
    home = "Rips/Fela Kuti - Zombie"  # no tags at all
    shelf.track(home + "/Fela Kuti - Zombie.wv")
    shelf.write(home + "/Fela Kuti - Zombie.cue", 'FILE "Fela Kuti - Zombie.wv" WAVE\r\n')
    home = "Rips/Orb - U.F.Orb (2CD)"
    for disc in (1, 2):
        shelf.track(f"{home}/CD{disc}.flac", artist="The Orb", album="U.F.Orb", title=f"U.F.Orb disc {disc}", date="1992", disc=str(disc))
        shelf.write(f"{home}/CD{disc}.cue", f'FILE "CD{disc}.flac" WAVE\r\n')


def vinyl(shelf):
    """Sides instead of numbers."""
    home = "Vinyl/Miles Davis - Kind of Blue (mono LP, needledrop)"
    for side, line in zip(("A1", "A2", "A3", "B1", "B2"), KIND_OF_BLUE.split("\n")):
        shelf.track(f"{home}/{side} {line}.flac", artist="Miles Davis", album="Kind of Blue", title=line, track=side, date="1959")
    shelf.write(home + "/info.txt", "Technics SL-1210, Ortofon 2M mono\n")
    home = "Vinyl/Neu! - Neu! 75"
    for side, line in (("A1", "Isi"), ("A2", "Seeland"), ("A3", "Leb' wohl"), ("B1", "Hero"), ("B2", "E-Musik"), ("B3", "After Eight")):
        shelf.track(f"{home}/{side} - {line}.wav")
    home = "Vinyl/Augustus Pablo - East of the River Nile"
    for side, titles in (("Side A", "Chant to King Selassie I\nNatural Way"), ("Side B", "Nature Dub\nUpfull Living")):
        shelf.album(f"{home}/{side}", "{n} {title}.flac", titles, artist="Augustus Pablo", album="East of the River Nile", date="1977")
    shelf.picture(home + "/sleeve.jpg")
    # A whole side in a file.
    for side in "AB":
        shelf.track(f"Vinyl/Terry Riley - A Rainbow in Curved Air - Side {side}.wav", style="info", artist="Terry Riley",
            title=f"A Rainbow in Curved Air, side {side}")


def bootlegs(shelf):
    """Concerts: the date is the album; checksums and notes travel with the sound."""
    home = "Live/gd1977-05-08.sbd.hicks.4982.sbeok.flac16"
    songs = ["New Minglewood Blues", "Loser", "El Paso", "They Love Each Other", "Jack Straw", "Deal", "Lazy Lightning", "Supplication",
             "Brown-Eyed Women", "Mama Tried", "Row Jimmy", "Dancin' in the Streets", "Scarlet Begonias", "Fire on the Mountain", "Estimated Prophet",
             "St. Stephen", "Not Fade Away", "St. Stephen", "Morning Dew", "One More Saturday Night"]
    for n, song in enumerate(songs):
        disc, number = (1, n + 1) if n < 12 else (2, n - 11) if n < 19 else (3, 1)
        shelf.track(f"{home}/gd77-05-08d{disc}t{number:02}.flac", artist="Grateful Dead",
            album="1977-05-08 Barton Hall, Cornell University, Ithaca, NY", title=song, track=str(number), date="1977-05-08")
    shelf.write(home + "/gd77-05-08.txt", "Grateful Dead\nBarton Hall, Cornell University\nMay 8, 1977\n")
    shelf.write(home + "/gd77-05-08.ffp", "gd77-05-08d1t01.flac:0123456789abcdef\n")
    shelf.write(home + "/gd77-05-08.md5", "0123456789abcdef *gd77-05-08d1t01.flac\n")
    shelf.album("Live/2003-06-28 Glastonbury (FM)", "{n:02} {title}.mp3", "There There\n2 + 2 = 5\nLucky\nTalk Show Host\nStreet Spirit",
        artist="Radiohead", album="2003-06-28 Glastonbury", id3="2.3")
    # No tags, and a name that only a trader can read.
    home = "Live/nirvana1991-10-31 paramount"
    for n in range(1, 6):
        shelf.track(f"{home}/nirvana1991-10-31t{n:02}.flac")
    # The same town twice.
    for date in ("1995-05-21", "1995-05-22"):
        shelf.album(f"Live/Jeff Buckley - {date} Paris", "{n:02} {title}.mp3", "Dream Brother\nGrace\nLilac Wine", artist="Jeff Buckley",
            album="Live in Paris", date=date, id3="2.3")


def two_formats(shelf):
    """The same album lossless and for the portable player."""
    for ext, home in (("flac", "Rips/Burial - Untrue/FLAC"), ("mp3", "Rips/Burial - Untrue/MP3 320")):
        shelf.album(home, "{n:02} {title}." + ext, "Untitled\nArchangel\nNear Dark\nGhost Hardware\nEndorphin", artist="Burial",
            album="Untrue", date="2007")
    shelf.picture("Rips/Burial - Untrue/cover.jpg")
    # In one folder: the stems are equal.
    for ext in ("flac", "opus"):
        shelf.album("Rips/Four Tet - Rounds", "{n:02} {title}." + ext, "Hands\nShe Moves She\nFirst Thing\nMy Angel Rocks Back and Forth",
            artist="Four Tet", album="Rounds", date="2003")


def discography(shelf):
    """A download of everything, in folders by kind. Cuba's dates stand in brackets."""
    home = "Rips/Stereolab - Discography 1992-2010"
    for kind, year, title, songs in (
            ("Albums", 1994, "Mars Audiac Quintet", "Three-Dee Melodie\nWow and Flutter\nTransona Five"),
            ("Albums", 1996, "Emperor Tomato Ketchup", "Metronomic Underground\nCybele's Reverie\nPercolator"),
            ("EPs & Singles", 1995, "Music for the Amorphous Body Study Center", "Pop Quiz\nThe Extension Trip"),
            ("EPs & Singles", 1996, "Cybele's Reverie", "Cybele's Reverie\nLes Yper-Yper Sound"),
            ("Compilations", 1995, "Refried Ectoplasm [Switched On Volume 2]", "Harmonium\nLo Boob Oscillator")):
        shelf.album(f"{home}/{kind}/[{year}] {safe(title)}", "{n:02} - {title}.mp3", songs, artist="Stereolab", album=title, date=str(year),
            id3="2.3")
    shelf.picture(home + "/Stereolab.jpg", home + "/Albums/[1994] Mars Audiac Quintet/cover.jpg")
    shelf.write(home + "/readme.txt", "Enjoy, and seed.\n")
