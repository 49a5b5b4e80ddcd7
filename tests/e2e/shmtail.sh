#!/bin/bash
# shmtail.sh -- shmtail as it is used: formats, the past, restarts, being
# stopped, failures.  Each record is delivered once and in order, or counted.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/follow.lib
. tests/e2e/follow.lib

restart()
{
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
	start_daemon -s 32m
}

start_daemon -s 32m

# every record across two kills of the daemon
follow -o cat
spawn tool-number a 6000 200 2 </dev/null >"$dir/wrote"
writer=$pid
wait_for 5 has_lines 500
restart
wait_for 5 has_lines 4000
restart
wait "$writer"
wait_for 5 has_lines 12000 || :
kill "$tail"
check it_ends_well_on_a_signal wait "$tail"
same everything_is_followed_across_two_restarts "$(account 12000)" whole
same the_library_dropped_nothing "$(cat "$dir/wrote")" \
    'wrote 12000 dropped 0'
same each_restart_is_told "$(grep -c 'was restarted' "$dir/err")" 2

# the same while it is stopped, and lanes are lapped, and a segment comes and
# goes
follow -o cat
spawn tool-number a 40000 20 2 </dev/null >"$dir/wrote"
writer=$pid
wait_for 5 has_lines 10
kill -STOP "$tail"
restart
wait_for 5 joined || not_ok join "the writer does not"
restart
wait_for 5 joined || not_ok join "the writer does not"
restart
kill -CONT "$tail"
wait "$writer"
dropped=$(sed -nE 's/.* dropped ([0-9]+)$/\1/p' "$dir/wrote")
counted()
{
	[ "$(account $((80000 - dropped)))" = whole ]
}
wait_for 5 counted || :
kill "$tail"
wait "$tail" || :
same what_a_stopped_reader_missed_is_counted \
    "$(account $((80000 - dropped)))" whole
[ "$(account $((80000 - dropped)))" = whole ] || {
	echo "what shmtail said:"
	tail -n 20 "$dir/err"
	echo "where numbers are missing:"
	awk '$1 != "probe" && $2 != last[$1] { print last[$1] + 0 " to " $0 }
	    { last[$1] = $2 + 1 }' "$dir/out" | head -n 20
}

# the past
same the_last_records_and_no_more "$(shmtail -d -l 3 -o cat | wc -l)" 3
same it_stops_after_so_many "$(shmtail -d -k 4 -o cat | wc -l)" 4
same a_taglist_chooses \
    "$(shmtail -d -x 'Num*' -o cat | sort -u)" probe
check json_is_json sh -c 'shmtail -d -o json | jq -e . >/dev/null'
shmtail -d -o cat >"$dir/d"
cp "$dir/default/segment" "$dir/copy"
shmtail -r "$dir/copy" -o cat >"$dir/r"
check a_file_left_behind_can_be_read test -s "$dir/r"
restart
shmtail -d -o cat >"$dir/after"
same what_came_before_a_crash_is_there_after_it \
    "$(grep -cFxf "$dir/r" "$dir/after")" "$(wc -l <"$dir/r")"

# it only reads, and asks the kernel little
# LeakSanitizer does not work under strace
ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 \
    strace -f -o "$dir/strace" shmtail -d >/dev/null
same the_segment_is_opened_for_reading_alone \
    "$(grep -E 'open(at)?\(' "$dir/strace" | grep -vc O_RDONLY)" 0
same it_maps_for_reading_and_takes_no_lock \
    "$(grep -cE 'flock|F_.*LK|MAP_SHARED.*PROT_WRITE|PROT_WRITE.*MAP_SHARED' \
	"$dir/strace")" 0
same it_writes_to_its_output_alone \
    "$(grep -E ' write\(' "$dir/strace" | grep -vcE 'write\([12],')" 0

# nohup(1)
trap '' HUP
follow -o cat
trap - HUP
kill -HUP "$tail"
tool-number a 10 200 2 </dev/null >"$dir/wrote"
check a_hang_up_that_was_ignored_stays_so wait_for 5 has_lines 20
kill "$tail"
wait "$tail" || :

# failures
fails()
{
	local status=0
	"$@" >"$dir/out" 2>"$dir/err" || status=$?
	echo "$status"
}
same a_full_disk_is_told "$(fails sh -c 'shmtail -d >/dev/full')" 1
check with_the_reason grep -q 'No space left' "$dir/err"
same whoever_reads_it_may_go "$(fails sh -c 'shmtail -d | head -n 1')" 0
# nobody writes, so that no write tells that nobody reads
mkfifo "$dir/fifo"
exec 8<>"$dir/fifo"
spawn shmtail -l 5 -o cat >"$dir/fifo" 2>"$dir/err" 8>&-
tail=$pid
head -n 1 <&8 >"$dir/out"
exec 8>&-
check also_while_nobody_writes wait_for 5 ended "$tail"
kill "$tail" 2>/dev/null || :
status=0
wait "$tail" || status=$?
same and_that_is_no_error "$status $(cat "$dir/err")" '0 '
exec 8<>"$dir/fifo"
spawn shmtail -n none -t off >"$dir/fifo" 2>"$dir/err" 8>&-
exec 8>&-
check also_while_it_waits_for_the_instance wait_for 5 ended "$pid"
same no_such_instance "$(fails shmtail -n 20 -t 0.5)" 1
check a_hint_for_hands_used_to_tail grep -q -- '-l 20' "$dir/err"
same no_pipe_is_told_that_it_waits "$(grep -c waiting "$dir/err")" 0
# waits COMMAND...: what it tells of its wait on a terminal
waits()
{
	script -qec "$*" /dev/null </dev/null | grep -o 'waiting.*' |
		tr -d '\r'
}
same a_wait_is_told_on_a_terminal "$(waits shmtail -d -n none -t 3)" \
    "waiting 3.0 s for $dir/none"
same also_by_shmstat "$(waits 'shmstat -j -n none -t 3 >/dev/null')" \
    "waiting 3.0 s for $dir/none"
same it_follows_by_itself "$(fails shmtail -f)" 2
check and_says_so grep -q 'follows by itself' "$dir/err"
follow
kill -STOP "$daemon" # it would mend it
truncate -s 8k "$dir/default/segment"
wait_for 5 ended "$tail" || kill "$tail"
status=0
wait "$tail" || status=$?
same a_truncated_segment_ends_it_with_a_message "$status" 1
check and_no_core grep -q 'cut short' "$dir/err"
