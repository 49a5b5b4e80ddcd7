#!/bin/bash
# counted.sh -- what workers count themselves is what shmstat shows, in whatever
# way it shows it; also while sets come and go.
. "$(dirname "$0")/lib.sh"

shapes=(flat exponential log-normal two-humps long-tail)
each=20000 # values a thread, two threads a worker
worker_pid=()

# worker N: of shape N; its input is descriptor 1N.
worker()
{
	local fd=$((10 + $1))
	mkfifo "$dir/in.$1"
	eval "exec $fd<>\"\$dir/in.$1\""
	spawn tool-tally front "$1" "$each" "$dir/raw.$1" \
	    <"$dir/in.$1" >"$dir/tally.$1"
	worker_pid[$1]=$pid
}

told()
{
	grep -q '^done$' "$dir/tally.$1"
}

# own NAME [WORKER...]: what they counted for themselves, added up (or or-ed)
own()
{
	local name=$1 sum=0 v w
	shift
	for w in "$@"; do
		v=$(sed -n "s/^$name //p" "$dir/tally.$w")
		if [ "$name" = up ]; then
			sum=$((sum | v))
		else
			sum=$((sum + v))
		fi
	done
	if [ "$name" = up ]; then
		printf '%u\n' "$sum"
	else
		echo "$sum"
	fi
}

# by WAY PREFIX FIGURE: a value
by()
{
	local name=$2.$3
	case $1 in
	text) shmstat -1 "${apart[@]}" | awk -v n="$name" '$1 == n { print $2 }' ;;
	json)
		# jq keeps no more than 53 bits of a number
		case $3 in
		took.*) shmstat -j "${apart[@]}" |
			jq ".counters[\"$2.took\"].value[\"${3#took.}\"]" ;;
		*) shmstat -j "${apart[@]}" | sed -nE \
			"s/^\"$2\.$3\":.*\"value\":(-?[0-9]+),.*/\1/p" ;;
		esac
		;;
	csv)
		shmstat -o csv "${apart[@]}" | awk -F , -v n="$name" '
			NR == 1 { for (i = 1; i <= NF; i++) if ($i == n) at = i }
			NR == 2 { print $at }'
		;;
	openmetrics) series "$3" ;;
	esac
}

# series NAME: the same of the sums, as monitoring systems are given them
series()
{
	local name=tally_$1
	case $1 in
	hits) name=tally_hits_total ;;
	open) name=tally_open_files ;;
	took.*) name=tally_took_seconds_${1#took.} ;;
	esac
	shmstat -o openmetrics | sed -nE "s/^$name(\{[^}]*\})? ([^ ]+).*/\2/p"
}

ways=(text json csv)

# exact FILE THOUSANDTHS: the quantile of the numbers that are in it in order
exact()
{
	local n
	n=$(wc -l <"$1")
	sed -n "$(((n * $2 + 999) / 1000)){p;q}" "$1"
}

# quantiles WAY PREFIX FILE: whether each is the largest value of the bucket of
# the exact one: it, or less than a sixteenth more; tells those that are not
quantiles()
{
	local q v x
	for q in p50:500 p90:900 p99:990 p99.9:999 max:1000; do
		v=$(by "$1" "$2" "took.${q%:*}")
		x=$(exact "$3" "${q#*:}")
		if [ -z "$v" ] || [ "$v" -lt "$x" ] ||
			[ $((v - x)) -ge $((x / 16 + 1)) ]; then
			echo "$1 ${q%:*} is $v, exactly $x"
		fi
	done
}

start_daemon -s 16m
for w in "${!shapes[@]}"; do
	worker "$w"
done
for w in "${!shapes[@]}"; do
	wait_for 60 told "$w" || {
		not_ok counted "a worker does not end: $(cat "$dir/tally.$w")"
		exit 1
	}
	sort -n "$dir/raw.$w" -o "$dir/raw.$w"
done
sort -n -m "$dir"/raw.? >"$dir/raw"

apart=()
all=("${ways[@]}" openmetrics)
for way in "${all[@]}"; do
	for name in hits open up active took.count; do
		same "$way has the workers' $name" \
		    "$(by "$way" tally.front "$name")" \
		    "$(own "$name" "${!shapes[@]}")"
	done
done
for way in "${ways[@]}"; do
	same "$way has the quantiles of all values" \
	    "$(quantiles "$way" tally.front "$dir/raw")" ''
done
for way in json csv; do
	same "$way has the sum of the values" \
	    "$(by "$way" tally.front took.sum)" "$(own took.sum "${!shapes[@]}")"
done
apart=(-a)
for w in "${!shapes[@]}"; do
	p="tally.front[${worker_pid[$w]}]"
	same "a worker apart has its own hits (${shapes[$w]})" \
	    "$(by text "$p" hits)" "$(own hits "$w")"
	same "quantiles of values that are ${shapes[$w]}" \
	    "$(quantiles json "$p" "$dir/raw.$w")" ''
done

# Two of them are killed: what lives on of them is in the sums.
kill -KILL "${worker_pid[1]}" "${worker_pid[3]}"
apart=()
active_is()
{
	[ "$(by json tally.front active)" = "$(own active 0 2 4)" ]
}
check "what the dead had open is gone" wait_for 10 active_is
for way in "${all[@]}"; do
	same "$way has the hits of the dead" "$(by "$way" tally.front hits)" \
	    "$(own hits "${!shapes[@]}")"
	same "$way has the values of the dead" \
	    "$(by "$way" tally.front took.count)" \
	    "$(own took.count "${!shapes[@]}")"
	same "$way has no bits of the dead" "$(by "$way" tally.front up)" \
	    "$(own up 0 2 4)"
done
same "and the quantiles are as they were" \
    "$(quantiles text tally.front "$dir/raw")" ''
apart=(-a)
same "the dead apart have what they had" \
    "$(by text 'tally.front[retained]' hits)" "$(own hits 1 3)"
kill "${worker_pid[@]}" 2>/dev/null || :
kill "$daemon"
wait_for 10 ended "$daemon"

# Thousands live, hundreds a second come and go, and each refresh shows all that
# live once, and all that are gone once: of the first 2,000, a million each.
start_daemon -s 64m -m 8192 -k 10
mkfifo "$dir/in"
exec 9<>"$dir/in"
spawn tool-sets -r 400 many 2000 2 <"$dir/in" >"$dir/sets"
sets=$pid
wait_for 60 grep -q ready "$dir/sets" ||
	not_ok counted "there are no 2,000 sets"
spawn shmstat -o csv -w 0.01 -f many.set.c0 >"$dir/csv" 2>"$dir/err"
reader=$pid
lines()
{
	[ "$(wc -l <"$dir/csv")" -gt "$1" ]
}
check "all sets of the beginning go" wait_for 100 grep -q gone "$dir/sets"
wait_for 60 lines $(($(wc -l <"$dir/csv") + 1))
kill -INT "$reader"
wait "$reader" || :
check "while it was watched" lines 100
same "no refresh misses a set or has it twice" \
    "$(tail -n +2 "$dir/csv" | cut -d , -f 2 | uniq -c |
	awk '{ $1 = ""; print }' | paste -sd ' ')" ' 2000000000'
same "and none of it is guessed" "$(cat "$dir/err")" ''
kill "$sets"
