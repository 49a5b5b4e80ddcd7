#!/bin/bash
# httpd.sh -- examples/httpd under load, with a worker killed each second.
#
# What must hold, to the unit.  The client (tests/tools/load.c) asks for each of
# /r/1 ... /r/N once and knows which were answered: A of the S that it sent.  A
# worker publishes a request's transaction whole, then counts it, then answers.
# One that is killed stands at one place, so it leaves at most one request that
# is in the log and not counted; and requests that were not answered may have
# been logged or not.  So with T whole transactions in shmtail's output, C
# counted, and K workers killed:
#
#	every answered request has its whole transaction; none is there in part
#	A <= C <= T <= S	and	T - C <= K
#
# While nobody is killed, S = A = C = T.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=7
[ -z "$TORTURE" ] || seconds=60
rate=3000 # a second: what a busy machine still follows without being lapped

# stat_of NAME: its sum over all workers, dead ones included
stat_of()
{
	shmstat -1 -f "$1" | awk -v n="$1" '$1 == n { print $2 }'
}

is_stat()
{
	[ "$(stat_of "$1")" = "$2" ]
}

has()
{
	grep -q "$1" "$2"
}

# worker NUMBER: the pid of that worker now
worker()
{
	sed -n "s/^httpd: worker $1 is process //p" "$dir/err" | tail -n 1
}

is_another()
{
	[ "$(worker "$1")" != "$2" ]
}

# Waits until shmtail has shown all that was logged before now: the marker is
# the last by time.
tail_done()
{
	hello "marker $1" >/dev/null
	wait_for 10 has "hello, marker $1" "$dir/tail"
}

# Whether shmtail follows already; it shows what comes from then on.
tail_follows()
{
	hello "marker 0" >/dev/null
	has 'hello, marker 0' "$dir/tail"
}

# transactions FILE: reads shmtail's lines on stdin, writes the number N of each
# whole transaction of /r/N to FILE; prints how many are whole, how many not.
transactions()
{
	local sum
	: >"$1.paths"
	sum=$(awk -v list="$1.paths" -f examples/transactions.awk)
	sed 's:^/r/::' "$1.paths" >"$1"
	echo "$sum" # last: the caller goes on when it has read it
}

for bad in '-p x' '-p 65536' '-w 0' '-w 65' '-n ../x' '-z' '-p' 'more'; do
	status=0
	# shellcheck disable=SC2086 # an option and its argument
	timeout 5 httpd $bad >"$dir/out" 2>&1 || status=$?
	same "refused_in_one_line:${bad// /_}" \
	    "$status, $(wc -l <"$dir/out") line" '2, 1 line'
done

start_daemon -s 256m
spawn httpd -p 0 -w 4 >"$dir/out" 2>"$dir/err"
httpd=$pid
wait_for 5 has listening "$dir/out"
port=$(sed -n 's/^.*127.0.0.1:\([0-9]*\).*$/\1/p' "$dir/out")
spawn shmtail >"$dir/tail" 2>"$dir/tail.err"
wait_for 5 has 'worker 3 is' "$dir/err"
wait_for 10 tail_follows

# Nobody is killed: all is the same.
tool-load -n 3000 -r "$rate" -o "$dir/quiet" "$port" >"$dir/load"
same all_requests_are_answered "$(cat "$dir/load")" \
    'sent 3000 answered 3000 unanswered 0'
same counters_equal_the_requests_sent "$(stat_of http.front.requests)" 3000
check connections_go_back_to_none wait_for 5 is_stat http.front.connections 0
tail_done 1 || not_ok shmtail_shows_the_end "no marker 1"
read -r whole part < <(transactions "$dir/logged" <"$dir/tail")
same transactions_equal_the_requests "$whole whole, $part not" \
    '3000 whole, 0 not'

# One is killed each second.
lines=$(wc -l <"$dir/tail")
spawn shmstat -f http.front.requests >"$dir/stat" 2>&1
stat=$pid
spawn tool-load -s "$seconds" -r "$rate" -o "$dir/answered" "$port" \
    >"$dir/load"
load=$pid
killed=0
while ! wait_for 1 ended "$load"; do
	victim=$(worker $((killed % 4)))
	kill -KILL "$victim"
	wait_for 5 is_another $((killed % 4)) "$victim" ||
		not_ok a_killed_worker_is_replaced "worker $((killed % 4))"
	killed=$((killed + 1))
done
wait "$load"
read -r _ sent _ answered _ unanswered <"$dir/load"
echo "# $killed killed: $(cat "$dir/load")"
check several_were_killed test "$killed" -ge 3
check most_requests_were_answered test "$answered" -gt $((sent / 2))
tail_done 2 || not_ok shmtail_shows_the_end "no marker 2"
kill "$stat"

read -r whole part < <(tail -n +$((lines + 1)) "$dir/tail" |
	transactions "$dir/logged")
counted=$(($(stat_of http.front.requests) - 3000))
echo "# $whole transactions, $counted counted"
sort "$dir/answered" >"$dir/a"
sort "$dir/logged" >"$dir/t"
same an_answered_request_has_its_whole_transaction \
    "$(comm -23 "$dir/a" "$dir/t" | wc -l) without" '0 without'
same no_transaction_is_there_in_part "$part" 0
same no_transaction_is_there_twice "$(uniq -d "$dir/t" | wc -l)" 0
check transactions_are_no_more_than_requests test "$whole" -le "$sent"
check what_is_not_answered_is_known test \
    $((answered + unanswered)) -eq "$sent"
check every_answer_is_counted test "$counted" -ge "$answered"
check what_is_counted_is_logged test "$counted" -le "$whole"
check a_killed_worker_leaves_one_uncounted_at_most \
    test $((whole - counted)) -le "$killed"
same deaths_are_counted "$(stat_of http.front.died)" "$killed"
same nothing_was_lost_on_the_way "$(cat "$dir/tail.err")" ''
same the_sum_never_goes_back \
    "$(awk '$1 == "http.front.requests" { if ($2 + 0 < last) bad++
	last = $2 + 0; n++ } END { print (n > 2), bad + 0 }' "$dir/stat")" '1 0'

# The end.
kill -TERM "$httpd"
status=0
wait "$httpd" || status=$?
same httpd_ends_well "$status" 0
left=
while read -r p; do
	ended "$p" || left+=" $p"
done < <(sed -n 's/^httpd: worker [0-9]* is process //p' "$dir/err")
same its_workers_end_with_it "$left" ''
same sums_outlive_the_workers "$(stat_of http.front.requests)" \
    $((counted + 3000))
