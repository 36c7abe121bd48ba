# What demo.sh and tour.sh share. It is sourced.

bold='' dim='' plain=''
[ ! -t 1 ] || bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
say() { printf '\n%s\n' "$bold$*$plain"; }

# tone FILE FREQUENCY SECONDS [TAG=VALUE...]: a track of nothing much, encoded and tagged for real.
tone() {
	local file=$1 frequency=$2 seconds=$3 extra=() tag
	shift 3
	mkdir -p "$(dirname "$file")"
	case ${file##*.} in
	opus) extra=(-c:a libopus -ar 48000) ;;
	ogg) extra=(-c:a libvorbis) ;;
	mp3) extra=(-c:a libmp3lame -b:a 192k -id3v2_version 3) ;;
	m4a) extra=(-c:a aac) ;;
	esac
	for tag; do extra+=(-metadata "$tag"); done
	ffmpeg -nostdin -v error -f lavfi -i "sine=frequency=$frequency:duration=$seconds" \
		-af "tremolo=f=4:d=0.6,afade=t=out:st=$((seconds - 2)):d=2" -ac 2 "${extra[@]}" "$file.new.${file##*.}"
	mv "$file.new.${file##*.}" "$file"
}

# picture FILE COLOUR: a cover.
picture() {
	ffmpeg -nostdin -v error -f lavfi -i "color=c=$2:s=500x500" -frames:v 1 "$1.new.jpg"
	mv "$1.new.jpg" "$1"
}
