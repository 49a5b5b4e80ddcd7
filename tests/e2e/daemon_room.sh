#!/bin/bash
# daemon_room.sh -- no room: for a segment, for a new one beside the old one,
# for a section.  A clear error to who asked, and nobody else notices.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/apart.lib
. tests/e2e/apart.lib

small=(-s 1m -m 16)

# starts_not NAME: exit 1 with one line, and nothing is left.
starts_not()
{
	local status=0 said
	said=$(timeout 10 shmlogd "${small[@]}" 2>&1) || status=$?
	same "$1" "$status $said" \
	    "1 shmlogd: $dir/default: no room for a segment of 1024k (-s)"
	same "${1}_and_leaves_nothing" "$(ls -A "$dir")" ''
}

stop()
{
	kill "-$1" "$daemon"
	wait "$daemon" 2>/dev/null || :
}

no_room_for_a_segment()
{
	mounted 255 # 256 pages are 1 MiB
	starts_not a_page_too_small
	mounted 256
	start_daemon "${small[@]}"
	ok just_large_enough
	check and_a_worker_may_use_all_of_it uses_all
	stop TERM
}

# Every page is there: no SIGBUS, whoever touches it.
uses_all()
{
	tool-talk "$dir/default/socket" hello alloc=1032192 publish >/dev/null &&
		dd if="$dir/default/segment" of=/dev/null bs=64k status=none
}

no_room_beside_the_old_one()
{
	local old
	mounted 400 # one has room, two have not
	start_daemon "${small[@]}"
	old=$(od -An -j80 -N8 -t u8 "$dir/default/segment")
	stop KILL
	: >"$dir/shmlogd.log"
	start_daemon "${small[@]}"
	check the_old_one_goes_first_and_that_is_said \
	    grep -q 'no room for a new segment beside the old one' \
	    "$dir/shmlogd.log"
	check it_is_a_new_one [ "$old" != \
	    "$(od -An -j80 -N8 -t u8 "$dir/default/segment")" ]
	same and_goes_on_with_its_generation \
	    "$(od -An -j88 -N8 -t u8 "$dir/default/segment" | tr -d ' ')" 2
	check and_serves tool-talk "$dir/default/socket" hello alloc=4096
	stop KILL

	# what is left of the room is not even that
	dd if=/dev/zero of="$dir/ballast" bs=4096 count=120 status=none
	old=$(stat -c %i "$dir/default/segment")
	local status=0
	timeout 10 shmlogd -s 2m -m 16 2>"$dir/err" || status=$?
	same if_that_would_not_help_it_stays \
	    "$status $(stat -c %i "$dir/default/segment")" "1 $old"
	check and_that_is_said grep -q 'no room for a segment of 2048k' \
	    "$dir/err"
}

# Its pages are not free while a worker has them mapped: they stay.
no_room_while_the_old_one_is_held()
{
	local old status=0 worker
	mounted 400
	start_daemon "${small[@]}"
	spawn tool-talk "$dir/default/socket" hello stream=64 \
	    publish wait >"$dir/held"
	worker=$pid
	wait_for 10 grep -q '^publish 0' "$dir/held"
	old=$(stat -c %i "$dir/default/segment")
	stop KILL
	timeout 10 shmlogd "${small[@]}" 2>"$dir/err" || status=$?
	same the_old_one_stays_while_it_is_held \
	    "$status $(stat -c %i "$dir/default/segment")" "1 $old"
	check and_it_says_by_how_many grep -q \
	    'while 1 process holds the old one: stop them, or give a smaller' \
	    "$dir/err"
	kill "$worker"
	wait "$worker" 2>/dev/null || :
	start_daemon "${small[@]}"
	check when_they_are_gone_it_starts [ "$old" != \
	    "$(stat -c %i "$dir/default/segment")" ]
	stop TERM
}

# segment.prev is given up before the old segment is.
no_room_for_three()
{
	mounted 600
	start_daemon "${small[@]}"
	stop KILL
	start_daemon "${small[@]}"
	check two_have_room [ -e "$dir/default/segment.prev" ]
	stop KILL
	: >"$dir/shmlogd.log"
	start_daemon "${small[@]}"
	check the_oldest_goes_first grep -q '1 older ones removed' \
	    "$dir/shmlogd.log"
	check the_last_one_is_kept [ -e "$dir/default/segment.prev" ]
	stop TERM
}

# Said at the request; 5: no space, 6: no sections, 7: over a limit.
no_room_for_a_section()
{
	local socket=$dir/default/socket
	start_daemon "${small[@]}"
	same a_section_larger_than_all "$(talk alloc=2097152)" 'alloc 5'
	same as_long_as_there_is_room "$(talk fill=100000)" 'fill 10 5'
	same it_cools_so_there_still_is_none "$(talk alloc=1000000)" 'alloc 5'
	same others_are_served "$(talk alloc=4096)" 'alloc 0'
	stop TERM
	rm -rf "$dir/default"
	start_daemon "${small[@]}"
	same all_descriptors_are_used "$(talk fill=4096)" 'fill 15 6'
	stop TERM
	[ "$(id -u)" = 0 ] || {
		skip a_user_has_a_share "not root"
		return
	}
	chmod 755 "$dir"
	rm -rf "$dir/default"
	start_daemon "${small[@]}" -M 0666
	same a_process_has_a_share_of_sections "$(as_nobody fill=4096)" 'fill 8 7'
	same and_a_user_what_cools_included "$(as_nobody fill=4096)" 'fill 4 7'
	same others_have_the_rest "$(talk fill=4096)" 'fill 3 6'
	stop TERM
	start_daemon -s 1m -m 64 -M 0666
	same a_process_has_a_share_of_bytes "$(as_nobody fill=100000)" 'fill 7 7'
	same and_so_has_the_user "$(as_nobody fill=100000)" 'fill 1 7'
	stop TERM
}

# talk STEP: what it says after HELLO.
talk()
{
	tool-talk "$socket" hello "$1" | tail -n 1
}

as_nobody()
{
	cp "$BUILD/tool-talk" "$dir/talk" # where that user may go
	"$dir/talk" "$socket" uid=65534 hello "$1" | tail -n 1
}

if [ -n "$apart" ]; then
	no_room_for_a_segment
	no_room_beside_the_old_one
	no_room_while_the_old_one_is_held
	no_room_for_three
	mounted 2048
else
	skip no_room_for_a_segment "unshare --mount is not allowed here"
fi
no_room_for_a_section
