#!/bin/bash
# freed.sh -- counter sets that are freed while the daemon is away, stopped, or
# has only just come: their gauges count no more, their counters for ever, and
# the worker lives on.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# say COMMAND: what the worker is to do; waits until it has.
say()
{
	local line
	echo "$1" >&"$in"
	read -r -t 20 line <&"$out" || line="no answer"
	[ "$line" = "done" ] || [ "$line" = ready ] || not_ok freed "$1: $line"
}

# worker: one with a set of its own, in which nothing is counted.
worker()
{
	rm -f "$dir/commands" "$dir/answers"
	mkfifo "$dir/commands" "$dir/answers"
	# for reading and writing: to open one end would wait for the other
	exec {in}<>"$dir/commands" {out}<>"$dir/answers"
	spawn tool-count t i <&"$in" >&"$out"
	worker=$pid
	read -r -t 20 _ <&"$out" || not_ok freed "the worker does not join"
}

# figure NAME: what readers add up to.
figure()
{
	shmstat -1 -f "$1" | awk '{ n = $2 } END { print n + 0 }'
}

is()
{
	[ "$(figure "$1")" = "$2" ]
}

# becomes LABEL COUNTER VALUE
becomes()
{
	if wait_for 20 is "$2" "$3"; then
		ok "$1"
	else
		not_ok "$1" "$2 is $(figure "$2"), wanted $3"
	fi
}

kill_daemon()
{
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
}

# (a) without a daemon
start_daemon -s 32m
worker
say "more 3"
say wait
becomes "sets are there" t.i.open 3
kill_daemon
say free
start_daemon -s 32m
becomes "gauges of what was freed without a daemon count no more" t.i.open 0
same "its counters do" "$(figure t.i.requests)" 3
say wait
say "add 1"
becomes "and the worker has joined the next one" t.i.requests 4
becomes "as nobody's placeholder" shmlogd.daemon.placeholders 0

# (b) the daemon is stopped, and its socket is full
say "more 500"
say wait
becomes "500 sets are there" t.i.open 500
kill -STOP "$daemon"
say free
kill -CONT "$daemon"
becomes "all that was freed while the daemon was stopped is gone" t.i.open 0
same "and its counters are not" "$(figure t.i.requests)" 504
becomes "nothing is left reserved" shmlogd.daemon.sections_reserved 0
say wait
say "add 1"
becomes "the worker goes on" t.i.requests 505
kill -0 "$worker" || not_ok freed "the worker is dead"

# (c) the next daemon shows placeholders, and the worker has not joined it
say "more 3"
say wait
becomes "sets are there again" t.i.open 3
kill_daemon
kill -STOP "$worker"
echo free >&"$in"
start_daemon -s 32m
same "placeholders are shown" "$(figure shmlogd.daemon.placeholders)" 4
same "with their gauges" "$(figure t.i.open)" 3
kill -CONT "$worker"
becomes "which count no more when the worker frees them" t.i.open 0
becomes "its counters do for ever" t.i.requests 508
read -r -t 20 _ <&"$out" || not_ok freed "no answer to free"
say wait
becomes "and its last set has joined" shmlogd.daemon.placeholders 0
kill -KILL "$worker"
becomes "when it is dead the sum is the same" t.i.requests 508
