#!/bin/bash
# prometheus.sh -- Prometheus itself scrapes shmstat --listen over load, a
# worker that is replaced and a daemon that is killed: no scrape fails, no
# series goes back, and all who count have the same numbers in the end.
#
# It scrapes each second, for some; with TORTURE=1 for a minute.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/listen.lib
. "$(dirname "$0")/listen.lib"

if ! command -v prometheus >/dev/null; then
	skip prometheus 'prometheus is not installed'
	exit 0
fi
scrapes=3
[ -z "$TORTURE" ] || scrapes=20
declare -A in worker

ready()
{
	grep -q ready "$dir/$1.out"
}

# work NAME: a worker that counts
work()
{
	local fd
	mkfifo "$dir/$1.in"
	exec {fd}<>"$dir/$1.in"
	in[$1]=$fd
	spawn tool-busy load front <"$dir/$1.in" >"$dir/$1.out"
	worker[$1]=$pid
	wait_for 20 ready "$1"
}

counted()
{
	grep -q '^counted' "$dir/$1.out"
}

# rests NAME: it stops, and has said what it counted
rests()
{
	echo stop >&"${in[$1]}"
	wait_for 10 counted "$1"
}

# api QUERY [TIME]: what Prometheus says to it
api()
{
	curl -s -G "http://$prometheus/api/v1/query" --data-urlencode \
	    "query=$1" ${2:+--data-urlencode "time=$2"}
}

# number QUERY [TIME]: of the one series that there is
number()
{
	api "$@" | jq -r '.data.result | if length == 1 then .[0].value[1]
	    else "\(length) series" end'
}

# is QUERY NUMBER: for wait_for
is()
{
	[ "$(number "$1")" = "$2" ]
}

# has_scraped N: so often, in all
has_scraped()
{
	[ "$(number 'count_over_time(up[1h])')" -ge "$1" ] 2>/dev/null
}

# more_scrapes N
more_scrapes()
{
	local n
	n=$(number 'count_over_time(up[1h])')
	wait_for 90 has_scraped $((n + $1)) || not_ok more_scrapes "not $1 more"
}

answers()
{
	curl -s -o /dev/null "http://$prometheus/-/ready" &&
		! ended "$server"
}

# Starts a Prometheus, on a port that was free a moment ago.
start_prometheus()
{
	local try
	cat >"$dir/prometheus.yml" <<-EOT
	global:
	  scrape_interval: 1s
	  scrape_timeout: 1s
	scrape_configs:
	  - job_name: shmlog
	    static_configs:
	      - targets: ['$address']
	EOT
	for try in 1 2 3 4 5; do
		prometheus=127.0.0.1:$((20000 + RANDOM % 10000))
		spawn prometheus --config.file="$dir/prometheus.yml" \
		    --storage.tsdb.path="$dir/tsdb$try" --log.level=debug \
		    --web.listen-address="$prometheus" >"$dir/log" 2>&1
		server=$pid
		! wait_for 60 answers || return 0
	done
	return 1
}

# A scrape of ours may take a second on a busy machine: no less is asked for.
start_daemon -s 16m
listen 0
work a
work b
start_prometheus || {
	tail -n 3 "$dir/log"
	not_ok prometheus 'it does not start'
	exit 1
}
check it_scrapes wait_for 30 is up 1
more_scrapes "$scrapes"
# a worker is replaced
rests a
kill "${worker[a]}"
work c
more_scrapes "$scrapes"
# the daemon is killed, and restarted
kill -KILL "$daemon"
wait_for 5 ended "$daemon"
more_scrapes 2
start_daemon -s 16m
more_scrapes "$scrapes"
rests b
rests c

read -r requests count sum < <(awk '$1 == "counted" { r += $2; c += $3; s += $4 }
	END { printf "%.0f %.0f %.0f\n", r, c, s }' "$dir"/[abc].out)
check they_counted [ "$requests" -gt 1000 ]

# the text of the last scrape, of the whole load
last_values()
{
	is load_requests_total "$requests"
}
check prometheus_has_what_the_workers_counted wait_for 30 last_values
same shmstat_1_has_it "$(shmstat -1 -f load.front.requests |
	awk '{ print $2 }')" "$requests"
shmstat -j -f 'load.*' >"$dir/json"
same shmstat_j_has_it "$(jq -r '.counters |
	"\(.["load.front.requests"].value) \(.["load.front.took"].value |
	"\(.count) \(.sum)")"' "$dir/json")" "$requests $count $sum"
shmstat -o openmetrics -f 'load.*' >"$dir/om"
seconds=$(awk -v s="$sum" 'BEGIN { printf "%d.%06d", s / 1000000, s % 1000000 }' |
	sed 's/\.*0*$//')
same openmetrics_has_it "$(sed -nE 's/^load_requests_total\{.*\} //p
	s/^load_took_seconds_(count|sum)\{.*\} //p' "$dir/om" | sort -n |
	tr '\n' ' ')" "$(printf '%s\n' "$requests" "$count" "$seconds" |
	sort -n | tr '\n' ' ')"
same prometheus_has_the_histogram "$(number load_took_seconds_count) $(
    number load_took_seconds_sum)" "$count $seconds"
same and_its_buckets "$(api load_took_seconds_bucket | jq -c '[.data.result[] |
	[(if .metric.le == "+Inf" then 1e99 else .metric.le | tonumber end),
	(.value[1] | tonumber)]] | sort')" \
    "$(jq -c --argjson n "$count" '[.counters["load.front.took"].value.buckets as $b |
	range(0; 33) | pow(2; .) - 1 | . as $le |
	[$le / 1000000, ([$b[] | select(.[0] <= $le) | .[1]] | add // 0)]] +
	[[1e99, $n]]' "$dir/json")"

same up_stays_1 "$(number 'min_over_time(up[1h])')" 1
check each_scrape_had_samples [ "$(
    number 'min_over_time(scrape_samples_scraped[1h])')" -gt 50 ]
same no_scrape_failed "$(curl -s "http://$prometheus/api/v1/targets" |
	jq -r '.data.activeTargets[] | .health + .lastError')" up
same and_none_was_logged "$(grep -E 'scrape|append|sample' "$dir/log" |
	grep -cE 'level=(warn|error)|[Ff]ailed|duplicate')" 0
same no_series_was_reset "$(number 'resets(load_requests_total[1h])')" 0
check the_daemon_was_away is 'min_over_time(shmlog_daemon_up[1h])' 0
same one_series_all_the_time \
    "$(api 'count(count_over_time(load_requests_total[1h]))' |
	jq -r '.data.result[0].value[1]')" 1

# From the first sample to the last one nothing is extrapolated.
api 'load_requests_total[1h]' >"$dir/matrix"
read -r first last begin end < <(jq -r '.data.result[0].values |
	"\(.[0][1]) \(.[-1][1]) \(.[0][0]) \(.[-1][0])"' "$dir/matrix")
range=$(awk -v a="$begin" -v b="$end" 'BEGIN { printf "%.0f", (b - a) * 1000 }')
same increase_over_the_restart_is_what_was_added \
    "$(number "round(increase(load_requests_total[${range}ms]))" "$end")" \
    $((last - first))
same rate_too \
    "$(number "round(rate(load_requests_total[${range}ms]) * $range / 1000)" \
	"$end")" $((last - first))
check samples_never_went_back sort -n -C <(jq -r \
    '.data.result[0].values[][1]' "$dir/matrix")
