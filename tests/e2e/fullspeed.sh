#!/bin/bash
# fullspeed.sh -- a follower behind a writer at full speed in a small segment,
# for a minute (TORTURE=1) or six seconds: what it delivers and what it says was
# lost is what was written, its memory does not grow, and it does not forget its
# signals over it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=6
[ -z "$TORTURE" ] || seconds=60
mkfifo "$dir/fifo" "$dir/in"

# follow ARGUMENTS...: with a count of lines up to `probe', which is in
# $dir/count then; begins with what is there, and follows when this returns.  Its
# pid is in $tail.
follow()
{
	exec 8<>"$dir/fifo" # to open one end would wait for the other
	spawn shmtail -l 1000 "$@" >"$dir/fifo" 2>"$dir/err" 8>&- 9>&-
	tail=$pid
	read -r -t 10 _ <&8 || not_ok follow "it does not"
	spawn grep -n -m 1 '^probe$' <&8 >"$dir/count" 8>&- 9>&-
	counter=$pid
	exec 8>&-
}

written()
{
	[ "$(shmtail -d -o cat)" = hello ]
}

# private: KiB that are its own
private()
{
	awk '$1 == "RssAnon:" { print $2 }' "/proc/$tail/status"
}

lost()
{
	sed -nE 's/.* ([0-9]+) records? of number.*lost$/\1/p' "$dir/err" |
		awk '{ n += $1 } END { print n + 0 }'
}

start_daemon -s 16m
exec 9<>"$dir/in"
spawn shmput -i probe <&9 9>&-
echo hello >&9
wait_for 10 written || not_ok hello "it is not written"
follow -o cat
spawn tool-number x "${seconds}s" 0 2 </dev/null >"$dir/wrote" 9>&-
writer=$pid
lapped()
{
	[ "$(lost)" -gt 0 ]
}
check "the writer laps it" wait_for 10 lapped
early=$(private) most=0 n=0
until ended "$writer"; do
	now=$(private)
	[ "$now" -le "$most" ] || most=$now
	n=$((n + 1))
	# stopped for a moment, now and then
	case $((n % 20)) in
	0) kill -STOP "$tail" ;;
	5) kill -CONT "$tail" ;;
	esac
	sleep 0.02
done
kill -CONT "$tail"
wait "$writer"
echo probe >&9
check "it comes to the end" wait_for 30 ended "$counter"
wait "$counter" || :
read -r _ wrote _ dropped <"$dir/wrote"
same "what was delivered and what was lost is what was written" \
    $(($(cut -d: -f1 "$dir/count") - 1 + $(lost))) $((wrote - dropped))
check "that was much" [ "$wrote" -gt 100000 ]
# a chunk for each lane, and what malloc keeps
if [ -n "${SAN:-}" ]; then
	skip "its memory is flat" "a sanitizer keeps what was freed"
else
	check "its memory is flat ($early KiB, then at most $most)" \
	    [ "$most" -le $((early + 1024)) ]
fi
check "it ends with who reads it" wait_for 10 ended "$tail"
check "and well" wait "$tail"
