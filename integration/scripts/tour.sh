#!/usr/bin/env bash
# A minute that shows what lockerfs is, on a bucket full of music behind a link of 50 ms and
# 50 Mbit/s. It says what happens and how long it took, ends by itself and leaves nothing.
# $LOCKERFS, $VERSITYGW and $LINK are the programs; TOUR_ALBUMS, TOUR_TRACKS and TOUR_SECONDS
# make it longer or shorter (2 albums at least); SOUND=1 lets you hear it.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
. "$scripts/common.sh"
. "$scripts/stage.sh"
: "${LOCKERFS:=$scripts/../../.bin/lockerfs}" "${VERSITYGW:=$scripts/../../.bin/versitygw}" "${LINK:=$scripts/../../.bin/link}"
albums=${TOUR_ALBUMS:-24} tracks=${TOUR_TRACKS:-10} seconds=${TOUR_SECONDS:-6}
secret=tour$RANDOM$RANDOM$RANDOM
unset LOCKERFS_STORE LOCKERFS_STATE LOCKERFS_CACHE
tour=$(mktemp -d "${TMPDIR:-/tmp}/lockerfs-tour.XXXXXX")
trap finish EXIT
trap 'exit 130' INT TERM
cd "$tour"

say "Setting the stage: $albums albums, encoded and tagged for real, in a bucket of an S3 server"
album="Aurora Tide/Slow Light"
for n in 1 2 3 4; do
	title=${titles[n - 1]}
	tone "source/$album/0$n $title.flac" $((196 + 49 * n)) "$seconds" artist="Aurora Tide" album="Slow Light" date=2019 track=$n title="$title"
done
picture "source/$album/cover.jpg" teal
artists=("Björn Ek" "The Quiet Engines" "Mira Holt" "Sixpence Street" "Ōta Trio" "Hollow Pines")
first=(Slow Paper Night Glass Low) second=(Rivers Trains Maps Tide Garden Wires Snow)
kinds=(flac mp3 m4a opus)
for i in $(seq 0 $((albums - 2))); do
	record "${artists[i % 6]}" "${first[i % 5]} ${second[i % 7]}" "${kinds[i % 4]}" $((150 + 7 * i)) "$tracks"
done
mkdir -p buckets/crates
serve
upload
(cd buckets/crates && find . -type f ! -path './.*' -exec sha256sum {} + >"$tour/sums")
coproc WAY { exec "$LINK" "127.0.0.1:$port"; }
read -r address <&"${WAY[0]}"
files=$(wc -l <sums)
tell "$files objects, $(size "$(du -sb source | cut -f1)"); no trace of lockerfs. The way there takes 50 ms and carries 50 Mbit/s."

say "1  Adopt: the bucket becomes a locker"
mark
now
shown lockerfs init "s3://crates?endpoint=http://$address" >log.init
shown lockerfs adopt 2>log.adopt | sed -n 's/^\(adopted\|read\|names\)/   &/p'
tell "both took $(took): $(cost)"
tell "Down came heads and tails of the tracks, for their tags; up went the same in packs, for scans of every device."
now
shown lockerfs mount --detach --heads 0 "$tour/Music" >log.mount
tell "mounted in $(took). With --heads 0 nothing is fetched that nobody asks for, so that it can be counted."
now
found=$(shown find Music -type f | wc -l)
tell "$found files in $(took)"
[ "$found" -eq "$files" ] || fail "the bucket has $files"

say "2  Scan: all tags, as a player reads a library that it has not seen"
until_ok 30 "the scan packs" says '^heads of files for scans: '
until_ok 30 "the first look at the bucket" looked
mark
now
scanned=$(/usr/bin/python3 -c '
import mutagen, os
paths = (os.path.join(d, f) for d, _, names in os.walk("Music") for f in names)
files = [mutagen.File(p, easy=True) for p in paths if not p.endswith(".jpg")]
print(sum(1 for f in files if f is not None and f["title"] and f.info.length > 1))')
tell "mutagen read $scanned tracks in $(took): $(cost)"

say "3  Play an album, and kill the S3 server in the middle of the first track"
[ -n "${SOUND:-}" ] && ao=() || ao=(--ao=null)
play() {
	mpv --no-config --no-video --audio-display=no --cover-art-auto=no "${ao[@]}" --quiet --log-file=log.mpv \
		--term-playing-msg='playing ${filename}' "Music/$album/"*.flac || echo "[][e] code $?" >>log.mpv
}
now
began=$start
play | while read -r line; do
	start=$began
	[ "${line#playing}" = "$line" ] || tell "$(took): mpv is $line"
done &
player=$!
sleep $((seconds / 2 + 1))
kill -KILL "$server"
start=$began
tell "$(took): kill -9 of the S3 server"
now
until_ok 20 "it to be known" says ' offline '
tell "lockerfs knew after $(took); its status is: $(lockerfs status | sed -n 's/^music .*   //p')"
sleep 1
now
found=$(shown find Music -type f | wc -l)
tell "$found files in $(took)"
elsewhere=$(find Music -name '*.flac' ! -path "Music/$album/*" | sort | head -n 1)
now
if shown cat "$elsewhere" 2>log.cat >log.bytes; then fail "it is here"; fi
tell "This one is not here: $(sed -n '1s/.*: //p' log.cat), after $(took)"
wait $player
start=$began
tell "$(took): mpv has played $((4 * seconds)) s of music to the end"
if grep -a '\]\[[wef]\]' log.mpv | sed 's/^/   /' && grep -aq '\]\[[ef]\]' log.mpv; then fail "and was not content"; fi
serve
now
until_ok 20 "it to be back" says ' online '
tell "The S3 server runs again: online after $(took)"

say "4  Rename an album: no byte of it moves"
renamed=$(dirname "$elsewhere")
mark
now
shown mv "$renamed" "$renamed (1999)"
tell "renamed in $(took)"
shown lockerfs sync >log.sync
tell "and for all devices in $(took): $(cost)"

say "5  Kill -9 of lockerfs, with a track that was copied in just now"
tone new.flac 587 "$seconds" artist="Aurora Tide" album="Slow Light" date=2019 track=5 title=Afterglow
shown cp new.flac "Music/$album/05 Afterglow.flac"
tell "$(lockerfs status | head -n 1)"
killed=$(daemon)
now
shown kill -KILL "$killed"
until_ok 20 "the path to answer" cmp "new.flac" "Music/$album/05 Afterglow.flac"
tell "the path answers again after $(took), and the track is there, bit by bit"
now
shown lockerfs sync >log.sync
tell "$(lockerfs status | head -n 1), after $(took)"

say "6  Delete a track, and bring it back"
gone="Music/$album/02 ${titles[1]}.flac"
shown rm "$gone"
lockerfs sync >log.sync
shown lockerfs history "$gone" | sed 's/^/   /'
mark
now
shown lockerfs restore "$gone" | sed 's/^/   /'
tell "back in $(took): $(cost)"
cmp "$gone" "source/${gone#Music/}" || fail "it is another"
tell "its bytes are those that were deleted"

say "And the bucket?"
lockerfs sync >log.sync
(cd buckets/crates && sha256sum --quiet -c "$tour/sums") || fail "the bucket has changed"
tell "All $files objects are as they were, untouched. What is new lies beside them, as plain files:"
(cd buckets/crates && find Music -type f | sed 's/^/   /')
shown lockerfs umount >log.umount
