#!/bin/bash
# namespace.sh -- a daemon and its worker in a pid namespace of their own, the
# next daemon outside: it cannot watch the worker, and keeps what he counted.
. "$(dirname "$0")/lib.sh"

apart=(unshare --pid --fork --mount-proc --kill-child)
"${apart[@]}" true 2>/dev/null || {
	skip a_worker_of_another_pid_namespace "no unshare"
	exit 0
}

mkfifo "$dir/orders" "$dir/commands"
exec 21<>"$dir/orders" 22<>"$dir/commands"
: >"$dir/answers"
: >"$dir/done"

# Who obeys orders in there; to him the daemon is $daemon, the worker $worker.
# shellcheck disable=SC2016
inside='
	shmlogd -s 4m 2>>"$SHMLOG_DIR/inner.log" &
	daemon=$!
	while [ ! -S "$SHMLOG_DIR/default/socket" ]; do sleep 0.02; done
	tool-count http front <&22 >"$SHMLOG_DIR/answers" &
	worker=$!
	while read -r order; do
		eval "$order"
		echo "$order" >>"$SHMLOG_DIR/done"
	done'

# order COMMAND: to be run in there; waits until it was.
order()
{
	echo "$1" >&21
	wait_for 5 grep -qxF "$1" "$dir/done"
}

placeholders()
{
	[ "$(shmstat -s 2>/dev/null | grep -c placeholder)" = "$1" ]
}

requests()
{
	shmstat -1 -f 'http.*.requests' | awk '{ print $2 }'
}

# Two seconds have passed for the daemon since $beat was looked up.
has_ticked()
{
	[ "$(heartbeat)" -ge $((beat + 2)) ]
}

heartbeat()
{
	od -An -tu8 -j384 -N8 "$dir/default/segment" | tr -d ' '
}

spawn "${apart[@]}" bash -c "$inside" <&21
wait_for 10 grep -q ready "$dir/answers" || {
	not_ok namespace "the worker does not attach"
	exit 1
}
echo 'add 42' >&22
wait_for 5 grep -q 'done' "$dir/answers"
# shellcheck disable=SC2016
order 'kill -STOP $worker'
# shellcheck disable=SC2016
order 'kill -KILL $daemon; wait $daemon'
start_daemon -s 4m
check its_set_is_shown_by_a_placeholder wait_for 5 placeholders 1
same which_counts "$(requests)" 42
beat=$(heartbeat)
check the_daemon_looks_after_it wait_for 10 has_ticked
check it_stays_while_the_worker_is_there placeholders 1
# shellcheck disable=SC2016
order 'kill -KILL $worker; wait $worker'
check it_goes_when_nobody_holds_the_old_segment wait_for 5 placeholders 0
same and_its_counters_stay "$(requests)" 42
