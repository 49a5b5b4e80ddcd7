#!/bin/bash
# daemon_end.sh -- how shmlogd goes to the background, tells that it is ready,
# looks after its files, and ends.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

at=$dir/default
small=(-s 1m -m 16)

word()
{
	od -An -j"$1" -N8 -t u8 "$at/segment" | tr -d ' '
}

# ends_with STATUS: the daemon ends, so, and within five seconds
ends_with()
{
	local status=0
	wait_for 5 ended "$daemon" || return 1
	wait "$daemon" || status=$?
	[ "$status" = "$1" ]
}

ends_well()
{
	local signal
	for signal in TERM INT; do
		start_daemon "${small[@]}" -P "$dir/pid"
		same "the_pid_file_has_the_pid_$signal" "$(cat "$dir/pid")" \
		    "$daemon"
		kill "-$signal" "$daemon"
		check "SIG${signal}_ends_it_well" ends_with 0
		same "the_segment_says_that_it_ended_$signal" "$(word 320)" 0
		check "and_can_be_read_$signal" shmstat -s
		check "the_socket_is_gone_$signal" [ ! -e "$at/socket" ]
		check "and_the_pid_file_$signal" [ ! -e "$dir/pid" ]
	done
}

dumps()
{
	start_daemon "${small[@]}"
	kill -USR1 "$daemon"
	check SIGUSR1_dumps_its_state wait_for 5 grep -q 'shmlogd.daemon' \
	    "$dir/shmlogd.log"
	check and_it_goes_on daemon_ready
	kill "$daemon"
	wait "$daemon" || :
}

# -D: the command ends when workers can connect; a failure is its own.
detaches()
{
	local status=0 detached
	timeout 10 shmlogd -D "${small[@]}" -P "$dir/pid" 2>"$dir/err" ||
		status=$?
	same the_command_ends_with_0 "$status" 0
	check when_it_can_be_talked_to tool-talk "$at/socket" hello ping
	detached=$(cat "$dir/pid")
	spawned+=("$detached")
	same it_has_a_session_of_its_own \
	    "$(ps -o sid= -p "$detached" | tr -d ' ')" "$detached"
	same it_has_let_go_of_everything \
	    "$(readlink "/proc/$detached/fd/0" "/proc/$detached/fd/1" \
	        "/proc/$detached/fd/2" "/proc/$detached/cwd" | tr '\n' ' ')" \
	    '/dev/null /dev/null /dev/null / '
	status=0
	timeout 10 shmlogd -D "${small[@]}" 2>"$dir/err" || status=$?
	same a_failure_is_the_commands "$status" 1
	check and_is_told_on_stderr grep -q 'already run' "$dir/err"
	kill "$detached"
	wait_for 5 [ ! -e "$dir/pid" ]
	same it_removes_its_pid_file_from_there "$(word 320)" 0
}

# The service manager's view.
notifies()
{
	start_listener
	NOTIFY_SOCKET=$dir/notify WATCHDOG_USEC=200000 \
	    start_daemon "${small[@]}"
	check it_says_when_it_is_ready wait_for 5 heard '^READY=1$'
	check and_not_before [ "$(grep -c EARLY "$dir/heard")" = 0 ]
	check with_its_state wait_for 5 heard '^STATUS=0 clients'
	check and_feeds_the_watchdog wait_for 5 heard '^WATCHDOG=1$'
	kill "$daemon"
	wait "$daemon" || :
	check and_says_that_it_stops wait_for 5 heard '^STOPPING=1$'
	kill "$listener"
}

# READY comes when the socket stands, not before.
start_listener()
{
	spawn tool-notified "$dir/notify" "$at/socket" >"$dir/heard"
	listener=$pid
	wait_for 5 [ -S "$dir/notify" ]
}

heard()
{
	grep -q "$1" "$dir/heard"
}

# Files that are taken from under it.
looks_after_its_files()
{
	start_daemon "${small[@]}"
	truncate -s 0 "$at/segment"
	check a_truncated_segment_gets_its_size_back wait_for 5 has_its_size
	check and_that_is_said wait_for 5 grep -q 'truncated by somebody' \
	    "$dir/shmlogd.log"
	check and_it_serves_on tool-talk "$at/socket" hello alloc=4096 free
	for _ in 1 2 3; do
		truncate -s 0 "$at/segment"
		wait_for 5 has_its_size
	done
	# the tick that restores it tells of it: one more, and all were told
	beat=$(word 384)
	wait_for 5 has_ticked
	same not_each_time "$(grep -c 'truncated by somebody' \
	    "$dir/shmlogd.log")" 1
	looks_after_its_socket
	rm "$at/segment"
	check a_removed_segment_is_said wait_for 5 \
	    grep -q 'segment was removed or replaced.*restart' \
	    "$dir/shmlogd.log"
	wait_for 3 false || :
	same once "$(grep -c 'segment was removed' "$dir/shmlogd.log")" 1

	rm "$at/lock"
	first=$daemon
	spawn shmlogd "${small[@]}" 2>>"$dir/second.log"
	second=$pid
	# one of them holds the lock; never both for long
	check two_never_run_though_all_files_went wait_for 10 one_ended
	if ended "$first"; then
		daemon=$second
	else
		daemon=$first
	fi
	kill "$daemon"
	wait "$daemon" || :

	: >"$dir/shmlogd.log"
	start_daemon "${small[@]}"
	mv "$at" "$dir/moved"
	check a_removed_directory_is_said wait_for 5 \
	    grep -q 'removed or moved.*restart' "$dir/shmlogd.log"
	first=$daemon
	start_daemon "${small[@]}"
	second=$daemon
	daemon=$first
	check and_it_ends_when_another_runs_at_its_path ends_with 1
	kill "$second"
	wait "$second" || :
}

# Who is connected stays; who comes finds the new one.
looks_after_its_socket()
{
	local mode before file
	mode=$(stat -c %a "$at/socket")
	spawn tool-talk "$at/socket" hello alloc=4096 wait >"$dir/stays"
	wait_for 5 grep -q alloc "$dir/stays"
	before=$(sockets)
	rm "$at/socket"
	check a_removed_socket_is_made_anew wait_for 5 [ -S "$at/socket" ]
	check and_that_is_said wait_for 5 \
	    grep -q 'socket was removed or replaced: made anew' \
	    "$dir/shmlogd.log"
	same as_it_was "$(stat -c %a "$at/socket")" "$mode"
	check and_leads_to_it tool-talk "$at/socket" hello ping
	for file in file link; do
		[ "$file" = file ] || ln -s nowhere "$dir/link"
		[ "$file" = link ] || : >"$dir/file"
		mv "$dir/$file" "$at/socket"
		check "a_$file in its place is replaced" wait_for 5 talks
	done
	same and_that_is_not_said_each_time \
	    "$(grep -c 'socket was removed' "$dir/shmlogd.log")" 1
	check nothing_is_left_beside_it [ ! -e "$at/socket.new" ]
	rm "$at/socket"
	mkdir "$at/socket"
	check a_directory_is_left_alone_and_that_is_said wait_for 5 \
	    grep -q 'socket.*cannot be made anew (Is a dir.*restart shmlogd' \
	    "$dir/shmlogd.log"
	rmdir "$at/socket"
	check until_it_is_gone wait_for 5 talks
	check who_was_connected_is_so_still_and_no_more_is_open \
	    wait_for 5 has_sockets "$before"
	kill "$pid"
}

sockets()
{
	find "/proc/$daemon/fd" -lname 'socket:*' | wc -l
}

has_sockets()
{
	[ "$(sockets)" = "$1" ]
}

talks()
{
	[ -S "$at/socket" ] && tool-talk "$at/socket" hello >/dev/null 2>&1
}

one_ended()
{
	ended "$first" || ended "$second"
}

# A second has passed since $beat was looked up.
has_ticked()
{
	[ "$(word 384)" != "$beat" ]
}

has_its_size()
{
	[ "$(stat -c %s "$at/segment")" = 1048576 ] && [ "$(word 320)" = "$daemon" ]
}

# segment.prev is there for the cooling time: ten seconds here.
cools()
{
	start_daemon "${small[@]}" -k 10
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
	first=$(stat -c %i "$at/segment")
	before=$SECONDS
	start_daemon "${small[@]}" -k 10
	same the_old_segment_is_kept "$(stat -c %i "$at/segment.prev")" "$first"
	wait_for 8 [ ! -e "$at/segment.prev" ] || :
	check for_the_cooling_time [ -e "$at/segment.prev" ]
	check and_then_removed wait_for 8 [ ! -e "$at/segment.prev" ]
	check not_before [ $((SECONDS - before)) -ge 9 ]
	kill "$daemon"
	wait "$daemon" || :
}

ends_well
dumps
detaches
notifies
looks_after_its_files
cools
