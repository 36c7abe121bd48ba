"""Writes tags: with mutagen what a tidy program writes, by hand what others wrote."""
import io
import struct

from mutagen import aiff, asf, flac, id3, mp4, oggopus, oggvorbis, wave, wavpack

TEXTS = {  # ID3v2.3 and 2.4, ID3v2.2, MP4, Vorbis, APE, ASF
    "title": ("TIT2", "TT2", "\xa9nam", "TITLE", "Title", "Title"),
    "artist": ("TPE1", "TP1", "\xa9ART", "ARTIST", "Artist", "Author"),
    "albumartist": ("TPE2", "TP2", "aART", "ALBUMARTIST", "Album Artist", "WM/AlbumArtist"),
    "album": ("TALB", "TAL", "\xa9alb", "ALBUM", "Album", "WM/AlbumTitle"),
    "date": ("TDRC", "TYE", "\xa9day", "DATE", "Year", "WM/Year"),
    "genre": ("TCON", "TCO", "\xa9gen", "GENRE", "Genre", "WM/Genre"),
    "composer": ("TCOM", "TCM", "\xa9wrt", "COMPOSER", "Composer", "WM/Composer"),
    "conductor": ("TPE3", "TP3", None, "CONDUCTOR", "Conductor", "WM/Conductor"),
    "track": ("TRCK", "TRK", None, "TRACKNUMBER", "Track", "WM/TrackNumber"),
    "disc": ("TPOS", "TPA", None, "DISCNUMBER", "Disc", "WM/PartOfSet"),
    "compilation": ("TCMP", "TCP", None, "COMPILATION", "Compilation", "WM/IsCompilation"),
}
RELEASE = "MusicBrainz Album Id"


def tagged(kind, seed, stamp, tags):
    """The content of a file: a seed, made unlike all others, with tags.

    Of the tags, some say how: id3 is the version ("2.2", "2.3", "2.4", "1", "1+2", "ape",
    "no bom"), charset the encoding that texts are written in though the tag says Latin-1,
    style "info" writes a WAV's own chunk, and artist may be a list.
    """
    tags = {k: v for k, v in tags.items() if v is not None}
    how, charset, style = tags.pop("id3", "2.4"), tags.pop("charset", None), tags.pop("style", None)
    if kind.endswith("mp3"):
        return mp3(seed[:-8] + stamp, tags, how, charset)
    if kind == "wav":
        seed = seed[:-8] + stamp
        if style == "info":
            return info(seed, tags)
        return through(wave.WAVE, seed, lambda f: frames(f, tags, charset)) if tags else seed
    if kind == "aiff":
        seed = seed[:-8] + stamp
        return through(aiff.AIFF, seed, lambda f: frames(f, tags, charset)) if tags else seed
    if kind == "flac":
        return through(flac.FLAC, seed, lambda f: comments(f, tags, stamp))
    if kind == "ogg":
        return through(oggvorbis.OggVorbis, seed, lambda f: comments(f, tags, stamp))
    if kind == "opus":
        return through(oggopus.OggOpus, seed, lambda f: comments(f, tags, stamp))
    if kind.endswith("m4a"):
        return through(mp4.MP4, atoms_end(seed, stamp), lambda f: atoms(f, tags)) if tags else atoms_end(seed, stamp)
    if kind == "wv":
        return through(wavpack.WavPack, seed, lambda f: apev2(f, tags, stamp))
    if kind == "wma":
        return through(asf.ASF, seed, lambda f: attributes(f, tags, stamp))
    raise ValueError(kind)


def through(opener, seed, change):
    """Opens bytes as a file of mutagen's, changes it, and gives the bytes then."""
    buffer = io.BytesIO(seed)
    f = opener(buffer)
    if f.tags is None:
        f.add_tags()
    change(f)
    buffer.seek(0)
    if isinstance(f, (asf.ASF, wavpack.WavPack)):
        f.save(buffer)
    else:
        f.save(buffer, padding=lambda _: 0)
    return buffer.getvalue()


def values(value):
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def frames(f, tags, charset=None):
    """Fills an ID3 tag of mutagen's."""
    encoding = id3.Encoding.LATIN1 if charset else id3.Encoding.UTF8
    for key, value in tags.items():
        texts = values(value)
        if charset:
            texts = [t.encode(charset).decode("latin-1") for t in texts]
        if key in TEXTS:
            name = TEXTS[key][0]
            f.tags.add(id3.Frames[name](encoding=encoding, text=texts))
        elif key == "mbid":
            f.tags.add(id3.TXXX(encoding=0, desc=RELEASE, text=texts))
        elif key == "comment":
            f.tags.add(id3.COMM(encoding=encoding, lang="eng", desc="", text=texts))
        elif key == "picture":
            f.tags.add(id3.APIC(encoding=0, mime="image/jpeg", type=3, desc="", data=value))
        else:
            f.tags.add(id3.TXXX(encoding=encoding, desc=key, text=texts))


def comments(f, tags, stamp):
    """Fills Vorbis comments. The stamp stands among them: pages have checksums."""
    f.tags["SERIAL"] = stamp.hex()
    for key, value in tags.items():
        if key == "picture":
            p = flac.Picture()
            p.type, p.mime, p.data = 3, "image/jpeg", value
            if isinstance(f, flac.FLAC):
                f.add_picture(p)
            continue
        name = TEXTS[key][3] if key in TEXTS else {"mbid": "MUSICBRAINZ_ALBUMID"}.get(key, key.upper())
        if key in ("track", "disc") and "/" in str(value):
            value, total = value.split("/")
            f.tags[name[:-6] + "TOTAL"] = total
        f.tags[name] = values(value)


def atoms_end(seed, stamp):
    """The last bytes of the sound, which is in mdat and not at the end."""
    at = seed.index(b"mdat")
    size = struct.unpack(">I", seed[at - 4:at])[0]
    end = at - 4 + size
    return seed[:end - 8] + stamp + seed[end:]


def atoms(f, tags):
    for key, value in tags.items():
        if key in ("track", "disc"):
            n, _, total = str(value).partition("/")
            f.tags["trkn" if key == "track" else "disk"] = [(int(n), int(total or 0))]
        elif key == "compilation":
            f.tags["cpil"] = True
        elif key == "picture":
            f.tags["covr"] = [mp4.MP4Cover(value, mp4.MP4Cover.FORMAT_JPEG)]
        elif key in TEXTS and TEXTS[key][2]:
            f.tags[TEXTS[key][2]] = values(value)
        else:
            name = RELEASE if key == "mbid" else key.upper()
            f.tags["----:com.apple.iTunes:" + name] = [v.encode() for v in values(value)]


def apev2(f, tags, stamp):
    f.tags["Serial"] = stamp.hex()
    for key, value in tags.items():
        if key != "picture":
            f.tags[TEXTS[key][4] if key in TEXTS else {"mbid": "MUSICBRAINZ_ALBUMID"}.get(key, key)] = values(value)


def attributes(f, tags, stamp):
    f.tags["WM/UniqueFileIdentifier"] = stamp.hex()
    for key, value in tags.items():
        if key in TEXTS:
            f.tags[TEXTS[key][5]] = values(value)
        elif key == "mbid":
            f.tags["MusicBrainz/Album Id"] = values(value)


def mp3(seed, tags, how, charset):
    if not tags:
        return seed
    if how == "1":
        return seed + id3v1(tags, charset)
    if how == "ape":
        return seed + ape(tags)
    if how in ("2.2", "no bom"):
        return id3v2(tags, how) + seed
    f = id3.ID3()
    holder = type("Holder", (), {"tags": f})
    frames(holder, tags, charset)
    buffer = io.BytesIO(seed)
    if how == "2.3":
        f.update_to_v23()
    f.save(buffer, v1=0, v2_version=3 if how == "2.3" else 4, padding=lambda _: 0)
    return buffer.getvalue() + (id3v1(tags, charset) if how == "1+2" else b"")


def id3v1(tags, charset):
    """Thirty bytes a text, cut where they end."""
    def text(key, n):
        value = values(tags.get(key, ""))[0]
        return value.encode(charset or "latin-1", "replace")[:n].ljust(n, b"\0")
    track = int(str(tags.get("track", "0")).split("/")[0])
    return (b"TAG" + text("title", 30) + text("artist", 30) + text("album", 30) + text("date", 4)
            + b"".ljust(28, b"\0") + b"\0" + bytes([track, 255]))


def id3v2(tags, how):
    """ID3v2.2 in Latin-1 or UTF-16; or ID3v2.3 with UTF-16 that lacks its mark."""
    out = b""
    for key, value in tags.items():
        if key not in TEXTS:
            continue
        text = values(value)[0]
        if how == "no bom":
            body = b"\1" + text.encode("utf-16-le") + b"\0\0"
            out += TEXTS[key][0].replace("TDRC", "TYER").encode() + struct.pack(">IH", len(body), 0) + body
            continue
        try:
            body = b"\0" + text.encode("latin-1") + b"\0"
        except UnicodeEncodeError:
            body = b"\1" + text.encode("utf-16") + b"\0\0"
        out += TEXTS[key][1].encode() + struct.pack(">I", len(body))[1:] + body
    size = len(out)
    syncsafe = bytes(size >> shift & 0x7f for shift in (21, 14, 7, 0))
    return b"ID3" + (b"\3\0\0" if how == "no bom" else b"\2\0\0") + syncsafe + out


def ape(tags):
    """An APEv2 tag with a footer alone, as MP3Gain and foobar2000 write it."""
    out, count = b"", 0
    for key, value in tags.items():
        if key in TEXTS:
            body = "\0".join(values(value)).encode()
            out += struct.pack("<II", len(body), 0) + TEXTS[key][4].encode() + b"\0" + body
            count += 1
    return out + b"APETAGEX" + struct.pack("<IIII", 2000, len(out) + 32, count, 0) + b"\0" * 8


def info(seed, tags):
    """The LIST INFO chunk of a WAV, in Latin-1."""
    names = {"title": b"INAM", "artist": b"IART", "album": b"IPRD", "date": b"ICRD", "genre": b"IGNR", "track": b"ITRK"}
    body = b"INFO"
    for key, value in tags.items():
        if key in names:
            text = values(value)[0].encode("latin-1", "replace") + b"\0"
            body += names[key] + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2)
    out = seed + b"\0" * (len(seed) % 2) + b"LIST" + struct.pack("<I", len(body)) + body
    return out[:4] + struct.pack("<I", len(out) - 8) + out[8:]
