#!/bin/bash
# detach.sh -- shmtail -D and -P: in the background with a capture and a pid
# file; and descriptors that whoever starts it has closed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

pids=$dir/pid

# Ends also what has detached itself.
leave()
{
	local status=$?
	[ ! -s "$pids" ] || kill "$(<"$pids")" 2>/dev/null || :
	finish "$status"
}
trap leave EXIT

# fails COMMAND...: its status, and what it says
fails()
{
	local status=0
	"$@" >"$dir/out" 2>"$dir/err" || status=$?
	echo "$status $(<"$dir/err")"
}

has()
{
	shmtail -r "$1" -o cat 2>/dev/null | grep -qx "$2"
}

written()
{
	echo "$2" | shmput -i x
	has "$1" "$2"
}

start_daemon -s 64m
same "it detaches" \
    "$(cd "$dir" && fails timeout 20 shmtail -D -w cap -P pid)" "0 "
pid=$(<"$pids")
check "the pid is that of who goes on" kill -0 "$pid"
check "it writes where it was told, from where it was started" \
    wait_for 10 written "$dir/cap" one
same "another one with that pid file does not start" \
    "$(fails timeout 20 shmtail -d -P "$pids")" \
    "1 shmtail: -P $pids: process $pid has it and runs"
mv "$dir/cap" "$dir/cap.1"
kill -HUP "$pid"
check "it opens its file anew" wait_for 10 written "$dir/cap" two
kill "$pid"
check "it ends" wait_for 10 ended "$pid"
check "without its pid file" wait_for 10 test ! -e "$pids"

# what goes wrong before it has detached is told, and leaves no pid file
same "no such instance" \
    "$(fails shmtail -D -n none -t 0 -w "$dir/x" -P "$pids" | head -c 1)" 1
same "no place for the capture" \
    "$(fails shmtail -D -w "$dir/none/x" -P "$pids" | head -c 1)" 1
echo rubbish >"$dir/rubbish"
same "a cursor file that is none" "$(fails shmtail -d -P "$pids" \
    --cursor-file "$dir/rubbish" | head -c 1)" 1
check "no pid file is left" test ! -e "$pids"

# killed, it leaves one that says nothing
shmtail -D -w "$dir/cap" -P "$pids"
pid=$(<"$pids")
kill -KILL "$pid"
wait_for 10 ended "$pid" || :
same "a pid file of who was killed is no obstacle" \
    "$(fails shmtail -d -P "$pids")" "0 "

# -r from a pipe that goes on
mkfifo "$dir/in"
exec 8<>"$dir/in"
spawn shmtail -r - -P "$pids" <&8 >"$dir/out" 2>"$dir/err"
is_pid()
{
	[ -e "$pids" ] && [ "$(<"$pids")" = "$pid" ]
}
check "-r has a pid file, too" wait_for 10 is_pid
kill "$pid"
wait "$pid" || :
exec 8>&-

# With stderr closed, what is told there is not told to a file.
rm -f "$dir/cap"
spawn sh -c "exec shmtail -w '$dir/cap' <&- >&- 2>&-"
tail=$pid
wait_for 10 written "$dir/cap" three || not_ok closed "nothing is written"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
start_daemon -s 64m
check "with stderr closed it follows a restart" \
    wait_for 10 written "$dir/cap" four
kill "$tail"
wait "$tail" || :
same "and nothing else is in the capture" \
    "$(fails shmtail -r "$dir/cap" -w "$dir/copy")" "0 "
same "a closed standard output is an error" \
    "$(fails sh -c 'shmtail -d >&-')" \
    "1 shmtail: cannot write: Bad file descriptor"
