"""Tags copies of audio files with mutagen, and says what mutagen then reads in them.

Reads a JSON list of variants, prints a JSON object for each in the same order. A
variant without tags is only read.
"""
import base64
import hashlib
import json
import shutil
import sys

import mutagen
from mutagen import id3 as frames
from mutagen.apev2 import APEBinaryValue, APEv2
from mutagen.asf import ASFByteArrayAttribute, ASFTags
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TXXX, UFID, MakeID3v1
from mutagen.mp4 import MP4Cover, MP4FreeForm, MP4Tags

MB = dict(
    mb_release="Album", mb_track="Release Track", mb_releasegroup="Release Group", mb_artists="Artist", mb_albumartists="Album Artist")
GAIN = dict(track_gain="REPLAYGAIN_TRACK_GAIN", track_peak="REPLAYGAIN_TRACK_PEAK", album_gain="REPLAYGAIN_ALBUM_GAIN", album_peak="REPLAYGAIN_ALBUM_PEAK")
PICARD = dict(
    mb_release="musicbrainz_albumid", mb_track="musicbrainz_releasetrackid", mb_recording="musicbrainz_trackid",
    mb_releasegroup="musicbrainz_releasegroupid", mb_artists="musicbrainz_artistid", mb_albumartists="musicbrainz_albumartistid")

FRAMES = dict(
    title="TIT2", artist="TPE1", album="TALB", albumartist="TPE2", track="TRCK", disc="TPOS", date="TDRC", genre="TCON", composer="TCOM",
    titlesort="TSOT", artistsort="TSOP", albumsort="TSOA", albumartistsort="TSO2", composersort="TSOC", originaldate="TDOR", compilation="TCMP")
TEXTS = dict({k: "MusicBrainz %s Id" % v for k, v in MB.items()}, **GAIN)
APE = dict(
    title="Title", artist="Artist", album="Album", albumartist="Album Artist", track="Track", disc="Disc", date="Year", genre="Genre", composer="Composer",
    titlesort="TitleSort", artistsort="ArtistSort", albumsort="AlbumSort", albumartistsort="AlbumArtistSort", composersort="ComposerSort",
    originaldate="OriginalDate", compilation="Compilation", **{k: v.upper() for k, v in PICARD.items()}, **GAIN)
MP4 = dict(
    title="\xa9nam", artist="\xa9ART", album="\xa9alb", albumartist="aART", track="trkn", disc="disk", date="\xa9day", genre="\xa9gen", composer="\xa9wrt",
    titlesort="sonm", artistsort="soar", albumsort="soal", albumartistsort="soaa", composersort="soco", compilation="cpil",
    originaldate="----:com.apple.iTunes:ORIGINALDATE", mb_recording="----:com.apple.iTunes:MusicBrainz Track Id",
    **{k: "----:com.apple.iTunes:" + v for k, v in TEXTS.items()})
ASF = dict(
    title="Title", artist="Author", album="WM/AlbumTitle", albumartist="WM/AlbumArtist", track="WM/TrackNumber", disc="WM/PartOfSet",
    date="WM/Year", genre="WM/Genre", composer="WM/Composer", titlesort="WM/TitleSortOrder", artistsort="WM/ArtistSortOrder",
    albumsort="WM/AlbumSortOrder", albumartistsort="WM/AlbumArtistSortOrder", composersort="WM/ComposerSortOrder",
    originaldate="WM/OriginalReleaseTime", compilation="WM/IsCompilation", mb_recording="MusicBrainz/Track Id",
    **{k: "MusicBrainz/%s Id" % v for k, v in MB.items()}, **{k: v.lower() for k, v in GAIN.items()})
VORBIS = dict(
    title="title", artist="artist", album="album", albumartist="albumartist", track="tracknumber", disc="discnumber", date="date", genre="genre",
    composer="composer", titlesort="titlesort", artistsort="artistsort", albumsort="albumsort", albumartistsort="albumartistsort",
    composersort="composersort", originaldate="originaldate", compilation="compilation", **PICARD, **{k: v.lower() for k, v in GAIN.items()})


def padding(v):
    return lambda info: v["padding"]


def id3(v, cover):
    f = mutagen.File(v["file"])
    if f.tags is None:
        f.add_tags()
    for key, values in v["tags"].items():
        if key == "mb_recording":
            f.tags.add(UFID(owner="http://musicbrainz.org", data=values[0].encode()))
        elif key in TEXTS:
            f.tags.add(TXXX(encoding=v["encoding"], desc=TEXTS[key], text=values))
        else:
            f.tags.add(getattr(frames, FRAMES[key])(encoding=v["encoding"], text=values))
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
        elif key == "compilation":
            values = values[0] == "1"
        elif MP4[key].startswith("----"):
            values = [MP4FreeForm(x.encode()) for x in values]
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
        old = {FRAMES[k]: getattr(frames, FRAMES[k])(encoding=3, text=x) for k, x in v["tags"].items() if k in FRAMES}
        with open(v["file"], "ab") as f:
            f.write(MakeID3v1(old))


def asf(v, cover):
    f = mutagen.File(v["file"])
    for key, values in v["tags"].items():
        f[ASF[key]] = values
    if cover:
        name = "image/jpeg".encode("utf-16-le") + b"\0\0" + "Cöver".encode("utf-16-le") + b"\0\0"
        f["WM/Picture"] = [ASFByteArrayAttribute(b"\3" + len(cover).to_bytes(4, "little") + name + cover)]
    f.save(padding=padding(v))


def from_id3(t):
    out = {}
    for key, name in FRAMES.items():
        found = t.getall(name)
        if found:
            out[key] = found[0].genres if key == "genre" else [str(x) for x in found[0].text]
    for frame in t.getall("TXXX"):
        for key, name in TEXTS.items():
            if frame.desc.lower() == name.lower():
                out[key] = [str(x) for x in frame.text]
    for frame in t.getall("UFID:http://musicbrainz.org"):
        out["mb_recording"] = [frame.data.decode()]
    for frame in t.getall("RVA2"):
        out.setdefault(frame.desc + "_gain", [str(frame.gain)])
    pictures = [(p.type, p.mime, p.data) for p in t.getall("APIC")]
    return out, pictures


def from_mp4(t):
    out = {}
    for key, name in MP4.items():
        values = t.get(name, [])
        if key == "compilation":
            values = ["1"] if values else []
        elif key in ("track", "disc"):
            values = ["/".join(str(n) for n in x) for x in values]
        elif name.startswith("----"):
            values = [x.decode() for x in values]
        out[key] = values
    kinds = {MP4Cover.FORMAT_JPEG: "image/jpeg", MP4Cover.FORMAT_PNG: "image/png"}
    pictures = [(0 if i else 3, kinds.get(p.imageformat, ""), bytes(p)) for i, p in enumerate(t.get("covr", []))]
    return out, pictures


def from_ape(t):
    out = {key: list(t[name]) for key, name in APE.items() if name in t}
    pictures = [(3, "", bytes(t[k].value).split(b"\0", 1)[1]) for k in t if k.lower() == "cover art (front)"]
    return out, pictures


def from_asf(t):
    out = {key: [str(x) for x in t.get(name, [])] for key, name in ASF.items()}
    out["compilation"] = ["1"] if out["compilation"] in (["True"], ["1"]) else []
    pictures = []
    for p in t.get("WM/Picture", []):
        mime, _, rest = p.value[5:].partition(b"\0\0\0")
        pictures.append((p.value[0], (mime + b"\0").decode("utf-16-le"), p.value[-int.from_bytes(p.value[1:5], "little"):]))
    return out, pictures


def from_vorbis(f, t):
    out = {key: t.get(name, []) for key, name in VORBIS.items()}
    blocks = list(getattr(f, "pictures", [])) + [Picture(base64.b64decode(x)) for x in t.get("metadata_block_picture", [])]
    return out, [(p.type, p.mime, p.data) for p in blocks]


def read(path, kind):
    f = mutagen.File(path)
    if f is None:
        return {}
    t = f.tags
    if kind == "ape":  # for mutagen an MP3 has ID3 tags only
        t = APEv2(path)
    if t is None:
        out, pictures = {}, []
    elif isinstance(t, ID3):
        out, pictures = from_id3(t)
    elif isinstance(t, MP4Tags):
        out, pictures = from_mp4(t)
    elif isinstance(t, APEv2):
        out, pictures = from_ape(t)
    elif isinstance(t, ASFTags):
        out, pictures = from_asf(t)
    elif hasattr(t, "vendor"):
        out, pictures = from_vorbis(f, t)
    else:
        out, pictures = {}, []
    for side in ("track", "album"):  # what a header says, where no tag does
        for what in ("gain", "peak"):
            v = getattr(f.info, side + "_" + what, getattr(f.info, dict(track="title", album="album")[side] + "_" + what, None))
            if v and not out.get(side + "_" + what):
                out[side + "_" + what] = [str(v)]
    said = {key: "; ".join(values) for key, values in out.items() if values}
    said["duration"] = str(f.info.length)
    for key, name in (("rate", "sample_rate"), ("channels", "channels")):
        if getattr(f.info, name, 0):
            said[key] = str(int(getattr(f.info, name)))
    said["pictures"] = " ".join("%d:%s" % (kind, hashlib.sha256(data).hexdigest()) for kind, _, data in pictures)
    return said


WRITE = dict(id3=id3, vorbis=vorbis, mp4=mp4, ape=ape, asf=asf)


def main():
    for v in json.load(sys.stdin):
        if v["tags"]:
            shutil.copyfile(v["base"], v["file"])
            cover = open(v["cover"], "rb").read() if v["cover"] else None
            WRITE[v["kind"]](v, cover)
        try:
            print(json.dumps(read(v["file"], v["kind"])))
        except Exception as e:
            print(json.dumps({"refused": repr(e)}))


main()
