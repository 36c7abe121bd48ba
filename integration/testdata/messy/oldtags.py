"""Tags in the encodings of their day."""


def fill(shelf):
    cyrillic(shelf)
    japanese(shelf)
    latin(shelf)
    unicode(shelf)
    several(shelf)
    incomplete(shelf)


def cyrillic(shelf):
    """Windows-1251 in tags that say Latin-1, and in ID3v1, where nothing is said."""
    songs = "Город золотой\nНебо становится ближе\nПоезд в огне"
    shelf.album("Старая музыка/Аквариум - Десять стрел", "{n:02} - {title}.mp3", songs, artist="Аквариум", album="Десять стрел",
        date="1986", charset="cp1251")
    shelf.album("Старая музыка/ДДТ - Актриса Весна", "{n:02}.mp3", "Дождь\nЧто такое осень\nРодина", artist="ДДТ", album="Актриса Весна",
        date="1992", id3="1", charset="cp1251")
    shelf.album("Старая музыка/Алиса", "{title}.mp3", "Мы вместе\nТрасса Е-95", artist="Алиса", album="Энергия", id3="1+2",
        charset="cp1251")
    # KOI8-R and code page 866, which nobody can tell for sure.
    shelf.album("Старая музыка/koi8", "{n:02} {title}.mp3", "Прогулки по воде\nКрылья", artist="Наутилус Помпилиус", album="Крылья",
        id3="1", charset="koi8-r")
    # What was UTF-8 once, taken for Latin-1 and written as UTF-8 again.
    twice = "Гражданская оборона".encode().decode("latin-1")
    shelf.track("Старая музыка/mojibake.mp3", artist=twice, title="Всё идёт по плану".encode().decode("latin-1"),
        album="Всё идёт по плану".encode().decode("latin-1"))


def japanese(shelf):
    """Shift-JIS in tags that say Latin-1; also Chinese and Korean encodings."""
    shelf.album("World/はっぴいえんど - 風街ろまん", "{n:02} {title}.mp3", "抱きしめたい\n空いろのくれよん\n風をあつめて", artist="はっぴいえんど", album="風街ろまん", date="1971",
        charset="shift-jis")
    shelf.album("World/鄧麗君 (gbk)", "{n:02}.mp3", "月亮代表我的心\n甜蜜蜜", artist="邓丽君", album="精选", charset="gbk")
    shelf.album("World/서태지 (euc-kr)", "{n:02}.mp3", "난 알아요", artist="서태지와 아이들", album="서태지와 아이들", charset="euc-kr")


def latin(shelf):
    """Latin-1 in its place, and UTF-8 where Latin-1 was promised."""
    shelf.album("Old downloads/Rammstein - Sehnsucht", "{n:02} {title}.mp3", "Sehnsucht\nEngel\nTier\nDu hast", artist="Rammstein",
        album="Sehnsucht", date="1997", id3="2.2")
    shelf.album("Old downloads/Motorhead - Overkill", "{n:02} {title}.mp3", "Overkill\nStay Clean", artist="Motörhead",
        album="Overkill (déjà vu)", date="1979", charset="latin-1")
    shelf.album("Old downloads/Husker Du - Zen Arcade", "{n:02} {title}.mp3", "Something I Learned Today\nBroken Home, Broken Heart",
        artist="Hüsker Dü", album="Zen Arcade", date="1984", charset="utf-8")
    shelf.album("Old downloads/Curly", "{n:02}.mp3", "Don’t Look Back – live\n“Quoted” title", artist="The ’59 Sound", album="Curly…",
        charset="cp1252")
    shelf.track("Old downloads/wav info.wav", style="info", artist="Sébastien Tellier", title="La ritournelle", album="Politics", track="3")


def unicode(shelf):
    """UTF-16 with its mark, and without."""
    shelf.album("World/Земфира", "{n:02} {title}.mp3", "Прости меня моя любовь\nИскала", artist="Земфира", album="Прости меня моя любовь",
        date="2000", id3="2.3")
    shelf.album("World/no bom", "{n:02}.mp3", "Хочешь?\nЛондон", artist="Земфира", album="Прости меня моя любовь", date="2000",
        id3="no bom")
    shelf.album("World/old bom", "{n:02}.mp3", "Ромашки\nЗнаешь ли ты", artist="Земфира и Максим", album="Земфира", date="1999", id3="2.2")


def several(shelf):
    """Several tags in a file that disagree, and several artists in all their ways."""
    shelf.album("Old downloads/APE tags", "{n:02}.mp3", "Svefn\nHoppípolla", artist="Sigur Rós", album="Takk...", date="2005", id3="ape")
    for word, artist in (
            ("semicolon", "Madlib; MF Doom"), ("slash", "Madlib / MF Doom"), ("nul", ["Madlib", "MF Doom"]), ("comma", "Madlib, MF Doom"),
            ("and", "Madlib & MF Doom")):
        shelf.track(f"Old downloads/several artists/{word}.mp3", artist=artist, albumartist="Madvillain", album="Madvillainy",
            title=f"Accordion ({word})", id3="2.4")
    for word, artist in (
            ("semicolon", "Brian Eno;Harold Budd"), ("slash", "Brian Eno/Harold Budd"), ("list", ["Brian Eno", "Harold Budd"]),
            ("vs", "Brian Eno vs. Harold Budd"), ("with", "Brian Eno with Harold Budd")):
        shelf.track(f"Old downloads/two artists/{word}.flac", artist=artist, album="The Pearl", title=f"Late October ({word})")


def incomplete(shelf):
    """Tags of which some are missing, here and there."""
    home = "Old downloads/Slowdive - Souvlaki"
    songs = ("Alison", "Machine Gun", "40 Days", "Sing", "Here She Comes")
    for n, title in enumerate(songs, 1):
        tags = {"artist": "Slowdive", "album": "Souvlaki", "title": title, "track": str(n), "date": "1993"}
        tags.pop(("artist", "album", "title", "track", "date")[n - 1])
        shelf.track(f"{home}/{n:02} - {title}.mp3", id3="2.3", **tags)
    # Only a title; only an artist; only an album. The folders say the rest, or nothing.
    for key, value in (("title", "Pictures of Matchstick Men"), ("artist", "Status Quo"), ("album", "Picturesque"), ("genre", "Rock")):
        shelf.track(f"Old downloads/only {key}/a file.mp3", id3="2.3", **{key: value})
    shelf.album("Old downloads/Lambchop/Nixon", "{n:02} {title}.mp3", "The Old Gold Shoe\nGrumpus\nYou Masculine You", artist="Lambchop",
        album="Nixon", without=("artist", "album"), id3="2.3")
    # The placeholders of programs.
    for n in (1, 2):
        shelf.track(f"Old downloads/placeholders/AudioTrack {n:02}.mp3", artist="Artist", album="Album", title=f"AudioTrack {n:02}",
            track=str(n), id3="2.3")
    shelf.track("Old downloads/placeholders/x.mp3", artist="<Unknown>", album="unknown", title="Untitled", id3="2.3")
