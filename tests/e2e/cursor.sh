#!/bin/bash
# cursor.sh -- shmtail --cursor-file: one run goes on exactly where the one
# before it was, also in the next daemon's segment, or says what it missed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/follow.lib
. tests/e2e/follow.lib

cursor=$dir/cursor

# A run that adds to out and err.
begin()
{
	spawn shmtail -o cat --cursor-file "$cursor" >>"$dir/out" 2>>"$dir/err"
	tail=$pid
}

finish_run()
{
	kill -TERM "$tail"
	wait "$tail"
}

restart()
{
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
	start_daemon -s 32m
}

: >"$dir/out"
: >"$dir/err"
start_daemon -s 32m
begin
wait_for 5 probed || not_ok follow "shmtail does not deliver"
spawn tool-number a 10000 100 2 </dev/null >"$dir/wrote"
writer=$pid
wait_for 5 has_lines 100
check it_ends_well finish_run
for lines in 4000 8000 12000; do
	begin
	wait_for 10 has_lines "$lines" || :
	finish_run || not_ok run "exit status $?"
	[ "$lines" != 8000 ] || restart
done
wait "$writer"
begin
wait_for 10 has_lines 20000 || :
finish_run
same all_runs_together_have_each_record_once "$(account 20000)" whole
same and_nothing_was_lost "$(grep -c 'records\? of' "$dir/err")" 0

# from -d to -d
shmtail -d -o cat --cursor-file "$cursor" >"$dir/more" 2>/dev/null
same nothing_new_is_nothing "$(wc -l <"$dir/more")" 0
tool-number b 5 0 </dev/null >/dev/null
shmtail -d -o cat --cursor-file "$cursor" >"$dir/more" 2>/dev/null
same what_is_new_is_shown "$(wc -l <"$dir/more")" 5
shmtail -d -o cat --cursor-file "$cursor" >"$dir/more" 2>/dev/null
same once "$(wc -l <"$dir/more")" 0

# up to a time that has come already
echo 'many 10000 10 1' | tool-transact x 8388608 >"$dir/wrote"
until=$EPOCHREALTIME
is_past()
{
	[ "${EPOCHREALTIME/[.,]/}" -gt $((${until/[.,]/} + 50000)) ]
}
wait_for 5 is_past
shmtail --until "@$until" -o cat --cursor-file "$cursor" >"$dir/more" \
    2>/dev/null
same all_that_came_until_then_is_shown "$(wc -l <"$dir/more")" 100000
shmtail -d -o cat --cursor-file "$cursor" >"$dir/more" 2>/dev/null
same and_known_to_be "$(wc -l <"$dir/more")" 0

# While nobody reads lanes are lapped, daemons come and go, and their segments.
: >"$dir/out"
: >"$dir/err"
begin
wait_for 5 probed || not_ok follow "shmtail does not deliver"
spawn tool-number c 60000 10 2 </dev/null >"$dir/wrote"
writer=$pid
wait_for 5 has_lines 100
finish_run
restart
wait_for 5 joined || not_ok join "the writer does not"
restart
wait "$writer"
dropped=$(sed -nE 's/.* dropped ([0-9]+)$/\1/p' "$dir/wrote")
begin
counted()
{
	[ "$(account $((120000 - dropped)))" = whole ]
}
wait_for 10 counted || :
finish_run
same what_was_missed_in_between_is_counted \
    "$(account $((120000 - dropped)))" whole

# What is wrong is told, and nothing is lost by it.
status=0
echo rubbish >"$dir/rubbish"
shmtail -d --cursor-file "$dir/rubbish" >"$dir/more" 2>"$dir/told" || status=$?
same rubbish_is_refused "$status: $(cat "$dir/told")" \
    "1: shmtail: --cursor-file $dir/rubbish: line 1: not a cursor file"
same and_left_alone "$(cat "$dir/rubbish")" rubbish
: >"$dir/empty"
same an_empty_one_is_as_none \
    "$(shmtail -d -o cat --cursor-file "$dir/empty" 2>"$dir/told" | wc -l)" \
    "$(shmtail -d -o cat 2>"$dir/more" | wc -l)"
same which_is_told "$(head -n 1 "$dir/told")" \
    "shmtail: --cursor-file $dir/empty: is empty: begins as without it"
same and_then_it_is_one "$(shmtail -d -o cat --cursor-file "$dir/empty" \
    2>"$dir/told" | wc -l)" 0
status=0
shmtail -d --cursor-file "$dir" >"$dir/more" 2>"$dir/told" || status=$?
same a_directory_is_none "$status: $(cat "$dir/told")" \
    "1: shmtail: --cursor-file $dir: Is a directory"
status=0
shmtail -d --cursor-file "$dir/none/x" >"$dir/more" 2>"$dir/told" || status=$?
same a_file_that_cannot_be_written_is_told "$status: $(cat "$dir/told")" \
    "1: shmtail: --cursor-file $dir/none/x: No such file or directory"
check before_anything_is_shown [ ! -s "$dir/more" ]
status=0
shmtail -d -l 3 --cursor-file "$cursor" 2>"$dir/told" || status=$?
same it_does_not_go_together_with_l "$status: $(cat "$dir/told")" \
    '2: shmtail: --cursor-file and -l do not go together'
