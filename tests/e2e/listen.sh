#!/bin/bash
# listen.sh -- shmstat --listen: what it answers, to whom, and how it ends.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/listen.lib
. "$(dirname "$0")/listen.lib"

openmetrics='application/openmetrics-text; version=1.0.0; charset=utf-8'
prometheus='text/plain; version=0.0.4; charset=utf-8'

# fault ADDRESS: what is said to it
fault()
{
	{ shmstat --listen "$1" >/dev/null || [ $? = 2 ] || echo 'not 2'; } 2>&1
}

# type_for ACCEPT: the answer's Content-Type
type_for()
{
	get /metrics -o /dev/null -w '%{content_type}' -H "Accept: $1"
}

# code PATH OPTIONS...
code()
{
	get "$1" -o /dev/null -w '%{http_code}' "${@:2}"
}

where='not a port, an address and a port, nor unix: and a path'
for a in '' x 65536 127.0.0.1 127.0.0.1:x; do
	same "no_address:$a" "$(fault "$a")" "shmstat: --listen $a: $where"
done
same no_host "$(fault :80)" \
    'shmstat: --listen :80: no address before the colon: 0.0.0.0 and [::] are all'
same no_name_is_looked_up "$(fault example.org:80)" \
    'shmstat: --listen example.org:80: not an address in digits, nor localhost'
same v6_needs_brackets "$(fault ::1:80)" \
    'shmstat: --listen ::1:80: an address of IPv6 stands in brackets, [::1]:9477'
same no_path "$(fault unix:)" 'shmstat: --listen unix:: no path behind unix:'
same a_long_path "$(fault "unix:/$(printf '%0120d' 0)" | sed 's/.*0: //')" \
    'the path of a socket has 107 bytes at most'

start_daemon -s 16m
hello world >/dev/null
listen 0
check a_port_is_of_loopback grep -q 'on http://127.0.0.1:[0-9]*/' "$dir/listen"

get / >"$dir/out"
check the_root_tells_what_there_is grep -q '^/metrics ' "$dir/out"
same a_page_that_is_not_there "$(code /nothing)" 404
same no_way_out "$(code /../../../../etc/passwd --path-as-is) $(
    code /metrics/../../etc/passwd --path-as-is) $(
    code /%2e%2e/etc/passwd --path-as-is)" '404 404 404'
same a_query_is_no_other_page "$(code '/metrics?x=1')" 200
for m in POST PUT DELETE OPTIONS TRACE PATCH SOMETHING; do
	same "not_$m" "$(code /metrics -X $m)" 405
done
check what_is_allowed_is_said grep -qi '^Allow: GET, HEAD' \
    <(get /metrics -i -X PUT)
for p in / /metrics /stats.json /health; do
	same "head_of_$p" "$(get $p -I | tr -d '\r' |
		sed -n '1p; /^$/,$p' | head -c 200)" 'HTTP/1.1 200 OK'
done

# OpenMetrics is for who asks for it
same no_accept "$(type_for '')" "$prometheus"
same curl "$(type_for '*/*')" "$prometheus"
same a_browser "$(type_for 'text/html,*/*;q=0.8')" "$prometheus"
same a_prometheus "$(type_for 'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1')" \
    "$openmetrics"
same one_that_likes_text_more \
    "$(type_for 'application/openmetrics-text;q=0.5, text/plain;q=0.8')" \
    "$prometheus"
same one_that_likes_text_less \
    "$(type_for 'text/plain; q=0.3 , application/openmetrics-text ;q=0.31')" \
    "$openmetrics"
same one_that_refuses_it \
    "$(type_for 'application/openmetrics-text;q=0')" "$prometheus"
same another_version \
    "$(type_for 'application/openmetrics-text;version=9')" "$prometheus"
same nonsense "$(type_for ';;,=;q=x,,a/b;q=7')" "$prometheus"

get /metrics >"$dir/plain"
get /metrics -H 'Accept: application/openmetrics-text' >"$dir/om"
same the_same_as_o_openmetrics \
    "$(grep -v '^shmlogd_\|^# ' "$dir/om" | md5sum)" \
    "$(shmstat -o openmetrics | grep -v '^shmlogd_\|^# ' | md5sum)"
check the_older_text_names_totals \
    grep -q '^# TYPE shmlog_log_records_total counter$' \
    "$dir/plain"
same it_has_no_end_and_no_unit \
    "$(grep -cE '^# (EOF|UNIT)|_created\{' "$dir/plain")" 0
get /stats.json -o "$dir/json" -w '%{content_type}\n' >"$dir/out"
same json_is_called_so "$(cat "$dir/out")" application/json
same json_is_what_j_prints \
    "$(jq -S '.counters | del(.[].rate) |
	with_entries(select(.key | startswith("hello")))' "$dir/json" | md5sum)" \
    "$(shmstat -j | jq -S '.counters | del(.[].rate) |
	with_entries(select(.key | startswith("hello")))' | md5sum)"

# gzip, for who asks
get /metrics -H 'Accept-Encoding: gzip' >"$dir/gz"
same gzip_is_the_same "$(gzip -dc <"$dir/gz" | grep -v '^shmlogd_' | md5sum)" \
    "$(grep -v '^shmlogd_' "$dir/plain" | md5sum)"
check gzip_is_said grep -qi '^Content-Encoding: gzip' \
    <(get /stats.json -D - -o /dev/null -H 'Accept-Encoding: br, gzip;q=0.5')
same gzip_q_0_is_none \
    "$(get /metrics -H 'Accept-Encoding: gzip;q=0' | head -c 1)" '#'
same http_1.0_is_served "$(get /stats.json -0 | jq -r .instance)" default
same http_1.0_that_would_be_kept_is_served \
    "$(get /stats.json -0 -H 'Connection: keep-alive' | jq -r .instance)" default
same a_connection_is_kept "$(get /health -o /dev/null -w '%{num_connects} ' \
    --next -s "http://$address/stats.json" -o /dev/null \
    -w '%{num_connects}')" '1 0'

if command -v promtool >/dev/null; then
	promtool check metrics <"$dir/plain" >"$dir/out" 2>&1 || :
	same promtool_is_silent "$(cat "$dir/out")" ''
else
	skip promtool_is_silent 'promtool (package prometheus) is not installed'
fi

# The daemon goes, and comes back.
same healthy "$(code /health) $(get /health)" \
    "200 $dir/default: shmlogd: runs"
kill -KILL "$daemon"
wait_for 5 ended "$daemon"
code_is()
{
	[ "$(code /health)" = "$1" ]
}
check not_healthy_without_a_daemon wait_for 5 code_is 503
same and_why "$(get /health)" "$dir/default: shmlogd: not running"
check metrics_say_so grep -qx 'shmlog_daemon_up{instance="default"} 0' \
    <(get /metrics)
check the_last_values_are_there grep -q 'type="hello"' <(get /metrics)
start_daemon -s 16m
check healthy_again wait_for 5 code_is 200
check it_follows_the_daemon grep -qx \
    'shmlog_segment_generation{instance="default"} 2' <(get /metrics)

same an_address_in_use_exits_1 \
    "$(shmstat --listen "$address" 2>"$dir/err"; echo $?)" 1
check and_is_told grep -q "listen $address: Address already in use" "$dir/err"
kill -TERM "$listener"
wait_for 5 ended "$listener"
status=0
wait "$listener" || status=$?
same a_signal_ends_it "$status" 0

# sockets in the file system
listen "unix:$dir/sock"
first=$listener
same a_unix_socket_is_served "$(code /health)" 200
same it_is_for_the_group "$(stat -c %a "$dir/sock")" 660
same one_in_use_is_left_alone \
    "$(shmstat --listen "unix:$dir/sock" 2>/dev/null; echo $?) $(
    code /health)" '1 200'
kill -KILL "$first"
wait_for 5 ended "$first"
listen "unix:$dir/sock"
same a_stale_one_is_bound_anew "$(code /health)" 200
kill -INT "$listener"
wait_for 5 ended "$listener"
check it_is_removed_in_the_end [ ! -e "$dir/sock" ]
exec 6<"$dir"
flock 6
listen "unix:$dir/sock"
same a_lock_that_somebody_keeps_is_not_waited_for "$(code /health)" 200
kill -TERM "$listener"
check not_even_in_the_end wait_for 10 ended "$listener"
exec 6<&-
: >"$dir/file"
same a_file_is_no_socket \
    "$(shmstat --listen "unix:$dir/file" 2>/dev/null; echo $?)" 1
check and_is_left_alone [ -e "$dir/file" ]

# a file that is cut short ends it, as all readers
kill -KILL "$daemon" # who would mend it
wait_for 5 ended "$daemon"
listen 0
truncate -s 0 "$dir/default/segment"
check a_file_cut_short_ends_it wait_for 10 ended "$listener"
kill -KILL "$listener" 2>/dev/null || :
status=0
wait "$listener" || status=$?
same and_it_exits_1 "$status" 1
