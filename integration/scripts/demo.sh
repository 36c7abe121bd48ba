#!/usr/bin/env bash
# A small locker of generated music, mounted at ~/lockerfs-demo/Music until Ctrl-C.
# PLAY=1 plays the first album through it. $LOCKERFS is the program.
set -euo pipefail
. "$(dirname "$0")/common.sh"
home=${DEMO_HOME:-$HOME/lockerfs-demo}
: "${LOCKERFS:=$(dirname "$0")/../../.bin/lockerfs}"
source=$home/source
export LOCKERFS_STORE="file://$home/bucket" LOCKERFS_STATE=$home/state LOCKERFS_CACHE=$home/cache
export XDG_CONFIG_HOME=$home/config # your own lockers stay as they are

# track ARTIST ALBUM YEAR NUMBER TITLE EXTENSION FREQUENCY SECONDS
track() {
	local file="$source/$1 - $2/$4.$6"
	[ -e "$file" ] || tone "$file" "$7" "$8" "artist=$1" "album=$2" "date=$3" "track=$4" "title=$5"
}
cover() { # ARTIST ALBUM COLOUR
	[ -e "$source/$1 - $2/cover.jpg" ] || picture "$source/$1 - $2/cover.jpg" "$3"
}

say "Making an hour's worth of nothing much: three albums, encoded and tagged for real"
track "Aurora Tide" "Slow Light" 2019 1 "Harbour" flac 220 12
track "Aurora Tide" "Slow Light" 2019 2 "Lanterns" flac 247 12
track "Aurora Tide" "Slow Light" 2019 3 "Ebb" flac 294 12
cover "Aurora Tide" "Slow Light" teal
track "Björn Ek" "Nattåg" 2003 1 "Perrong" mp3 330 10
track "Björn Ek" "Nattåg" 2003 2 "Snöfall" mp3 349 10
cover "Björn Ek" "Nattåg" navy
track "The Quiet Engines" "Field Notes" 2024 1 "Gate 7/8" opus 392 10
track "The Quiet Engines" "Field Notes" 2024 2 "What Now?" m4a 440 10
track "The Quiet Engines" "Field Notes" 2024 3 "Coda" ogg 494 10
cover "The Quiet Engines" "Field Notes" orange

say "lockerfs init, lockerfs import"
# A demo that was killed leaves a dead mount, in whose place nothing can be made.
if grep -q " $home/Music fuse.lockerfs " /proc/mounts && ! stat -f "$home/Music" >/dev/null 2>&1; then
	"$LOCKERFS" umount "$home/Music"
fi
mkdir -p "$home/Music"
[ -e "$home/bucket" ] || "$LOCKERFS" init "$LOCKERFS_STORE"
"$LOCKERFS" import "$source"

say "lockerfs mount $home/Music"
"$LOCKERFS" mount "$home/Music" &
daemon=$!
finish() { kill -INT "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }
trap finish EXIT
for _ in $(seq 100); do
	grep -q " $home/Music fuse.lockerfs " /proc/mounts && break
	kill -0 "$daemon" 2>/dev/null || { wait "$daemon"; exit 1; }
	sleep 0.1
done
say "The tree, as any program sees it"
(cd "$home/Music" && find . -type f | sort | sed 's|^\./||')

if [ -n "${PLAY:-}" ]; then
	say "Playing $home/Music/Aurora Tide/Slow Light"
	if command -v mpv >/dev/null; then
		ao=()
		[ -e /dev/snd ] || ao=(--ao=null) # no sound card: play all the same
		mpv "${ao[@]}" --no-video --msg-level=all=warn --length=5 "$home/Music/Aurora Tide/Slow Light/"*.flac
	else
		ffmpeg -nostdin -v error -stats -i "$home/Music/Aurora Tide/Slow Light/01 Harbour.flac" -f null -
	fi
fi
say "Mounted at $home/Music. Open it with anything; Ctrl-C ends it."
trap 'exit 0' INT TERM
wait "$daemon"
