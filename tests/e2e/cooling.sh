#!/bin/bash
# cooling.sh -- what must hold over the cooling time: freed sections, stopped
# readers, stopped and silent workers.  Each has an instance of its own, and all
# wait out the ten seconds together.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/puppet.lib
. tests/e2e/puppet.lib

# In microseconds.
now()
{
	echo "${EPOCHREALTIME/[.,]/}"
}

# section INSTANCE IDENT: serial, class, pid, offset, length, flags.
section()
{
	tool-poke "$dir/$1" find numbers "$2"
}

is_joined()
{
	tell "$1" wait
	[ "$answer" = 0 ]
}

# The daemon hears of it from a socket.  From then on nothing changes.
freed_is_cool()
{
	freed_sum=$(tool-poke "$dir/freed" sum "$freed")
	[ "${freed_sum% *}" = Cool ]
}

# 1. A freed section is Cool for the whole cooling time, and its bytes stay,
# also when somebody wants its pages.
begin_freed()
{
	start_daemon -n freed -s 300k -m 24 -k 10
	joined_puppet freed -n freed -i freed -L 3 -l 65536
	tell freed "put 500"
	freed=$(section freed freed)
	freed=${freed%% *}
	freed_sum=$(tool-poke "$dir/freed" sum "$freed")
	same "a live section is Log" "${freed_sum% *}" Log
	freed_at=$(now)
	tell freed free
	wait_for 10 freed_is_cool || :
	same "a freed section is Cool" "${freed_sum% *}" Cool
	# three lanes do not fit beside three
	puppet greedy -n freed -i greedy -L 3 -l 65536
	tell greedy "put 1"
	same "what has no room is not there" "$(section freed greedy)" ""
}

# Looks once; sets freed_until when it is not as it was any more.
look_freed()
{
	local sum
	[ -z "${freed_until:-}" ] || return 0
	tell greedy "put 1" # it asks for room, once a second
	sum=$(tool-poke "$dir/freed" sum "$freed")
	[ "$sum" = "Cool ${freed_sum#* }" ] || freed_until=$(now)
}

end_freed()
{
	local seconds
	# greedy asks for it now and then
	while [ -z "${freed_until:-}" ] &&
		[ $(($(now) - freed_at)) -lt 30000000 ]; do
		look_freed
		sleep 0.05
	done
	seconds=$(((${freed_until:-0} - freed_at) / 100000))
	if [ -z "${freed_until:-}" ]; then
		not_ok "its pages are used again after that" "after 30 s"
	elif [ "$seconds" -lt 100 ]; then
		not_ok "a freed section cools for ten seconds" \
		    "$((seconds / 10)).$((seconds % 10)) s"
	else
		ok "a freed section cools for ten seconds"
		ok "its pages are used again after that"
	fi
	check "who waited for room gets it" wait_for 10 is_joined greedy
}

# 2. A reader stopped past the cooling time and re-use.
begin_stopped()
{
	start_daemon -n reuse -s 300k -m 24 -k 10
	follow "$dir/reuse.out" -n reuse
	stopped=$follower
	joined_puppet old -n reuse -i old -L 2 -l 65536
	tell old "put 100"
	delivered "a reader has what was written before it was stopped" \
	    old 1 100 "$dir/reuse.out"
	kill -STOP "$stopped"
	tell old "put 5000"
	old=$(section reuse old)
	tell old free
	puppet new -n reuse -i new -L 2 -l 65536
}

# overlap OFFSET LENGTH OFFSET LENGTH
overlap()
{
	[ "$1" -lt $(($3 + $4)) ] && [ "$3" -lt $(($1 + $2)) ]
}

lost()
{
	sed -nE 's/.*[^0-9]([0-9]+) records? of .* lost.*/\1/p' \
	    "$dir/reuse.out.err" | awk '{ n += $1 } END { print n + 0 }'
}

all_lost()
{
	[ $(($(lost) + $(of old "$dir/reuse.out" | wc -l))) = 5100 ]
}

end_stopped()
{
	local a b
	check "the pages of the freed stream are given to another one" \
	    wait_for 20 is_joined new
	tell new "put 300"
	b=$(section reuse new)
	a=$(echo "$old" | cut -d' ' -f4,5)
	b=$(echo "$b" | cut -d' ' -f4,5)
	# shellcheck disable=SC2086 # two numbers each
	overlap $a $b || not_ok reuse "$a and $b have no page in common"
	kill -CONT "$stopped"
	delivered "a reader stopped past re-use delivers the new stream" \
	    new 1 300 "$dir/reuse.out"
	if wait_for 5 all_lost; then
		ok "and its count of what it lost is right"
	else
		not_ok "and its count of what it lost is right" "$(lost) lost, $(
		    of old "$dir/reuse.out" | wc -l) delivered of 5100: $(
		    tail -n 2 "$dir/reuse.out.err" | tr '\n' ' ')"
	fi
	same "and nothing foreign" "$(grep -cavE \
	    '^(old|new|probe[0-9]+) [0-9]+$' "$dir/reuse.out")" 0
}

# 3. A worker stopped in mid-append, whose client was dropped.
begin_halfway()
{
	start_daemon -n half -s 512k -m 16 -k 10
	joined_puppet neighbour -n half -i neighbour -L 1 -l 65536
	tell neighbour "put 100"
	spawn tool-halfway "$dir/half/socket" >"$dir/half.out"
	halfway=$pid
	wait_for 10 grep -q '^half ' "$dir/half.out" || :
	check "a client that breaks the protocol is dropped" \
	    grep -q '^half ' "$dir/half.out"
	halfway_serial=$(sed -n 's/^half //p' "$dir/half.out")
	# more than what is left without it: somebody wants its pages
	puppet pusher -n half -i pusher -L 5 -l 65536
	tell pusher "put 1"
}

halfway_class()
{
	local sum
	sum=$(tool-poke "$dir/half" sum "$halfway_serial")
	echo "${sum% *}"
}

end_halfway()
{
	same "the section of a stopped worker is not cooling" \
	    "$(halfway_class)" Log
	same "and its pages are nobody else's" "$(section half pusher)" ""
	joined_puppet later -n half -i later -L 1 -l 65536
	tell later "put 100"
	kill -CONT "$halfway"
	wait_for 10 grep -q 'done' "$dir/half.out" ||
		not_ok halfway "the worker does not go on"
	shmtail -d -o cat -n half >"$dir/half.tail" 2>&1
	delivered "it goes on, and hurts nobody's section" \
	    neighbour 1 100 "$dir/half.tail"
	delivered "nor a later one's" later 1 100 "$dir/half.tail"
	same "its own records are whole" "$(grep -vE \
	    '^(half|neighbour|later|pusher) [0-9]+$' "$dir/half.tail")" ""
	kill -KILL "$halfway"
	check "dead, it is cooling" wait_for 3 halfway_cools
}

halfway_cools()
{
	[ "$(halfway_class)" = Cool ]
}

# 4. A worker killed while a child of its holds the socket.
holder_cools()
{
	[[ $(section held holder) == *" Cool/Log "* ]]
}

held()
{
	start_daemon -n held -s 300k -m 24 -k 10
	joined_puppet holder -n held -i holder -L 1 -l 65536
	tell holder "put 10"
	tell holder fork
	check "a child holds its parent's socket" sh -c \
	    "ls -l /proc/$answer/fd | grep -q socket:"
	kill -KILL "${puppet_pid[holder]}"
	check "a worker is dead although its child holds the socket" \
	    wait_for 3 holder_cools
	kill -KILL "$answer"
}

# 5. A worker that is silent for longer than the cooling time, over a restart.
begin_silent()
{
	start_daemon -n silent -s 8m -m 64 -k 10
	follow "$dir/silent.out" -n silent
	joined_puppet silent -n silent
	tell silent "put 100"
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
	start_daemon -n silent -s 8m -m 64 -k 10
	silent_at=$(now)
}

end_silent()
{
	while [ $(($(now) - silent_at)) -lt 11500000 ]; do
		sleep 0.1
	done
	tell silent "put 100"
	tell silent wait
	tell silent "put 100"
	delivered "a worker silent past the cooling time loses nothing" \
	    silent 1 300 "$dir/silent.out"
	same "and drops nothing" "$(wc -l <"$dir/silent.drop")" 0
}

begin_freed
begin_stopped
begin_halfway
begin_silent
look_freed
held
while [ $(($(now) - silent_at)) -lt 11000000 ]; do
	look_freed
	sleep 0.05
done
end_freed
end_stopped
end_halfway
end_silent
