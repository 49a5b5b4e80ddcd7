#!/bin/bash
# stat.sh -- what shmstat takes to show counters, beside varnishstat.
#
#	tests/bench/stat.sh [-l] [-e GLOB]... [-n REPEATS] [-t TIMES]
#	    [-i SECONDS] [-c SETS] [-j FILE]
#
# -l lists the rows, -e chooses some.  Each is measured REPEATS times (5), in
# turns.  Those that are a whole process are started TIMES times (200) in a
# repeat, in turns with /bin/true, whose time is taken off; those that go on
# are watched for SECONDS (10).  -c: so many sets (10000) are there while 100 a
# second come and go.
#
# The counters are tool-sets': one more process, that does nothing meanwhile
# (but for `come-and-go').  stat.awk makes the table.  All files are in
# /dev/shm and removed at the end.
prefix=shmlog-bench
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
# shellcheck source=tests/bench/rows.lib
. tests/bench/rows.lib
# shellcheck source=tests/e2e/screen.lib
. tests/e2e/screen.lib

repeats=5 times=200 seconds=10 crowd=10000
declare -A unit goal text missing

usage()
{
	echo "usage: stat.sh [-l] [-e glob]... [-n repeats] [-t times]" \
	    "[-i seconds] [-c sets] [-j file]" >&2
	exit 2
}

options()
{
	local c v
	while getopts c:e:i:j:ln:t: c; do
		case $c in
		e) globs+=("$OPTARG") ;;
		j) json=$(realpath -m "$OPTARG") ;;
		l) list=1 ;;
		c) v=crowd ;;&
		i) v=seconds ;;&
		n) v=repeats ;;&
		t) v="times" ;;&
		[cint])
			[[ $OPTARG =~ ^[1-9][0-9]{0,4}$ ]] || usage
			printf -v "$v" %s "$OPTARG"
			;;
		*) usage ;;
		esac
	done
	[ $((OPTIND - 1)) = $# ] || usage
}

# row NAME UNIT GOAL TEXT: a goal of 0 is none.
row()
{
	rows+=("$1")
	unit[$1]=$2 goal[$1]=$3 text[$1]=$4
}

rows_all()
{
	row once ms 1.5 'shmstat -1, 1,000 counters, less /bin/true'
	row once-json ms 0 'shmstat -j, the same'
	row once-csv ms 0 'shmstat -o csv, the same'
	row varnishstat ms 0 'varnishstat -1, less /bin/true'
	row pass ms 5 '10,000 counters in 1,000 sets, gathered and added up'
	row screen ms 5 'CPU of a refresh of the screen, the same counters'
	row scrape ms 10 'CPU of the server of a scrape, 10,000 series'
	row come-and-go % 2 \
	    "of a CPU: $crowd live sets, 100 a second come and go, a pass a second"
}

# COUNTERS

# sets_of INSTANCE WORDS...: a daemon, and tool-sets with these words.
sets_of()
{
	local instance=$1
	shift
	start_daemon -n "$instance" -s 256m -m 32768 -k 10
	mkfifo "$dir/in.$instance"
	spawn tool-sets -n "$instance" "$@" <>"$dir/in.$instance" \
	    >"$dir/sets.$instance"
	wait_for 60 grep -q ready "$dir/sets.$instance" ||
		give_up "tool-sets $* does not begin"
}

# The instances that the wanted rows need.
counters()
{
	if wanted once || wanted once-json || wanted once-csv; then
		sets_of few -a bench 100 10
	fi
	if wanted pass || wanted screen || wanted scrape; then
		sets_of many -a bench 1000 10
	fi
	! wanted come-and-go || sets_of crowd -r 100 bench "$crowd" 4
	! wanted varnishstat || varnish
	! wanted screen || screen_begin
	! wanted scrape || listen
}

varnish()
{
	missing[varnishstat]='not installed: make bench-deps'
	command -v varnishd varnishstat >/dev/null || return 0
	missing[varnishstat]='varnishd does not serve'
	spawn varnishd -j none -F -n "$dir/varnish" -a 127.0.0.1:0 \
	    -b 127.0.0.1:1 -s malloc,16m >"$dir/varnishd.log" 2>&1
	wait_for 20 varnish_serves || return 0
	unset 'missing[varnishstat]'
	text[varnishstat]+=", $(wc -l <"$dir/theirs") counters"
}

varnish_serves()
{
	varnishstat -n "$dir/varnish" -1 >"$dir/theirs" 2>&1 &&
		grep -q MAIN.uptime "$dir/theirs"
}

screen_begin()
{
	missing[screen]='no tmux'
	command -v tmux >/dev/null || return 0
	missing[screen]='it does not come up'
	on_terminal 200 60 exec shmstat -n many
	wait_for 20 shows bench. || return 0
	watched=$("${terminal[@]}" list-panes -F '#{pane_pid}')
	unset 'missing[screen]'
}

listen()
{
	missing[scrape]='shmstat does not listen'
	shmstat -h | grep -q openmetrics || return 0
	missing[scrape]='no curl'
	command -v curl >/dev/null || return 0
	missing[scrape]='it does not answer'
	spawn shmstat -n many --listen "unix:$dir/listen" 2>"$dir/listen.err"
	server=$pid
	wait_for 20 scrape || return 0
	unset 'missing[scrape]'
	text[scrape]+=" ($(grep -vc '^#' "$dir/scrape"))"
}

scrape()
{
	curl -s -f --unix-socket "$dir/listen" http://localhost/metrics \
	    >"$dir/scrape"
}

# MEASURING

# Milliseconds of CPU that a process had
spent_by()
{
	cat "/proc/$1"/task/*/schedstat |
		awk '{ ns += $1 } END { printf "%.3f\n", ns / 1e6 }'
}

now_ms()
{
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# sample NAME FIGURE BEST WALL OTHERS: disturbed is one in which all else used a
# tenth of a CPU, and 20 ms that are the clock's grain.
sample()
{
	note sample "$1" "$2" "$3" \
	    "$(awk "BEGIN { print ($5 > $4 / 10 + 20) + 0 }")"
}

# process NAME COMMAND...: what it took more than /bin/true
process()
{
	local name=$1 out best median true_best true_median more wall others
	shift
	out=$(tool-often "$times" "$@" 2>"$dir/err") ||
		give_up "$name: $(tail -n 1 "$dir/err")"
	# shellcheck disable=SC2034 # not all are of interest
	read -r best median true_best true_median more wall others <<<"$out"
	sample "$name" "$(calc "$more / 1000")" \
	    "$(calc "($best - $true_best) / 1000")" "$wall" "$others"
}

calc()
{
	awk "BEGIN { printf \"%.4f\", $1 }"
}

# passes NAME INSTANCE N MS: sets best, median, spent and wall of them; all must
# be of one moment
passes()
{
	local out was n sets scans
	was=$(busy)
	out=$(tool-passes "$2" "$3" "$4" 2>"$dir/err") ||
		give_up "$1: $(tail -n 1 "$dir/err")"
	# shellcheck disable=SC2034
	read -r n sets best median scans spent wall <<<"$out"
	others=$(calc "$(busy) - $was - $spent")
	[ "$scans" = 0 ] ||
		note say "$1: $scans of $3 passes were not of one moment"
}

# each NAME PID N COMMAND...: the CPU that the process takes for one of N
each()
{
	local name=$1 pid=$2 n=$3 was began cpu
	shift 3
	was=$(busy) began=$(now_ms) cpu=$(spent_by "$pid")
	"$@"
	cpu=$(calc "$(spent_by "$pid") - $cpu")
	began=$(($(now_ms) - began))
	cpu=$(calc "$cpu / $n")
	sample "$name" "$cpu" "$cpu" "$began" \
	    "$(calc "$(busy) - $was - $cpu * $n")"
}

scrapes()
{
	local i
	for ((i = 0; i < times / 4 + 1; i++)); do
		scrape || give_up "a scrape fails"
	done
}

measure()
{
	local best median spent wall others
	case $1 in
	once) process "$1" shmstat -n few -1 ;;
	once-json) process "$1" shmstat -n few -j ;;
	once-csv) process "$1" shmstat -n few -o csv ;;
	varnishstat) process "$1" varnishstat -n "$dir/varnish" -1 ;;
	pass)
		passes "$1" many "$times" 5
		sample "$1" "$(calc "$median / 1000")" \
		    "$(calc "$best / 1000")" "$wall" "$others"
		;;
	# once a second
	screen) each "$1" "$watched" "$seconds" sleep "$seconds" ;;
	scrape) each "$1" "$server" $((times / 4 + 1)) scrapes ;;
	come-and-go)
		passes "$1" crowd "$seconds" 1000
		spent=$(calc "100 * $spent / $wall")
		sample "$1" "$spent" "$spent" "$wall" "$others"
		;;
	esac
}

options "$@"
rows_all
if [ -n "$list" ]; then
	for r in "${rows[@]}"; do
		printf '%-16s %s\n' "$r" "${text[$r]}"
	done
	exit 0
fi
note_machine
note_load before
counters
for r in "${rows[@]}"; do
	wanted "$r" || continue
	note row "$r" "${unit[$r]}" "${goal[$r]}" "${text[$r]}"
	[ -z "${missing[$r]:-}" ] || note missing "$r" "${missing[$r]}"
done
for ((repeat = 0; repeat < repeats; repeat++)); do
	for r in "${rows[@]}"; do
		! wanted "$r" || [ -n "${missing[$r]:-}" ] || measure "$r"
	done
done
note_load after
show_rows tests/bench/stat.awk
