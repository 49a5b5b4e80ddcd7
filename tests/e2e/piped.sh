#!/bin/bash
# piped.sh -- shmtail -r - from a pipe that goes on: what -T, signals and a
# closed output ask for happens also while nothing comes.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

mkfifo "$dir/in" "$dir/fifo"

# begin FILE ARGUMENTS...: has the capture, and waits for more; $tail
begin()
{
	local to=$1
	shift
	exec 8<>"$dir/in"
	spawn shmtail -r - "$@" <&8 >"$to" 2>"$dir/err" 9>&-
	tail=$pid
	cat "$dir/capture" >&8
}

finish_one()
{
	kill "$tail" 2>/dev/null || :
	wait "$tail" || :
	exec 8>&-
}

shows()
{
	grep -q -e "$1" "$dir/out"
}

start_daemon -s 64m
printf '%s\n' 'put 0 none' 'begin 5 open' | tool-transact x >/dev/null
shmtail -d -w "$dir/capture"

begin "$dir/out" -g transaction -T 0.5
check "-T is looked at while nothing comes" \
    wait_for 10 shows '5 .*no end after 0.5 s'
finish_one

begin "$dir/out" -g transaction -T off
check "what came is shown while nothing comes" wait_for 10 shows 'none$'
kill -USR1 "$tail"
check "SIGUSR1 shows what is held" wait_for 10 shows '5 .*no end yet'
check "and it goes on" kill -0 "$tail"
finish_one

exec 9<>"$dir/fifo"
begin "$dir/fifo" -o cat
head -n 1 <&9 >"$dir/out"
exec 9>&-
check "it ends when nobody reads it" wait_for 10 ended "$tail"
finish_one

begin /dev/full -o cat
check "and when it cannot write" wait_for 10 ended "$tail"
finish_one
same "which is told" "$(<"$dir/err")" \
    "shmtail: cannot write: No space left on device"

has()
{
	[ "$(shmtail -r "$1" -o cat 2>/dev/null | wc -l)" = "$2" ]
}
begin /dev/null -w "$dir/copy"
check "a copy has what came while nothing comes" wait_for 10 has "$dir/copy" 2
mv "$dir/copy" "$dir/copy.1"
kill -HUP "$tail"
check "SIGHUP opens it anew" wait_for 10 test -s "$dir/copy"
cat "$dir/capture" >&8
check "and it goes on there" wait_for 10 has "$dir/copy" 2
finish_one
