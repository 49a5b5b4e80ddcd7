#!/bin/bash
# readers.sh -- how fast shmtail and shmtop go through a capture, and how soon
# shmtail shows what is put, beside varnishlog and a bare loop.
#
#	tests/bench/readers.sh [-l] [-e GLOB]... [-n REPEATS] [-t SECONDS]
#	    [-r RECORDS] [-a REQUESTS] [-d RECORDS] [-i SECONDS] [-j FILE]
#
# -l lists the rows, -e chooses some.  Each is measured REPEATS times (5), in
# turns, and more often, for SECONDS (240), until so many were not disturbed.
#
# THE CAPTURE is of a real load: REQUESTS (300000) of ab to examples/httpd, a
# quarter of which fail.  A request is a transaction; the Status of those that
# went well was left out (-q), so that one record in 21 is a Status.  What was
# captured is multiplied by cat to RECORDS (20 million).  varnishlog's is of the
# same requests through varnishd.
#
# -d: so many records are put for the delay (1000), 100 a second.  -i: the idle
# follower is watched for so long (20), having been quiet for half of that.
#
# readers.awk makes the table.  All files are in /dev/shm and removed at the end.
prefix=shmlog-bench
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
# shellcheck source=tests/bench/rows.lib
. tests/bench/rows.lib

repeats=5 seconds=240 records=20000000 requests=300000 delays=1000 idle=20
page=r/articles/2026/11/25/reading-logs
declare -A goal command count good

usage()
{
	echo "usage: readers.sh [-l] [-e glob]... [-n repeats] [-t seconds]" \
	    "[-r records] [-a requests] [-d records] [-i seconds] [-j file]" >&2
	exit 2
}

options()
{
	local c v
	while getopts a:d:e:i:j:ln:r:t: c; do
		case $c in
		e) globs+=("$OPTARG") ;;
		j) json=$(realpath -m "$OPTARG") ;;
		l) list=1 ;;
		a) v=requests ;;&
		d) v=delays ;;&
		i) v=idle ;;&
		n) v=repeats ;;&
		r) v=records ;;&
		t) v=seconds ;;&
		[adinrt])
			[[ $OPTARG =~ ^[1-9][0-9]{0,9}$ ]] || usage
			printf -v "$v" %s "$OPTARG"
			;;
		*) usage ;;
		esac
	done
	[ $((OPTIND - 1)) = $# ] || usage
}

# row NAME GOAL COMMAND: one that goes through a capture; the goal is in million
# records a second, 0: none.
row()
{
	rows+=("$1")
	goal[$1]=$2 command[$1]=$3
}

rows_all()
{
	local c='shmtail -r CAPTURE'
	row bare 0 'tool-bare CAPTURE'
	row bare-fwrite 0 'tool-bare -w CAPTURE'
	row short 20 "$c -o short"
	row cat 30 "$c -o cat"
	row tag 80 "$c -i Status"
	row query-field 60 "$c -q 'path eq \"/nowhere\"'"
	row query-number 60 "$c -q 'Bytes == 999999'"
	row query-regex 20 "$c -q '* ~ \"zzz\"'"
	row transaction 15 "$c -g transaction"
	row json 8 "$c -o json"
	row write 30 "$c -w COPY"
	row top 10 'shmtop -1 -r CAPTURE path'
	c='varnishlog -r VCAPTURE'
	row varnish-short 0 "$c -g raw"
	row varnish-tag 0 "$c -g raw -i ReqURL,RespStatus"
	row varnish-query 0 "$c -g raw -q 'ReqURL eq \"/nowhere\"'"
	row varnish-regex 0 "$c -g raw -q '* ~ \"zzz\"'"
	row varnish-request 0 "$c -g request"
	row varnish-write 0 "$c -g raw -w COPY"
	row varnish-top 0 'varnishtop -1 -r VCAPTURE -i ReqURL'
}

# THE LOAD

# Asks URL for the pages; COUNT requests, a quarter of which fail.
load()
{
	local url=$1 n=$2 a b bad=''
	ab -q -k -c 2 -n $((n * 15 / 100 + 1)) "${url}fail" >"$dir/ab1" 2>&1 &
	a=$!
	ab -q -k -c 2 -n $((n / 10 + 1)) "${url}nothing" >"$dir/ab2" 2>&1 &
	b=$!
	ab -q -k -c 4 -n $((n * 3 / 4 + 1)) "$url$page" >"$dir/ab" 2>&1 || bad=1
	wait "$a" || bad=1
	wait "$b" || bad=1
	[ -z "$bad" ] || give_up "ab: $(tail -qn 1 "$dir"/ab*)"
}

# Whether a file has not grown for a while.
settled()
{
	local size
	size=$(stat -c %s "$1")
	sleep 0.3
	[ "$size" -gt 64 ] && [ "$size" = "$(stat -c %s "$1")" ]
}

has_port()
{
	url=$(sed -n 's/^.*\(http:.*\)$/\1/p' "$dir/httpd.out")
	[ -n "$url" ]
}

# The follower's file is there, then there is something to follow.
capture()
{
	start_daemon -s 256m
	spawn shmtail -w "$dir/one" -q 'not Status == 200' 2>"$dir/tail.err"
	local tail=$pid
	wait_for 10 test -e "$dir/one" || give_up "$(cat "$dir/tail.err")"
	spawn httpd -p 0 -w 2 >"$dir/httpd.out" 2>"$dir/httpd.err"
	httpd=$pid
	wait_for 10 has_port || give_up "$(cat "$dir/httpd.err")"
	load "$url" "$requests"
	wait_for 60 settled "$dir/one" || give_up "shmtail does not end"
	kill -TERM "$tail"
	wait "$tail" || give_up "$(cat "$dir/tail.err")"
}

# multiply ONE HAS TO [SKIP]: as often as it takes until there are enough; all
# but the first without so many bytes.  Sets $copies.
multiply()
{
	local i
	copies=$(((records + $2 - 1) / $2))
	mv "$1" "$3"
	cp "$3" "$1"
	for ((i = 1; i < copies; i++)); do
		tail -c "+$((${4:-0} + 1))" "$1"
	done >>"$3"
	rm "$1"
}

capture_ours()
{
	local n bytes tagged
	capture
	read -r n bytes < <(tool-bare "$dir/one")
	tagged=$(shmtail -r "$dir/one" -o cat -i Status | wc -l)
	multiply "$dir/one" "$n" "$dir/capture"
	read -r ours bytes < <(tool-bare "$dir/capture")
	note say "capture: $requests requests, $n records, $copies times:" \
	    "$ours records of $((bytes / ours)) bytes," \
	    "$(($(stat -c %s "$dir/capture") / 1000000)) MB;" \
	    "-i Status matches 1 in $((n / (tagged > 0 ? tagged : 1)))"
}

varnish_there()
{
	ended "$varnishd" || url=$(varnishadm -n "$dir/varnish" \
	    debug.listen_address 2>/dev/null |
	    awk '$3 > 0 { print "http://" $2 ":" $3 "/"; exit }')
	[ -n "$url" ]
}

# It shows what comes after it has begun.
varnishlog_follows()
{
	ab -q -n 1 "$url" >"$dir/ab" 2>&1
	[ -s "$dir/vone" ]
}

# Sets $theirs, the records of its capture, or $no_varnish.
capture_varnish()
{
	local backend=${url#http://} log n
	no_varnish='not installed: make bench-deps'
	command -v varnishd varnishlog varnishadm varnishtop >/dev/null || return 0
	no_varnish='varnishd does not serve'
	spawn varnishd -j none -F -n "$dir/varnish" -a 127.0.0.1:0 \
	    -b "${backend%/}" -s malloc,64m >"$dir/varnishd.log" 2>&1
	varnishd=$pid url=''
	wait_for 20 varnish_there || return 0
	spawn varnishlog -n "$dir/varnish" -g raw -w "$dir/vone"
	log=$pid
	wait_for 20 varnishlog_follows || return 0
	# some 40 records a request
	load "$url" $((requests / 10 + 1))
	wait_for 60 settled "$dir/vone" || return 0
	kill -TERM "$log" "$varnishd"
	wait "$log" "$varnishd" || :
	n=$(varnishlog -r "$dir/vone" -g raw | wc -l)
	[ "$n" -gt 0 ] || return 0
	multiply "$dir/vone" "$n" "$dir/vcapture" 4 # "VSL" and a zero
	theirs=$((n * copies)) no_varnish=
	note say "varnishlog's: $n records, $copies times," \
	    "$(($(stat -c %s "$dir/vcapture") / 1000000)) MB"
}

# MEASURING

# measure NAME: one repeat
measure()
{
	local words=${command[$1]} spent wall cpu others kib
	words=${words/VCAPTURE/$dir/vcapture}
	words=${words/CAPTURE/$dir/capture}
	words=${words/COPY/$dir/copy}
	spent=$(eval "tool-spent $words" 2>"$dir/err") ||
		give_up "$1: $(tail -n 1 "$dir/err")"
	read -r wall cpu others kib <<<"$spent"
	rm -f "$dir/copy"
	note sample "$1" "$wall" "$cpu" "$others" "$kib"
	# as readers.awk has it
	if awk "BEGIN { exit !($others <= $wall / 10 + 20) }"; then
		good[$1]=$((good[$1] + 1))
	fi
}

# Who is to be measured, and who is missing.
rows_begin()
{
	local r todo=() program
	for r in "${rows[@]}"; do
		wanted "$r" || continue
		program=${command[$r]%% *} count[$r]=$ours good[$r]=0
		case $r in varnish-*) count[$r]=$theirs ;; esac
		note row "$r" "${goal[$r]}" "${count[$r]}" "${command[$r]}"
		case $r in
		varnish-*)
			if [ -n "$no_varnish" ]; then
				note missing "$r" "$no_varnish"
				continue
			fi
			;;
		*)
			if ! command -v "$program" >/dev/null; then
				note missing "$r" "no $program here"
				continue
			fi
			;;
		esac
		todo+=("$r")
	done
	rows=(${todo[@]+"${todo[@]}"})
}

# In turns, until each has repeats enough that were not disturbed, or there is
# no more time.
rounds()
{
	local r round left=1 end=$((SECONDS + seconds))
	for ((round = 0; left; round++)); do
		left=
		for r in ${rows[@]+"${rows[@]}"}; do
			if [ "$round" -ge "$repeats" ] && {
				[ "${good[$r]}" -ge "$repeats" ] ||
					[ "$SECONDS" -ge "$end" ]
			}; then
				continue
			fi
			measure "$r"
			left=1
		done
	done
}

# THE FOLLOWER

# Nanoseconds of CPU, and how often it has slept
spent_by()
{
	cat "/proc/$1"/task/*/schedstat "/proc/$1"/task/*/status | awk '
		NF == 3 && $1 + 0 == $1 { ns += $1 }
		/^voluntary/ { slept += $2 }
		END { printf "%d %d\n", ns, slept }'
}

# disturbed SINCE SECONDS: whether others took more than a fifth of a CPU
disturbed()
{
	echo $(($(busy) - $1 > $2 * 200))
}

follower_delay()
{
	local was p50 p99 longest began=$SECONDS
	was=$(busy)
	read -r p50 p99 longest < <(tool-delay "$delays" 100 \
	    shmtail -o cat -i Put) || give_up "the follower shows nothing"
	was=$(disturbed "$was" $((SECONDS - began)))
	note value delay-p50 ms "$(ratio "$p50" 1000)" 1 "$was" \
	    "put to printed, 100 records/s"
	note value delay-p99 ms "$(ratio "$p99" 1000)" 11 "$was" \
	    "(the longest: $(ratio "$longest" 1000) ms)"
}

ratio()
{
	awk "BEGIN { printf \"%.4f\", $1 / $2 }"
}

follower_idle()
{
	local was ns slept ns_then slept_then
	spawn shmtail >/dev/null 2>&1
	sleep $(((idle + 1) / 2 + 1))
	was=$(busy)
	read -r ns slept < <(spent_by "$pid")
	sleep "$idle"
	read -r ns_then slept_then < <(spent_by "$pid")
	note value idle % "$(ratio $((ns_then - ns)) "($idle * 1e7)")" 0.25 \
	    "$(disturbed "$was" "$idle")" \
	    "of a CPU, $(((slept_then - slept) / idle)) wake-ups a second"
	kill -TERM "$pid"
}

options "$@"
rows_all
if [ -n "$list" ]; then
	for r in "${rows[@]}"; do
		printf '%-16s %s\n' "$r" "${command[$r]}"
	done
	printf '%s\n' memory delay idle
	exit 0
fi
note_machine
note_load before
capture_ours
theirs=0
capture_varnish
rows_begin
kill -TERM "$httpd"
! wanted delay || follower_delay
! wanted idle || follower_idle
kill -TERM "$daemon"
rounds
! wanted memory || note memory 32
note_load after
show_rows tests/bench/readers.awk
