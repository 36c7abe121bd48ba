#!/usr/bin/env bash
# Installs the Debian packages that `make test` or `make demo` needs, or says which
# command would. Usage: setup.sh test|demo|screenshots
set -euo pipefail

# package: the program that shows it is there
demo=(fuse3:fusermount3 ffmpeg:ffmpeg)
[ -n "${PLAY:-}" ] && demo+=(mpv:mpv)
tour=(mpv:mpv curl:curl python3:/usr/bin/python3 python3-mutagen:/usr/lib/python3/dist-packages/mutagen/__init__.py)
[ -n "${TOUR:-}" ] && demo+=("${tour[@]}")
test=("${demo[@]}" "${tour[@]}" gcc:gcc libc6-dev:/usr/include/stdio.h mpd:mpd mpc:mpc flac:flac opus-tools:opusenc
	vorbis-tools:oggenc lame:lame attr:getfattr fio:fio jq:jq zstd:zstd util-linux:unshare
	kid3-cli:kid3-cli beets:beet rsync:rsync zip:zip unzip:unzip libglib2.0-bin:gio
	quodlibet:quodlibet exfalso:operon python3-yaml:/usr/lib/python3/dist-packages/yaml/__init__.py
	vlc-bin:cvlc vlc-plugin-base:/usr/share/doc/vlc-plugin-base xvfb:Xvfb
	nautilus:nautilus thunar:thunar tumbler:/usr/lib/x86_64-linux-gnu/tumbler-1/tumblerd dbus:dbus-daemon)
screenshots=(fuse3:fusermount3 ffmpeg:ffmpeg thunar:thunar tumbler:/usr/lib/x86_64-linux-gnu/tumbler-1/tumblerd xfconf:xfconf-query
	dbus:dbus-daemon xvfb:Xvfb xdotool:xdotool imagemagick:convert elementary-xfce-icon-theme:/usr/share/icons/elementary-xfce
	fonts-cantarell:/usr/share/fonts/opentype/cantarell fonts-dejavu-core:/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf)
case "${1:-}" in
screenshots) want=("${screenshots[@]}") ;;
demo) want=("${demo[@]}") ;;
test) want=("${test[@]}") ;;
*) echo "usage: setup.sh test|demo|screenshots" >&2; exit 2 ;;
esac

missing=()
for w in "${want[@]}"; do
	package=${w%%:*} program=${w#*:}
	[ -e "$program" ] || PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	echo "missing: ${missing[*]}" >&2
	echo "next: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
