"""Albums of several discs, boxes, and music with composers."""
FRAGILE = ("Somewhat Damaged\nThe Day the World Went Away\nThe Frail\nThe Wretched\nWe're in This Together",
           "The Way Out Is Through\nInto the Void\nWhere Is Everybody?\nThe Mark Has Been Made\nPlease")

BEETHOVEN = (
    (1, "Symphony No. 1 in C major, Op. 21: I. Adagio molto - Allegro con brio\nSymphony No. 1 in C major, Op. 21: II. Andante cantabile con moto\nSymphony No. 1 in C major, Op. 21: III. Menuetto\nSymphony No. 1 in C major, Op. 21: IV. Finale"),
    (2, "Symphony No. 3 in E-flat major, Op. 55 \"Eroica\": I. Allegro con brio\nSymphony No. 3 in E-flat major, Op. 55 \"Eroica\": II. Marcia funebre\nSymphony No. 3 in E-flat major, Op. 55 \"Eroica\": III. Scherzo\nSymphony No. 3 in E-flat major, Op. 55 \"Eroica\": IV. Finale"),
    (5, "Symphony No. 9 in D minor, Op. 125 \"Choral\": I. Allegro ma non troppo\nSymphony No. 9 in D minor, Op. 125 \"Choral\": II. Molto vivace\nSymphony No. 9 in D minor, Op. 125 \"Choral\": III. Adagio molto e cantabile\nSymphony No. 9 in D minor, Op. 125 \"Choral\": IV. Presto"))


def fill(shelf):
    folders_of_discs(shelf)
    told_by_tags(shelf)
    apart(shelf)
    box(shelf)
    conductors(shelf)
    recitals(shelf)
    composers_in_folders(shelf)


def folders_of_discs(shelf):
    """A folder for each disc, in all spellings."""
    home = "Rips/Pink Floyd - The Wall (1979)"
    for disc, songs in (
            (1, "In the Flesh?\nThe Thin Ice\nAnother Brick in the Wall, Part 1\nThe Happiest Days of Our Lives"),
            (2, "Hey You\nIs There Anybody Out There?\nNobody Home\nVera")):
        paths = shelf.album(f"{home}/CD{disc}", "{n:02} - {title}.flac", songs, artist="Pink Floyd", album="The Wall", disc=f"{disc}/2",
            date="1979")
        shelf.write(f"{home}/CD{disc}/The Wall CD{disc}.cue", "".join(f'FILE "{p.rsplit("/", 1)[1]}" WAVE\r\n' for p in paths))
    shelf.picture(home + "/cover.jpg")
    home = "Rips/Smashing Pumpkins - Mellon Collie and the Infinite Sadness (1995)"
    for folder, songs in (
            ("Disc 1 - Dawn to Dusk", "Mellon Collie and the Infinite Sadness\nTonight, Tonight\nJellybelly\nZero"),
            ("Disc 2 - Twilight to Starlight", "Where Boys Fear to Tread\nBodies\nThirty-Three\n1979")):
        shelf.album(f"{home}/{folder}", "{n:02} {title}.mp3", songs, artist="The Smashing Pumpkins",
            album="Mellon Collie and the Infinite Sadness", date="1995", id3="2.3")
    shelf.picture(home + "/Disc 1 - Dawn to Dusk/cd1.jpg", home + "/Disc 2 - Twilight to Starlight/cd2.jpg", home + "/folder.jpg")
    # No tags; the discs' folders bear the album's name too.
    home = "Rips/The Clash/1980 - Sandinista!"
    for disc, songs in (
            (1, "The Magnificent Seven\nHitsville U.K."), (2, "One More Time\nOne More Dub"), (3, "Lose This Skin\nCharlie Don't Surf")):
        shelf.album(f"{home}/Sandinista! CD{disc}", "{n:02} - {title}.mp3", songs, tagged=False, artist="The Clash")
    # Named in other languages.
    home = "Rips/Die Ärzte - Geräusch (2003)"
    for folder, songs in (("Schwarz (CD 1)", "Als ich den Punk erfand\nTu das nicht"), ("Rot (CD 2)", "Unrockbar\nDinge von denen")):
        shelf.album(f"{home}/{folder}", "{n:02} {title}.ogg", songs, artist="Die Ärzte", album="Geräusch", date="2003")
    # A bonus disc that is an album of its own name.
    home = "Rips/Sufjan Stevens - Illinois"
    shelf.album(home + "/CD1", "{n:02} {title}.flac", "Concerning the UFO Sighting\nThe Black Hawk War\nCome On! Feel the Illinoise!",
        artist="Sufjan Stevens", album="Illinois", date="2005", disc="1")
    shelf.album(home + "/Bonus", "{n:02} {title}.flac", "The Avalanche\nDear Mr. Supercomputer", artist="Sufjan Stevens",
        album="The Avalanche", date="2006")
    shelf.picture(home + "/CD1/cover.jpg", home + "/Bonus/cover.jpg")


def told_by_tags(shelf):
    """All in one folder, and only tags tell the discs; or only the album's name does."""
    for disc, songs in ((1, "Blue Jay Way\nFlying\nYour Mother Should Know"), (2, "Hello Goodbye\nStrawberry Fields Forever\nPenny Lane")):
        for n, song in enumerate(songs.split("\n"), 1):
            shelf.track(f"Rips/Beatles, The - Magical Mystery Tour/{(disc - 1) * 3 + n:02} {song}.flac", artist="The Beatles",
                album="Magical Mystery Tour", title=song, track=f"{n}/3", disc=f"{disc}/2", date="1967")
    # What a CD database of 1999 wrote into the album.
    for disc, songs in ((1, "Death or Glory\nLondon Calling\nBrand New Cadillac"), (2, "Revolution Rock\nTrain in Vain")):
        shelf.album(f"Rips/London Calling {disc}", "{n:02} {title}.mp3", songs, artist="The Clash", album=f"London Calling (Disc {disc})",
            date="1979", id3="2.3")
        shelf.album("Rips/Aphex Twin - Selected Ambient Works Volume II", f"{disc}{{n:02}} {{title}}.mp3",
            "\n".join(f"#{(disc - 1) * 3 + n}" for n in (1, 2, 3)), artist="Aphex Twin",
            album=f"Selected Ambient Works Volume II [Disc {disc}]", date="1994", id3="2.3")
    # Eleven discs: two digits.
    for disc in (1, 2, 10, 11):
        shelf.album(f"Rips/Cabaret Voltaire - Conform to Deform/Disc {disc:02}", "{n:02} {title}.flac",
            f"Side one of {disc}\nSide two of {disc}", artist="Cabaret Voltaire", album="Conform to Deform '82/'90", disc=f"{disc}/11",
            date="2001")


def apart(shelf):
    """The second disc was found years later and lies elsewhere."""
    shelf.album("Rips/Nine Inch Nails - The Fragile (Left)", "{n:02} {title}.mp3", FRAGILE[0], artist="Nine Inch Nails",
        album="The Fragile", disc="1", date="1999", id3="2.3")
    shelf.picture("Rips/Nine Inch Nails - The Fragile (Left)/cover.jpg")
    shelf.album("Old downloads/2009-03/NIN-TheFragile-Right", "{n:02} {title}.mp3", FRAGILE[1], artist="Nine Inch Nails",
        album="The Fragile", disc="2", date="1999", id3="2.3")
    shelf.picture("Old downloads/2009-03/NIN-TheFragile-Right/cover.jpg")


def box(shelf):
    """Everything by one band: each disc of the box is an album."""
    home = "Rips/Kraftwerk - Der Katalog (8CD Box)"
    for n, (title, year, songs) in enumerate((
            ("Autobahn", 1974, "Autobahn\nKometenmelodie 1"), ("Radio-Aktivität", 1975, "Geigerzähler\nRadioaktivität"),
            ("Trans Europa Express", 1977, "Europa endlos\nSpiegelsaal"), ("Die Mensch-Maschine", 1978, "Die Roboter\nSpacelab")), 1):
        shelf.album(f"{home}/CD{n} - {title}", "{n:02} {title}.flac", songs, artist="Kraftwerk", album=title, disc=f"{n}/8", date=str(year))
        shelf.picture(f"{home}/CD{n} - {title}/cover.jpg")
    shelf.picture(home + "/box.jpg")
    shelf.paper(home + "/Der Katalog.pdf")


def conductors(shelf):
    """One cycle of symphonies by one man, and again by another: the same album title."""
    for conductor, orchestra, year in (
            ("Herbert von Karajan", "Berliner Philharmoniker", 1963), ("Carlos Kleiber", "Wiener Philharmoniker", 1976)):
        last = conductor.split()[-1]
        for disc, works in BEETHOVEN if last == "Karajan" else BEETHOVEN[:1]:
            shelf.album(f"Classical/Beethoven - Symphonies ({last} {year})/CD {disc}", "{n:02} {title}.flac", works, artist=orchestra,
                composer="Ludwig van Beethoven", conductor=conductor, album="Beethoven: The Symphonies", disc=f"{disc}/5", date=str(year),
                genre="Classical")
        shelf.picture(f"Classical/Beethoven - Symphonies ({last} {year})/folder.jpg")
    # The same player, the same work, twenty-six years between.
    for year in (1955, 1981):
        shelf.album(f"Classical/Glenn Gould/Bach - Goldberg Variations ({year})", "{n:02} {title}.flac",
            "Aria\nVariatio 1 a 1 Clav.\nVariatio 2 a 1 Clav.\nVariatio 3 a 1 Clav. Canone all'Unisono", artist="Glenn Gould",
            composer="Johann Sebastian Bach", album="Bach: Goldberg Variations", date=str(year), genre="Classical")


def recitals(shelf):
    """Many composers on one disc, many soloists in one opera, artists as a list."""
    shelf.album("Classical/Hilary Hahn - Encores", "{n:02} - {title}.m4a",
        "Sonata No. 1: Presto\nPartita No. 3: Gavotte en rondeau\nDanse espagnole", artist=["Hilary Hahn", "Natalie Zhu"],
        composer="Johann Sebastian Bach", album="In 27 Pieces/The Hilary Hahn Encores", date="2013", genre="Classical")
    home = "Classical/Mozart - Le nozze di Figaro (Jacobs)"
    for disc in (1, 2):
        shelf.album(f"{home}/Disc {disc}", "{n:02} {title}.flac",
            f"Lorenzo Regazzo, Patrizia Ciofi ~ Act {disc}: Duettino\nVéronique Gens ~ Act {disc}: Cavatina\n"
            f"Simon Keenlyside, Véronique Gens, Angelika Kirchschlager ~ Act {disc}: Terzetto",
            composer="Wolfgang Amadeus Mozart", conductor="René Jacobs", album="Le nozze di Figaro", disc=f"{disc}/3", date="2004",
            genre="Opera")
    shelf.picture(home + "/booklet/page 01.jpg", home + "/booklet/page 02.jpg")
    home = "Classical/Decca Box - Baroque Masters"
    shelf.album(home, "{n:02} {title}.mp3",
        "The English Concert ~ Canon and Gigue in D\nI Musici ~ Adagio in G minor\nThe English Concert ~ Concerto grosso Op. 6 No. 8\n"
        "Simon Preston ~ Toccata and Fugue in D minor, BWV 565",
        composer="Various", album="Baroque Masters", albumartist="Various Artists", genre="Classical", id3="2.3")


def composers_in_folders(shelf):
    """No tags: Composer/Work - Player, and movements as titles."""
    home = "Classical/Debussy, Claude/Préludes, Livre I (Michelangeli)"
    shelf.album(home, "{n:02}. {title}.ape.mp3", "Danseuses de Delphes\nVoiles\nLe vent dans la plaine", tagged=False)
    home = "Classical/Satie/Gymnopédies - Pascal Rogé"
    shelf.album(home, "Gymnopédie No. {n}.mp3", "one\ntwo\nthree", tagged=False)
    # Composer as artist, the player as album artist.
    shelf.album("Classical/Pärt - Alina", "{n:02} {title}.flac", "Spiegel im Spiegel\nFür Alina", artist="Arvo Pärt",
        albumartist="Vladimir Spivakov", composer="Arvo Pärt", album="Alina", date="1999", genre="Classical")
