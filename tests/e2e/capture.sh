#!/bin/bash
# capture.sh -- shmtail -w and -r as they are used: each record is in a file
# once, or counted, whatever happens to files, disks and shmtail meanwhile.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/apart.lib
. "$(dirname "$0")/apart.lib"

start_daemon -s 64m

fails()
{
	local status=0
	"$@" >"$dir/out" 2>"$dir/err" || status=$?
	echo "$status"
}

# probed FILE: whether a shmtail that writes to it delivers
probed()
{
	echo probe | shmput -i probe
	[ "$(shmtail -r "$1" -i - -o cat 2>/dev/null | grep -c probe)" != 0 ]
}

# record FILE ARGUMENTS...: a shmtail that writes to FILE, and does when this
# returns.  Its pid is in $tail.
record()
{
	spawn shmtail -w "$@" 2>"$dir/err"
	tail=$pid
	wait_for 5 probed "$1" || not_ok record "shmtail does not deliver"
}

# numbers FILE...: of the captures one after the other, "THREAD NUMBER" a line
numbers()
{
	local f
	for f in "$@"; do
		shmtail -r "$f" -i Number -o cat 2>>"$dir/said"
	done
}

# account WROTE FILE...: `whole' if all records are there once and in order, or
# counted as lost (of those at the very end no number tells)
account()
{
	local wrote=$1
	shift
	: >"$dir/said"
	numbers "$@" | awk -v wrote="$wrote" -v said="$dir/said" '
	{
		n++
		if ($1 in last && $2 <= last[$1])
			back++
		missing += $2 - ($1 in last ? last[$1] + 1 : 0)
		last[$1] = $2
	}
	END {
		while ((getline line <said) > 0)
			if (match(line, /[0-9]+ records? of/))
				lost += substr(line, RSTART) + 0
		if (n + lost == wrote && missing <= lost && !back)
			print "whole"
		else
			print n + 0 " read", lost + 0 " lost", missing " missing",
			    back + 0 " late", wrote " written"
	}'
}

# written: how many records the library took, from tool-number's line
written()
{
	awk '{ print $2 - $4 }' "$dir/wrote"
}

# at full speed, followed to the end
record "$dir/fast"
tool-number a 400000 0 2 </dev/null >"$dir/wrote"
caught_up()
{
	[ "$(account "$(written)" "$dir/fast")" = whole ]
}
wait_for 10 caught_up || :
check nothing_is_wrong test ! -s "$dir/err"
same two_writers_is_one_too_many "$(fails shmtail -d -w "$dir/fast")" 1
check and_that_is_told grep -q 'somebody else is writing to it' "$dir/err"
kill "$tail"
check it_ends_well_on_a_signal wait "$tail"
same what_is_written_at_full_speed_is_there_or_counted \
    "$(account "$(written)" "$dir/fast")" whole
# the same with SIGHUP in a loop, and files that are moved away, as logrotate
# does it
mkdir "$dir/logs"
record "$dir/logs/log"
spawn tool-number b 60000 2 2 </dev/null >"$dir/wrote"
writer=$pid
n=0 files=()
until ended "$writer"; do
	n=$((n + 1))
	mv "$dir/logs/log" "$dir/logs/log.$n" 2>/dev/null &&
		files+=("$dir/logs/log.$n")
	kill -HUP "$tail"
	kill -HUP "$tail"
	wait_for 5 test -s "$dir/logs/log" || break
done
wait "$writer"
all_read()
{
	[ "$(account "$(written)" "${files[@]}" "$dir/logs/log")" = whole ]
}
wait_for 10 all_read || :
kill "$tail"
check hang_ups_do_not_end_it wait "$tail"
check files_were_many [ "$n" -gt 20 ]
same what_is_written_while_files_are_moved_is_there_or_counted \
    "$(account "$(written)" "${files[@]}" "$dir/logs/log")" whole
check nothing_is_wrong_with_any_of_them test ! -s "$dir/err"

# kill -9 in the middle
record "$dir/killed"
spawn tool-number c 60000 2 2 </dev/null >"$dir/wrote"
writer=$pid
large()
{
	[ "$(stat -c %s "$1")" -gt "$2" ]
}
wait_for 10 large "$dir/killed" 1000000 || :
kill -KILL "$tail"
wait "$tail" 2>/dev/null || :
wait "$writer"
same what_a_killed_one_wrote_can_be_read \
    "$(numbers "$dir/killed" | awk '
	$2 <= last[$1] - 1 { back++ }
	{ n++; last[$1] = $2 + 1 }
	END { print (n > 10000 && !back) }')" 1
record "$dir/killed" -a
kill "$tail"
wait "$tail" || :
same and_appended_to "$(fails shmtail -r "$dir/killed" -d)" 0

# the past: a capture of it shows what it shows
for o in json short cat; do
	shmtail -d -o $o >"$dir/direct"
	shmtail -d -w "$dir/past"
	shmtail -r "$dir/past" -o $o >"$dir/read"
	check "a_capture_of_the_past_shows_the_same_as_$o" \
	    cmp "$dir/direct" "$dir/read"
done
shmtail -r - -o cat <"$dir/past" >"$dir/out"
check from_standard_input cmp "$dir/out" "$dir/read"
# shellcheck disable=SC2002 # it is to be a pipe
cat "$dir/past" | shmtail -r - -o cat >"$dir/out"
check from_a_pipe cmp "$dir/out" "$dir/read"
shmtail -d -w - | shmtail -r - -o cat >"$dir/out"
check from_one_to_the_other cmp "$dir/out" "$dir/read"
shmtail -r "$dir/past" -o json >"$dir/direct"
shmtail -r "$dir/past" -w "$dir/copy"
shmtail -r "$dir/copy" -o json >"$dir/read"
check a_copy_shows_the_same cmp "$dir/direct" "$dir/read"
shmtail -r "$dir/past" -x NoSuchTag -w "$dir/chosen"
shmtail -r "$dir/chosen" -o json >"$dir/read"
check and_so_does_one_of_all_that_was_chosen cmp "$dir/direct" "$dir/read"
# in the middle of a block, of those that a copy passes on whole
cp "$dir/past" "$dir/hurt"
half=$(($(stat -c %s "$dir/hurt") / 2))
printf x | dd of="$dir/hurt" bs=1 seek=$half conv=notrunc status=none
same a_copy_of_what_is_damaged_is_an_error \
    "$(fails shmtail -r "$dir/hurt" -w "$dir/copy")" 1
check and_says_where grep -q "$dir/hurt: is damaged at byte" "$dir/err"
shmtail -r "$dir/hurt" -o json >"$dir/direct" 2>/dev/null || :
same but_is_none_itself "$(fails shmtail -r "$dir/copy" -o json)" 0
check and_has_all_that_can_be_read cmp "$dir/direct" "$dir/out"
check which_is_not_nothing test -s "$dir/out"
shmtail -d -l 100 -w "$dir/few"
same the_last_ones_and_no_more "$(shmtail -r "$dir/few" -o cat | wc -l)" 100
same which_are_the_last_ones "$(shmtail -r "$dir/few" -o json)" \
    "$(shmtail -d -l 100 -o json)"
same of_a_capture_too "$(shmtail -r "$dir/past" -l 100 -o json)" \
    "$(shmtail -d -l 100 -o json)"
shmtail -r "$dir/past" -k 7 -w "$dir/few"
same it_stops_after_so_many "$(shmtail -r "$dir/few" -o cat | wc -l)" 7
shmtail -r "$dir/past" -i Number -w "$dir/few"
same a_taglist_chooses_what_is_written "$(shmtail -r "$dir/few" -o json)" \
    "$(shmtail -r "$dir/past" -i Number -o json)"
shmtail -d -i Number -l 10 -w "$dir/few"
shmtail -d -i Number -l 10 -w "$dir/few" -a
same append_appends "$(shmtail -r "$dir/few" -o cat | wc -l)" 20
same the_mode_is_not_for_all "$(stat -c %a "$dir/few")" 640

# what is told
for line in "-a|-a: -w names the file that it appends to" \
    "-w x -o json|-o and -w do not go together: -r shows a capture"; do
	# shellcheck disable=SC2086 # words
	same "refused: ${line%%|*}" "$(fails shmtail ${line%%|*}) $(<"$dir/err")" \
	    "2 shmtail: ${line#*|}"
done
echo 'a text' >"$dir/text"
same a_text_is_not_appended_to "$(fails shmtail -d -a -w "$dir/text")" 1
same and_is_what_it_was "$(<"$dir/text")" 'a text'
same a_segment_is_not_overwritten \
    "$(fails shmtail -d -w "$dir/default/segment")" 1
same what_is_read_is_not_written "$(fails shmtail -r "$dir/past" -w "$dir/past")" 1
check and_is_there_still test -s "$dir/past"
head -c $(($(stat -c %s "$dir/past") * 3 / 4)) "$dir/past" >"$dir/cut"
same a_file_that_is_cut_short_is_an_error "$(fails shmtail -r "$dir/cut")" 1
check which_is_told_with_its_place grep -q "$dir/cut: is cut short at byte" \
    "$dir/err"
check and_what_comes_before_is_shown test -s "$dir/out"
same no_place_to_write_is_told "$(fails shmtail -d -w "$dir/none/x")" 1
check with_path_and_reason grep -q "$dir/none/x: No such file" "$dir/err"
same a_reader_that_goes_is_no_error \
    "$(fails sh -c 'shmtail -d -w - | head -c 1000 >/dev/null')" 0
same a_full_device_is_told "$(fails shmtail -d -w /dev/full)" 1
check with_the_device grep -q '/dev/full: No space left' "$dir/err"
for what in /dev/zero /dev/null "$dir/text"; do
	same "no_capture: $what" "$(fails timeout 10 shmtail -r - <"$what")" 1
done

# a full disk
if [ -z "$apart" ]; then
	skip a_full_disk "no mount namespace"
	exit 0
fi
mounted 64 "$dir/small"
same a_full_disk_is_an_error "$(fails shmtail -d -w "$dir/small/x")" 1
check told_once [ "$(wc -l <"$dir/err")" = 1 ]
check with_path_and_errno grep -q "$dir/small/x: No space left" "$dir/err"
told=$(grep -oE '[0-9]+ records? (is|are) in it' "$dir/err")
same the_file_has_what_is_told \
    "$(fails shmtail -r "$dir/small/x" -o cat) $(wc -l <"$dir/out")" \
    "0 ${told%% *}"
rm "$dir/small/x"
record "$dir/small/x"
spawn tool-number d 100000 2 1 </dev/null >"$dir/wrote"
writer=$pid
wait_for 10 ended "$tail" || kill "$tail"
status=0
wait "$tail" || status=$?
wait "$writer"
same also_of_one_that_follows "$status $(grep -c 'No space left' "$dir/err")" \
    '1 1'
told=$(grep -oE '[0-9]+ records? (is|are) in it' "$dir/err")
same of_whose_file_the_same_is_true \
    "$(fails shmtail -r "$dir/small/x" -o cat) $(wc -l <"$dir/out")" \
    "0 ${told%% *}"
