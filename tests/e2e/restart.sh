#!/bin/bash
# restart.sh -- records across kill -9 of the daemon and its restart.
#
# A reader follows; a worker logs numbered records before, between and after.
# Each is delivered once and in order, or the library counted it as dropped.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/puppet.lib
. tests/e2e/puppet.lib

kill_daemon()
{
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
}

rounds=2
[ -z "$TORTURE" ] || rounds=20

# One that logs all the time, the daemon killed and started again.
start_daemon -s 32m
follow "$dir/out"
joined_puppet busy -l 4194304
for ((i = 0; i < rounds; i++)); do
	at=$(tried busy "run 10000")
	wait_for 10 has_tried busy $((at + 2000)) 10000 ||
		not_ok restart "the worker stands still"
	kill_daemon
	at=$(tried busy "run 10000")
	wait_for 10 has_tried busy $((at + 2000)) 10000 ||
		not_ok restart "the worker stands still without a daemon"
	start_daemon -s 32m
	# it goes on to write to the old lanes until it joins
	wait_for 10 has_tried busy $((at + 6000)) 10000 || :
done
tell busy wait
same "a worker joins the next daemon" "$answer" 0
tell busy "put 100"
read -r at dropped counted <<<"$answer"
delivered "each record is delivered once and in order, or was dropped" \
    busy 1 "$at" "$dir/out"
same "a worker that had joined drops nothing" "$dropped $counted" "0 0"
# it would hold the segment that the dead one's last words are in
dismiss busy

# -d right after a restart: of a worker that lives, and of one that is dead.
joined_puppet alive -l 1048576
joined_puppet dead -l 1048576
tell alive "put 1000"
tell dead "put 1000"
kill -KILL "${puppet_pid[dead]}"
kill_daemon
start_daemon -s 32m
shmtail -d -o cat >"$dir/there" 2>"$dir/there.err"
delivered "-d after a restart shows what a living worker wrote before" \
    alive 1 1000 "$dir/there"
delivered "-d after a restart shows what a dead worker wrote before" \
    dead 1 1000 "$dir/there"
tell alive "put 500"
tell alive wait
tell alive "put 500"
shmtail -d -o cat >"$dir/there" 2>"$dir/there.err"
delivered "-d shows a worker's records in both segments, once" \
    alive 1 2000 "$dir/there"
delivered "the reader that follows has them, too" alive 1 2000 "$dir/out"

# The last words outlive more restarts than one; the files of a daemon that is
# restarted over and over do not pile up.
for i in 1 2 3; do
	kill_daemon
	start_daemon -s 32m
done
shmtail -d -o cat >"$dir/there" 2>"$dir/there.err"
delivered "a dead worker's last words outlive several restarts" \
    dead 1 1000 "$dir/there"
tell alive wait
for i in 1 2 3 4; do
	kill_daemon
	start_daemon -s 32m
done
tell alive wait
kept=$(find "$dir" -name 'segment.[0-9]*' | wc -l)
check "the files of old segments do not pile up ($kept)" [ "$kept" -le 5 ]
