#!/bin/bash
# shmput.sh -- lines become records, byte for byte, and the program before
# shmput is never held up, whatever the daemon does.
. "$(dirname "$0")/lib.sh"

err=$dir/err

status()
{
	local status=0
	"$@" >"$dir/out" 2>"$err" </dev/null || status=$?
	echo "$status"
}

same without_ident_exits_2 "$(status shmput)" 2
check and_it_is_told grep -q -- '-i' "$err"
same a_wrong_level_exits_2 "$(status shmput -i x -p 8)" 2
same a_wrong_ident_exits_2 "$(status shmput -i 'a b')" 2
same a_wrong_tag_exits_2 "$(status shmput -i x -t 'a b')" 2
same a_wrong_instance_exits_2 "$(status shmput -i x -n 'a/b')" 2
same a_stray_word_exits_2 "$(status shmput -i x word)" 2
same help_exits_0 "$(status shmput -h)" 0

# No daemon: all is read and counted.
same no_daemon_exits_0 "$(seq 1000 | { shmput -i none 2>"$err"; echo $?; })" 0
same and_drops_are_counted "$(tail -n 1 "$err")" 'shmput: 1000 records dropped'
echo one | shmput -i none 2>"$err"
same one_is_no_plural "$(tail -n 1 "$err")" 'shmput: 1 record dropped'

start_daemon -s 64m

# got IDENT [OPTIONS]: the records of a stream as shmtail gives them.
got()
{
	local ident=$1
	shift
	shmtail -d -o json 2>/dev/null | jq --arg s "$ident" "$@" \
	    'select(.type == "shmput" and .stream == $s)'
}

# Any bytes but a newline; a last line without one.
head -c 300000 /dev/urandom >"$dir/bytes"
printf '\nlast\0line' >>"$dir/bytes"
shmput -i bytes <"$dir/bytes" 2>"$err"
shmtail -d -o cat >"$dir/cat" 2>"$dir/tail.err"
{
	cat "$dir/bytes"
	echo
} >"$dir/wanted"
# a line of it that begins with <N> would lose that, one is cut beyond 64k
check byte_for_byte cmp "$dir/cat" "$dir/wanted"
same nothing_is_said "$(cat "$err")" ''

# One write of many lines, many writes of a part of one, and empty lines.
{
	printf 'a\n\nb\n'
	printf 'one '
	sleep 0.05 # two reads, most likely; either way it is one line
	printf 'line\n'
	printf '<3>error\n<8>no level\n<3 neither\n<0>\n'
} | shmput -i levels -t Tag -p notice
got levels '-c' >"$dir/levels"
same a_line_is_a_record "$(jq -r .text "$dir/levels" | tr '\n' '|')" \
    'a||b|one line|error|<8>no level|<3 neither||'
same a_prefix_is_the_level "$(jq -r .level "$dir/levels" | tr '\n' ' ')" \
    'notice notice notice notice err notice notice emerg '
same a_tag_is_given "$(jq -r .tag "$dir/levels" | sort -u)" Tag

# A line that is too long is cut and marked, and the next one is whole.
{
	head -c 1000000 /dev/zero | tr '\0' x
	printf '\nnext\n'
	head -c 100000 /dev/zero | tr '\0' y
	printf '\nlast\n'
} | shmput -i long
got long '-c' >"$dir/long"
same a_long_line_is_one_record "$(jq -r '.text[0:4]' "$dir/long" |
    tr '\n' ' ')" 'xxxx next yyyy last '
same a_long_line_is_marked "$(jq -c '.cut // false' "$dir/long" |
    tr '\n' ' ')" 'true false true false '

# The daemon dies and comes back while a program writes.
mkfifo "$dir/fifo"
exec 9<>"$dir/fifo"
spawn shmput -i across <"$dir/fifo" 2>"$err" 9>&-
put=$pid
spawn shmtail -o cat >"$dir/tail" 2>"$dir/tail.err" 9>&-
tail=$pid
has()
{
	grep -q "$1" "$dir/tail"
}
# seen NAME: it is shown, if it was written while shmtail was there
seen()
{
	echo "$1" >&9
	wait_for 1 has "$1"
}
wait_for 10 seen before
kill -KILL "$daemon"
wait_for 5 ended "$daemon"
# more than a pipe takes: it would block if nobody read
between=5000
for ((i = 1; i <= between; i++)); do
	echo "between $i, and so that it is a longer line: $i $i $i $i $i"
done >&9
start_daemon -s 64m 9>&-
check records_after_a_restart wait_for 10 seen after
exec 9>&-
wait_for 5 ended "$put"
status=0
wait "$put" || status=$?
same it_ends_with_its_input "$status" 0
wait_for 5 has "between $between" || :
kill "$tail"
wait "$tail" || :
dropped=$(sed -nE 's/^shmput: ([0-9]+) records? dropped$/\1/p' "$err")
same every_line_is_shown_or_counted \
    "$(($(grep -c '^between' "$dir/tail") + ${dropped:-0}))" "$between"

# SIGINT is for the program before it.
mkfifo "$dir/fifo2"
exec 9<>"$dir/fifo2"
spawn shmput -i interrupted <"$dir/fifo2" 9>&-
put=$pid
listed()
{
	shmstat -s | grep -q "shmput *interrupted"
}
wait_for 5 listed
for i in {1..30}; do
	kill -INT "$put" || break
	echo "after interrupt $i"
	sleep 0.01 # so that some come while it waits
done >&9
exec 9>&-
wait_for 5 ended "$put"
same an_interrupt_loses_no_lines "$(got interrupted -r | jq -r .text |
    grep -c '^after interrupt')" 30

# The library's descriptors are none of the standard ones.
status=0
timeout 5 shmput -i closed <&- 2>"$dir/closed.err" || status=$?
same "a closed standard input is told" "$status" 1
check "and why" grep -q 'standard input: Bad file descriptor' "$dir/closed.err"

# Why lines are dropped is told in the instance's words, not in errno's.
start_daemon -n full -s 512k -m 32
echo x | shmput -i full -n full 2>"$err"
same "no room is the segment's, not a disk's" "$(head -n 1 "$err")" \
    'shmput: instance full: no room in its segment (shmlogd -s), or for one more of its sections (-m): lines are dropped until there is'
same "and a line is counted" "$(tail -n +2 "$err")" 'shmput: 1 record dropped'

# denied: what who is in no group is told
denied()
{
	echo x | setpriv --reuid 4242 --regid 4242 --clear-groups \
	    env SHMLOG_DIR="$dir" shmput -i x -n full 2>&1 | tr '\n' '|'
}
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	end='shmput: lines are dropped for now|shmput: 1 record dropped|'
	chmod 711 "$dir"
	chgrp 12 "$dir/full" "$dir/full/socket"
	group=$(getent group 12 | cut -d : -f 1)
	help="sudo usermod -aG $group \$USER, and log in again"
	same "a directory that denies is named, and its group" "$(denied)" \
	    "shmput: $dir/full: Permission denied|shmput: members of the group $group may read it: $help|$end"
	chmod 711 "$dir/full"
	same "so is a socket" "$(denied)" \
	    "shmput: $dir/full/socket: Permission denied|shmput: members of the group $group may use it: $help|$end"
	chmod 600 "$dir/full/socket"
	same "or what would let a group" "$(denied)" \
	    "shmput: $dir/full/socket: Permission denied|shmput: only root may use it: shmlogd -M 0640 would let its group|$end"
else
	skip "who is denied is told by whom" "needs root and setpriv"
fi
