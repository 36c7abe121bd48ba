#!/usr/bin/env bash
# Pictures of a mounted locker in Thunar, for the README: an artist's albums, and the menu of
# one. Music and covers are made up. Usage: screenshots.sh FOLDER; $LOCKERFS is the program.
set -euo pipefail
. "$(dirname "$0")/common.sh"
: "${LOCKERFS:=$(dirname "$0")/../../.bin/lockerfs}"
LOCKERFS=$(realpath "$LOCKERFS")
out=$(realpath "$1")
if [ "$(id -u)" -eq 0 ]; then # Thunar warns root, and a person is not root
	made=$(mktemp -d)
	chown nobody "$made"
	setpriv --reuid nobody --regid nogroup --clear-groups env LOCKERFS="$LOCKERFS" bash "$0" "$made"
	cp "$made"/*.png "$out"
	rm -rf "$made"
	exit
fi
dir=$(mktemp -d)
home=$dir/anna
wide=884 high=552
clean() {
	kill "${thunar:-}" 2>/dev/null || true
	"$LOCKERFS" umount "$home/Locker" >/dev/null 2>&1 || true
	chmod 700 "$home/Locker" || true # bare, it is guarded
	kill "${bus:-}" "${screen:-}" 2>/dev/null || true
	wait
	rm -rf "$dir"
}

# sleeve ALBUM FILE: a cover.
sleeve() {
	local at=$2 ink=white
	case $1 in
	"Harbour Lights") convert -size 600x600 gradient:'#1b2a49'-'#e07a5f' -fill '#f2cc8f' -draw 'circle 300,330 300,230' -fill '#14213d' \
		-draw 'rectangle 0,400 600,600' -stroke '#f2cc8f' -strokewidth 4 -draw 'line 220,430 380,430 line 245,460 355,460 line 270,490 330,490' "$at" ;;
	"Slow Weather") convert -size 600x600 xc:'#cad2c5' -fill '#84a98c' -draw 'polygon 0,420 180,200 360,420' -fill '#52796f' \
		-draw 'polygon 160,470 390,150 600,470' -fill '#354f52' -draw 'rectangle 0,420 600,600' "$at" ;;
	"The Glass Hour") ink='#2f3e46'; convert -size 600x600 radial-gradient:'#f8edeb'-'#b5838d' -fill none -stroke '#6d6875' -strokewidth 3 \
		-draw 'circle 300,280 300,80 circle 300,280 300,130 circle 300,280 300,180 circle 300,280 300,230' "$at" ;;
	Northbound) convert -size 600x600 xc:'#0b132b' -fill '#5bc0be' -draw 'polygon 260,600 340,600 306,120 294,120' -fill '#1c2541' \
		-draw 'polygon 0,600 260,600 294,120 0,330 polygon 600,600 340,600 306,120 600,330' -fill white -draw 'circle 300,90 300,80' "$at" ;;
	"Paper Rivers") ink='#2f3e46'; convert -size 600x600 xc:'#fefae0' -fill none -strokewidth 26 -stroke '#dda15e' -draw "path 'M -20,150 C 200,20 380,330 620,180'" \
		-stroke '#bc6c25' -draw "path 'M -20,260 C 200,130 380,440 620,290'" -stroke '#606c38' -draw "path 'M -20,370 C 200,240 380,550 620,400'" "$at" ;;
	"Salt & Static") convert -size 600x600 xc:'#222222' -seed 7 +noise Random -colorspace Gray -blur 0x1 -fill '#d62828' -colorize 55 \
		-fill '#fcbf49' -draw 'rectangle 60,60 180,480' "$at" ;;
	"Low Tide Radio") convert -size 600x600 gradient:'#90e0ef'-'#0077b6' -fill '#caf0f8' -draw 'rectangle 80,160 520,400' -fill '#03045e' \
		-draw 'circle 200,280 200,200' -fill '#0077b6' -draw 'rectangle 330,210 480,240 rectangle 330,265 480,295 rectangle 330,320 480,350' "$at" ;;
	"Copper Sky") convert -size 600x600 gradient:'#7f5539'-'#ffb703' -fill '#283618' -draw 'rectangle 0,440 600,600 rectangle 90,250 150,440 rectangle 170,330 250,440
		rectangle 270,200 320,440 rectangle 350,290 440,440 rectangle 470,350 540,440' "$at" ;;
	Lanterns) convert -size 600x600 xc:'#240046' -fill '#ff9e00' -draw 'circle 150,170 150,110 circle 330,260 330,170 circle 480,150 480,105 circle 470,390 470,340' \
		-blur 0x6 -fill '#ffd60a' -draw 'circle 150,170 150,145 circle 330,260 330,220 circle 480,150 480,130 circle 470,390 470,368' "$at" ;;
	*) convert -size 600x600 gradient:'#3d405b'-'#81b29a' -fill '#f4f1de' -draw 'circle 430,170 430,110' -fill '#2b2d42' \
		-draw 'polygon 0,600 0,430 240,300 470,460 600,380 600,600' "$at" ;;
	esac
	convert "$at" -fill "$ink" -font DejaVu-Sans-Bold -pointsize 34 -kerning 4 -gravity SouthWest -annotate +36+32 "$1" -quality 88 "$at"
}

# shot FILE: what is on the screen.
shot() {
	import -window root "$home/shot.png"
	convert "$home/shot.png" -strip -define png:compression-level=9 "$out/$1"
}

# there COMMAND...: waits until the command succeeds.
there() {
	for _ in $(seq 80); do
		"$@" && return
		sleep 0.1
	done
	echo "waited in vain: $*" >&2
	return 1
}
thumbnails() { [ "$(find "$home/.cache/thumbnails" -name '*.png' ! -name '*-*' 2>/dev/null | wc -l)" -ge "$1" ]; }

say "A locker of one artist"
export HOME=$home XDG_RUNTIME_DIR=$home/run LOCKERFS_STORE="file://$home/bucket" NO_AT_BRIDGE=1 GSETTINGS_BACKEND=memory
unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_STATE_HOME DBUS_SESSION_BUS_ADDRESS
trap clean EXIT
mkdir "$home"
mkdir -m 700 "$XDG_RUNTIME_DIR"
mkdir -p "$HOME/.config/gtk-3.0"
printf '[Settings]\ngtk-theme-name=Adwaita\ngtk-icon-theme-name=elementary-xfce\ngtk-font-name=Cantarell 10\n' > "$HOME/.config/gtk-3.0/settings.ini"
for album in "Copper Sky" "Harbour Lights" Lanterns "Low Tide Radio" Northbound "Paper Rivers" "Salt & Static" "Slow Weather" "The Glass Hour" "Winter Field Notes"; do
	for track in 1 2 3; do
		tone "$home/in/$album/$track.flac" $((200 + 40 * track)) 6 "artist=Marlow Kessler" "album=$album" "track=$track" "title=Part $track"
	done
	sleeve "$album" "$home/in/$album/cover.jpg"
done
"$LOCKERFS" init "$LOCKERFS_STORE" >/dev/null
"$LOCKERFS" import "$home/in" >/dev/null
"$LOCKERFS" mount --detach "$home/Locker"

say "Thunar on a screen that nobody sees"
mkfifo "$home/display"
Xvfb -displayfd 3 -screen 0 "${wide}x${high}x24" -nolisten tcp 3> "$home/display" 2>/dev/null &
screen=$!
read -r number < "$home/display"
export DISPLAY=:$number DBUS_SESSION_BUS_ADDRESS="unix:path=$XDG_RUNTIME_DIR/bus"
dbus-daemon --session --nofork --address="$DBUS_SESSION_BUS_ADDRESS" 2>/dev/null &
bus=$!
there test -e "$XDG_RUNTIME_DIR/bus"
"$LOCKERFS" desktop install >/dev/null
thunar_set() { xfconf-query -c thunar -p "/$1" -n -t "$2" -s "$3"; }
thunar_set last-icon-view-zoom-level string THUNAR_ZOOM_LEVEL_250_PERCENT
thunar_set last-side-pane string void
thunar_set last-window-width int "$wide"
thunar_set last-window-height int "$high"
thunar_set misc-text-beside-icons bool false
thunar_set last-location-bar string ThunarLocationButtons
browse() {
	thunar "$home/Locker/Marlow Kessler" >/dev/null 2>&1 &
	thunar=$!
}
leave() {
	kill "$thunar"
	wait "$thunar" || true
}
# Thunar 4.18 forgets what it asked for before its window had a size: it is opened again.
for _ in 1 2 3 4 5; do
	browse
	there thumbnails 10 && leave && break
	leave
done
browse
window=$(xdotool search --sync --onlyvisible --class thunar | tail -1)
xdotool windowmove "$window" 0 0 windowsize "$window" "$wide" "$high"
xdotool mousemove $((wide - 5)) $((high - 5))
sleep 2 # to be drawn
shot thunar.png
xdotool mousemove 430 180 click 3
sleep 1.5
shot thunar-menu.png
say "Made $out/thunar.png and $out/thunar-menu.png"
