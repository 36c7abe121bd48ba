"""Encodes the few sounds and pictures of which all files are made."""
import os
import shutil
import subprocess
import tempfile

# extension: how ffmpeg makes it
SOUNDS = {
    "mp3": ["-c:a", "libmp3lame", "-b:a", "64k"],
    "vbr.mp3": ["-c:a", "libmp3lame", "-q:a", "6"],
    "flac": ["-c:a", "flac"],
    "m4a": ["-c:a", "aac", "-b:a", "48k"],
    "alac.m4a": ["-c:a", "alac"],
    "ogg": ["-c:a", "libvorbis", "-q:a", "0"],
    "opus": ["-c:a", "libopus", "-b:a", "32k", "-ar", "48000"],
    "wav": ["-c:a", "pcm_s16le"],
    "aiff": ["-c:a", "pcm_s16be"],
    "wv": ["-c:a", "wavpack"],
    "wma": ["-c:a", "wmav2", "-b:a", "32k"],
}
PICTURES = {"jpg": [], "png": []}


def make(near):
    """Gives the content of each, by extension."""
    work = tempfile.mkdtemp(dir=os.path.dirname(os.path.abspath(near)))
    try:
        run(["-f", "lavfi", "-i", "sine=frequency=330:duration=0.3:sample_rate=22050"], SOUNDS, work)
        run(["-f", "lavfi", "-i", "testsrc=size=48x48:duration=0.04:rate=25"], PICTURES, work)
        return {ext: open(f"{work}/seed.{ext}", "rb").read() for ext in {**SOUNDS, **PICTURES}}
    finally:
        shutil.rmtree(work)


def run(source, kinds, work):
    command = ["ffmpeg", "-nostdin", "-v", "error"] + source
    for ext, how in kinds.items():
        command += how + ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", f"{work}/seed.{ext}"]
    subprocess.run(command, check=True, timeout=120)
