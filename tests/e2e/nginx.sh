#!/bin/bash
# nginx.sh -- nginx's access log through shmput: as many records as lines, byte
# for byte.
#
# nginx writes each line to a FIFO that shmput reads, and to a file.  Its two
# workers write the two logs one after the other and not in step, so the logs
# have the same lines, each of them unique ($pid, $connection and its request's
# number), in orders that may differ: they are compared sorted.  A line goes
# into the FIFO by one write(2), which is not torn up to PIPE_BUF (4096 bytes);
# the longest here is 3 KiB.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v nginx >/dev/null || ! command -v ab >/dev/null; then
	skip nginx "nginx or ab is not installed"
	exit 0
fi

requests=30000
[ -z "$TORTURE" ] || requests=400000

configure()
{
	cat >"$dir/nginx.conf" <<-CONF
	daemon off;
	worker_processes 2;
	pid $dir/nginx.pid;
	error_log $dir/error.log;
	events { worker_connections 256; }
	http {
		log_format line escape=none '\$remote_addr [\$msec] "\$request" '
		    '\$status \$body_bytes_sent "\$http_user_agent" '
		    '\$pid.\$connection.\$connection_requests';
		access_log $dir/fifo line;
		access_log $dir/file line;
		client_body_temp_path $dir/body;
		proxy_temp_path $dir/proxy;
		fastcgi_temp_path $dir/fastcgi;
		uwsgi_temp_path $dir/uwsgi;
		scgi_temp_path $dir/scgi;
		keepalive_requests 100000;
		server {
			listen 127.0.0.1:$1;
			location / { return 200 "hello\n"; }
		}
	}
	CONF
}

answers()
{
	curl -s -o "$dir/answer" "http://127.0.0.1:$port/" &&
		[ "$(cat "$dir/answer")" = hello ]
}

# Whether it serves; or gave up, since the port was taken.
decided()
{
	ended "$nginx" || answers
}

start_nginx()
{
	local try
	for try in 1 2 3 4 5 6 7 8 9 10; do
		port=$((20000 + (RANDOM + try) % 10000))
		configure "$port"
		spawn nginx -p "$dir" -e "$dir/error.log" \
		    -c "$dir/nginx.conf" >"$dir/nginx.out" 2>&1 9>&-
		nginx=$pid
		wait_for 10 decided || break
		ended "$nginx" || return 0
	done
	cat "$dir/nginx.out" "$dir/error.log" || :
	not_ok nginx "it did not start"
	exit 1
}

lines_are()
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

start_daemon -s 64m
mkfifo "$dir/fifo"
# Kept open by us (and by nobody else) until nginx has come and gone; opened for
# both, since that does not wait for the other side.
exec 9<>"$dir/fifo"
spawn shmput -i nginx -t Access <"$dir/fifo" 2>"$dir/put.err" 9>&-
shmput=$pid
spawn shmtail -o cat >"$dir/tail" 2>"$dir/tail.err" 9>&-
tail=$pid
start_nginx

ab -q -k -c 8 -n "$requests" "http://127.0.0.1:$port/" >"$dir/ab" 2>&1 ||
	cat "$dir/ab"
same ab_is_answered "$(awk '/^Complete requests/ { print $3 }' "$dir/ab")" \
    "$requests"
long=$(printf 'x%.0s' {1..3000})
curl -s -o /dev/null "http://127.0.0.1:$port/$long"
for agent in '' ' ' $'tab\there' 'na<C3><AF>ve' $'na\xc3\xafve' $'\xff\xfe' \
    '<3>no level' '%s%n'; do
	curl -s -o /dev/null -A "$agent" "http://127.0.0.1:$port/odd"
done

# nginx writes the file last, so when it is gone the file is complete.
kill -QUIT "$nginx"
wait "$nginx" || :
exec 9>&-
status=0
wait_for 10 ended "$shmput" || not_ok shmput_ends_with_its_input "it runs"
wait "$shmput" || status=$?
same shmput_ends_well "$status $(cat "$dir/put.err")" '0 '
lines=$(wc -l <"$dir/file")
check all_requests_are_in_the_file test "$lines" -ge $((requests + 9))
wait_for 10 lines_are "$dir/tail" "$lines" || :
kill "$tail"
wait "$tail" || :
same as_many_records_as_lines "$(wc -l <"$dir/tail")" "$lines"
same nothing_was_lost_on_the_way "$(cat "$dir/tail.err")" ''
LC_ALL=C sort "$dir/file" >"$dir/a"
LC_ALL=C sort "$dir/tail" >"$dir/b"
check byte_for_byte cmp "$dir/a" "$dir/b"
