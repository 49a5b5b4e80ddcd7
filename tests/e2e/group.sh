#!/bin/bash
# group.sh -- shmtail -g: records of transactions together, and trees of them;
# what does not end is shown late, marked, and says what would change that.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/follow.lib
. tests/e2e/follow.lib

# write COMMANDS: by a worker of its own
write()
{
	printf '%s\n' "$@" | tool-transact x >/dev/null
}

# A worker that goes on: commands to it are lines to descriptor 7.
worker()
{
	rm -f "$dir/fifo"
	mkfifo "$dir/fifo"
	exec 7<>"$dir/fifo"
	spawn tool-transact "$@" <"$dir/fifo" >"$dir/wrote" 7>&-
	worker=$pid
}

stop()
{
	kill -CONT "$tail"
	kill "$tail"
	wait "$tail" || :
}

shows()
{
	grep -q -- "$1" "$dir/out"
}

written()
{
	shmtail -d -o cat 2>/dev/null | grep -qx "$1"
}

# say COMMAND ID TEXT: to the worker; returns when the shmtail that follows has
# had the record, whether it shows it or holds it
sequence=0
say()
{
	echo "$*" >&7
	wait_for 5 written "${*:3}" || not_ok say "nothing is written"
	sequence=$((sequence + 1))
	echo "seen $sequence" | shmput -i probe
	wait_for 5 shows "seen $sequence" || not_ok say "nothing is delivered"
}

# plain: the lines of -o short without time, process and tag
plain()
{
	sed -E 's/[A-Z][a-z]{2} [ 0-9]{2} [0-9:.]{15} transact\.x\[[0-9]+\] Part\(info\) //; s/\[[0-9]+\]//'
}

start_daemon -s 64m
write 'begin 1 a' 'begin 2 b' 'put 0 none' 'put 1 c' 'end 2 d' 'end 1 e'
same transactions_are_together_in_the_order_of_their_ends \
    "$(shmtail -d -g transaction | plain)" "-: none
-- 2 transact.x --
2: b
2: d

-- 1 transact.x --
1: a
1: c
1: e"
same raw_is_as_it_came "$(shmtail -d -g raw -o cat | tr '\n' ' ')" \
    'a b none c d e '
shmtail -d >"$dir/raw"
same and_is_what_there_is_without_g "$(shmtail -d -g raw)" \
    "$(cat "$dir/raw")"

# a tree: the parent's records come last, as those of a batch may
write 'link 12 11 child' 'link 13 12 grandchild' 'link 14 11 other' \
    'end 14 x' 'end 12 y' 'begin 11 root' 'end 13 z' 'end 11 end'
same a_tree_has_its_parts_below_it_indented \
    "$(shmtail -d -g tree | plain | sed -n '/-- 11/,/^$/p')" \
    "-- 11 transact.x --
11: root
11: end
  12 in 11: child
  12: y
    13 in 12: grandchild
    13: z
  14 in 11: other
  14: x"
if command -v jq >/dev/null; then
	same a_tree_in_json_has_depths_and_parents \
	    "$(shmtail -d -g tree -o json |
		jq -c 'select(.id > 10) | [.id, .depth, .parent, .begin, .end]' |
		tr '\n' ' ')" \
	    '[11,null,null,true,null] [11,null,null,null,true] [12,1,11,true,null] [12,1,null,null,true] [13,2,12,true,null] [13,2,null,null,true] [14,1,11,true,null] [14,1,null,null,true] '
else
	skip a_tree_in_json_has_depths_and_parents "there is no jq"
fi
same a_group_is_not_cut_by_k "$(shmtail -d -g tree -o cat -k 5 | wc -l)" 6
same nor_by_l "$(shmtail -d -g tree -o cat -l 2 | wc -l)" 8
shmtail -d -g tree -l 2 -w "$dir/capture"
same nor_by_l_in_a_capture "$(shmtail -r "$dir/capture" -o cat | wc -l)" 8
same what_x_leaves_out_is_no_group "$(shmtail -d -g tree -x Part)" ''

# what is not whole
write 'begin 21 open' 'put 22 late' 'end 22 x'
shmtail -d -g transaction | plain >"$dir/out"
check at_the_end_what_has_no_end_is_shown \
    shows '^-- 21 transact.x, incomplete: no end yet --$'
check what_began_before_is_told \
    shows '^-- 22 transact.x, its beginning is missing --$'
shmtail -d -g transaction -o cat 2>"$dir/err" >"$dir/out"
check with_cat_it_is_on_stderr \
    grep -q 'transaction 21 of .*, incomplete: no end yet$' "$dir/err"
same and_nothing_else_is_on_stdout "$(grep -c -e -- "$dir/out")" 0
if command -v jq >/dev/null; then
	same in_json_it_is_an_object "$(shmtail -d -g transaction -o json |
		jq -c 'select(.incomplete) | [.incomplete, .why, .type]' |
		tr '\n' ' ')" \
	    '[22,"begin","transact"] [21,"end","transact"] '
else
	skip in_json_it_is_an_object "there is no jq"
fi

# -T, with nothing written at all
worker x
follow -g transaction -T 1.5
say begin 31 waits
check one_that_may_still_end_is_held sh -c "! grep -q waits '$dir/out'"
check t_is_over_without_traffic wait_for 5 shows waits
check and_says_which_option_waits_longer \
    shows '31 .*incomplete: no end after 1.5 s (-T waits longer)'
stop

# SIGUSR1
follow -g transaction
say begin 32 asked
check held_for_longer_without_t sh -c "! grep -q asked '$dir/out'"
kill -USR1 "$tail"
check a_signal_shows_what_is_held wait_for 5 shows asked
check and_it_goes_on kill -0 "$tail"
echo 'end 32 after' >&7
check the_rest_comes_by_itself wait_for 5 shows '32.*its beginning is missing'
say begin 33 at the end
stop
check what_is_held_when_it_is_stopped_is_shown shows 'at the end'
follow
kill -USR1 "$tail"
check without_g_the_signal_does_nothing wait_for 5 probed
check nothing_at_all kill -0 "$tail"
stop

# -L
follow -g transaction -L 2
for id in 41 42 43; do
	say begin "$id" "of $id"
done
check over_l_the_oldest_goes_and_says_what_to_do wait_for 5 shows \
    '-- 41 .*incomplete: the oldest of more than 2 (-L allows more)'
check the_others_are_held sh -c "! grep -q -e '-- 42' '$dir/out'"
stop

# across a restart of the daemon
follow -g transaction -T 60
say begin 51 before
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
start_daemon -s 64m 7>&-
joined()
{
	echo 'put 51 again' >&7
	[ "$(shmtail -r "$dir/default/segment" -i Part -o cat | wc -l)" -gt 1 ]
}
check the_worker_joins wait_for 10 joined
echo 'end 51 after' >&7
check a_transaction_goes_on_with_the_next_daemon wait_for 10 shows 'after'
same as_one "$(grep -c -e '-- 51' "$dir/out")" 1
check and_whole sh -c "sed -n '/-- 51/,/^\$/p' '$dir/out' |
    grep -q '51: before' && grep -q -e '-- 51 [^,]* --' '$dir/out'"
stop

# its stream is freed meanwhile
follow -g transaction -T 3
say begin 61 orphan
exec 7>&-
wait "$worker" || :
check what_a_dead_worker_began_is_shown_in_the_end wait_for 10 shows orphan
stop

# stopped, and lapped by a writer while transactions are open
rm -f "$dir/out"
worker y 65536
follow -g transaction -o cat -T off
before=$(grep -c '^[0-9]' "$dir/out" || :)
echo 'many 300 10 30' >&7
has_some()
{
	[ "$(grep -c '^[0-9]' "$dir/out")" -gt 500 ]
}
wait_for 5 has_some || :
# has_mark NUMBER COMMAND...: whether that shows the record that is put last
has_mark()
{
	"${@:2}" | grep -qx "0 mark $1"
}
for i in 1 2 3; do
	kill -STOP "$tail"
	echo 'many 3000 10 30' >&7
	echo 'many 30000 3 100' >&7
	echo "put 0 0 mark $i" >&7
	wait_for 30 has_mark "$i" shmtail -d -s '*.y' -o cat ||
		not_ok mark "it is not written"
	kill -CONT "$tail"
	wait_for 30 has_mark "$i" cat "$dir/out" ||
		not_ok mark "it is not delivered"
done
exec 7>&-
wait_for 30 ended "$worker" || :
wait "$worker" || :
wrote=$(sed -nE 's/^wrote ([0-9]+) dropped 0$/\1/p' "$dir/wrote")
sum_up()
{
	local shown lost
	shown=$(grep -c '^[0-9]' "$dir/out")
	lost=$(sed -nE 's/.* ([0-9]+) records? of transact.*lost$/\1/p' \
	    "$dir/err" | awk '{ n += $1 } END { print n + 0 }')
	echo $((shown - before + lost))
}
check it_lives_when_it_was_lapped kill -0 "$tail"
settled()
{
	kill -USR1 "$tail"
	[ "$(sum_up)" = "$wrote" ]
}
wait_for 10 settled || :
same what_was_shown_and_what_was_lost_is_what_was_written "$(sum_up)" "$wrote"
check some_was_lost grep -q 'transact.*lost' "$dir/err"
check and_that_is_said_of_its_transactions \
    grep -q 'transaction .*records of it may be lost\|its beginning is missing' \
    "$dir/err"
same marks_on_stderr_are_bounded "$(grep -c ': transaction ' "$dir/err")" 20
kill "$tail"
check and_it_ends_well wait "$tail"
same and_summed_up "$(grep -cE \
    '^shmtail: [0-9]+ transactions that are not whole in all$' "$dir/err")" 1

# what cannot be
bad()
{
	local status=0
	shmtail "$@" 2>"$dir/err" || status=$?
	echo "$status $(cat "$dir/err")"
}
same no_such_grouping "$(bad -g session)" \
    '2 shmtail: -g session: not raw, transaction or tree'
same l_wants_g "$(bad -L 5)" '2 shmtail: -L: needs -g transaction or -g tree'
same l_is_a_number "$(bad -g tree -L 0)" \
    '2 shmtail: -L 0: not a whole number from 1 to 1000000'
same t_is_a_time "$(bad -g tree -T never)" \
    '2 shmtail: -T never: not a number of seconds, nor off'
