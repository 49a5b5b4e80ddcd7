#!/bin/bash
# demo.sh -- shows shmlog at work on a real program: `make demo' runs it.
#
# A web server with four worker processes (examples/httpd.c) is loaded by ab(1)
# while a worker is killed, and the daemon is.  Whether something was lost is
# counted, not claimed: the exit status is 1 if the sums differ.  All of it
# happens in a private directory on tmpfs, which is removed at the end.
set -eu
cd "$(dirname "$0")/.."
prefix=shmlog-demo
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

bold='' plain=''
if [ -t 1 ]; then
	bold=$'\e[1m' plain=$'\e[m'
fi
requests=20000

chapter()
{
	printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}

say()
{
	printf '%s\n' "$@"
}

command_line()
{
	printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
}

give_up()
{
	printf '\ndemo: %s\n' "$*" >&2
	cat "$dir"/*.err "$dir/shmlogd.log" >&2 2>/dev/null || :
	exit 1
}

has()
{
	grep -q "$1" "$2"
}

# count NAME: the sum over all workers
count()
{
	shmstat -1 -f "http.front.$1" 2>/dev/null | awk '{ print $2 }'
}

counted()
{
	[ "$(count requests)" -ge "$1" ]
}

# What ab says of LABEL.
ab_says()
{
	awk -F: -v l="$1" '$1 == l { print $2 + 0 }' "$dir/ab"
}

# Waits until shmtail has shown what was logged so far.
settle()
{
	hello "$1" >/dev/null
	wait_for 10 has "hello, $1" "$dir/tail" ||
		give_up "shmtail shows no more"
}

start()
{
	say "Everything happens in $dir and is removed at the end."
	case $(stat -f -c %T "$dir") in
	tmpfs | ramfs) ;;
	*) say "demo: warning: $dir is not on tmpfs: memory speed is not to be" \
		"expected" ;;
	esac
	chapter "A daemon, and a web server with 4 worker processes"
	command_line "shmlogd -s 64m &"
	start_daemon -s 64m
	cat "$dir/shmlogd.log"
	command_line "httpd -w 4 &"
	spawn httpd -p 0 -w 4 >"$dir/out" 2>"$dir/httpd.err"
	httpd=$pid
	wait_for 5 has 'worker 3 is' "$dir/httpd.err" ||
		give_up "httpd did not start"
	cat "$dir/out" "$dir/httpd.err"
	url=$(sed -n 's/^.*\(http:.*\)$/\1/p' "$dir/out")
	spawn shmtail >"$dir/tail" 2>"$dir/tail.err"
}

one_request()
{
	chapter "One request: what shmtail shows"
	say "A request is a transaction: six records with one id, published at" \
	    "once, before its answer is sent."
	command_line "curl ${url}r/first"
	curl -s "${url}r/first"
	command_line "shmtail"
	wait_for 5 has End "$dir/tail" || give_up "shmtail shows nothing"
	tail -n 6 "$dir/tail"
}

load()
{
	chapter "$requests requests: what shmstat shows, summed over the workers"
	command_line "ab -k -c 8 -n $requests ${url}bytes/1000"
	ab -q -k -c 8 -n "$requests" "${url}bytes/1000" >"$dir/ab" 2>&1 ||
		give_up "ab: $(tail -n 1 "$dir/ab")"
	grep -E '^(Complete|Failed) requests|^Requests per' "$dir/ab"
	command_line "shmstat -1 -f 'http.*'"
	shmstat -1 -f 'http.*'
}

kill_worker()
{
	local before after victim

	chapter "A worker is killed: its last words, and sums that go on"
	command_line "curl $url"
	curl -s "$url" | tee "$dir/answer"
	victim=$(sed -nE 's/^.*process ([0-9]+).*$/\1/p' "$dir/answer")
	before=$(count requests)
	command_line "kill -KILL $victim"
	kill -KILL "$victim"
	wait_for 5 has "process $victim) was killed" "$dir/httpd.err" ||
		give_up "nobody noticed"
	wait_for 5 replaced "$victim" || give_up "no other worker was started"
	sed -n "/process $victim) was/,\$p" "$dir/httpd.err"
	command_line "shmtail -d | grep 'front.$victim' | tail -n 6"
	shmtail -d 2>/dev/null | grep "front.$victim" | tail -n 6
	for _ in 1 2 3 4 5; do
		curl -s -o /dev/null "$url"
	done
	after=$(count requests)
	command_line "shmstat -1 -a -f 'http.front*.requests'"
	shmstat -1 -a -f 'http.front*.requests'
	say '' "Requests counted before: $before, and after 5 more: $after." \
	    "What a dead worker had counted is retained in the sums."
	[ "$after" = $((before + 5)) ] || give_up "the sums differ"
}

replaced()
{
	sed "1,/process $1) was/d" "$dir/httpd.err" | grep -q ' is process '
}

# Whether ab has come some way, to do the next thing in the middle of its work.
loaded()
{
	counted $((begun + $1)) || ended "$ab"
}

kill_daemon()
{
	local while_dead

	chapter "The daemon is killed and restarted, while requests come"
	settle mark1
	lines=$(wc -l <"$dir/tail")
	begun=$(count requests)
	command_line "ab -c 8 -n $requests ${url}r/x &"
	spawn ab -q -c 8 -n "$requests" "${url}r/x" >"$dir/ab" 2>&1
	ab=$pid
	wait_for 20 loaded $((requests / 5)) || give_up "ab does nothing"
	command_line "kill -KILL $daemon       # shmlogd"
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
	wait_for 20 loaded $((requests * 2 / 5)) || give_up "ab does nothing"
	while_dead=$(($(count requests) - begun))
	say "There is no daemon.  Requests counted since ab began: $while_dead."
	command_line "shmlogd -s 64m &"
	start_daemon -s 64m
	tail -n 1 "$dir/shmlogd.log"
	say "The workers join it by themselves, with what they have counted."
	wait "$ab" || give_up "ab: $(tail -n 1 "$dir/ab")"
	grep -E '^(Complete|Failed) requests|^Requests per' "$dir/ab"
}

# The figures that must be the same; 1 if they are not.
compare()
{
	local whole part counted answered lost

	chapter "Was anything lost?"
	settle mark2
	answered=$(($(ab_says 'Complete requests') - $(ab_says 'Failed requests')))
	# what a worker counts before it has joined the new daemon (within a
	# second) is shown when it has
	wait_for 5 counted $((begun + answered)) || :
	counted=$(($(count requests) - begun))
	read -r whole part < <(tail -n +$((lines + 1)) "$dir/tail" |
		awk -f examples/transactions.awk)
	lost=$(tail -n +$((lines + 1)) "$dir/tail" | grep -c ' lost' || :)
	printf '%-44s %8d\n' "requests sent" "$requests" \
	    "requests answered (ab)" "$answered" \
	    "requests counted (shmstat)" "$counted" \
	    "whole transactions of 6 records (shmtail)" "$whole" \
	    "transactions in part" "$part"
	[ "$answered $counted $whole $part $lost" = \
	    "$requests $requests $requests 0 0" ]
}

start
one_request
load
kill_worker
kill_daemon
if compare; then
	say '' "Nothing was lost."
else
	give_up "the sums differ"
fi
chapter "The end"
kill -TERM "$httpd"
wait "$httpd" || :
say "httpd has ended; its sums have not:"
command_line "shmstat -1 -f http.front.requests"
shmstat -1 -f http.front.requests
