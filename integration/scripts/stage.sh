# What tour.sh needs beside the tour: the music, a real S3 server with a way to it, clocks
# and counters, and the end of it all. It is sourced.

# finish ends all that was started and takes everything away, however far it came.
finish() {
	trap '' INT TERM
	trap - EXIT
	local pid round
	for round in 1 2; do # a supervisor before what it would start again
		for pid in $(ours); do kill -KILL "$pid" 2>/dev/null || true; done
	done
	if grep -q " $tour/Music " /proc/mounts; then
		fusermount3 -u -z "$tour/Music" 2>/dev/null || umount -l "$tour/Music"
	fi
	[ ! -d "$tour/Music" ] || chmod 755 "$tour/Music" # it is closed while nothing is mounted
	rm -rf "$tour"
}

# ours gives the processes that work in the tour's folder, in the order of their numbers.
ours() {
	local p
	for p in /proc/[0-9]*; do
		if [ "${p#/proc/}" != $$ ] && tr '\0' ' ' 2>/dev/null <"$p/cmdline" | grep -qF "$tour/"; then echo "${p#/proc/}"; fi
	done | sort -n
}

# Clocks: now sets start, took says how long ago that was.
now() { start=${EPOCHREALTIME//[.,]/}; }
took() {
	local us=$((${EPOCHREALTIME//[.,]/} - start))
	if [ $us -lt 10000 ]; then
		echo "$((us / 1000)).$((us / 100 % 10)) ms"
	elif [ $us -lt 1000000 ]; then
		echo "$((us / 1000)) ms"
	else
		echo "$((us / 1000000)).$((us / 100000 % 10)) s"
	fi
}

# Counters: mark begins, cost says what has passed the link since.
passed() {
	echo >&"${WAY[1]}"
	read -r requests up down <&"${WAY[0]}"
}
mark() {
	passed
	marked=$requests markedup=$up markeddown=$down
}
cost() {
	passed
	local n=$((requests - marked))
	echo "$n $([ $n = 1 ] && echo request || echo requests), $(size $((up - markedup))) up, $(size $((down - markeddown))) down"
}
size() { # BYTES
	if [ "$1" -lt 100000 ]; then echo "$(($1 / 1000)).$(($1 / 100 % 10)) kB"; else echo "$(($1 / 1000000)).$(($1 / 100000 % 10)) MB"; fi
}

# What is said and done. What a command prints may be cut, that it was run is always shown.
exec 3>&1
tell() { printf '   %s\n' "$*"; }
shown() { # COMMAND...: runs it, after showing it
	printf '   %s\n' >&3 "$dim\$ $(printf '%s ' "${@@Q}" | sed "s/'\([^' *?;&()]*\)'/\1/g; s/ $//; s|$tour/||g")$plain"
	now # what shows it does not count, where there is no pipe
	"$@"
}
fail() {
	tell "FAILED: $*"
	cat "$tour"/log* "$tour"/state/*/lockerfs.log 2>/dev/null
	exit 1
}
until_ok() { # SECONDS WHAT COMMAND...
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "waited in vain for $what"
		sleep 0.02
	done
}

lockerfs() {
	env XDG_CONFIG_HOME="$tour/config" XDG_STATE_HOME="$tour/state" XDG_CACHE_HOME="$tour/cache" \
		AWS_ACCESS_KEY_ID=tour AWS_SECRET_ACCESS_KEY="$secret" "$LOCKERFS" "$@"
}
says() { lockerfs status | grep -q "$1"; } # what status says, as a regular expression
looked() { lockerfs --json status | grep -q '"looked"'; }
daemon() { lockerfs --json status | sed -n 's/^  "process": \([0-9]*\),$/\1/p'; }

s3() { # CURL-ARGUMENTS...
	curl -sS -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" --aws-sigv4 aws:amz:us-east-1:s3 -K - "$@" <<<"user = \"tour:$secret\""
}

# serve starts the S3 server, the first time on a port of its choice.
serve() {
	local try
	for try in 1 2 3 4 5; do
		[ -n "${port:-}" ] || port=$((20000 + RANDOM % 10000))
		ROOT_ACCESS_KEY=tour ROOT_SECRET_KEY=$secret "$VERSITYGW" --port "127.0.0.1:$port" --region us-east-1 \
			--keep-alive --quiet posix "$tour/buckets" >>"$tour/log.server" 2>&1 &
		server=$!
		disown $server # its end is no news
		while kill -0 $server 2>/dev/null; do
			s3 -f -o /dev/null "http://127.0.0.1:$port/" 2>/dev/null && return # nobody else knows the secret
			sleep 0.02
		done
		port=''
	done
	fail "versitygw does not start"
}

# escaped PATH: as it stands in a URL.
escaped() {
	local LC_ALL=C i c
	for ((i = 0; i < ${#1}; i++)); do
		c=${1:i:1}
		case $c in
		[a-zA-Z0-9/._~-]) printf %s "$c" ;;
		*) printf '%%%02X' "'$c" ;;
		esac
	done
}

# record ARTIST ALBUM EXTENSION FREQUENCY TRACKS: an album whose tracks are one tone under many names.
record() {
	local dir=$tour/source/$1/$2 copies=() n title
	tone "$dir/tone.$3" "$4" 20 "artist=$1" "album=$2" "date=$((1970 + $4 % 50))"
	for n in $(seq "$5"); do
		title=${titles[(n + $4) % ${#titles[@]}]}
		copies+=(-map 0 -c copy -metadata "track=$n" -metadata "title=$title" "$dir/$(printf %02d "$n") $title.$3")
	done
	ffmpeg -nostdin -v error -i "$dir/tone.$3" "${copies[@]}"
	rm "$dir/tone.$3"
	picture "$dir/cover.jpg" "${colours[$4 % ${#colours[@]}]}"
}
titles=(Harbour Lanterns Ebb Perrong Snöfall "Gate 7" Coda Juniper Ferry Undertow Halogen Meadow)
colours=(teal navy orange maroon olive indigo)

# upload puts all of source into the bucket, as any program would.
upload() {
	local file
	(cd "$tour/source" && find . -type f -printf '%P\n') | while read -r file; do
		printf 'upload-file = "%s"\nurl = "http://127.0.0.1:%s/crates/%s"\n' "$tour/source/$file" "$port" "$(escaped "$file")"
	done >"$tour/upload"
	s3 -f --parallel --parallel-max 8 -K "$tour/upload" >"$tour/log.upload" 2>&1 || fail "the bucket cannot be filled"
}
