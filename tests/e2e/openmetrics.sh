#!/bin/bash
# openmetrics.sh -- shmstat -o openmetrics is what strict parsers take, whatever
# the counters are called, and has the numbers that -j has.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# Debian's, where the package is
python=/usr/bin/python3
strict=
"$python" -c 'import prometheus_client.openmetrics' 2>/dev/null && strict=1

# ready FILE: for wait_for
ready()
{
	grep -q ready "$1"
}

# series NAME OPTIONS...: a tool-series that is attached; its input is $in.
series()
{
	local name=$1
	shift
	mkfifo "$dir/$name.in"
	exec {in}<>"$dir/$name.in"
	spawn tool-series "$@" <"$dir/$name.in" >"$dir/$name.out"
	wait_for 20 ready "$dir/$name.out" || not_ok "$name" 'does not attach'
}

# line TEXT: it is there, as it stands
line()
{
	grep -qxF -- "$1" "$dir/om"
}

start_daemon -s 64m
series many many 3 2 1
shmstat -o openmetrics >"$dir/om" 2>"$dir/err"
one='instance="default",type="many",ident="set1"'
check a_counter_has_its_type line '# TYPE many_c1 counter'
check and_its_help line '# HELP many_c1 What is counted here'
check a_counter_is_a_total line "many_c1_total{$one} 1000001"
check and_tells_since_when grep -qE \
    "^many_c1_created\{$one\} [0-9]{10}\.[0-9]{1,9}$" "$dir/om"
check a_unit_is_a_base_unit line '# UNIT many_h2_seconds seconds'
check a_histogram_has_its_type line '# TYPE many_h2_seconds histogram'
# 19 values v * v * v * 100 microseconds
check its_count line "many_h2_seconds_count{$one} 19"
check its_sum_to_the_last_digit line "many_h2_seconds_sum{$one} 3.61"
check its_first_bucket line "many_h2_seconds_bucket{$one,le=\"0.0\"} 0"
check one_in_the_middle line "many_h2_seconds_bucket{$one,le=\"0.004095\"} 3"
check one_that_has_all line "many_h2_seconds_bucket{$one,le=\"1.048575\"} 19"
check its_last_bucket line "many_h2_seconds_bucket{$one,le=\"+Inf\"} 19"
same its_buckets_are_always_as_many \
    "$(grep -cF "many_h2_seconds_bucket{$one" "$dir/om")" 34
same as_many_of_each_worker_apart \
    "$(shmstat -o openmetrics -a -f '*.h2' | grep -c 'ident="set2".*le=')" 34
check a_gauge_in_bytes_has_the_unit_last grep -q \
    '^shmlogd_free_bytes{instance="default",type="shmlogd",ident="daemon"} ' \
    "$dir/om"
check the_instance_is_told line \
    "shmlog_instance_info{instance=\"default\",version=\"$(shmstat -V |
	awk '{ print $3 }')\",path=\"$dir/default\"} 1"
check the_daemon_runs line 'shmlog_daemon_up{instance="default"} 1'
check the_segment_has_room grep -qE \
    '^shmlog_segment_free_bytes\{instance="default"\} [1-9][0-9]+$' "$dir/om"
check nothing_is_left_out line \
    'shmlog_left_out_series{instance="default"} 0'
same each_family_stands_once \
    "$(grep '^# TYPE' "$dir/om" | sort | uniq -d)" ''
same nothing_is_said "$(cat "$dir/err")" ''
shmstat -a -o openmetrics >"$dir/om"
check a_worker_apart_has_its_pid line \
    "many_c1_total{instance=\"default\",type=\"many\",ident=\"set1\",pid=\"$pid\"} 1000001"
# When it began to count does not change with those who count.
since()
{
	shmstat -o openmetrics -f 'many.*' | grep _created
}
retained()
{
	shmstat -s | grep -q 'many .* retained'
}
before=$(since)
kill -KILL "$pid"
exec {in}>&-
wait_for 10 retained
same it_is_since_then_when_the_worker_has_ended "$(since)" "$before"
kill -KILL "$daemon"
wait_for 5 ended "$daemon"
start_daemon -s 64m
same and_with_another_daemon "$(since)" "$before"

# the streams of all programs are one family
hello world >/dev/null
shmstat -o openmetrics >"$dir/om"
check streams_are_one_family grep -qE \
    '^shmlog_log_records_total\{instance="default",type="hello",ident="world"\} [1-9]' \
    "$dir/om"

if [ -n "$strict" ]; then
	tries=4
	[ -z "$TORTURE" ] || tries=100
	bad='' left=0
	for ((seed = 1; seed <= tries; seed++)); do
		series "odd$seed" odd "$seed"
		shmstat -j >"$dir/json" 2>/dev/null
		shmstat -o openmetrics >"$dir/om" 2>"$dir/err"
		counts=$("$python" tests/e2e/openmetrics.py "$dir/om" \
		    "$dir/json" 2>&1) || bad+="seed $seed: ${counts##*$'\n'}; "
		left=$((left + ${counts##* }))
		[ -z "$bad" ] || break
		kill "$pid"
		wait_for 5 ended "$pid"
		exec {in}>&-
	done
	same a_strict_parser_takes_whatever_is_counted "$bad" ''
	check and_some_would_have_clashed [ "$left" -gt 0 ]
	check that_is_said grep -q 'left out of OpenMetrics' "$dir/err"
	check in_few_lines \
	    [ "$(grep -c 'left out of OpenMetrics' "$dir/err")" -le 20 ]
else
	skip a_strict_parser_takes_whatever_is_counted \
	    'python3-prometheus-client is not installed'
fi
kill "$daemon"
wait_for 5 ended "$daemon"
shmstat -o openmetrics 2>/dev/null >"$dir/om"
check a_daemon_that_is_gone_is_told line \
    'shmlog_daemon_up{instance="default"} 0'
