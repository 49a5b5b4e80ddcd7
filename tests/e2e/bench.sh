#!/bin/bash
# bench.sh -- the bench measures, says what is missing, and does not believe a
# disturbed machine; so do that of the readers and shmstat's.  No figure is
# judged here.
. "$(dirname "$0")/lib.sh"

if [ "$(nproc)" -lt 2 ]; then
	skip "the bench" "it needs two CPUs"
	exit 0
fi
json=$dir/bench.json

# bench_quick OPTIONS...: a short run; whether it ended well
bench_quick()
{
	env -u BENCH_INSIDE -u BENCH_LTTNG -u BENCH_SYSLOG timeout 60 \
	    bench -j "$json" "$@" >"$dir/table" 2>&1
}

# row NAME FILTER: whether jq's filter is true of that entry
row()
{
	jq -e --arg name "$1" \
	    ".entries[] | select(.name == \$name) | $2" "$json" >/dev/null
}

check "a few entries are measured" \
    bench_quick -e text-64 -e batch-20 -e counter -n 1 -t 5
for name in text-64 batch-20 counter; do
	check "$name has a time and a ratio to the floor" \
	    row "$name" '.median > 0 and .floor_ratio > 0'
done
same "no other entry is" "$(jq '.entries | length' "$json")" 3
check "a counter is set against a lock add" \
    row counter '.against == "add-lock" and .against_ratio > 0'
check "one thread drops nothing" row text-64 '.dropped == 0'

# also beside a stream whose lanes are large
check "instructions are counted" bench_quick -e text-64 -e text-64-large \
    -e batch-20 -e counter -e masked -e steps -n 1 -t 5
same "of calls of one thread's" "$(jq -r '.entries[] |
    select(.instructions > 1) | .name' "$json" | sort | paste -sd ' ')" \
    'batch-20 counter masked text-64'
check "a batch's are a record's" row batch-20 '.instructions > 20'

check "daemons are replaced while one writes" bench_quick -e join -n 1 -t 5
same "and each is joined" "$(jq .join.restarts "$json")" 5

check "peers may be missing" bench_quick -e syslog -e 'lttng*' -n 1 -t 5
check "a missing peer is said to be" row syslog '.missing | length > 0'
check "one that is a plugin, too" row lttng '.missing | length > 0'
check "and in the table" grep -q '^syslog  *MISSING: ' "$dir/table"

# programs that take the CPUs away
hogs=()
for ((i = 0; i < 2 * $(nproc); i++)); do
	spawn sh -c 'while :; do :; done'
	hogs+=("$pid")
done
check "a run beside busy programs ends" \
    bench_quick -e floor-64 -e floor-2-threads -n 3 -t 5
kill "${hogs[@]}"
check "disturbed repeats are thrown away and counted" \
    row floor-2-threads '.disturbed > 0'
check "and a row of more of them than good ones is noisy" \
    row floor-2-threads '.noisy == (.disturbed > .good)'
check "the table says so, too" \
    test "$(grep -c NOISY: "$dir/table")" -ge \
    "$(jq '[.entries[] | select(.noisy)] | length' "$json")"

check "nothing is left behind" \
    test -z "$(find "$dir" -maxdepth 1 -name 'bench.??????')"

# The readers', with next to nothing to read.
readers_quick()
{
	env -u SHMLOG_DIR timeout 120 tests/bench/readers.sh -j "$json" \
	    -r 20000 -a 600 -n 1 -t 1 -d 20 -i 1 "$@" >"$dir/table" 2>&1
}

read_row()
{
	jq -e --arg name "$1" \
	    ".rows[] | select(.name == \$name) | $2" "$json" >/dev/null
}

# value NAME: whether all whose names begin so are more than nothing
value()
{
	jq -e --arg name "$1" '[.values[] | select(.name | startswith($name)) |
	    .value > 0] | length > 0 and all' "$json" >/dev/null
}

check "the readers are measured" readers_quick
while read -r name _; do
	case $name in
	memory | delay | idle)
		check "$name has a figure" value "$name"
		;;
	*)
		check "$name has a rate, or is said to be missing" \
		    read_row "$name" '.missing or (.best > 0 and
		    .median > 0 and .cpu_median > 0 and .records > 0)'
		;;
	esac
	check "$name is in the table" grep -q "^$name" "$dir/table"
done < <(tests/bench/readers.sh -l)
for name in bare short write; do
	check "$name is of all records" \
	    read_row "$name" '.missing == null and .records >= 20000'
done
check "some of the readers' rows may be chosen" readers_quick -e short
same "and no other is" "$(jq -r '(.rows + .values)[].name' "$json")" short
check "a number that makes no sense is refused" \
    test "$(tests/bench/readers.sh -n 0 2>&1 | head -c 6)" = usage:

# shmstat's, with next to nothing to show.
stat_quick()
{
	env -u SHMLOG_DIR timeout 120 tests/bench/stat.sh -j "$json" \
	    -c 50 -n 1 -t 3 -i 2 "$@" >"$dir/table" 2>&1
}

check "shmstat is measured" stat_quick
while read -r name _; do
	check "$name has a figure, or is said to be missing" \
	    read_row "$name" '.missing or (.best != null and .median != null)'
	check "$name is in the table" grep -q "^$name" "$dir/table"
done < <(tests/bench/stat.sh -l)
for name in once pass come-and-go; do
	check "$name is measured here" read_row "$name" '.median > 0'
done
check "some of shmstat's rows may be chosen" stat_quick -e 'once-*'
same "and no other row is" "$(jq -r '.rows[].name' "$json" | paste -sd ' ')" \
    'once-json once-csv'
