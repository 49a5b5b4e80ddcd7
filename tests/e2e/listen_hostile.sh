#!/bin/bash
# listen_hostile.sh -- whatever some clients do to shmstat --listen: the others
# are served, and its memory is bounded.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/listen.lib
. "$(dirname "$0")/listen.lib"

hostile_said()
{
	[ -s "$dir/said" ]
}

# hostile WHAT: begins; what it said is in $dir/said when hostile_ended returns.
hostile()
{
	: >"$dir/said"
	rm -f "$dir/in"
	mkfifo "$dir/in"
	exec {in}<>"$dir/in"
	spawn python3 tests/e2e/listen_hostile.py "${address#*:}" "$1" \
	    <"$dir/in" >"$dir/said" {in}>&-
	hostile=$pid
}

# goes: it lets go of what it holds
goes()
{
	kill "$hostile" 2>/dev/null || :
	wait_for 10 ended "$hostile" || :
	exec {in}>&-
}

served()
{
	get /metrics --max-time 10 | grep -q '^many_c1_total'
}

# Served while it lasts, each time; at least once, also at the end.
serves_meanwhile()
{
	local end=$((SECONDS + ${1:-60}))
	while ! hostile_said && [ $SECONDS -lt "$end" ]; do
		served || return 1
	done
	served
}

# not_hurt NAME WHAT WANTED
not_hurt()
{
	hostile "$2"
	check "others_are_served_beside_$1" serves_meanwhile
	wait_for 60 hostile_said || :
	same "$1" "$(cat "$dir/said")" "$3"
	goes
}

start_daemon -s 64m
mkfifo "$dir/many.in"
exec 9<>"$dir/many.in"
spawn tool-series many 500 20 0 <"$dir/many.in" >"$dir/many" 9>&-
wait_for 20 grep -q ready "$dir/many"
# as its unit has it
under=(prlimit --nofile=1024)
listen 0
# what it takes anyhow: all of its counters, and an answer of each kind
for p in /metrics /stats.json; do
	get "$p" -o /dev/null
	get "$p" -o /dev/null -H 'Accept-Encoding: gzip'
done
before=$(status_of "$listener" VmHWM)

not_hurt ten_thousand_connections crowd '10000 connected'
not_hurt an_endless_header endless_header ended
not_hurt an_endless_line endless_line ended
not_hurt endless_headers endless_headers ended
not_hurt an_endless_body endless_body ended
not_hurt clients_that_do_not_read readers '100 asked'
not_hurt clients_that_talk_on talkers talked
not_hurt many_requests_at_once pipeline '300 answers'
not_hurt nonsense nonsense '11 of 11 closed'
not_hurt slow_headers loris '0 left'

# 128 answers of 64 KiB, and of 512 connections what they have sent
after=$(status_of "$listener" VmHWM)
if [ -z "${SAN:-}" ]; then
	check its_memory_is_bounded [ $((after - before)) -lt 20000 ]
else
	skip its_memory_is_bounded 'a sanitizer keeps what was freed'
fi
check its_descriptors_are_few \
    [ "$(find "/proc/$listener/fd" -mindepth 1 | wc -l)" -lt 600 ]
same it_fills_no_log "$(grep -cv 'listening on' "$dir/listen")" 0
kill -TERM "$listener"
check it_ends_in_the_midst_of_it wait_for 5 ended "$listener"

# Where descriptors are fewer than the connections that it would have.
under=(prlimit --nofile=64)
listen 0
hostile readers
wait_for 60 hostile_said
check where_descriptors_are_few_some_are_left \
    [ "$(find "/proc/$listener/fd" -mindepth 1 | wc -l)" -lt 64 ]
# one that comes with many is ended before it is read, now and then
check and_others_are_served wait_for 20 served
goes
