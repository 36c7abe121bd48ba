"""Names that are the same, or nearly: albums, artists, folders, tracks."""
import unicodedata

BLUE = "My Name Is Jonas\nNo One Else\nBuddy Holly\nSay It Ain't So"
GREEN = "Don't Let Go\nPhotograph\nHash Pipe\nIsland in the Sun"
RED = "Troublemaker\nPork and Beans\nHeart Songs"


def fill(shelf):
    weezer(shelf)
    peter_gabriel(shelf)
    greatest_hits(shelf)
    editions(shelf)
    spellings(shelf)
    compilations(shelf)
    soundtracks(shelf)
    mixes(shelf)
    numbers(shelf)


def weezer(shelf):
    """Three albums called Weezer, told apart by their release ids and years."""
    for colour, year, mbid, songs in (
            ("Blue", 1994, "9d9cdd8c-6a0c-3a42-8bb0-d9b1e2d5a1f4", BLUE), ("Green", 2001, "4f4e2b3c-0f0c-4a5e-93b2-0c1d5a7f6e21", GREEN),
            ("Red", 2008, "c7f7f6a0-3d1c-4d8c-a5bd-2f4f3d0f9b77", RED)):
        shelf.album(f"Rips/Weezer/Weezer ({colour} Album)", "{n:02} {title}.flac", songs, artist="Weezer", albumartist="Weezer",
            album="Weezer", date=str(year), mbid=mbid)
        shelf.picture(f"Rips/Weezer/Weezer ({colour} Album)/cover.jpg")


def peter_gabriel(shelf):
    """Four called Peter Gabriel; years alone, and one without."""
    for n, (nick, year, songs) in enumerate((
            ("Car", "1977", "Moribund the Burgermeister\nSolsbury Hill"), ("Scratch", "1978", "On the Air\nD.I.Y."),
            ("Melt", "1980", "Intruder\nGames Without Frontiers"), ("Security", None, "The Rhythm of the Heat\nShock the Monkey")), 1):
        shelf.album(f"Rips/Peter Gabriel/Peter Gabriel {n} ({nick})", "{n:02} {title}.mp3", songs, artist="Peter Gabriel",
            album="Peter Gabriel", date=year, id3="2.3")


def greatest_hits(shelf):
    """Everybody's Greatest Hits; Queen's came out twice, under one name."""
    shelf.album("CDs of Anna/Greatest Hits", "{n:02} {title}.mp3", "Bohemian Rhapsody\nAnother One Bites the Dust\nKiller Queen",
        artist="Queen", album="Greatest Hits", date="1981", id3="2.3")
    shelf.album("Rips/Queen - Greatest Hits (US)", "{n:02} {title}.flac",
        "We Will Rock You\nWe Are the Champions\nAnother One Bites the Dust", artist="Queen", album="Greatest Hits", date="1992")
    shelf.album("CDs of Anna/Greatest Hits (2)", "{n:02} {title}.mp3", "S.O.S.\nRing Ring\nWaterloo", artist="ABBA", album="Greatest Hits",
        date="1976", id3="2.3")
    # Two records of the year 1984.
    for n, year in (("Unplugged", "1992"), ("Unplugged", "2009")):
        shelf.album(f"CDs of Anna/{n} {year}", "{n:02} {title}.mp3", f"Layla {year}\nTears in Heaven {year}", artist="Eric Clapton",
            album=n, date=year, id3="1+2")


def editions(shelf):
    """The same album again: remastered, as a reissue, in parts."""
    shelf.album("Rips/My Bloody Valentine - Loveless", "{n:02} {title}.flac", "Only Shallow\nLoomer\nTouched", artist="My Bloody Valentine",
        album="Loveless", date="1991")
    shelf.album("Rips/My Bloody Valentine - Loveless (2012 Remaster)", "{n:02} {title}.flac", "Only Shallow\nLoomer\nTouched",
        artist="My Bloody Valentine", album="Loveless", date="2012", originaldate="1991")
    # Half of it from one source and half from another; the years of the tracks differ.
    for part, lines in (
            ("a", ((1, "Teen Age Riot", "1988"), (2, "Silver Rocket", "1988-10-18"))),
            ("b", ((3, "The Sprawl", "1988"), (4, "'Cross the Breeze", "1993")))):
        for n, title, date in lines:
            shelf.track(f"Old downloads/Sonic Youth {part}/{n:02} {title}.mp3", artist="Sonic Youth", album="Daydream Nation", title=title,
                track=str(n), date=date, id3="2.3")
    # A record whose name ends like the mark of a year.
    shelf.album("Rips/Van Halen - 1984", "{n:02} {title}.mp3", "1984\nJump\nPanama", artist="Van Halen", album="1984", date="1984",
        id3="2.3")
    shelf.album("Rips/Eurythmics - 1984 (For the Love of Big Brother)", "{n:02} {title}.mp3",
        "I Did It Just the Same\nSexcrime (Nineteen Eighty-Four)", artist="Eurythmics", album="1984 (For the Love of Big Brother)",
        date="1984", id3="2.3")


def spellings(shelf):
    """Case, accents and articles: one artist, many names."""
    shelf.album("CDs of Anna/the beatles/abbey road", "{n:02} {title}.mp3", "come together\nsomething\nmaxwell's silver hammer",
        artist="the beatles", album="abbey road", date="1969", id3="2.3")
    shelf.album("Rips/The Beatles/Abbey Road", "{n:02} {title}.flac", "Come Together\nSomething\nMaxwell's Silver Hammer\nOh! Darling",
        artist="The Beatles", album="Abbey Road", date="1969")
    shelf.album("Rips/Beatles/Revolver", "{n:02} {title}.flac", "Taxman\nEleanor Rigby", artist="Beatles", album="Revolver", date="1966")
    # Björk: as a Mac names folders, as others do, and without her dots.
    for form, album, songs in (("NFD", "Debut", "Human Behaviour\nCrying"), ("NFC", "Post", "Army of Me\nHyperballad")):
        name = unicodedata.normalize(form, "Björk")
        shelf.album(f"Mac/{name}/{album}", "{n:02} {title}.m4a", songs, artist=name, album=album, date="1993")
    shelf.album("Mac/Bjork/Vespertine", "{n:02} {title}.m4a", "Hidden Place\nCocoon", artist="Bjork", album="Vespertine", date="2001")
    shelf.album("Mac/BJÖRK/Homogenic", "{n:02} {title}.m4a", "HUNTER\nJÓGA", artist="BJÖRK", album="HOMOGENIC", date="1997")
    # A copy from a Mac lies beside the first: two folders that look alike.
    for form in ("NFD", "NFC"):
        shelf.album("Mac/" + unicodedata.normalize(form, "Sigur Rós") + "/" + unicodedata.normalize(form, "Ágætis byrjun"),
            "{n:02} " + unicodedata.normalize(form, "Svefn-g-englar ") + form + ".mp3", "Svefn-g-englar", artist="Sigur Rós",
            album="Ágætis byrjun", date="1999")
    for artist, title in (
            ("AC/DC", "Hells Bells"), ("ACDC", "Shoot to Thrill"), ("AC-DC", "Back in Black"), ("AC_DC", "You Shook Me All Night Long")):
        shelf.track(f"Old downloads/{artist.replace('/', '')} {title}.mp3", artist=artist, album="Back in Black", title=title, date="1980",
            id3="2.3")
    for artist in ("Guns N' Roses", "Guns N’ Roses", "Guns n' Roses"):
        shelf.track(f"Old downloads/gnr {artist}.mp3", artist=artist, album="Appetite for Destruction",
            title=f"Paradise City as by {artist}", date="1987", id3="2.3")


def compilations(shelf):
    """Compilations that say so, and those that do not."""
    songs = "Fugees ~ Ready or Not\nSpice Girls ~ Wannabe\nThe Cardigans ~ Lovefool"
    for n, disc in enumerate(("CD1", "CD2"), 1):
        shelf.album(f"CDs of Anna/Now 35/{disc}", "{n:02} {artist} - {title}.mp3", songs.replace("\n", f" (disc {n})\n") + f" (disc {n})",
            album="Now That's What I Call Music! 35", date="1996", id3="2.3")
    shelf.album("Compilations/Rough Trade Shops - Post Punk 01", "{n:02} - {artist} - {title}.flac",
        "A Certain Ratio ~ Do the Du\nESG ~ You're No Good\nGang of Four ~ Damaged Goods", album="Rough Trade Shops - Post Punk 01",
        albumartist="Various", date="2003")
    shelf.album("Compilations/VA - Éthiopiques 4", "{n:02} - {artist} - {title}.flac",
        "Mulatu Astatqé ~ Yèkèrmo Sèw\nMulatu Astatqé ~ Métché Dershé\nMulatu Astatqé ~ Kasaléfkut Hulu", album="Éthiopiques, Vol. 4",
        date="1998")
    # No tags: the names of the files say whose each is.
    shelf.album("Compilations/Party 2001", "{n:02} - {artist} - {title}.mp3", "Gorillaz ~ Clint Eastwood\nModjo ~ Lady\nRoyksopp ~ Eple",
        tagged=False)
    shelf.album("Compilations/Various Artists - Nuggets", "{n:02} {artist} - {title}.mp3",
        "The Standells ~ Dirty Water\nThe Seeds ~ Pushin' Too Hard", tagged=False)
    # A tape for somebody: every track from another album, and a playlist that orders them.
    home = "Compilations/Mixtape for Julia"
    paths = []
    for n, (artist, album, title) in enumerate((
            ("Yo La Tengo", "Painful", "Nowhere Near"), ("Low", "I Could Live in Hope", "Words"),
            ("Galaxie 500", "On Fire", "Blue Thunder")), 1):
        paths.append(f"{n:02} {title}.mp3")
        shelf.track(f"{home}/{paths[-1]}", artist=artist, album=album, title=title, track=str(n + 4), id3="2.3")
    shelf.write(home + "/julia.m3u", "#EXTM3U\r\n" + "\r\n".join(paths) + "\r\n")
    # A split single, a tribute, and a duet album: few artists, and they share it.
    shelf.album("Compilations/Low + Dirty Three - In the Fishtank 7", "{n:02} {title}.mp3", "I Hear... Goodnight\nDown by the River",
        artist="Low + Dirty Three", album="In the Fishtank 7", id3="2.3")
    shelf.album("Compilations/Mogwai - Bardo Pond split", "{n:02} {title}.mp3", "Mogwai ~ Stanley Kubrick\nBardo Pond ~ Tantric Porno",
        album="Split", id3="2.3")
    # The flag, and yet one artist: iTunes wrote it on best-ofs.
    shelf.album("CDs of Anna/Blondie - Atomic", "{n:02} {title}.m4a", "Heart of Glass\nSunday Girl\nAtomic", artist="Blondie",
        compilation=1, album="Atomic: The Very Best of Blondie", date="1998")


def soundtracks(shelf):
    """Songs of many, scores of one."""
    shelf.album("Soundtracks/Pulp Fiction", "{n:02} {title}.mp3",
        "Dick Dale ~ Misirlou\nKool & The Gang ~ Jungle Boogie\nAl Green ~ Let's Stay Together", album="Pulp Fiction", genre="Soundtrack",
        id3="2.3")
    shelf.album("Soundtracks/Blade Runner", "{n:02} {title}.flac", "Main Titles\nBlush Response\nRachel's Song", artist="Vangelis",
        composer="Vangelis", album="Blade Runner", genre="Soundtrack", date="1994")
    shelf.album("Soundtracks/O Brother, Where Art Thou", "{n:02} {title}.m4a",
        "James Carter & The Prisoners ~ Po Lazarus\nHarry McClintock ~ Big Rock Candy Mountain", albumartist="Soundtrack",
        album="O Brother, Where Art Thou?", date="2000")
    shelf.album("Soundtracks/The Legend of Zelda - Ocarina of Time", "{n:03} {title}.mp3", "Title Theme\nHouse\nKokiri Forest\nLost Woods",
        artist="近藤浩治", album="ゼルダの伝説 時のオカリナ", date="1998")


def mixes(shelf):
    """Sets of DJs: one long file, sometimes with a cue sheet, sometimes cut."""
    home = "DJ/Kruder & Dorfmeister - DJ-Kicks"
    shelf.track(home + "/Kruder & Dorfmeister - DJ-Kicks.mp3", artist="Kruder & Dorfmeister", album="DJ-Kicks", title="DJ-Kicks",
        date="1996", id3="2.3")
    shelf.write(home + "/Kruder & Dorfmeister - DJ-Kicks.cue", 'FILE "Kruder & Dorfmeister - DJ-Kicks.mp3" MP3\r\n')
    shelf.album("DJ/2ManyDJs - As Heard on Radio Soulwax Pt. 2", "{n:02} {artist} - {title}.mp3",
        "Emerson, Lake & Palmer ~ Peter Gunn\nBasement Jaxx ~ Where's Your Head At\nPeaches ~ Fuck the Pain Away",
        albumartist="2ManyDJs", album="As Heard on Radio Soulwax Pt. 2", date="2002", id3="2.3")
    for date in ("2004-05-01", "2004-05-08"):
        shelf.track(f"DJ/Essential Mix/BBC Radio 1 Essential Mix - {date} - Carl Craig.mp3")
    shelf.track("DJ/Essential Mix/Essential Mix 1997 - Daft Punk.mp3", artist="Daft Punk", title="Essential Mix 1997",
        album="Essential Mix", genre="Mix", id3="2.3")


def numbers(shelf):
    """Numbers that are missing, twice, or impossible; titles that are not unique."""
    home = "Old downloads/Autechre - Amber"
    shelf.album(home, "{title}.mp3", "Foil\nMontreal\nSilverside\nSlip", numbered=False, artist="Autechre", album="Amber", date="1994",
        id3="2.3")
    home = "Old downloads/Gas - Pop"
    for n, title in ((1, "Untitled"), (2, "Untitled"), (2, "Untitled"), (3, "Untitled"), (3, "untitled")):
        name = f"{n:02} {title}.flac"
        taken = {"02 Untitled.flac": "02 Untitled_1.flac"}
        if shelf.seen(f"{home}/{name}"):
            name = taken[name]
        shelf.track(f"{home}/{name}", artist="Gas", album="Pop", title=title, track=str(n), date="2000")
    for title, track in (
            ("Zero", "0"), ("Nothing of twelve", "0/12"), ("More than all", "14/12"), ("Thousand", "1000"), ("Word", "one"),
            ("Spaced", " 5 / 12 "), ("Of", "6 of 12"), ("Negative", "-7"), ("Hash", "#8"), ("Empty", "")):
        shelf.track(f"Old downloads/numbers/{title}.flac", artist="Numbers", album="Impossible", title=title, track=track)
    for n in (1, 9, 10, 99, 100, 101):
        shelf.track(f"Old downloads/365 songs/song {n}.mp3", artist="Someone Patient", album="365 Songs", title=f"Day {n}", track=str(n),
            id3="2.3")
