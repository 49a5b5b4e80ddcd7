#!/bin/bash
# shmctl.sh -- records are masked and unmasked while their worker runs, also
# those of its successor and with the next daemon; clients are listed, sections
# freed by hand.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/puppet.lib
. tests/e2e/puppet.lib

# A record of the puppet $worker, `numbers.web', tag Number, level info.  Whether it
# comes to readers: who has what two others logged after it, one after the other,
# has looked at its lane in between.
worker=first
comes()
{
	local record
	tell "$worker" "put 1"
	record="$worker ${answer%% *}"
	for _ in 1 2; do
		tell mark "put 1"
		wait_for 5 came "mark ${answer%% *}" ||
			not_ok mark "nothing comes any more"
	done
	came "$record"
}

came()
{
	grep -qxF "$1" "$dir/out"
}

hidden()
{
	! comes
}

status()
{
	local status=0
	"$@" >"$dir/stdout" 2>"$dir/stderr" || status=$?
	echo "$status"
}

start_daemon -s 32m
follow "$dir/out"
joined_puppet first -i web
joined_puppet mark -i mark

check all_comes_at_first comes
same a_mask_is_silent "$(shmctl mask 'numbers.w*' level=notice 2>&1)" ''
check a_level_is_masked_at_once hidden
shmctl mask numbers.web level=info
check a_later_rule_unmasks_it comes
shmctl mask numbers.web clear
check which_is_cleared hidden
shmctl mask 'numbers.w*' level=debug
check debug_masks_none comes
shmctl mask numbers.web -Number
check a_tag_is_masked_at_once hidden
shmctl mask numbers.web +Number
check and_unmasked comes
shmctl mask numbers.web -Other -Number
shmctl mask 'numbers.w*' level=notice
tell first status
same what_is_masked_is_no_loss "${answer#* }" '0 0'

dismiss first
worker=second
joined_puppet second -i web
check the_next_workers_level_is_masked_at_once hidden
shmctl mask 'numbers.w*' clear
check its_tags_are_masked_soon wait_for 5 hidden

rules="STREAM RULE
numbers.web -Other
numbers.web -Number
numbers.w* level=notice"
listed()
{
	shmctl masks | tr -s ' '
}
shmctl mask 'numbers.w*' level=notice
same the_rules_are_listed "$(listed)" "$rules"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
start_daemon -s 32m
same the_rules_are_the_next_daemons "$(listed)" "$rules"

# Nothing but masked puts: they are what joins.
has_joined()
{
	tell second "put 1"
	shmstat -s | awk '$1 == "Log" && $4 == "web"' | grep -q .
}
check who_is_masked_joins_it wait_for 10 has_joined
tell mark wait
check the_level_stays_masked hidden
shmctl mask 'numbers.w*' clear
check the_tag_stays_masked wait_for 5 hidden
shmctl mask numbers.web clear
check what_is_cleared_comes comes
check and_no_file_is_kept [ ! -e "$dir/default/masks" ]

same to_clear_what_is_not_there_exits_1 "$(status shmctl mask 'x.*' clear)" 1
same and_that_is_told "$(cat "$dir/stderr")" \
    'shmctl: mask x.*: there are no rules of it'
same a_mask_for_nobody_exits_0 "$(status shmctl mask 'x.*' -Tag)" 0
same but_is_told "$(cat "$dir/stderr")" \
    'shmctl: mask x.*: there is no such stream now: kept for those to come'

shmctl clients >"$dir/clients"
check clients_are_listed \
    grep -qE "^ *${puppet_pid[second]} +$(id -u) tool-puppet +2 " "$dir/clients"
check in_80_columns [ "$(wc -L <"$dir/clients")" -le 80 ]

# talk's sections: one of a client that was dropped, whose process lives, and
# one that is in use
spawn tool-talk "$dir/default/socket" hello stream=64 publish short wait \
    >"$dir/orphan"
spawn tool-talk "$dir/default/socket" hello stream=64 publish wait \
    >"$dir/used"
# serial of the section of talk's with, or without, that flag
serial()
{
	shmstat -s | awk -v flag="$1" \
	    '$1 == "Log" && $3 == "talk" && ($NF == "orphan") == flag {
		print $(NF - 1) }'
}
has_serial()
{
	[ -n "$(serial "$1")" ]
}
check one_has_an_orphan wait_for 5 has_serial 1
check and_one_a_section_in_use wait_for 5 has_serial 0
orphan=$(serial 1) used=$(serial 0)
same an_orphan_is_freed "$(status shmctl free "$orphan")" 0
same and_cools "$(serial 1)" ''
same not_twice "$(status shmctl free "$orphan")" 1
same what_is_in_use_is_not "$(status shmctl free "$used")" 1
check its_worker_is_named grep -qF "tool-talk[$pid], is connected" \
    "$dir/stderr"
same but_with_f "$(status shmctl free -f "$used")" 0
same it_is_free "$(serial 0)" ''
same the_daemons_own_is_not "$(status shmctl free -f 1)" 1

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 711 "$dir" "$dir/default"
	chmod 666 "$dir/default/socket"
	same others_are_denied "$(status setpriv --reuid 4242 --clear-groups \
	    env SHMLOG_DIR="$dir" shmctl masks)" 1
	check and_told_so grep -q 'denied: that is for root' "$dir/stderr"
	# of two directories in which nothing is, theirs comes first
	same without_their_own_it_exits_1 "$(status setpriv --reuid 4242 \
	    --clear-groups env -u SHMLOG_DIR XDG_RUNTIME_DIR=/run/none \
	    shmctl -n none masks)" 1
	same and_theirs_is_named "$(cat "$dir/stderr")" \
	    'shmctl: instance none: no shmlogd runs in /run/none/shmlog/none'
else
	skip others_are_denied "needs root and setpriv"
fi

kill -TERM "$daemon"
wait "$daemon" 2>/dev/null || :
same without_a_daemon_it_exits_1 "$(status shmctl masks)" 1
same one_line_says_why "$(cat "$dir/stderr")" \
    "shmctl: instance default: no shmlogd runs in $dir/default"
