#!/bin/bash
# listen_change.sh -- a client of shmstat --listen takes its answer slowly, and
# while it does, counters come: of families before and behind where it is; or
# go.  What it has in the end is valid, and has each series that was there all the
# time.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/listen.lib
. "$(dirname "$0")/listen.lib"

sets=500 counters=60 pauses=4

# slow PATH ACCEPT: takes the answer of it into $dir/slow with some pauses, each
# of them told by a line, until it gets one
slow()
{
	exec python3 - "${address#*:}" "$1" "$2" "$pauses" 3<&0 <<-'EOT'
	import os, socket, sys
	port, path, accept, pauses = sys.argv[1:]
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
	s.connect(("127.0.0.1", int(port)))
	s.sendall(("GET %s HTTP/1.0\r\nAccept: %s\r\n\r\n" % (path, accept)).encode())
	lines, got = os.fdopen(3), 0
	for n in range(int(pauses) + 1):
	    while n == int(pauses) or got < (n + 1) * 600000:
	        data = s.recv(65536)
	        if not data:
	            break
	        got += len(data)
	        sys.stdout.buffer.write(data)
	    if n < int(pauses):
	        print("pause", file=sys.stderr, flush=True)
	        lines.readline()
	EOT
}

paused()
{
	[ "$(grep -c pause "$dir/pauses")" -ge "$1" ]
}

more_counters()
{
	seed=$((seed + 1))
	spawn tool-series odd "$seed" <"$dir/many.in" >"$dir/odd.$seed"
	wait_for 20 grep -q ready "$dir/odd.$seed"
	get /metrics -o /dev/null
}

no_worker()
{
	! get /stats.json | grep -q "\"pid\":$worker,"
}

# Its counters are known no more once another page was asked for.
worker_goes()
{
	kill -KILL "$worker" 2>/dev/null || :
	wait_for 20 no_worker || not_ok a_worker_goes 'it did not'
}

# changes PATH ACCEPT WHAT: the same, with WHAT in each pause
changes()
{
	local n
	rm -f "$dir/go"
	mkfifo "$dir/go"
	exec 8<>"$dir/go"
	: >"$dir/pauses"
	spawn slow "$1" "$2" <"$dir/go" >"$dir/slow" 2>"$dir/pauses"
	client=$pid
	for ((n = 1; n <= pauses; n++)); do
		wait_for 20 paused "$n" || not_ok "$1" 'no pause'
		"$3"
		echo >&8
	done
	wait_for 30 ended "$client"
	sed '1,/^\r$/d' "$dir/slow" >"$dir/body"
}

seed=100
start_daemon -s 128m
mkfifo "$dir/many.in"
exec 9<>"$dir/many.in"
spawn tool-series many "$sets" "$counters" 0 <"$dir/many.in" >"$dir/many"
wait_for 20 grep -q ready "$dir/many"
worker=$pid
listen 0

changes /metrics 'application/openmetrics-text' more_counters
check its_client_was_slow [ "$(grep -c pause "$dir/pauses")" = "$pauses" ]
same all_that_was_there_all_the_time_is_there \
    "$(grep -c '^many_c[0-9]*_total{' "$dir/body")" $((sets * counters))
same no_series_is_there_twice \
    "$(grep -v '^#' "$dir/body" | sed 's/ [^ ]*$//' | sort | uniq -d)" ''
same no_family_is_there_twice \
    "$(grep '^# TYPE' "$dir/body" | cut -d ' ' -f 3 | sort | uniq -d)" ''
same it_ends "$(tail -n 1 "$dir/body")" '# EOF'
if /usr/bin/python3 -c 'import prometheus_client.openmetrics' 2>/dev/null; then
	check it_is_valid /usr/bin/python3 tests/e2e/openmetrics.py "$dir/body"
else
	skip it_is_valid 'python3-prometheus-client is not installed'
fi

# the next request on a connection is answered at once, not when it is too slow
for p in /metrics /stats.json; do
	same "head_of_a_long_answer_is_through:$p" "$(get $p -I -o /dev/null \
	    -w '%{num_connects} ' --next -s "http://$address/health" \
	    -o /dev/null -w '%{num_connects} %{http_code}')" '1 0 200'
done

changes /stats.json '*/*' more_counters
same json_too "$(jq '[.counters | keys[] | select(startswith("many."))] |
    length' "$dir/body")" $((sets * counters))

# What an answer in work goes by is as of the last pass, whoever asked for that:
# so it goes on with what is retained of the worker.
listen 0 -a
changes /metrics 'application/openmetrics-text' worker_goes
check a_worker_may_go_meanwhile grep -q '^many_c.*pid="retained"' "$dir/body"
same and_it_ends "$(tail -n 1 "$dir/body")" '# EOF'
