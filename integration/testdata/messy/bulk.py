"""The rest of the collection: invented albums in the ways that the others have shown,
until there are as many files as there should be."""
import random

FIRST = "Amber Blue Cold Drifting Electric Fallen Golden Hollow Invisible Jagged Kinetic Lunar Midnight Northern Open Paper Quiet Red Silver Tidal Velvet Winter Young Zero".split()
SECOND = "Arcade Birds Cathedral Daughters Engines Fields Garden Harbour Islands Jackets Kites Lanterns Machine Numbers Orchard Parade Quarter Rivers Signals Theatre Union Valley Wolves Yard".split()
TITLES = """Morning at the Station
Glass
What the Water Said
Interlude
Letters Home
You, Me & Everyone
Slow Dance (reprise)
1979
The Long Way 'Round
Ça ira
Über den Dächern
Corazón
Небо
夜明け
Who's There?
Track Seven
Untitled
Ghosts / Echoes
North by Northwest
If Only...
Hope: A Beginning
Part II
Light
Home""".split("\n")


class Dice(random.Random):
    """Only random() is promised to be the same for ever, so all else is made of it."""

    def one_of(self, things):
        return things[int(self.random() * len(things))]

    def upto(self, n):
        return 1 + int(self.random() * n)


def fill(shelf, files):
    dice = Dice(2004)
    ways = (store, rip, plain, scene, untagged, player, portable)
    number = 0
    while shelf.files < files:
        number += 1
        # The number keeps albums apart that chance gave one name.
        artist = f"{dice.one_of(FIRST)} {dice.one_of(SECOND)}"
        album = f"{dice.one_of(FIRST)} {dice.one_of(SECOND)} No. {number}"
        count = min(3 + dice.upto(9), files - shelf.files)
        songs = [TITLES[(number * 7 + i * 5) % len(TITLES)] for i in range(count)]
        ways[number % len(ways)](shelf, dice, artist, album, "\n".join(songs), str(1965 + dice.upto(58)))
        if number % 4 == 0 and shelf.files < files:
            shelf.picture(f"Covers/{artist} - {album}.jpg")


def store(shelf, dice, artist, album, songs, year):
    """A shop's album, tagged whole."""
    ext = dice.one_of(("m4a", "mp3", "flac"))
    shelf.album(f"iTunes/iTunes Media/Music/{artist}/{album}", "{n:02} {title}." + ext, songs, artist=artist, albumartist=artist,
        album=album, date=year, disc="1/1")


def rip(shelf, dice, artist, album, songs, year):
    """A ripped CD, whose tags do not name the album's artist."""
    ext = dice.one_of(("flac", "flac", "ogg", "opus", "wv"))
    shelf.album(f"Rips/{artist}/{year} - {album}", "{n:02} - {title}." + ext, songs, artist=artist, album=album, date=year)


def plain(shelf, dice, artist, album, songs, year):
    """Old MP3s, with the artist written in three ways."""
    written = dice.one_of((artist, artist.upper(), artist.lower()))
    shelf.album(f"Old downloads/{artist} - {album}", "{n:02} - {title}.mp3", songs, artist=written, album=album, date=year,
        id3=dice.one_of(("2.2", "2.3", "1+2", "2.4")))


def scene(shelf, dice, artist, album, songs, year):
    """A release with its small files; the names are all lower case."""
    home = f"Scene/{artist} {album} {year} GRP".replace(" ", "_")
    short = artist.lower().replace(" ", "_")
    shelf.album(home, "{n:02}-" + short + "-{title}-grp.mp3", songs, artist=artist, album=album, date=year, id3="1+2")


def untagged(shelf, dice, artist, album, songs, year):
    """Nothing but names, in four styles."""
    folder = dice.one_of((f"{artist} - {album}", f"{artist}/{album}", f"{artist}/{year} - {album}", f"{artist} - {album} ({year}) [MP3]"))
    name = dice.one_of(("{n:02} - {title}", "{n:02}. {title}", "{n:02} {title}", "{n:02} - {artist} - {title}"))
    shelf.album(f"Not tagged/{folder}", name + ".mp3", songs, tagged=False, artist=artist)


def player(shelf, dice, artist, album, songs, year):
    """Windows Media Player's own folders."""
    shelf.album(f"My Music/{artist}/{album}", "{n:02} {title}.wma", songs, artist=artist, albumartist=artist, album=album, date=year)


def portable(shelf, dice, artist, album, songs, year):
    """Numbers and totals are missing, and sometimes a guest sings."""
    lines = "\n".join(f"{artist} feat. {dice.one_of(FIRST)} ~ {s}" if dice.random() < 0.2 else f"{artist} ~ {s}" for s in songs.split("\n"))
    shelf.album(f"Phone/{artist} - {album}", "{title}.mp3", lines, numbered=False, album=album, date=year, id3="2.3")
