#!/bin/bash
# frozen.sh -- a daemon that stands still, or died, in the middle of a change.
#
# alloc_seq is zero while the list changes, and new afterwards.  A daemon that
# is stopped or killed between the two holds up no reader for more than 2 s.
# The daemon is stopped first; what it had left there in mid-change is then
# stored by tool-poke: zero in alloc_seq, and in one descriptor's serial.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/puppet.lib
. tests/e2e/puppet.lib

LIMIT=2000000 # microseconds, for a reader
SLACK=500000  # for a loaded machine to start a program

# in_time NAME AT: ok if no more than the limit has passed since then.
in_time()
{
	local took=$((${EPOCHREALTIME/[.,]/} - $2))
	if [ "$took" -gt $((LIMIT + SLACK)) ]; then
		not_ok "$1" "took $((took / 1000)) ms"
	else
		ok "$1"
	fi
}

# quick NAME COMMAND...: ok if it succeeds in time; its output is in $dir/said.
quick()
{
	local name=$1 at=${EPOCHREALTIME/[.,]/}
	shift
	if timeout 20 "$@" >"$dir/said" 2>"$dir/said.err"; then
		in_time "$name" "$at"
	else
		not_ok "$name" "failed: $(head -n 1 "$dir/said.err")"
	fi
}

# has_soon NAME LAST: ok if the reader that follows has the writer's records.
has_soon()
{
	local at=${EPOCHREALTIME/[.,]/}
	if wait_for 20 is_delivered writer 1 "$2" "$dir/out"; then
		in_time "$1" "$at"
	else
		not_ok "$1" "never"
	fi
}

# What readers do while the list is in change, told of as $1.
readers_go_on()
{
	local last
	tell writer "put 200"
	last=${answer%% *}
	has_soon "shmtail, attached, $1" "$last"
	quick "shmtail, new, $1" shmtail -d -o cat
	check "has all records, $1" is_delivered writer 1 "$last" "$dir/said"
	quick "shmstat, new, $1" shmstat -1
	check "has counters, $1" grep -q '^shmlogd\.' "$dir/said"
	quick "shmstat -s, new, $1" shmstat -s
}

# Sections come and go while somebody looks at alloc_seq.
start_daemon -s 96m -k 10
# until it has seen enough
spawn tool-poke "$dir/default" watch 10 >"$dir/watched"
watcher=$pid
puppet churn -L 1 -l 65536
# each takes 84 KiB for ten seconds
wait_for 10 grep -q watching "$dir/watched" || :
for ((i = 0; i < 700; i++)); do
	! ended "$watcher" || break
	tell churn "put 1"
	tell churn free
done
check "no value of alloc_seq comes twice" wait "$watcher"
read -r changes zeros < <(tail -n 1 "$dir/watched")
check "alloc_seq is new after each change ($changes)" [ "$changes" -gt 20 ]
check "alloc_seq is zero during a change ($zeros)" [ "$zeros" -gt 0 ]
dismiss churn

follow "$dir/out"
joined_puppet writer
tell writer "put 100"
delivered "a reader follows" writer 1 100 "$dir/out"

# Stopped in mid-change, with another section's descriptor half written.
joined_puppet other -i other
serial=$(tool-poke "$dir/default" find numbers other)
serial=${serial%% *}
kill -STOP "$daemon"
frozen=$(tool-poke "$dir/default" freeze "$serial")
readers_go_on "of a daemon stopped in a change"
read -r seq serial index <<<"$frozen"
tool-poke "$dir/default" thaw "$seq" "$serial" "$index"
kill -CONT "$daemon"
tell other "put 100"
delivered "a section is read again when its change has ended" \
    other 1 100 "$dir/out"

# Killed there.
kill -STOP "$daemon"
tool-poke "$dir/default" freeze "$serial" >"$dir/frozen"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
readers_go_on "of a daemon killed in a change"
start_daemon -s 96m -k 10
tell writer wait
same "the worker joins the next one" "$answer" 0
tell writer "put 100"
delivered "and its records are delivered, once and in order" \
    writer 1 "${answer%% *}" "$dir/out"
