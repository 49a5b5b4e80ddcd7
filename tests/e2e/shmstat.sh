#!/bin/bash
# shmstat.sh -- shmstat on a daemon and its workers: sums that never go back,
# one that is killed, one that is restarted; what it prints and exits with.
. "$(dirname "$0")/lib.sh"

tool=$BUILD/tool-count
out=$dir/out
err=$dir/err

# worker N: starts one; its input is descriptor 1N, its answers come in
# $dir/answers.N, its pid is in worker_pid[N].
worker_pid=()
worker()
{
	local fd=$((10 + $1))
	mkfifo "$dir/commands.$1"
	: >"$dir/answers.$1"
	# for both: opening a FIFO for one waits for the other
	eval "exec $fd<>\"\$dir/commands.$1\""
	spawn "$tool" http front <"$dir/commands.$1" >"$dir/answers.$1"
	worker_pid[$1]=$pid
	wait_for 5 grep -q ready "$dir/answers.$1"
}

# tell N COMMAND: and waits for its answer.
tell()
{
	local before
	before=$(wc -l <"$dir/answers.$1")
	echo "$2" >&$((10 + $1))
	wait_for 5 answered "$1" "$before"
}

answered()
{
	[ "$(wc -l <"$dir/answers.$1")" -gt "$2" ]
}

# value NAME [OPTIONS]: what -1 shows.
value()
{
	local name=$1
	shift
	shmstat -1 "$@" 2>/dev/null | awk -v n="$name" '$1 == n { print $2 }'
}

# is NAME VALUE: for wait_for.
is()
{
	[ "$(value "$1")" = "$2" ]
}

status()
{
	local status=0
	"$@" >"$out" 2>"$err" || status=$?
	echo "$status"
}

same a_wrong_option_exits_2 "$(status shmstat -1 -Z)" 2
same two_modes_exit_2 "$(status shmstat -s -L)" 2
same a_stray_word_exits_2 "$(status shmstat -1 http.front)" 2
same a_wrong_time_exits_2 "$(status shmstat -t soon)" 2
same help_exits_0 "$(status shmstat -h)" 0
same no_instance_exits_1 "$(status shmstat -1 -t 0)" 1
check no_instance_is_told_with_its_path grep -q "$dir/default" "$err"

start_daemon -s 16m
worker 1
worker 2
tell 1 'add 5'
tell 2 'add 7'
tell 1 'gauge -20'
tell 2 'gauge 3'
tell 1 'flip 0'
tell 2 'flip 4'
tell 1 'move 9'
tell 2 'move -11'
same counters_are_summed "$(value http.front.requests)" 12
same gauges_are_summed "$(value http.front.open)" -17
same bitmaps_are_ored "$(value http.front.up)" 17
same updowns_are_summed "$(value http.front.active)" -2
same json_says_the_same "$(shmstat -j |
    jq -c '[.counters | .["http.front.requests", "http.front.open",
	"http.front.up", "http.front.active"].value]')" '[12,-17,17,-2]'
same a_worker_apart "$(value "http.front[${worker_pid[2]}].requests" -a)" 7
same a_filter_in_order "$(shmstat -1 -f '^*.open' -f 'http.*' |
    awk '{ print $1 }' | tr '\n' ' ')" \
    'http.front.active http.front.requests http.front.up '
check names_are_listed grep -q '^http.front.requests  *Requests$' \
    <(shmstat -l)
check the_daemon_has_counters_too [ "$(value shmlogd.daemon.clients)" = 2 ]
check output_is_sorted sort -C <(LC_ALL=C; shmstat -1 | awk '{ print $1 }')

kill -KILL "${worker_pid[1]}"
wait_for 5 is http.front.open 3
same the_counters_of_the_dead_stay "$(value http.front.requests)" 12
same the_bits_of_the_dead_go "$(value http.front.up)" 16
same retained_sums_apart "$(value 'http.front[retained].requests' -a)" 5
shmstat -s >"$out"
check the_dead_ones_section_cools grep -qE \
    "^Cool +Stat +http +front +tool-count\[${worker_pid[1]}\] .* folded" "$out"
check the_living_ones_section_is_listed grep -qE \
    "^Stat +- +http +front +tool-count\[${worker_pid[2]}\]" "$out"

# attached PID: it has mapped the segment, and waits
attached()
{
	grep -q "$dir/default/segment" "/proc/$1/maps" &&
		grep -q ') S ' "/proc/$1/stat"
}
spawn shmstat --diff 86400 -f 'http.*' >"$out" 2>"$err"
wait_for 5 attached "$pid"
tell 2 'add 333'
tell 2 'gauge 103'
tell 2 'gauge 5'
kill -INT "$pid"
status=0
wait "$pid" || status=$?
same an_interrupted_diff_exits_0 "$status" 0
same and_shows_what_changed_until_then \
    "$(awk '{ print $1, $2 }' "$out")" 'http.front.requests 333
http.front.open 2'
shmstat --diff 0.01 -j -f 'http.*' >"$out"
same nothing_that_did_not_change "$(jq -c .counters "$out")" '{}'
check a_diff_says_how_long_it_took jq -e '.diff >= 0.01' "$out"
tell 2 'gauge 3'

shmstat -o json -w 0.02 -p info -X 'shmlogd.*' >"$out" &
live=$!
spawned+=("$live")
objects()
{
	[ "$(wc -l <"$out")" -ge "$1" ]
}
wait_for 5 objects 3
kill -INT "$live"
wait "$live" || :
same a_stream_of_json_is_an_object_a_line \
    "$(jq -c '.counters | keys' "$out" | sort -u)" \
    '["http.front.active","http.front.open","http.front.requests"]'
same levels_are_cumulative "$(for p in info diag debug; do
	shmstat -1 -p $p -f 'http.*' | wc -l
done | paste -sd ' ')" '3 4 4'

shmstat -L >"$out"
check an_instance_that_runs_is_listed grep -qE \
    "^default +runs +$daemon $dir/default" "$out"

# The live view over a kill -9 of the daemon and the next one.
worker 3
tell 3 'add 1'
echo run >&13
spawn shmstat -f http.front.requests >"$dir/live" 2>"$dir/live.err"
live=$pid
lines()
{
	[ "$(grep -c requests "$dir/live")" -ge "$1" ]
}
wait_for 5 lines 2
kill -KILL "$daemon"
wait_for 5 ended "$daemon"
same a_segment_without_daemon_is_read "$(status shmstat -1)" 0
check and_that_is_said grep -q 'not running' "$err"
check an_instance_that_does_not_run_is_listed grep -qE \
    '^default +not running' <(shmstat -L)
wait_for 5 lines 4
start_daemon -s 16m
wait_for 10 lines 8
kill -INT "$live"
wait_for 5 ended "$live"
status=0
wait "$live" || status=$?
same an_interrupt_exits_0 "$status" 0
awk '/requests/ { print $2 }' "$dir/live" >"$dir/values"
check sums_never_went_back sort -n -C "$dir/values"
check sums_went_on [ "$(sort -u "$dir/values" | wc -l)" -ge 7 ]
check a_restart_is_told grep -q . "$dir/live.err"

kill -KILL "${worker_pid[3]}"
wait_for 5 ended "${worker_pid[3]}"
tell 2 'gauge 4'
wait_for 10 is http.front.open 4
before=$(value http.front.requests)
tell 2 'add 1000'
same exact_after_a_restart "$(value http.front.requests)" $((before + 1000))

same a_full_disk_exits_1 "$(shmstat -1 2>"$err" >/dev/full; echo $?)" 1
check a_full_disk_is_told grep -q 'No space' "$err"
same a_closed_pipe_is_quiet "$( (shmstat 2>"$err"; echo $? >"$out") | :
    wait_for 5 test -s "$out"; cat "$out" "$err")" 0

# nor is it waited for an instance for nobody
mkfifo "$dir/fifo"
exec 8<>"$dir/fifo"
spawn shmstat -n none -t off >"$dir/fifo" 2>"$err" 8>&-
live=$pid
exec 8>&-
check nobody_waits_for_an_instance_for_nobody wait_for 5 ended "$live"
kill "$live" 2>/dev/null || :
status=0
wait "$live" || status=$?
same and_no_error "$status $(cat "$err")" '0 '

if command -v strace >/dev/null; then
	# LeakSanitizer does not work under strace
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 \
	    strace -f -o "$dir/trace" shmstat -1 >/dev/null
	check the_segment_is_opened_read_only grep -qE \
	    'openat\(.*"segment", O_RDONLY' "$dir/trace"
	check nothing_is_opened_for_writing_or_locked [ -z "$(grep -E \
	    'O_RDWR|O_WRONLY|O_CREAT|flock|F_OFD|F_SETLK|MAP_SHARED.*PROT_WRITE|PROT_WRITE, MAP_SHARED' \
	    "$dir/trace")" ]
else
	skip the_segment_is_opened_read_only 'no strace'
fi

kill -STOP "$daemon"
begun=${EPOCHREALTIME/[.,]/}
same a_stopped_daemon_is_read "$(value http.front.open)" 4
check and_holds_up_nobody \
    [ $((${EPOCHREALTIME/[.,]/} - begun)) -lt 2000000 ]
kill -KILL "$daemon"
wait_for 5 ended "$daemon"

# Somebody truncates the file under a reader.
spawn shmstat >"$dir/live" 2>"$err"
live=$pid
wait_for 5 lines 1
truncate -s 0 "$dir/default/segment"
wait_for 5 ended "$live"
status=0
wait "$live" || status=$?
same a_file_cut_short_under_us_exits_1 "$status" 1
check a_file_cut_short_is_told grep -q 'cut short' "$err"
same an_empty_file_exits_1 "$(status shmstat -1 -t 0)" 1
