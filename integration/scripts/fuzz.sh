#!/usr/bin/env bash
# Runs fuzz targets for FUZZTIME each (60s), two side by side with one worker each, and stops
# at the first finding: it prints what failed and the path of the input that did it.
#
#	fuzz.sh              every target of the project
#	fuzz.sh ./fs/tag     those of one package
#
# FUZZTARGETS=REGEXP takes only targets of which the name matches. What fuzzing has found
# interesting is kept in FUZZCACHE if that is set, and thrown away otherwise.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
time=${FUZZTIME:-60s}
work=$(mktemp -d "${TMPDIR:-/tmp}/lockerfs-fuzz.XXXXXX")
cache=${FUZZCACHE:-$work/cache}
declare -A running=() # by process id: directory and target
trap 'end_all; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

end_all() {
	for pid in "${!running[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait
}

# seconds turns 60s, 5m or 1h into seconds.
seconds() {
	case $1 in
	*h) echo $((${1%h} * 3600)) ;;
	*m) echo $((${1%m} * 60)) ;;
	*) echo "${1%s}" ;;
	esac
}

# By default up to a minute goes into making one interesting input smaller, hence the limit
# on that. The fuzz functions see to it themselves that no input takes long; this is for the
# case that something else hangs.
limit=$((2 * $(seconds "$time") + 300))

start() { # directory binary target
	local log=$work/$3.log
	(
		cd "$1"
		exec timeout --kill-after=10 "$limit" "$2" -test.run '^$' -test.fuzz "^$3\$" -test.fuzztime "$time" \
			-test.fuzzminimizetime 100x -test.parallel 1 -test.fuzzcachedir "$cache"
	) >"$log" 2>&1 &
	running[$!]="$1 $3"
}

# finish waits for one target to end, and ends everything if it has found something.
finish() {
	local pid status=0
	wait -n -p pid "${!running[@]}" || status=$?
	local directory target
	read -r directory target <<<"${running[$pid]}"
	unset "running[$pid]"
	local log=$work/$target.log
	echo "== ${directory#"$root"/} $target: $(grep -o 'execs: [0-9]*' "$log" | tail -1 || true)"
	[ "$status" = 0 ] && return
	grep -v '^fuzz: elapsed' "$log" | tail -60 || true
	case $status in
	1 | 2) ;;
	124) echo "FOUND: $target hangs: it did not end $limit s after it began" ;;
	*) echo "$target was ended from outside: exit status $status" ;;
	esac
	sed -n 's|.*\(testdata/fuzz/[A-Za-z0-9_]*/[0-9a-f]*\).*|\1|p' "$log" | sort -u | while read -r input; do
		echo "FOUND: ${directory#"$root"/}/$input"
	done
	exit 1
}

go list -f '{{.Dir}}' "${@:-./...}" >"$work/packages"
n=0
while read -r directory; do
	targets=$(grep -hos '^func Fuzz[A-Za-z0-9_]*' "$directory"/*_test.go | sed 's/^func //' | grep -E "${FUZZTARGETS:-.}" || true)
	[ -n "$targets" ] || continue
	binary=$work/$((n += 1)).test
	go test -c -fuzz . -o "$binary" "$directory"
	for target in $targets; do
		[ "${#running[@]}" -lt 2 ] || finish
		start "$directory" "$binary" "$target"
	done
done <"$work/packages"
while [ "${#running[@]}" -gt 0 ]; do finish; done
