"""What was bought, and what was shared: each source has its own way with names."""
from shelf import safe

DISCOVERY = """One More Time
Aerodynamic
Digital Love
Harder, Better, Faster, Stronger
Crescendolls
Nightvision
Superheroes
High Life
Something About Us
Voyager
Veridis Quo
Short Circuit
Face to Face
Too Long"""


def fill(shelf):
    itunes(shelf)
    itunes_odd(shelf)
    scene(shelf)
    scene_various(shelf)
    bandcamp(shelf)
    amazon(shelf)
    media_player(shelf)
    napster(shelf)


def itunes(shelf):
    """iTunes Media: AAC with pictures inside, and its own files around."""
    home = "iTunes/iTunes Media/Music"
    shelf.album(home + "/Feist/The Reminder", "{n:02} {title}.m4a",
        "So Sorry\nI Feel It All\nMy Moon My Man\nThe Park\nThe Water\nSealion\nPast in Present\nThe Limit to Your Love\n1234",
        artist="Feist", albumartist="Feist", album="The Reminder", date="2007-04-23T07:00:00Z", disc="1/1", genre="Alternative",
        picture="album")
    # Two discs in one folder, told by the name and the tag.
    for disc, songs in (
            (1, "Speakerboxxx (Intro)\nGhetto Musick\nUnhappy\nBowtie"), (2, "The Love Below (Intro)\nLove Hater\nHey Ya!\nRoses")):
        shelf.album(home + "/OutKast/Speakerboxxx_The Love Below", f"{disc}-" + "{n:02} {title}.m4a", songs,
                    artist="OutKast", albumartist="OutKast", album="Speakerboxxx/The Love Below", disc=f"{disc}/2", date="2003")
    # A compilation, flagged; guests stand in the artist's name.
    shelf.album(home + "/Compilations/Lost in Translation", "{n:02} {title}.m4a", """Various Artists ~ Intro_Tokyo
Kevin Shields ~ City Girl
Sébastien Tellier ~ Fantino
Squarepusher ~ Tommib
Death in Vegas ~ Girls
Kevin Shields ~ Goodbye""", compilation=1, album="Lost in Translation (Soundtrack from the Motion Picture)", date="2003")
    # A name of forty characters is cut.
    shelf.album(home + "/Godspeed You! Black Emperor/Lift Your Skinny Fists Like Antennas to", "{n:02} {title}.m4a", "Storm\nStatic",
        artist="Godspeed You! Black Emperor", album="Lift Your Skinny Fists Like Antennas to Heaven", date="2000")
    # Bought with copy protection: m4p. One song is by a guest alone.
    shelf.track(home + "/Gorillaz/Demon Days/05 Dirty Harry.m4p", seed="m4a", artist="Gorillaz", albumartist="Gorillaz", album="Demon Days",
        title="Dirty Harry", track="5/15", disc="1/1")
    shelf.track(home + "/Gorillaz/Demon Days/06 Feel Good Inc.m4a", artist="Gorillaz feat. De La Soul", albumartist="Gorillaz",
        album="Demon Days", title="Feel Good Inc.", track="6/15", disc="1/1")
    shelf.paper(home + "/Gorillaz/Demon Days/Digital Booklet - Demon Days.pdf")
    shelf.track(home + "/The Beatles/1/27 The Long and Winding Road.m4a", seed="alac.m4a", artist="The Beatles", album="1",
        title="The Long and Winding Road", track="27/27", disc="1/1", date="2000")


def itunes_odd(shelf):
    """What else iTunes keeps in its folders."""
    home = "iTunes/iTunes Media"
    for n in (1, 2, 3):
        shelf.track(f"{home}/Music/Unknown Artist/Unknown Album/{n:02} Track {n:02}.m4a", title=f"Track {n:02}", track=str(n))
    shelf.track(home + "/Music/Unknown Artist/Unknown Album (13.05.2004 18_22_07)/01 Track 01.m4a", title="Track 01", track="1")
    shelf.write("iTunes/iTunes Library.itl", b"hdfm\0\0")
    shelf.write("iTunes/iTunes Music Library.xml", "<?xml version='1.0'?><plist/>\n")
    shelf.write("iTunes/Album Artwork/Cache/0F/02/01/0F020103.itc2", b"\0\0\1\34itch")
    shelf.paper(home + "/Mobile Applications/Snake 1.2.ipa")
    shelf.paper(home + "/Music/Feist/The Reminder/1234 (Video).m4v")
    shelf.track(home + "/Tones/Hey Ya!.m4r", seed="m4a", title="Hey Ya!", artist="OutKast")
    shelf.folder(home + "/Automatically Add to iTunes")
    shelf.folder(home + "/Music/Zero 7/When It Falls")


def scene(shelf):
    """Releases by the rules of 2001: no spaces, no capitals, ID3v1, nfo and sfv."""
    home = "Scene/Daft_Punk-Discovery-2001-WAX"
    lines = DISCOVERY.split("\n")
    for n, line in enumerate(lines, 1):
        shelf.track(f"{home}/{n:02}-daft_punk-{line.lower().replace(', ', '_').replace(' ', '_')}.mp3", artist="Daft Punk",
            album="Discovery", title=line, track=str(n), date="2001", id3="1+2")
    shelf.paper(home + "/00-daft_punk-discovery-2001-wax.nfo", home + "/00-daft_punk-discovery-2001-wax.sfv")
    shelf.write(home + "/00-daft_punk-discovery-2001-wax.m3u", "".join(f"{n:02}-daft_punk-x.mp3\r\n" for n in range(1, 15)))
    # ID3v1 alone: long titles end after thirty letters. No playlist.
    home = "Scene/The_Flaming_Lips-Yoshimi_Battles_The_Pink_Robots-2002-EGO"
    for n, line in enumerate((
            "Fight Test", "One More Robot/Sympathy 3000-21", "Yoshimi Battles the Pink Robots Pt. 1",
            "Yoshimi Battles the Pink Robots Pt. 2", "In the Morning of the Magicians", "Ego Tripping at the Gates of Hell"), 1):
        shelf.track(f"{home}/{n:02}-the_flaming_lips-{safe(line).lower().replace(' ', '_')}-ego.mp3", artist="The Flaming Lips",
            album="Yoshimi Battles the Pink Robots", title=line, track=str(n), date="2002", id3="1")
    shelf.paper(home + "/00-the_flaming_lips-yoshimi-2002-ego.nfo")
    # A single from vinyl, without tags.
    home = "Scene/Isolee-Beau_Mot_Plage-Vinyl-1998-TR"
    for name in (
            "a-isolee-beau_mot_plage.mp3", "b1-isolee-lange_nacht.mp3", "b2-isolee-beau_mot_plage_(dub).mp3",
            "00-isolee-beau_mot_plage-vinyl-1998-tr.nfo"):
        if name.endswith("mp3"):
            shelf.track(f"{home}/{name}")
        else:
            shelf.paper(f"{home}/{name}")
    # No tags, names as the rules want them.
    home = "Scene/Interpol-Turn_On_The_Bright_Lights-2002-FTS"
    for n, line in enumerate(("untitled", "obstacle_1", "nyc", "pda", "say_hello_to_the_angels"), 1):
        shelf.track(f"{home}/{n:02}-interpol-{line}.mp3")


def scene_various(shelf):
    """Compilations of the same kind: disc and track are one number."""
    home = "Scene/VA-Kompakt_Total_4-2CD-2002-WAX"
    songs = (("m.mayer", "speaker"), ("superpitcher", "tomorrow"), ("reinhard_voigt", "supertiel"), ("jonas_bering", "melanie"))
    for disc in (1, 2):
        for n, (artist, title) in enumerate(songs, 1):
            shelf.track(f"{home}/{disc}{n:02}-{artist}-{title}_{disc}.mp3", artist=artist.replace("_", " ").title(), album="Total 4",
                title=f"{title.title()} {disc}", track=f"{disc}{n:02}", date="2002", id3="2.3")
    shelf.paper(home + "/000-va-kompakt_total_4-2cd-2002-wax.nfo")
    shelf.paper(home + "/000-va-kompakt_total_4-2cd-2002-wax.sfv")
    home = "Scene/VA-Clicks_and_Cuts_Vol.2-3CD-2001-ILL"
    for disc in (1, 2, 3):
        for n, (artist, title) in enumerate((("Vladislav Delay", "Synkopoint"), ("Fennesz", "Menthol"), ("SND", "Tplay")), 1):
            shelf.track(f"{home}/CD{disc}/{n:02}-{artist.lower().replace(' ', '_')}-{title.lower()}_{disc}.mp3", artist=artist,
                albumartist="VA", album="Clicks & Cuts 2", title=f"{title} {disc}", track=str(n), id3="2.3")
        shelf.write(f"{home}/CD{disc}/00-va-clicks_and_cuts_vol.2-cd{disc}.m3u",
            f"01-vladislav_delay-synkopoint_{disc}.mp3\r\n02-fennesz-menthol_{disc}.mp3\r\n03-snd-tplay_{disc}.mp3\r\n")


def bandcamp(shelf):
    """Everything stands in the name of the file; the zip was never thrown away."""
    home = "Bandcamp/Colleen - Captain of None"
    shelf.album(home, "Colleen - Captain of None - {n:02} {title}.flac",
        "Holding Horses\nI'm Kin\nThis Hammer Breaks\nSalina Stars\nLighthouse\nSoul Alphabet\nEclipse\nCaptain of None",
        artist="Colleen", albumartist="Colleen", album="Captain of None", date="2015", comment="Visit https://colleencolleen.bandcamp.com",
        picture="album")
    shelf.picture(home + "/cover.jpg")
    shelf.paper("Bandcamp/Colleen - Captain of None.zip")
    # A label's sampler: the album artist is the label.
    home = "Bandcamp/Erased Tapes - Collection V"
    shelf.album(home, "Erased Tapes - Collection V - {n:02} {artist} - {title}.flac",
        "Nils Frahm ~ Peter\nÓlafur Arnalds ~ Til Enda\nA Winged Victory for the Sullen ~ Requiem\nRival Consoles ~ Kid Velo",
        albumartist="Erased Tapes", album="Collection V", date="2012")
    shelf.picture(home + "/cover.png")
    # One track, bought alone; the album of it is missing. And one that the shop tagged with a slash.
    shelf.track("Bandcamp/Four Tet - Parallel Jalebi.mp3", artist="Four Tet", albumartist="Four Tet", title="Parallel Jalebi", date="2013")
    shelf.album("Bandcamp/Tim Hecker - Ravedeath, 1972", "Tim Hecker - Ravedeath, 1972 - {n:02} {title}.flac",
        "The Piano Drop\nIn the Fog I\nIn the Fog II\nHatred of Music I", artist="Tim Hecker", albumartist="Tim Hecker",
        album="Ravedeath, 1972", date="2011")


def amazon(shelf):
    """Amazon MP3: labels of explicit words, guests, and the ASIN as a comment."""
    home = "Amazon MP3/Kanye West/My Beautiful Dark Twisted Fantasy [Explicit]"
    shelf.album(home, "{n:02} - {title}.mp3",
        "Kanye West ~ Dark Fantasy [Explicit]\nKanye West feat. Kid Cudi & Raekwon ~ Gorgeous [Explicit]\nKanye West ~ Power [Explicit]\n"
        "Kanye West ~ All of the Lights (Interlude)\nKanye West Featuring Rihanna ~ All of the Lights [Explicit]\n"
        "Kanye West ft. Jay-Z, Rick Ross, Nicki Minaj & Bon Iver ~ Monster [Explicit]",
        albumartist="Kanye West", album="My Beautiful Dark Twisted Fantasy [Explicit]", date="2010", id3="2.3",
        comment="Amazon.com Song ID: 219538172", picture="album")
    # Without album artists: eleven of twelve by one man, one with a friend.
    home = "Amazon MP3/Jay-Z/The Black Album"
    shelf.album(home, "{n:02} - {title}.mp3",
        "Jay-Z ~ Interlude\nJay-Z ~ December 4th\nJay-Z ~ What More Can I Say\nJay-Z ~ Encore\nJay-Z ~ Change Clothes\n"
        "Jay-Z ~ Dirt Off Your Shoulder\nJay-Z ~ Threat\nJay-Z ~ Moment of Clarity\nJay-Z ~ 99 Problems\nJay-Z & Pharrell ~ Allure\n"
        "Jay-Z ~ Justify My Thug\nJay-Z ~ Lucifer",
        album="The Black Album", date="2003", id3="2.3")
    home = "Amazon MP3/Brian Eno & David Byrne/My Life in the Bush of Ghosts"
    shelf.album(home, "{n:02} - {title}.mp3", "America Is Waiting\nMea Culpa\nRegiment\nHelp Me Somebody", artist="Brian Eno & David Byrne",
        album="My Life in the Bush of Ghosts", date="1981", id3="2.3")
    # Several artists as several values.
    home = "Amazon MP3/Robert Plant/Raising Sand"
    shelf.album(home, "{n:02} - {title}.mp3", "Rich Woman\nKilling the Blues\nSister Rosetta Goes Before Us",
        artist=["Robert Plant", "Alison Krauss"], albumartist="Robert Plant & Alison Krauss", album="Raising Sand", date="2007")


def media_player(shelf):
    """Windows Media Player ripped to WMA, and hid its pictures in every folder."""
    home = "My Music/Air/Moon Safari"
    shelf.album(home, "{n:02} {title}.wma",
        "La femme d'argent\nSexy Boy\nAll I Need\nKelly Watch the Stars\nTalisman\nRemember\nYou Make It Easy\nCe matin-là\n"
        "New Star in the Sky\nLe voyage de Pénélope",
        artist="Air", albumartist="Air", album="Moon Safari", date="1998")
    shelf.picture(home + "/Folder.jpg", home + "/AlbumArtSmall.jpg", home + "/AlbumArt_{B5020207-474E-4720-B9AC-7F0A1D6B8C8E}_Large.jpg",
        home + "/AlbumArt_{B5020207-474E-4720-B9AC-7F0A1D6B8C8E}_Small.jpg")
    shelf.write(home + "/desktop.ini", "[.ShellClassInfo]\r\nFolderType=MyMusic\r\n")
    shelf.write(home + "/Thumbs.db", b"\xd0\xcf\x11\xe0")
    # The disc was not known to the database that day.
    for n in range(1, 5):
        shelf.track(f"My Music/Unknown Artist/Unknown Album (12-24-2002 7-41-00 PM)/{n:02} Track {n}.wma", artist="Unknown Artist",
            album="Unknown Album (12/24/2002 7:41:00 PM)", title=f"Track {n}", track=str(n))
    shelf.write("My Music/Sample Music.lnk", b"L\0\0\0")
    shelf.write("My Music/desktop.ini", "[.ShellClassInfo]\r\n")


def napster(shelf):
    """Single files of a dial-up winter: names of all kinds, tags if any."""
    home = "Old downloads/Napster"
    names = """Beck - Loser.mp3
beck_-_where_its_at.mp3
Bjork-Hyperballad.mp3
(Blur) Song 2.mp3
Chemical Brothers - 03 - Block Rockin' Beats.mp3
Dj Shadow - Midnight In A Perfect World (192kbps).mp3
Eels - Novocaine for the Soul [www.mp3-world.ru].mp3
FATBOY SLIM - RIGHT HERE RIGHT NOW.MP3
metallica%20-%20one.mp3
Moby - Porcelain.mp3.mp3
Pulp.Common.People.mp3
track01.mp3
Track 7.mp3
Underworld  -  Born Slippy   (Trainspotting).mp3
unknown artist - unknown title.mp3
Weird Al Yankovic - Star Wars Cantina (actually not by him).mp3"""
    for name in names.split("\n"):
        shelf.track(f"{home}/{name}", seed="mp3")
    # With tags of whoever ripped it.
    shelf.track(home + "/Aphex Twin - Windowlicker.mp3", artist="aphex twin", title="windowlicker", id3="1", comment="ripped by DJ Flo")
    shelf.track(home + "/cornershop - brimful of asha.mp3", artist="Cornershop", title="Brimful Of Asha (Norman Cook Remix)",
        album="Top 40 KW 9", track="14", id3="2.3")
    shelf.track(home + "/White Town - Your Woman.mp3", artist="White Town", title="Your Woman", album="www.freemp3.to", id3="2.3")
