#!/bin/bash
# shmstat_screen.sh -- shmstat on a terminal: each key, three sizes, a daemon
# that goes and comes, how it ends.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/screen.lib
. tests/e2e/screen.lib

if ! command -v tmux >/dev/null; then
	skip "counters on a terminal" "there is no tmux"
	exit 0
fi

# start_crowd SETS: a worker (tests/tools/crowd.c) that obeys `tell'
start_crowd()
{
	rm -f "$dir/commands"
	mkfifo "$dir/commands"
	exec 7<>"$dir/commands" # for both: opening waits for the other
	spawn tool-crowd "$1" <"$dir/commands" >"$dir/answers" 7>&-
	crowd=$pid
	wait_for 20 grep -q ready "$dir/answers"
}

# tell COMMAND: and waits for its answer
tell()
{
	local before
	before=$(wc -l <"$dir/answers")
	echo "$1" >&7
	wait_for 5 answered "$before"
}
answered()
{
	[ "$(wc -l <"$dir/answers")" -gt "$1" ]
}

# sees NAME PATTERN: a line of the screen matches, soon
sees()
{
	check "$1" wait_for 10 shows "$2"
}
sees_not()
{
	check "$1" wait_for 10 shows_not "$2"
}
# selects NAME COUNTER: the pane below is that counter's
selects()
{
	sees "$1" "^── $2 ─"
}
# the counters on the screen, as they stand below each other
names()
{
	screen | sed -n '3,$p' | sed '/^──/,$d; /^ *$/d' | awk '{ print $1 }'
}
begins_with()
{
	[ "$(names | head -n 1)" = "$1" ]
}
has_ended()
{
	wait_for 10 test -s "$dir/status"
}
# what the terminal was left as
is_restored()
{
	[ "$("${terminal[@]}" display-message -p \
	    '#{alternate_on} #{cursor_flag} #{keypad_cursor_flag}')" = "0 1 0" ]
}

start_daemon -s 64m
start_crowd 3
tell 'hits 7'
tell 'mem 104857600'
tell 'age 3661'
tell 'load 45'
tell 'flip 0'
tell 'flip 9'
for us in 20 20 20 20 20 20 20 20 20 1000; do
	tell "took $us"
done
tell 'inner 3'

# what a line has
on_terminal 80 24 shmstat -f 'kinds.*' -f 'many.*'
if ! wait_for 10 shows '^default  runs'; then
	not_ok "there is a screen" "there is none"
	exit 1
fi
sees "the header has instance, state, pid, age and how many there are" \
    "^default  runs \[$daemon\] [0-9a-z]+  every 1 s +39 of 39  [0-9:]{8}$"
sees "name, value, change and three averages have columns" \
    '^NAME +VALUE +CHANGE/s +AVG10 +AVG100 +AVG1000$'
sees "a counter has its value and its rates" \
    '^kinds.a.hits\{city=Zürich\} +7 +0 +0 +0 +0$'
sees "bytes are scaled" '^kinds.a.mem.* 100MiB +0 +100MiB +100MiB +100MiB$'
sees "a long time is one" '^kinds.a.age.* 1h01m +0 +1h01m +1h01m +1h01m$'
sees "percent is percent" '^kinds.a.load.* 45% +0 +45% +45% +45%$'
sees "a bitmap is drawn" \
    '^kinds.a.up.* 0x201 .* ········ ······▮· ·······▮$'
selects "the first line is selected at first" 'kinds.a.age\{city=Zürich\}'
sees "its description is below" '^Of the oldest$'
sees "and what is known of it" \
    '^gauge, info, in seconds: 3661  \(1 set, [0-9a-z]+\)$'
press - -
sees "- makes the interval shorter" 'every 0.2 s'
tell 'hits 100'
sees "a change comes by itself" '^kinds.a.hits.* 107 '
press i
sees "i shows quantiles of all that a histogram has" \
    '^kinds.a.took.* 10 .* 20us/20us/1.02ms/1.02ms$'
press i
sees "and of the last interval, where there may be none" \
    '^kinds.a.took.* \. \. \. \.$'

# moving
press j
selects "j goes a line down" 'kinds.a.deep.*'
press Down
selects "so does the arrow" 'kinds.a.hits.*'
press k
selects "k goes up" 'kinds.a.deep.*'
press Up
selects "so does the arrow up" 'kinds.a.age.*'
press NPage
selects "a page down" 'many.s000.c3'
press PPage
selects "and up" 'kinds.a.age.*'
press End
selects "the end" 'many.s002.c9'
check "and that is on the screen" wait_for 10 shows '^many.s002.c9 +0 '
press Home
selects "the beginning" 'kinds.a.age.*'
press j j j j j j j j
selects "j eight times" 'kinds.a.zero.*'
check "a counter that was 0 all the time has no chart" shows_not '█'
press k k k k k k
selects "and back" 'kinds.a.hits.*'
tell 'hits 1000'
sees "what counts has a chart of its last intervals" '█ *$'
sees "with the most of them beside it" '^ +[0-9.]+k?/s '

# a histogram in the pane
press j j j j
press i
selects "a histogram is selected" 'kinds.a.took.*'
sees "its quantiles are told" \
    '^all: 10 values  p50 20us  p90 20us  p99 1.02ms  p99.9 1.02ms  max 1.02ms$'
sees "its buckets are drawn" '^ +█+ .* ▃+ *$'
sees "with the least and the largest" '^ +20us .* 1.02ms *$'
"${terminal[@]}" resize-window -x 70 -y 24
sees "a figure that has no room is left out, not cut" \
    '^all: 10 values .*  p99.9 1.02ms$'
"${terminal[@]}" resize-window -x 80 -y 24
sees "and is there when it has" '  max 1.02ms$'
press i
press j
selects "a bitmap is selected" 'kinds.a.up.*'
sees "all its bits are drawn" \
    '^63  (········ ){6}······▮· ·······▮$'

# searching
press Home
press / S 0 0 1
sees "what is typed is seen" '^/S001_$'
selects "and the first that has it is selected meanwhile" 'many.s001.c0'
press BSpace 2
selects "as it is typed" 'many.s002.c0'
press x
sees "what is nowhere is told" '^/S002x_  not found'
press BSpace Enter
press n
selects "n goes to the next one" 'many.s002.c1'
press N N
selects "N to the one before, around the end" 'many.s002.c9'
press n
selects "and n around the beginning" 'many.s002.c0'
press / z e r o
selects "another search" 'kinds.a.zero.*'
press Escape
selects "is forgotten by Escape" 'many.s002.c0'

# filter
press f
press '*' c 7 Enter
sees "f shows what matches a glob" ' 3 of 39 '
sees "and the status tells it" '^by name  filter \*c7 +h help  q quit$'
same "nothing else" "$(names | tr '\n' ' ')" \
    "many.s000.c7 many.s001.c7 many.s002.c7 "
press f C-u
press s 0 0 1 Enter
sees "or what has that in it" ' 10 of 39 '
press f C-u '[' a Enter
sees "one that is none is told" '^filter: \[a_  .*not closed'
press C-u Enter
sees "an empty one shows all" ' 39 of 39 '
selects "the selection is where it was" 'many.s002.c0'

# order
tell 'all 5'
press Home
press s
sees "s sorts by value" '^by value '
check "the largest first" wait_for 10 begins_with 'kinds.a.mem{city=Zürich}'
press j
selects "a line is selected" 'kinds.a.age.*'
press s
sees "and by rate" '^by rate '
selects "the selection stays on its counter" 'kinds.a.age.*'
press Home
# moves_up: what is told now is on the screen at the next pass, for a pass
moves_up()
{
	tell 'hits 1000'
	begins_with 'kinds.a.hits{city=Zürich}'
}
check "what changes most comes first" wait_for 10 moves_up
press s
sees "and by name again" '^by name '

# levels
press V
sees "V hides a level" '^by name  up to diag '
sees "of each set" ' 38 of 39 '
press V
sees "and one more" '^by name  up to info '
sees "so there are fewer" ' 37 of 39 '
press v v
sees "v shows them again" ' 39 of 39 '
press z
sees "z hides what was 0 all the time" '^by name  moved only '
sees_not "so that is not there" 'kinds.a.zero'
sees "and what was not is" 'kinds.a.hits'
press z
sees "and shows it" 'kinds.a.zero'

# workers
press a
sees "a shows each worker apart" "^many.s000\[$crowd\].c0"
sees "and that is told" '^by name  workers apart '
press a
sees "and their sums" '^kinds.a.mem'

# numbers
tell 'hits 100000'
press e
sees "e scales counts" '^kinds.a.hits.* [0-9.]+k '
press e
sees "and does not" '^kinds.a.hits.* [0-9]+107 '
press r
sees "r shows raw numbers" '^kinds.a.mem.* 104857600 +0.00 +104857600.00$'
press r
sees "and no more" '^kinds.a.mem.* 100MiB '

# time
press + + + + + + +
sees "+ makes the interval longer" 'every 60 s'
press 0
sees "0 has the averages begin anew" '^kinds.a.mem.* 100MiB +0 +\. +\. +\.$'
sees "and says so" '^averages begin anew'
press - - - - - - -
sees "- makes it shorter" 'every 0.2 s'
sees "then there are some again" '^kinds.a.mem.* 100MiB +0 +100MiB'
press Space
sees "space pauses" ' paused  39 of 39'
tell 'load 55'
press Home j j j j
selects "keys work meanwhile" 'kinds.a.load.*'
sees "and what there was stays" '^kinds.a.load.* 45% '
press Space
sees "space goes on" '^kinds.a.load.* 55% '
press h
sees "h shows what the keys do" '^/ +search as you type'
press h
sees "and the counters again" '^kinds.a.load'

# lines that come
press Home
press j j j
selects "one is selected" 'kinds.a.inner.*'
tell 'new 0'
sees "lines that come are shown" ' 48 of 48 '
check "before the others" wait_for 10 begins_with 'kinds.000.age{city=東京}'
sees "a name takes as many columns as it is wide" \
    '^kinds.000.age\{city=東京\} {15}0 '
selects "and the selection stays" 'kinds.a.inner.*'

# sizes
press j
"${terminal[@]}" resize-window -x 200 -y 60
sees "on a large terminal each line has its description" \
    '^kinds.a.load\{.* 55% .*  Of capacity$'
same "and 45 lines have room" "$(names | wc -l)" 45
"${terminal[@]}" resize-window -x 40 -y 10
sees "on a small one there are value and change" '^NAME +VALUE +CHANGE/s$'
sees "the header is short" "^default  runs \[$daemon\] [0-9a-z]+ +48 of 48$"
selects "the selection is on it" 'kinds.a.load.*'
sees "a name that is cut tells the counter, and its labels" \
    '^kin…a.load\{ci…rich\} '
press h
sees "help has several pages then" '^/ +search'
sees_not "not all at once" '^h q'
press h
sees "one after the other" '^h q +this help, and back'
press h
selects "and then the counters again" 'kinds.a.load.*'
same "of which there are 4" "$(names | wc -l)" 4
"${terminal[@]}" resize-window -x 12 -y 3
sees "on a tiny one there is something" '^defau'
"${terminal[@]}" resize-window -x 80 -y 24
selects "and all of it is back" 'kinds.a.load.*'

# the daemon
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
sees "a daemon that is gone is told, and when" \
    '^default  not running since [0-9:]{8} '
sees "its counters stay" '^kinds.a.load.* 55% '
start_daemon -s 64m
sees "the next one is noticed" "^default  runs \[$daemon\] "
tell 'load 66'
sees "and its counters go on" '^kinds.a.load.* 66% '
selects "with the same one selected" 'kinds.a.load.*'

# ends
press q
check "q ends it" has_ended
same "well" "$(cat "$dir/status")" 0
check "the terminal is as it was" wait_for 5 is_restored
terminal_end
for signal in TERM INT; do
	on_terminal 80 24 \
	    "sh -c 'echo \$\$ >$dir/pid; exec shmstat'"
	sees "it is there ($signal)" '^default  runs'
	kill -"$signal" "$(cat "$dir/pid")"
	check "SIG$signal ends it" has_ended
	same "well, too ($signal)" "$(cat "$dir/status")" 0
	check "the terminal is as it was ($signal)" wait_for 5 is_restored
	terminal_end
done
on_terminal 80 24 bash --norc -i
sees "a shell is there" '[$#] *$'
press 'shmstat -f kinds.a.load*' Enter
sees "shmstat under a shell" ' 1 of 1 '
press C-z
sees "it can be stopped" 'Stopped'
check "the terminal is the shell's then" wait_for 5 is_restored
press fg Enter
sees "and goes on" ' 1 of 1 '
press h
sees "with its keys" '^/ +search as you type'
press q
check "it ends under a shell, too" wait_for 10 is_restored
press exit Enter
check "and so does that" has_ended
terminal_end

on_terminal 80 24 \
    "sh -c 'trap \"\" HUP; echo \$\$ >$dir/pid; exec shmstat'"
sees "with SIGHUP ignored, it is there" '^default  runs'
terminal_end
check "and a terminal that is gone ends it" wait_for 10 ended "$(cat "$dir/pid")"

# terminals that are none
on_terminal 80 24 TERM=dumb shmstat -f 'kinds.a.load*'
sees "a terminal that cannot be drawn on is told" \
    '^shmstat: TERM is dumb, which cannot be drawn on: it goes on line by line'
sees "and there are lines" '^kinds.a.load\{city=Zürich\} +66 '
press C-c
check "until they are ended" has_ended
terminal_end
on_terminal 80 24 env -u TERM shmstat -f 'kinds.a.load*'
sees "so is one without a name" '^shmstat: TERM is not set, '
terminal_end

# without UTF-8, and without colours
on_terminal 80 24 LC_ALL=C NO_COLOR=1 shmstat -f 'kinds.a.*'
sees "without UTF-8 lines are of ASCII" '^-- kinds.a.age\{city=Z\?rich\} -'
sees "and bits" '^kinds.a.up.* \.{8} \.{6}#\. \.{7}#$'
press q
check "that ends as well" has_ended
terminal_end

on_terminal 80 24 shmstat -f 'none*'
sees "that -f chooses nothing is told" '^No counter is chosen by -f, -I and -X\.$'
press q
check "and it ends there, too" has_ended
terminal_end

# what an idle screen costs
kill "$crowd"
wait "$crowd" 2>/dev/null || :
tool-refresh -i 100 10 5 >"$dir/refresh" 2>"$dir/err" || cat "$dir/err"
same "a refresh where nothing changes writes nothing" \
    "$(sed -nE 's/^counters [0-9]+ ms [0-9.]+ least [0-9.]+ cpu [0-9.]+ bytes //p' \
	"$dir/refresh")" 0
if ! strace -qq -e trace=write -o /dev/null true 2>/dev/null; then
	skip "an idle screen is not drawn anew" "there is no strace that may trace"
	exit 0
fi
start_crowd 100
# longest LAST: of so many refreshes, the bytes of the longest
longest()
{
	grep '^write(1,' "$dir/writes" | tail -n "$1" | sed 's/.* = //' |
	    sort -n | tail -n 1
}
# Four refreshes that write little, by when the first averages are there.
is_idle()
{
	[ "$(grep -c '^write(1,' "$dir/writes")" -ge 6 ] && [ "$(longest 4)" -le 200 ]
}
# a leak cannot be looked for in what is traced
on_terminal 200 60 "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0" \
    strace -qq -e trace=write -o "$dir/writes" shmstat
sees "with a thousand counters and more" ' of [0-9]{4} '
wait_for 30 is_idle || :
most=$(longest 4)
check "a refresh that changes little writes at most 200 bytes ($most)" \
    [ "$most" -le 200 ]
press q
check "and it ends" has_ended
