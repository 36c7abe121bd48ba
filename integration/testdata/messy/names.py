"""Names that folders do not like."""
import unicodedata

BAD = b"\xf6".decode("utf-8", "surrogateescape")  # a byte that is no UTF-8


def fill(shelf):
    reserved(shelf)
    dots(shelf)
    scripts(shelf)
    long(shelf)
    invisible(shelf)
    files(shelf)
    bytes_of_old(shelf)


def one(shelf, name, **tags):
    """A track whose tags are what matters; its own name says what is odd."""
    shelf.track(f"Odd names/{name}", **{"artist": "Odd Names", "album": "Odd Names", **tags})


def reserved(shelf):
    """What Windows takes for a device, and characters that it refuses."""
    for word in ("CON", "aux", "NUL", "Prn", "COM1", "LPT¹", "CONIN$"):
        one(shelf, f"device {word}.mp3", artist=word, album=word, title=word)
    for c, word in (
            ("?", "question"), (":", "colon"), ("*", "star"), ("<", "less"), (">", "more"), ("|", "bar"), ("\\", "back"), ("/", "slash"),
            ('"', "quote"), ("%", "percent"), ("#", "hash"), ("$", "dollar"), ("~", "tilde")):
        one(shelf, f"sign {word}.flac", title=f"A {c} b{c}", artist=f"{c}Sign{c}", album="Signs")
    # Titles that become equal when their signs are replaced.
    for c, word in (("?", "question"), (":", "colon"), ("*", "star")):
        one(shelf, f"equal {word}.flac", title=f"Why{c}", track="1", album="Equal")
    shelf.album("Rips/Godspeed You! Black Emperor - F♯ A♯ ∞", "{n:02} {title}.flac", "The Dead Flag Blues\nEast Hastings",
        artist="Godspeed You! Black Emperor", album="F♯ A♯ ∞", date="1997")
    shelf.album("Rips/!!! - Myth Takes", "{n:02} {title}.mp3", "Myth Takes\nAll My Heroes Are Weirdos", artist="!!!", album="Myth Takes",
        date="2007", id3="2.3")


def dots(shelf):
    """Dots and spaces where a name begins or ends, dashes that look like options."""
    shelf.album("Rips/R.E.M_/Murmur", "{n:02} {title}.mp3", "Radio Free Europe\nPilgrimage", artist="R.E.M.", album="Murmur", date="1983",
        id3="2.3")
    shelf.album("Rips/...And You Will Know Us by the Trail of Dead/Source Tags & Codes", "{n:02} {title}.mp3",
        "It Was There That I Saw You\nAnother Morning Stoner", artist="...And You Will Know Us by the Trail of Dead",
        album="Source Tags & Codes", date="2002", id3="2.3")
    shelf.album("Rips/Metallica/...And Justice for All", "{n:02} {title}.mp3", "Blackened\n...And Justice for All", artist="Metallica",
        album="...And Justice for All", date="1988", id3="2.3")
    for word, title in (
            ("dot", "."), ("two dots", ".."), ("three dots", "..."), ("space", " "), ("end", "Fin. "), ("dash", "-rf"),
            ("option", "--help"), ("hidden", ".hidden"), ("under", "_")):
        one(shelf, f"title {word}.mp3", title=title, album="Dots", track="1")
        one(shelf, f"artist {word}.mp3", title="Title", artist=title, album=title)
    shelf.album("Odd names/  spaces  around  /  inside   too ", " {n}  {title} .mp3", "Gap\nAnother   gap", tagged=False)


def scripts(shelf):
    """All the world's writing, both ways, and pictures."""
    for artist, album, songs in (
            ("宇多田ヒカル", "First Love", "Automatic -Album Edit-\nMovin' on without you\nIn My Room"),
            ("椎名林檎", "無罪モラトリアム", "正しい街\n歌舞伎町の女王\n丸ノ内サディスティック"),
            ("Кино", "Группа крови", "Группа крови\nЗакрой за мной дверь, я ухожу\nВойна"),
            ("أم كلثوم", "انت عمري", "انت عمري\nالأطلال"),
            ("עידן רייכל", "ממעמקים", "ממעמקים\nבואי"),
            ("Μάνος Χατζιδάκις", "Ο Μεγάλος Ερωτικός", "Με την πρώτη σταγόνα της βροχής\nΚέλομαί σε Γογγύλα"),
            ("김광석", "다시 부르기 2", "서른 즈음에\n이등병의 편지"),
            ("王菲", "浮躁", "無常\n浮躁"),
            ("ลำใย ไหทองคำ", "ผู้สาวขาเลาะ", "ผู้สาวขาเลาะ"),
            ("Trần Thu Hà", "Nhật thực", "Nhật thực\nĐồng dao cho một mùa hoa"),
            ("🎸 The Emoji Band 👩‍🎤", "🌊🌊🌊", "🏄\n🌅 (feat. ☀️)")):
        shelf.album(f"World/{artist}/{album}", "{n:02} {title}.mp3", songs, artist=artist, album=album, id3="2.3")


def long(shelf):
    """Titles of three hundred bytes, in letters of one and of three."""
    latin = "When the Pawn Hits the Conflicts He Thinks Like a King What He Knows Throws the Blows When He Goes to the Fight and He'll Win the Whole Thing 'fore He Enters the Ring There's No Body to Batter When Your Mind Is Your Might So When You Go Solo, You Hold Your Own Hand and Remember That Depth Is the Greatest of Heights"
    shelf.album("Rips/Fiona Apple/When the Pawn", "{n:02} {title}.flac", "On the Bound\nTo Your Love", artist="Fiona Apple", album=latin,
        date="1999")
    for n in (1, 2):
        one(shelf, f"long {n}.mp3", title="長" * 100 + str(n), track="7", album="Long")
        one(shelf, f"long artist {n}.mp3", artist="ö" * 150 + str(n), title="Long artist")
    shelf.track("Odd names/" + "n" * 251 + ".mp3")
    deep = "/".join(f"level {n}" for n in range(1, 31))
    shelf.track(f"Old downloads/{deep}/deep.mp3", artist="Deep", album="Thirty Folders", title="Down Here", track="1")


def invisible(shelf):
    """Signs that nobody sees, and several lines in one title."""
    for word, title in (
            ("zero width", "Zero\u200bWidth"), ("mark", "\ufeffMark"), ("bidi", "abc\u202egpj.exe"), ("tab", "Tab\there"),
            ("newline", "Line one\nLine two"), ("bell", "Bell\x07"), ("nbsp", "No\u00a0Break"), ("soft", "Soft\u00adHyphen"),
            ("joined", "Ángström " + unicodedata.normalize("NFD", "Ångström")), ("private", "\ue000 Apple \uf8ff")):
        one(shelf, f"invisible {word}.flac", title=title, album="Invisible")
    shelf.track("Odd names/line\nbreak.mp3")
    shelf.track("Odd names/tab\there.mp3")
    shelf.track("Odd names/\u202ereversed.mp3")


def files(shelf):
    """Extensions: wrong, doubled, shouted, missing, of downloads that never ended."""
    home = "Odd files"
    for name, seed in (
            ("really flac.mp3", "flac"), ("really mp3.flac", "mp3"), ("really m4a.mp3", "m4a"), ("really ogg.mp3", "ogg"),
            ("really wav.mp3", "wav"), ("really mp3.wav", "mp3"), ("really opus.ogg", "opus"), ("really mp3.m4a", "mp3"),
            ("really wma.mp3", "wma")):
        shelf.track(f"{home}/{name}", seed=seed, artist="Wrong Extension", album="Wrong Extension", title=name)
    for name in (
            "SHOUTED.MP3", "Mixed.Mp3", "double.mp3.mp3", "no extension", "unfinished.mp3.part", "unfinished.mp3.crdownload",
            "number.mp3.1", "old.mp3.bak"):
        shelf.track(f"{home}/{name}", seed="mp3", artist="Extension", album="Extension", title=name)
    for name, seed in (
            ("quick.aif", "aiff"), ("loss.aiff", "aiff"), ("vari.vbr.mp3", "vbr.mp3"), ("apple.m4a", "alac.m4a"), ("pack.wv", "wv")):
        shelf.track(f"{home}/{name}", seed=seed, artist="Formats", album="Formats", title=name, track="3/9")
    # Music for other machines.
    for name in (
            "second reality.s3m", "enigma.mod", "Last Ninja 2.sid", "canyon.mid", "gd73-02-09d1t01.shn", "interview.ra", "surround.ac3",
            "concert.dts", "video.mkv", "clip.webm"):
        shelf.write(f"Other formats/{name}", b"\x01\x02\x03\x04" + name.encode())


def bytes_of_old(shelf):
    """Names in encodings from before UTF-8."""
    shelf.album("Latin-1/Bj" + BAD + "rk - Medulla", "{n:02} {title} " + BAD + ".mp3", "Pleasure Is All Mine\nShow Me Forgiveness",
        artist="Björk", album="Medúlla", date="2004", id3="2.3")
    cp1251 = "Аквариум".encode("cp1251").decode("utf-8", "surrogateescape")
    shelf.album(f"Latin-1/{cp1251}", "{n:02}.mp3", "one\ntwo", tagged=False)
    shelf.picture(f"Latin-1/{cp1251}/cover.jpg")
    sjis = "くるり".encode("shift-jis").decode("utf-8", "surrogateescape")
    shelf.track(f"Latin-1/{sjis}.mp3", title="ばらの花", artist="くるり", charset="shift-jis")
