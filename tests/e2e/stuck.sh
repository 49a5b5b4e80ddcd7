#!/bin/bash
# stuck.sh -- what shmtail writes to is full, closed or stands still, while
# records come at full speed and while none come: it ends, and says so unless
# whoever read it has had enough.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

cursor=$dir/cursor
mkfifo "$dir/fifo"

# ends NAME STATUS TEXT: the shmtail in $tail ends so, and has said that (empty:
# nothing but losses)
ends()
{
	local status=0
	wait_for 20 ended "$tail" || {
		not_ok "$1" "it goes on"
		kill -KILL "$tail"
	}
	wait "$tail" || status=$?
	same "$1" "$status $(grep -v ' lost$' "$dir/err")" "$2 $3"
}

# follow FILE ARGUMENTS...: in the background; its pid is in $tail
follow()
{
	local to=$1
	shift
	spawn shmtail "$@" >"$to" 2>"$dir/err" 8>&-
	tail=$pid
}

# A fifo that is full when its reader stands still: it is read from 8 when the
# test wants it to be.
stands_still()
{
	grep -q pipe_write "/proc/$tail/wchan"
}

# Whether this user may see where a process sleeps.
can_see()
{
	grep -q '[a-z]' "/proc/$daemon/wchan"
}

start_daemon -s 32m
see=
! wait_for 5 can_see || see=yes
exec 8<>"$dir/fifo"

# at full speed
spawn tool-number fast 2000000000 0 2 </dev/null >"$dir/wrote" 8>&-
fast=$pid
status=0
timeout 20 shmtail -o cat 2>"$dir/err" | head -n 1 >"$dir/out" || status=$?
same "a closed pipe ends it under load, quietly" \
    "$status $(grep -v ' lost$' "$dir/err")" "0 "
follow /dev/full -o cat
ends "a write error ends it under load, and is told" 1 \
    "shmtail: cannot write: No space left on device"
status=0
timeout 20 shmtail -w - 2>"$dir/err" | head -c 1000 >"$dir/out" || status=$?
same "a capture's closed pipe ends it under load" "$status $(<"$dir/err")" "0 "
if [ -n "$see" ]; then
	for how in "-o cat" "-o json -g tree" "-w -"; do
		# shellcheck disable=SC2086 # words
		follow "$dir/fifo" $how
		wait_for 10 stands_still || not_ok "$how" "it is not stuck"
		kill "$tail"
		wait_for 20 ended "$tail" || not_ok "$how" "it goes on"
		check "a signal ends it while nobody reads: $how" \
		    wait_for 1 ended "$tail"
		kill -KILL "$tail" 2>/dev/null || :
		status=0
		wait "$tail" || status=$?
		same "that is told: $how" \
		    "$status $(grep -c 'nobody reads it' "$dir/err")" "1 1"
		exec 8>&-
		exec 8<>"$dir/fifo"
	done
else
	skip "a signal ends it while nobody reads" "no /proc/PID/wchan"
fi
kill -KILL "$fast"
wait "$fast" 2>/dev/null || :

# What nobody read is no record delivered: a cursor stays before it.
if [ -n "$see" ]; then
	shmtail -d -o cat --cursor-file "$cursor" >"$dir/out"
	follow "$dir/fifo" -o cat --cursor-file "$cursor"
	echo 'many 4000 5 1' | tool-transact x 4194304 >"$dir/wrote" 8>&-
	wait_for 20 stands_still || not_ok cursor "it is not stuck"
	kill "$tail"
	wait "$tail" || :
	spawn sed '/^end$/q' <&8 >"$dir/first"
	printf '\nend\n' >&8
	wait "$pid"
	shmtail -d -o cat --cursor-file "$cursor" >"$dir/second" 2>>"$dir/err"
	same "a cursor does not pass what nobody read" \
	    "$(grep -hE '^[0-9]+ [0-4]$' "$dir/first" "$dir/second" | sort -u |
		wc -l) $(grep -c ' lost$' "$dir/err")" "20000 0"
else
	skip "a cursor does not pass what nobody read" "no /proc/PID/wchan"
fi
