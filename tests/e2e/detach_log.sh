#!/bin/bash
# detach_log.sh -- what shmtail has to tell once it has detached: to a file if
# that is its standard error, else to syslog(3).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/apart.lib
. "$(dirname "$0")/apart.lib"
# shellcheck source=tests/e2e/dev.lib
. "$(dirname "$0")/dev.lib"

pids=$dir/pid
leave_detached()
{
	local status=$?
	[ ! -s "$pids" ] || kill "$(<"$pids")" 2>/dev/null || :
	(exit "$status") || :
	finish "$status"
}
trap leave_detached EXIT

# Whatever comes to /dev/log, to a file.
start_syslog()
{
	spawn python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/dev/log")
while True:
    os.write(1, s.recv(4096) + b"\n")' >"$dir/syslog"
	wait_for 10 test -S /dev/log
}

# The daemon is killed, and the next one is told of.
restart()
{
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
	start_daemon -s 64m
}

end_detached()
{
	kill "$(<"$pids")"
	wait_for 10 test ! -e "$pids"
}

start_daemon -s 64m
shmtail -D -w "$dir/cap" -P "$pids" 2>"$dir/err"
restart
check "a file that is the standard error is told" \
    wait_for 20 grep -q "^shmtail: .*shmlogd was restarted" "$dir/err"
end_detached

if [ -z "$apart" ] || ! private_dev 2>/dev/null; then
	skip "syslog is told" "there can be no private /dev/log"
elif ! command -v python3 >/dev/null; then
	skip "syslog is told" "no python3"
else
	start_syslog || not_ok syslog "it does not start"
	shmtail -D -w "$dir/cap" -P "$pids" 2>&1 | cat
	tail=$(<"$pids")
	restart
	check "syslog is told" \
	    wait_for 20 grep -q "^<28>.* shmtail\[$tail\]: .*shmlogd was restarted" "$dir/syslog"
	same "by one name" "$(grep -c 'shmtail:' "$dir/syslog" || :)" 0
	end_detached
fi
