"""Tags copies of audio files with mutagen, and says what mutagen then reads in them.

Reads a JSON list of variants, prints a JSON object for each in the same order.
"""
import base64
import json
import shutil
import sys

import mutagen
from mutagen.apev2 import APEBinaryValue, APEv2
from mutagen.asf import ASFByteArrayAttribute, ASFTags
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, TALB, TCOM, TCON, TDRC, TIT2, TPE1, TPE2, TPOS, TRCK, ID3, MakeID3v1
from mutagen.mp4 import MP4Cover, MP4Tags

FRAMES = dict(title=TIT2, artist=TPE1, album=TALB, albumartist=TPE2, track=TRCK, disc=TPOS, date=TDRC, genre=TCON, composer=TCOM)
APE = dict(title="Title", artist="Artist", album="Album", albumartist="Album Artist", track="Track", disc="Disc", date="Year", genre="Genre", composer="Composer")
MP4 = dict(title="\xa9nam", artist="\xa9ART", album="\xa9alb", albumartist="aART", track="trkn", disc="disk", date="\xa9day", genre="\xa9gen", composer="\xa9wrt")
ASF = dict(title="Title", artist="Author", album="WM/AlbumTitle", albumartist="WM/AlbumArtist", track="WM/TrackNumber", disc="WM/PartOfSet", date="WM/Year", genre="WM/Genre", composer="WM/Composer")
VORBIS = dict(title="title", artist="artist", album="album", albumartist="albumartist", track="tracknumber", disc="discnumber", date="date", genre="genre", composer="composer")


def padding(v):
    return lambda info: v["padding"]


def id3(v, cover):
    f = mutagen.File(v["file"])
    if f.tags is None:
        f.add_tags()
    for key, values in v["tags"].items():
        f.tags.add(FRAMES[key](encoding=v["encoding"], text=values))
    if cover:
        f.tags.add(APIC(encoding=v["encoding"], mime="image/jpeg", type=3, desc="Cöver" if v["encoding"] else "", data=cover))
    kwargs = dict(v2_version=v["version"], v23_sep=None, padding=padding(v))
    if v["file"].endswith(".mp3"):
        kwargs["v1"] = v["v1"]
    f.save(**kwargs)


def vorbis(v, cover):
    f = mutagen.File(v["file"])
    if f.tags is None:
        f.add_tags()
    for key, values in v["tags"].items():
        f[VORBIS[key]] = values
    if cover:
        p = Picture()
        p.type, p.mime, p.desc, p.data = 3, "image/jpeg", "Cöver", cover
        if isinstance(f, FLAC):
            f.add_picture(p)
        else:
            f["metadata_block_picture"] = [base64.b64encode(p.write()).decode("ascii")]
    f.save(padding=padding(v))


def mp4(v, cover):
    f = mutagen.File(v["file"])
    for key, values in v["tags"].items():
        if key in ("track", "disc"):
            values = [tuple(int(n) for n in values[0].split("/"))]
        f[MP4[key]] = values
    if cover:
        f["covr"] = [MP4Cover(cover, MP4Cover.FORMAT_JPEG)]
    f.save(padding=padding(v))


def ape(v, cover):
    t = APEv2()
    for key, values in v["tags"].items():
        t[APE[key]] = values
    if cover:
        t["Cover Art (Front)"] = APEBinaryValue(b"cover.jpg\0" + cover)
    t.save(v["file"])
    if v["v1"]:
        frames = {FRAMES[k].__name__: FRAMES[k](encoding=3, text=x) for k, x in v["tags"].items()}
        with open(v["file"], "ab") as f:
            f.write(MakeID3v1(frames))


def asf(v, cover):
    f = mutagen.File(v["file"])
    for key, values in v["tags"].items():
        f[ASF[key]] = values
    if cover:
        name = "image/jpeg".encode("utf-16-le") + b"\0\0" + "Cöver".encode("utf-16-le") + b"\0\0"
        f["WM/Picture"] = [ASFByteArrayAttribute(b"\3" + len(cover).to_bytes(4, "little") + name + cover)]
    f.save(padding=padding(v))


def read(path, kind):
    f = mutagen.File(path)
    out = {"duration": f.info.length}
    t = f.tags
    if kind == "ape":  # for mutagen an MP3 has ID3 tags only
        t = APEv2(path)
    for key in FRAMES:
        if isinstance(t, ID3):
            found = t.getall(FRAMES[key].__name__)
            values = [] if not found else found[0].genres if key == "genre" else [str(x) for x in found[0].text]
        elif isinstance(t, MP4Tags):
            values = ["/".join(str(n) for n in x) if isinstance(x, tuple) else x for x in t.get(MP4[key], [])]
        elif isinstance(t, APEv2):
            values = list(t[APE[key]]) if APE[key] in t else []
        elif isinstance(t, ASFTags):
            values = [str(x) for x in t.get(ASF[key], [])]
        else:
            values = t.get(VORBIS[key], [])
        out[key] = "; ".join(values)
    return out


WRITE = dict(id3=id3, vorbis=vorbis, mp4=mp4, ape=ape, asf=asf)


def main():
    for v in json.load(sys.stdin):
        shutil.copyfile(v["base"], v["file"])
        cover = open(v["cover"], "rb").read() if v["cover"] else None
        WRITE[v["kind"]](v, cover)
        print(json.dumps(read(v["file"], v["kind"])))


main()
