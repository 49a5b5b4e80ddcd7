#!/bin/bash
# shmtop.sh -- shmtop as it is used: once, as JSON, live on a terminal; with
# records of text and of stored arguments.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/screen.lib
. tests/e2e/screen.lib
# shellcheck source=tests/e2e/feed.lib
. tests/e2e/feed.lib

# what stands behind the lines above
table()
{
	tail -n +4 | tr -s ' ' | sed 's/^ //; s/ $//'
}

start_daemon -s 32m

# 300 records of text, and one that is out to do harm
{
	for i in {1..300}; do
		echo "method=GET status=$((200 + (i % 3 == 0) * 300)) path=/a/$i"
	done
	echo 'nothing of this sort'
	printf 'method="e\033[1mvil" status=500\n'
} | shmput -i web -t Req

# 500 records of stored arguments
cat >"$dir/put.c" <<'C'
#include <shmlog.h>

int
main(void)
{
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_stream *s = shmlog_stream(log, "put", "args", NULL);
	int tag = shmlog_tag(s, "Done");

	shmlog_wait(log, 5000);
	for (int i = 0; i < 500; i++)
		shmlog_printf(s, tag, SHMLOG_NOTICE, 0,
		    "method=%s status=%d us=%ld", i % 5 == 0 ? "PUT" : "GET",
		    200, 1000L + i);
	shmlog_close(log);
	return 0;
}
C
# shellcheck disable=SC2086 # nothing, if there is none
"${CC:-cc}" ${SAN:+-fsanitize=$SAN} -w -Iworker -o "$dir/put" "$dir/put.c" \
    "$BUILD/libshmlog.a" -pthread
"$dir/put"

same "what is there is ranked by tags" "$(shmtop -d | table)" \
    '500 62.34% 0 Done
302 37.66% 0 Req'
same "by two fields, of text and of arguments alike" \
    "$(shmtop -d method,status | table)" \
    '600 74.91% 0 GET 200
100 12.48% 0 GET 500
100 12.48% 0 PUT 200
1 0.12% 0 e\x1b[1mvil 500'
same "also as two words" "$(shmtop -d method status | table | head -n 1)" \
    '600 74.91% 0 GET 200'
same "a record without any of them is told" \
    "$(shmtop -d method,status | sed -n 2p)" \
    '801 records, 4 values, 1 records without'
same "one that has some of them has a minus for the other" \
    "$(shmtop -d path,status | table | head -n 1)" '500 62.42% 0 - 200'
same "by stream, level and tag" "$(shmtop -d stream,level,tag | table)" \
    '500 62.34% 0 put.args notice Done
302 37.66% 0 shmput.web info Req'
same "by a word" "$(shmtop -d -i Req 1 | table | head -n 1)" \
    '300 99.34% 0 method=GET'
same "of records that a query selects" \
    "$(shmtop -d -q 'us >= 1400' method | table)" \
    '80 80.00% 0 GET
20 20.00% 0 PUT'
same "of one level" "$(shmtop -d --level notice..notice method | table)" \
    '400 80.00% 0 GET
100 20.00% 0 PUT'
same "of one stream" "$(shmtop -d -s 'put.*' status | table)" \
    '500 100.00% 0 200'
same "no more than are wanted" "$(shmtop -d --top 7 path | table | wc -l)" 7
same "20 by itself" "$(shmtop -d path | table | wc -l)" 20
same "what was there until a time is shown when that has come" \
    "$(shmtop --since -1d --until now path | table | wc -l)" 20
cp "$dir/default/segment" "$dir/copy"
same "of a file that was left" \
    "$(shmtop -r "$dir/copy" method,status | table)" \
    "$(shmtop -d method,status | table)"
shmtail -d -w "$dir/capture"
same "of a capture" "$(shmtop -r "$dir/capture" method,status | table)" \
    "$(shmtop -d method,status | table)"
same "of one that comes through a pipe" \
    "$(shmtail -d -w - | shmtop -r - -q 'us >= 1400' method | table)" \
    "$(shmtop -d -q 'us >= 1400' method | table)"
head -c 3000 "$dir/capture" >"$dir/short"
status=0
shmtop -r "$dir/short" >"$dir/out" 2>"$dir/err" || status=$?
same "one that was cut short fails" "$status" 1
check "and it is told" grep -q short "$dir/err"

# JSON
if command -v jq >/dev/null; then
	same "JSON has the same" \
	    "$(shmtop -d -o json method,status | jq -c \
	        '[.fields, .records, .without, .values, .lost, .window,
		  (.top[] | [.value, .count, .error])]')" \
	    '[["method","status"],801,1,4,0,null,[["GET","200"],600,0],[["GET","500"],100,0],[["PUT","200"],100,0],[["e\u001b[1mvil","500"],1,0]]'
	same "null is what a record has not" \
	    "$(shmtop -d -o json --top 1 path,status | jq -c '.top[0].value')" \
	    '[null,"200"]'
	mkfifo "$dir/pipe"
	exec 7<>"$dir/pipe"
	spawn shmtop -r - -o json late <"$dir/pipe" >"$dir/out" 7>&-
	top=$pid
	wait_for 10 grep -qE '^[0-9]+ \(shmtop\) S' "/proc/$top/stat" ||
		not_ok pipe "it does not wait for its pipe"
	echo late=1 | shmput -i late
	shmtail -d -s '*.late' -w - >&7
	exec 7>&-
	check "it ends with its pipe" wait "$top"
	same "what comes through a pipe later than it has its time" \
	    "$(jq -r .time "$dir/out")" \
	    "$(shmtail -d -s '*.late' -o json | jq -r .time)"
	long=$(printf '%01000d' 7)
	echo "long=$long" | shmput -i web
	same "of a long value it says that there was more" \
	    "$(shmtop -d -o json long | jq -c \
	        '.top[0] | [.cut, .count, (.value[0] | length > 100)]')" \
	    '[true,1,true]'
else
	skip "JSON has the same" "there is no jq"
fi

# once, after a window
fed()
{
	echo "method=HEAD status=304 n=$1"
}
start_feed fed -i feed -t Feed
begun=${EPOCHREALTIME/[.,]/}
shmtop -1 -p 0.5 status,method >"$dir/once"
took=$((${EPOCHREALTIME/[.,]/} - begun))
same "-1 shows what came in the window alone" \
    "$(table <"$dir/once" | sed 's/^[0-9]* //')" '100.00% 0 304 HEAD'
check "and takes as long as that" [ "$took" -ge 500000 ]

# without a terminal, as it goes on
spawn shmtop -p 1 -o json method >"$dir/out" 2>"$dir/err"
top=$pid
has_lines()
{
	[ "$(wc -l <"$dir/out")" -ge "$1" ]
}
check "it prints an object each second" wait_for 10 has_lines 3
kill "$top"
check "it ends well on a signal" wait "$top"
if command -v jq >/dev/null; then
	same "each of them is one" "$(jq -c .window "$dir/out" | sort -u)" 1
	# shellcheck disable=SC2016 # jq's
	check "the rate is near to what it is" jq -s -e \
	    'last | .rate as $r | .top[0].value == ["HEAD"] and $r > 5
	     and $r < 110' "$dir/out"
fi
spawn shmtop -p 1 method >"$dir/out" 2>"$dir/err"
top=$pid
check "as text, too" wait_for 10 has_lines 8
kill "$top"
wait "$top" || :
same "with titles above each" "$(sed -n 3p "$dir/out")" \
    '     rate   share     error  method'

# on a terminal
if ! command -v tmux >/dev/null; then
	skip "live on a terminal" "there is no tmux"
	exit 0
fi
on_terminal 80 12 shmtop -p 30 method,status
check "live, it shows rates" wait_for 10 shows '^ +[0-9.]+ 100.00% +0  HEAD +304'
printf 'method="e\033[2Jvil" status=1\n' | shmput -i web
check "control characters are shown and not obeyed" \
    wait_for 10 shows 'e\\x1b\[2Jvil  1'
"${terminal[@]}" resize-window -x 40 -y 4
check "on a smaller terminal it shows less" wait_for 10 shows_not 'vil'
"${terminal[@]}" resize-window -x 100 -y 20
check "on a larger one it shows it again" wait_for 10 shows 'vil'
press h
check "h shows help" wait_for 10 shows '^q +quit'
press h
check "and hides it" wait_for 10 shows 'HEAD'
press Space
check "space pauses" wait_for 10 shows ' paused *$'
press Space
check "and goes on" wait_for 10 shows_not ' paused *$'
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
check "a daemon that is gone is told" \
    wait_for 20 shows '^default  not running since [0-9:]{8} '
start_daemon -s 32m
check "and so is one that came" wait_for 10 shows_not 'not running'
printf 'method=NEW status=1\n' | shmput -i web
check "it goes on with that one" wait_for 10 shows 'NEW'
same "nothing else is on the screen" "$(screen | grep -c restarted)" 0
press q
check "q ends it" wait_for 10 test -s "$dir/status"
same "well" "$(cat "$dir/status")" 0
same "and leaves no message of what was on the screen" \
    "$(screen | grep -c restarted)" 0
terminal_end
# what ncurses allocates then is its own leak
on_terminal 80 5 TERM=none \
    "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0" shmtop
check "a terminal that cannot be drawn on is told" \
    wait_for 10 shows 'is not one that can be drawn on'
same "with status 1" "$(wait_for 5 test -s "$dir/status" && cat "$dir/status")" 1
