#!/bin/bash
# daemon_one.sh -- two daemons never run one instance, and what stands at
# `segment' is never followed and never believed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

at=$dir/default
small=(-s 1m -m 16)

# The u64 (u16) at an offset of the segment; layout.h names the offsets.
word()
{
	od -An -j"$1" -N8 -t u8 "$at/segment" | tr -d ' '
}

# poke OFFSET BYTES-AS-PRINTF-HAS-THEM
poke()
{
	# shellcheck disable=SC2059
	printf "$2" | dd of="$at/segment" bs=1 seek="$1" conv=notrunc status=none
}

# A u64 for poke.
u64()
{
	local n=$1 i
	for i in 1 2 3 4 5 6 7 8; do
		printf '\\x%02x' $((n & 255))
		n=$((n >> 8))
	done
}

start_of()
{
	sed -E 's/^.*\) //' "/proc/$1/stat" | cut -d ' ' -f 20
}

inode()
{
	stat -c %i "$at/segment"
}

# Ends the daemon that start_daemon started, one way or another.
stop()
{
	kill "-$1" "$daemon"
	wait "$daemon" 2>/dev/null || :
}

# refused NAME PID COMMAND...: exits 1 and says who runs it.
refused()
{
	local name=$1 want status=0
	want="shmlogd: instance default is already run by process $2: -n arguments collide"
	shift 2
	timeout 10 "$@" 2>"$dir/refused" || status=$?
	if [ "$status" = 1 ] && grep -qxF "$want" "$dir/refused"; then
		ok "$name"
	else
		not_ok "$name" "exit $status: $(cat "$dir/refused")"
	fi
}

# In a pid namespace of its own, with the /proc that belongs to it.
apart=(unshare --pid --fork --mount-proc)

one_of_two()
{
	start_daemon "${small[@]}"
	local file
	file=$(inode)
	refused second_is_refused "$daemon" shmlogd "${small[@]}"
	if "${apart[@]}" true 2>/dev/null; then
		refused second_in_another_pid_namespace_is_refused "$daemon" \
		    "${apart[@]}" shmlogd "${small[@]}"
	else
		skip second_in_another_pid_namespace_is_refused "no unshare"
	fi
	rm "$at/lock"
	refused second_is_refused_without_the_lock_file "$daemon" \
	    shmlogd "${small[@]}"
	# there the pid tells nothing: the lock on the segment does
	rm -f "$at/lock"
	if "${apart[@]}" true 2>/dev/null; then
		refused in_another_pid_namespace_too "$daemon" \
		    "${apart[@]}" shmlogd "${small[@]}"
	fi
	check a_removed_lock_file_is_made_and_locked_again \
	    wait_for 5 is_locked
	same the_segment_is_still_the_first_ones "$(inode)" "$file"
	stop TERM
}

is_locked()
{
	[ -e "$at/lock" ] && ! flock -n "$at/lock" true
}

# The first one in a namespace, the second one outside.
from_a_namespace()
{
	local name=second_outside_the_namespace_is_refused inner
	"${apart[@]}" true 2>/dev/null || {
		skip "$name" "no unshare"
		return
	}
	spawn "${apart[@]}" shmlogd "${small[@]}" 2>>"$dir/shmlogd.log"
	inner=$pid
	wait_for 5 [ -S "$at/socket" ]
	refused "$name" 1 shmlogd "${small[@]}"
	pkill -TERM -P "$inner"
	wait "$inner" || :
}

# new_file NAME BEFORE: the daemon that was started made another file.
new_file()
{
	if [ "$(inode)" != "$2" ] && ! ended "$daemon"; then
		ok "$1"
	else
		not_ok "$1" "the file is the old one"
	fi
}

# A daemon that nobody has waited for has the pid still, but runs no more.
zombie()
{
	local parent before
	# shellcheck disable=SC2016
	spawn bash -c 'shmlogd -s 1m -m 16 2>/dev/null & exec sleep 100'
	parent=$pid
	wait_for 5 [ -S "$at/socket" ]
	before=$(inode)
	pkill -KILL -P "$parent"
	wait_for 5 ended "$(word 320)"
	same the_master_is_a_zombie "$(sed -E 's/^.*\) (.).*/\1/' \
	    "/proc/$(word 320)/stat")" Z
	start_daemon "${small[@]}"
	new_file a_zombie_runs_nothing "$before"
	stop TERM
	kill "$parent"
}

# A pid is believed with its start time and boot id only.
stale_master()
{
	local before
	start_daemon "${small[@]}"
	before=$(inode)
	stop KILL
	poke 320 "$(u64 $$)"
	start_daemon "${small[@]}"
	new_file a_pid_that_came_round_runs_nothing "$before"
	before=$(inode)
	stop KILL

	poke 320 "$(u64 $$)"
	poke 96 "$(u64 "$(start_of $$)")"
	refused the_same_process_runs_it "$$" shmlogd "${small[@]}"
	same and_its_segment_stays "$(inode)" "$before"
	poke 112 'another boot id!'
	start_daemon "${small[@]}"
	new_file a_pid_of_another_boot_runs_nothing "$before"
	stop TERM
}

# Fifty at once.
stampede()
{
	local rounds=2 r i n pids bad=0
	[ -z "$TORTURE" ] || rounds=20
	for ((r = 0; r < rounds; r++)); do
		rm -rf "$at"
		[ $((r % 2)) = 0 ] || { # over the segment of one that was killed
			start_daemon "${small[@]}"
			stop KILL
		}
		pids=()
		for ((i = 0; i < 50; i++)); do
			spawn shmlogd "${small[@]}" 2>>"$dir/stampede"
			pids+=("$pid")
		done
		wait_for 20 one_is_left "${pids[@]}" || bad=$((bad + 1))
		n=$(left "${pids[@]}")
		[ "$n" = 1 ] || bad=$((bad + 1))
		for i in "${pids[@]}"; do
			ended "$i" || {
				[ "$(word 320)" = "$i" ] || bad=$((bad + 1))
				kill "$i"
			}
		done
		for i in "${pids[@]}"; do
			wait "$i" 2>/dev/null || :
		done
	done
	same "of_50_at_once_exactly_one_runs_$rounds" "$bad" 0
	same and_the_others_say_so \
	    "$(grep -c 'already run by.*-n arguments collide$' "$dir/stampede")" \
	    $((rounds * 49))
}

left()
{
	local p n=0
	for p in "$@"; do
		ended "$p" || n=$((n + 1))
	done
	echo "$n"
}

one_is_left()
{
	[ "$(left "$@")" -le 1 ] && [ -S "$at/socket" ]
}

# replaced NAME: what stands at `segment' now is replaced by a regular file.
replaced()
{
	start_daemon "${small[@]}"
	if [ -f "$at/segment" ] && [ ! -L "$at/segment" ] &&
		[ "$(head -c 7 "$at/segment")" = SHMLOG1 ] &&
		grep -q 'segment: .*: replaced' "$dir/shmlogd.log"; then
		ok "$1"
	else
		not_ok "$1" "$(tail -n 2 "$dir/shmlogd.log")"
	fi
	stop TERM
	: >"$dir/shmlogd.log"
}

strange_files()
{
	local status=0
	rm -rf "$at"
	mkdir "$at"
	head -c 1048576 /dev/urandom >"$dir/target"
	cp "$dir/target" "$dir/copy"
	ln -s "$dir/target" "$at/segment"
	replaced a_symlink_is_replaced
	check and_not_followed cmp "$dir/target" "$dir/copy"
	rm "$at/segment"
	mkfifo "$at/segment"
	replaced a_fifo_is_replaced
	: >"$at/segment"
	replaced an_empty_file_is_replaced
	truncate -s 300 "$at/segment"
	replaced a_cut_header_is_replaced
	truncate -s 8192 "$at/segment"
	replaced a_cut_segment_is_replaced
	poke 12 '\x02\x00'
	replaced another_version_is_replaced
	poke 8 '\x01\x02\x03\x04'
	replaced another_byte_order_is_replaced
	poke 32 '\xff\xff\xff\xff\xff\xff\xff\xff'
	replaced a_damaged_header_is_replaced
	cp "$dir/target" "$at/segment"
	replaced random_bytes_are_replaced

	rm -f "$at/segment"
	mkdir "$at/segment"
	timeout 10 shmlogd "${small[@]}" 2>"$dir/refused" || status=$?
	same a_directory_is_refused "$status" 1
	check with_a_clear_line grep -q "segment: is a directory" "$dir/refused"
	same and_left_alone "$(stat -c %F "$at/segment")" directory
	rmdir "$at/segment"
	garbage
}

# A good magic and version, and noise behind them: it must not crash.
garbage()
{
	local i bad=0 n=5
	[ -z "$TORTURE" ] || n=100
	for ((i = 0; i < n; i++)); do
		start_daemon "${small[@]}"
		stop KILL
		head -c 10240 /dev/urandom |
			dd of="$at/segment" bs=1 seek=$((4096 + i)) \
			    conv=notrunc status=none
		start_daemon "${small[@]}"
		kill -0 "$daemon" || bad=$((bad + 1))
		stop TERM
	done
	same noise_behind_a_good_header_crashes_nothing "$bad" 0
}

one_of_two
from_a_namespace
zombie
stale_master
stampede
strange_files
