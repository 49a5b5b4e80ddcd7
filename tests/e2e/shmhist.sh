#!/bin/bash
# shmhist.sh -- shmhist as it is used: once, as JSON, live on a terminal; with
# records of text and of stored arguments.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/screen.lib
. tests/e2e/screen.lib
# shellcheck source=tests/e2e/feed.lib
. tests/e2e/feed.lib

lines()
{
	tr -s ' ' | sed 's/^ //; s/ $//'
}

start_daemon -s 32m

cat >"$dir/put.c" <<'C'
#include <shmlog.h>

int
main(void)
{
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_stream *s = shmlog_stream(log, "put", "args", NULL);

	shmlog_wait(log, 5000);
	for (long i = 1; i <= 1000; i++)
		shmlog_printf(s, 0, SHMLOG_INFO, 0, "us=%ld part=%g kind=%s",
		    i, 0.001 * (double)i, i % 4 == 0 ? "slow" : "fast");
	shmlog_close(log);
	return 0;
}
C
# shellcheck disable=SC2086 # nothing, if there is none
"${CC:-cc}" ${SAN:+-fsanitize=$SAN} -w -Iworker -o "$dir/put" "$dir/put.c" \
    "$BUILD/libshmlog.a" -pthread
"$dir/put"

shmhist -d us >"$dir/out"
same "how many there are" "$(sed -nE '2s/, [0-9.]+[kM]?\/s//p' "$dir/out")" \
    'us: 1000 values'
figures()
{
	grep -oE '(count|mean|min|p50|p90|p99|p99.9|max) +[0-9.]+k?$' | tr -s ' '
}
# of 500, 900, 990 and 999 the buckets end at 511, 927, 991 and, as no value is
# larger, 1000
same "figures are on the side" "$(figures <"$dir/out")" \
    'count 1000
mean 500.5
min 1
p50 511
p90 927
p99 991
p99.9 1000
max 1000'
same "a row has a range, how many, and a bar" \
    "$(grep -E '256 \.\.' "$dir/out" | lines | sed 's/ [a-z].*//; s/#\+/#/')" \
    '256 .. 383 128 #'
same "all of them are in some row" \
    "$(tail -n +3 "$dir/out" | sed 's/\.\. *[0-9.]*//' |
        awk '$2 ~ /^[0-9]+$/ { n += $2 } END { print n }')" 1000
same "fractions have ranges, too" \
    "$(shmhist -d part | figures | head -n 4 | tail -n 3)" \
    'mean 0.500
min 0.001
p50 0.531'
shmhist -d -b kind us >"$dir/out"
same "-b has a line of titles, with its fields" \
    "$(sed -n 3p "$dir/out" | lines)" \
    'count mean min p50 p90 p99 p99.9 max kind'
same "-b has a line for each value" \
    "$(tail -n +4 "$dir/out" | lines | sed -E 's/ [^ a-z]* ?([(a-z]+\)?)$/ \1/' |
        awk '{ print $1, $3, $8, $NF }')" \
    '750 1 999 fast
250 4 1000 slow
1000 1 1000 (all)'

# what is in no histogram
printf '%s\n' 'us=-5' 'us=-0.5' 'us=many' 'us=' 'us=1ms' 'else=1' 'us=2e3' |
	shmput -i odd
same "what is no number, or negative, or not there, is counted apart" \
    "$(shmhist -d -s 'shmput.*' us | sed -nE '2s/, [0-9.]+[kM]?\/s//p')" \
    'us: 1 values, 2 negative, 3 no numbers, 1 records without'

# many values
for i in {1..2000}; do
	echo "v=$((i % 50 < 25 ? i % 50 : i)) n=$i"
done | shmput -i many
shmhist -d -i - -b v n >"$dir/out"
same "20 values have one of their own, the others have one" \
    "$(tail -n +4 "$dir/out" | grep -cvE '\((all|other)\)')" 20
same "that has the rest" \
    "$(tail -n +4 "$dir/out" | awk '{ n += $1 } /\(all\)/ { print n == 2 * $1 }
        ' <<<"$(shmhist -d -s '*.many' -b v n)")" 1
if command -v jq >/dev/null; then
	same "JSON has figures and buckets" \
	    "$(shmhist -d -s put.args -o json us | jq -c '[.field, .window,
	        .no_numbers, .all.count, .all.mean, .all.min, .all.p50,
		.all["p99.9"], .all.max, .all.buckets[0], .all.buckets[-1],
		([.all.buckets[][2]] | add)]')" \
	    '["us",null,0,1000,500.5,1,511,1000,1000,[1,1,1],[992,1000,9],1000]'
	same "and each value's, and the rest's" \
	    "$(shmhist -d -s '*.many' -o json -b v n | jq -c '[.by,
	        (.values | length), ([.values[].count, .other.count] | add),
		.all.count]')" \
	    '[["v"],20,2000,2000]'
	same "null, where there is nothing" \
	    "$(shmhist -d -o json none | jq -c \
	        '[.all.count, .all.p50, .all.mean, .all.buckets]')" \
	    '[0,null,null,[]]'
else
	skip "JSON has figures and buckets" "there is no jq"
fi
cp "$dir/default/segment" "$dir/copy"
same "of a file that was left" \
    "$(shmhist -r "$dir/copy" us | tail -n +2)" \
    "$(shmhist -d us | tail -n +2)"
shmtail -d -w "$dir/capture"
same "of a capture" "$(shmhist -r "$dir/capture" -b kind us | tail -n +2)" \
    "$(shmhist -d -b kind us | tail -n +2)"

fed()
{
	echo "live=$(($1 % 8 + 1)) kind=k$(($1 % 2))"
}
start_feed fed -i feed
begun=${EPOCHREALTIME/[.,]/}
shmhist -1 -p 0.5 live >"$dir/once"
took=$((${EPOCHREALTIME/[.,]/} - begun))
check "-1 shows it once" grep -qE 'max +8$' "$dir/once"
check "after the window" [ "$took" -ge 500000 ]
has_lines()
{
	[ "$(wc -l <"$dir/out")" -ge "$1" ]
}
spawn shmhist -p 0.5 -o json live >"$dir/out" 2>"$dir/err"
hist=$pid
check "it prints an object each second" wait_for 10 has_lines 4
kill "$hist"
check "it ends well on a signal" wait "$hist"
if command -v jq >/dev/null; then
	# shellcheck disable=SC2016 # jq's
	check "of the window alone" jq -s -e \
	    'last.all | .count > 3 and .count < 60 and .max == 8' "$dir/out"
fi

if ! command -v tmux >/dev/null; then
	skip "live on a terminal" "there is no tmux"
	exit 0
fi
on_terminal 80 14 shmhist -p 2 live
check "live, it shows rows and figures" wait_for 10 shows '^ +4 +[0-9]+ +#+'
check "on the side" wait_for 10 shows 'p99.9 +8$'
"${terminal[@]}" resize-window -x 60 -y 7
check "on a smaller terminal rows are merged" wait_for 10 shows '^ +4 \.\. 7 '
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
check "a daemon that is gone is told" \
    wait_for 20 shows '^default  not running since [0-9:]{8} '
kill "$feeder"
check "and what is older than the window is forgotten" \
    wait_for 20 shows '^live: 0 values'
start_daemon -s 32m
check "the next one is not" wait_for 20 shows_not 'not running'
start_feed fed -i feed
check "it goes on with that" wait_for 20 shows '^ +4 \.\. 7 +[0-9]+ +#+'
press q
check "q ends it" wait_for 10 test -s "$dir/status"
same "well" "$(cat "$dir/status")" 0
terminal_end
on_terminal 80 14 shmhist -p 2 -b kind live
check "with -b it shows a line each" wait_for 10 shows 'k1 *$'
press q
check "and ends, too" wait_for 10 test -s "$dir/status"
