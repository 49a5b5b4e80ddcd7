#!/bin/bash
# daemon_hostile.sh -- clients that say nonsense, nothing, too much, or never
# listen: each gets an error or is dropped, the others are served, and memory
# stays bounded.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

socket=$dir/default/socket
log=$dir/shmlogd.log

# What STEPS say after HELLO, on one line.
talk()
{
	tool-talk "$socket" hello "$@" | tail -n +2 | tr '\n' ';'
}

# talks NAME WANTED STEP...: so it is answered, and others are served.
talks()
{
	local name=$1 wanted=$2
	shift 2
	same "$name" "$(talk "$@")" "$wanted"
	[ "$(talk ping)" = 'ping 0;' ] || not_ok "$name" "others are not served"
}

# layout.h and message.h name the statuses.
nonsense()
{
	talks a_wrong_version_is_told_and_ends_it 'version 1;ping closed;' \
	    version=2 ping
	talks a_wrong_length_is_told_and_ends_it 'length 2;ping closed;' \
	    length=17 ping
	talks so_is_a_length_of_4g 'length 2;' length=4294967295
	talks an_unknown_operation_is_told 'op 3;ping 0;' op=99 ping
	talks a_length_of_2_63_has_no_room 'huge 5;ping 0;' huge ping
	talks a_name_without_end_is_refused 'endless 4;ping 0;' endless ping
	talks three_bytes_end_it 'short closed;' short
	talks seventy_thousand_end_it 'long closed;' long
	talks no_bytes_end_it 'empty closed;' empty
	talks a_second_hello_ends_it 'again 2;' again
	talks descriptors_are_closed 'fds 0;fds 0;fds 0;' fds fds fds
	talks what_is_not_its_own_is_refused 'publish 8;free 8;' publish free
	talks a_section_of_rubbish_is_not_listed 'alloc 0;publish 9;free 0;' \
	    alloc=65536 publish free
	same hello_comes_first "$(tool-talk "$socket" ping)" 'ping 2'
	check each_has_a_line_in_the_log grep -q \
	    'client [0-9]* (tool-talk) dropped: it speaks another version' "$log"
	same and_no_descriptor_stays \
	    "$(find "/proc/$daemon/fd" -lname /dev/null | wc -l)" \
	    "$nulls"
}

rss()
{
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$daemon/status"
}

# grown NAME KIB: the daemon has not grown by more than that since $before.
grown()
{
	local now
	now=$(rss)
	if [ $((now - before)) -le "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "from $before to $now KiB"
	fi
}

# prompt NAME: others are answered in time.  The bound is what a busy machine
# of two processors needs, not what it takes.
prompt()
{
	local most
	most=$(tool-talk "$socket" hello pings=200 | sed -n 's/^pings //p')
	if [ -n "$most" ] && [ "$most" -le 500 ]; then
		ok "$1"
	else
		not_ok "$1" "the slowest answer took ${most:-for ever} ms"
	fi
}

clients()
{
	shmstat -1 -f shmlogd.daemon.clients | awk '{ print $2 }'
}

silent()
{
	before=$(rss)
	spawn tool-talk "$socket" idle=1000 wait >"$dir/idle"
	idle=$pid
	check a_thousand_come_and_say_nothing \
	    wait_for 10 grep -qx 'idle 1000' "$dir/idle"
	prompt and_others_are_served
	grown and_memory_is_bounded 8192
}

silent_ends()
{
	check who_says_nothing_is_dropped_in_time wait_for 20 no_clients
	kill "$idle"
}

no_clients()
{
	[ "$(clients)" = 0 ]
}

crowd()
{
	spawn tool-talk "$socket" known=1100 wait >"$dir/known"
	known=$pid
	check as_many_as_c_says_may_stay \
	    wait_for 20 grep -qx 'known 1024' "$dir/known"
	same one_more_is_told "$(tool-talk "$socket" hello)" 'hello 7'
	kill "$known"
	wait_for 5 ended "$known"
	check and_there_is_room_again wait_for 5 no_clients
	same for_others "$(talk ping)" 'ping 0;'
}

deaf()
{
	local i
	before=$(rss)
	for i in 1 2 3 4 5 6 7 8; do
		spawn tool-talk "$socket" hello deaf >"$dir/deaf.$i"
		deaf+=("$pid")
	done
	prompt while_some_never_read_others_are_served
	rests and_nothing_spins
}

deaf_ends()
{
	local i
	for i in "${deaf[@]}"; do
		wait_for 30 ended "$i" || :
	done
	same they_are_dropped_after_a_bounded_number "$(cat "$dir"/deaf.* |
	    awk '$1 == "deaf" && $2 > 16 && $2 < 1000 { n++ } END { print n }')" 8
	check and_that_is_logged grep -q 'does not read its answers' "$log"
	grown and_all_of_them_cost_little 8192
}

flood()
{
	local over
	spawn tool-talk "$socket" hello flood=4 >"$dir/flood"
	flooding=$pid
	prompt during_a_flood_others_are_served
	wait_for 10 ended "$flooding"
	over=$(awk '$1 == "flood" { print $2 + 0 }' "$dir/flood")
	# 20000 a second and 40000 more, if the machine is that fast
	check a_flood_is_answered_within_its_rate [ "${over:-0}" -gt 0 ]
	check and_not_beyond [ "${over:-0}" -le 125000 ]
	# nor does one of FREEs, which are never refused
	spawn tool-talk "$socket" hello frees=2 >"$dir/frees"
	flooding=$pid
	prompt during_a_flood_of_frees_others_are_served
	wait_for 10 ended "$flooding"
	same and_no_free_is_over_the_limit \
	    "$(awk '$1 ~ /^frees/ { print $3 }' "$dir/frees")" 0
}

# Somebody who sends faster than he could be served, with no end.
torrent()
{
	local i pids=()
	for i in 1 2; do
		spawn tool-talk "$socket" hello torrent=3 >"$dir/torrent.$i"
		pids+=("$pid")
	done
	wait_for 5 grep -q hello "$dir/torrent.2"
	prompt during_a_torrent_others_have_their_turn
	for i in "${pids[@]}"; do
		wait_for 10 ended "$i" || :
	done
	same and_it_is_answered \
	    "$(cat "$dir"/torrent.* | grep -c '^torrent [1-9]')" 2
}

# A breach with requests behind it: what it did wrong is heard all the same.
burst()
{
	kill -STOP "$daemon"
	spawn tool-talk "$socket" burst=3 >"$dir/burst"
	wait_for 5 grep -q sent "$dir/burst"
	kill -CONT "$daemon"
	check a_breach_is_told_though_more_was_sent \
	    wait_for 5 grep -qx 'burst 1' "$dir/burst"
}

sections()
{
	shmstat -s 2>/dev/null | awk '$3 == "talk" { print $1, $NF }'
}

# What became of the section of talk.test.
section_is()
{
	sections | grep -q "$1"
}

# A dropped client's process may be in mid-append: its section stays.
orphans()
{
	spawn tool-talk "$socket" hello stream=64 publish version=9 wait >"$dir/orphan"
	orphan=$pid
	check what_a_dropped_one_had_is_an_orphan \
	    wait_for 5 section_is '^Log orphan'
	kill -KILL "$orphan"
	check until_its_process_dies wait_for 5 section_is '^Cool'
}

# A child holds the socket, but it is the parent that was the worker.
inherited()
{
	shmlogd_again
	spawn tool-talk "$socket" hello stream=64 publish fork wait >"$dir/fork"
	wait_for 5 grep -q '^wait' "$dir/fork"
	check a_worker_with_a_child_is_live section_is '^Log'
	kill -KILL "$pid"
	check it_is_dead_though_its_child_holds_the_socket \
	    wait_for 5 section_is '^Cool'
	kill "$(sed -n 's/^fork //p' "$dir/fork")"
}

shmlogd_again()
{
	kill "$daemon"
	wait "$daemon" || :
	rm -rf "$dir/default"
	start_daemon -n default
}

# With a handful of descriptors: it backs off, and serves when it has some.
without_descriptors()
{
	kill "$daemon"
	wait "$daemon" || :
	rm -rf "$dir/default"
	(ulimit -n 40 && exec shmlogd 2>>"$log") &
	daemon=$!
	spawned+=("$daemon")
	wait_for 5 daemon_ready
	spawn tool-talk "$socket" idle=60 wait >"$dir/idle"
	idle=$pid
	check without_descriptors_it_waits wait_for 5 grep -q 'accept: Too many' \
	    "$log"
	rests and_does_not_spin
	kill "$idle"
	check and_serves_when_there_are_some wait_for 5 answers
}

# rests NAME: it uses no processor to speak of, for a second (of 100 ticks).
rests()
{
	local ticks
	ticks=$(cpu)
	wait_for 1 false || :
	check "$1" [ $(($(cpu) - ticks)) -lt 10 ]
}

cpu()
{
	sed -E 's/^.*\) //' "/proc/$daemon/stat" | awk '{ print $12 + $13 }'
}

answers()
{
	[ "$(timeout 2 tool-talk "$socket" hello)" = 'hello 0' ]
}

start_daemon -n default
nulls=$(find "/proc/$daemon/fd" -lname /dev/null | wc -l)
nonsense
burst
flood
torrent
deaf=()
deaf
grown_from=$before
silent
before=$grown_from
deaf_ends
silent_ends
crowd
orphans
inherited
without_descriptors
