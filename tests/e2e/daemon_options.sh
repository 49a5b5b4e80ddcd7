#!/bin/bash
# daemon_options.sh -- what shmlogd says to its command line, where it puts
# things and whose they are.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# bad NAMED OPTIONS...: one line that names it, exit 2, nothing created.
failures=0
bad()
{
	local named=$1 status=0
	shift
	timeout 5 shmlogd "$@" 2>"$dir.err" >&2 || status=$?
	if [ "$status" != 2 ] || [ "$(wc -l <"$dir.err")" != 1 ] ||
		! grep -qF -e "$named" "$dir.err" ||
		! grep -q '^shmlogd: ' "$dir.err" ||
		[ -n "$(ls -A "$dir")" ]; then
		failures=$((failures + 1))
		echo "shmlogd $*: exit $status: $(cat "$dir.err")"
	fi
	rm -f "$dir.err"
}

bad_values()
{
	bad '-n ../x' -n ../x
	bad '-n .x' -n .x
	bad '-s 64x' -s 64x
	bad '-s -5' -s -5
	bad '-s 1m: too small' -s 1m
	bad '-s 99999999999999999999' -s 99999999999999999999
	bad '-k 9' -k 9
	bad '-k -60' -k -60
	bad '-k ten' -k ten
	bad '-m 0' -m 0
	bad '-m 9999999' -m 9999999
	bad '-c 0' -c 0
	bad '-c 1x' -c 1x
	bad '-u nobody-at-all' -u nobody-at-all
	bad '-g nogroup-at-all' -g nogroup-at-all
	bad '-M 0400' -M 0400
	bad '-M 999' -M 999
	bad '-M 4640' -M 4640
	bad '-P /no/such/place/pid' -P /no/such/place/pid
	bad '-P' -P
	bad '-z' -z
	bad 'extra' extra
	same a_bad_value_is_one_line_and_creates_nothing "$failures" 0
}

texts()
{
	same the_version_is_told "$(shmlogd -V | cut -d ' ' -f 1)" shmlogd
	same the_usage_goes_to_stdout "$(shmlogd -h 2>/dev/null | head -n 1)" \
	    'usage: shmlogd [-DhVv] [-n instance] [-s size] [-k seconds] [-m sections] [-c clients] [-u user] [-g group] [-M mode] [-P pidfile]'
}

mode_of()
{
	stat -c %a "$1"
}

modes()
{
	local at=$dir/modes row mask
	for mask in 000 077; do
		for row in '0600 600 600 700' '0640 640 660 750' \
		    '0644 644 660 755' '0666 666 666 755'; do
			# shellcheck disable=SC2086
			set -- $row
			(umask $mask && exec shmlogd -n modes -s 1m -m 16 \
			    -M "$1" 2>>"$dir/shmlogd.log") &
			daemon=$!
			spawned+=("$daemon")
			wait_for 5 daemon_ready -n modes
			same "the_modes_of_M_$1_with_umask_$mask" \
			    "$(mode_of "$at/segment") $(mode_of "$at/socket") $(mode_of "$at") $(mode_of "$at/lock")" \
			    "$2 $3 $4 600"
			kill "$daemon"
			wait "$daemon" || :
			rm -rf "$at"
		done
	done
}

# -u: the directory and all in it are the user's, and so is the process.
users()
{
	local at=$dir/users status=0
	[ "$(id -u)" = 0 ] || {
		skip root_gives_it_away_and_drops "not root"
		return
	}
	chmod 755 "$dir"
	start_daemon -n users -s 1m -m 16 -u nobody
	same root_gives_it_away_and_drops \
	    "$(stat -c %U "$at" "$at/segment" "$at/socket" "$at/lock" | sort -u)" \
	    nobody
	same for_good "$(grep -E '^(Uid|Gid|Groups):' "/proc/$daemon/status" |
	    tr -s '\t ' ' ')" \
	    "$(printf 'Uid: %s\nGid: %s\nGroups: %s ' \
	        '65534 65534 65534 65534' '65534 65534 65534 65534' 65534)"
	kill "$daemon"
	wait "$daemon" || :
	start_daemon -n users -s 1m -m 16 -u nobody -g daemon
	same and_goes_on_with_what_is_there \
	    "$(stat -c %U:%G "$at/segment")" nobody:daemon
	kill "$daemon"
	wait "$daemon" || :

	mkdir "$dir/mine"
	timeout 5 shmlogd -n mine -u nobody 2>"$dir/err" || status=$?
	same a_directory_of_another_user_is_refused "$status" 1
	check with_what_to_do grep -q 'belongs to uid 0.*chown' "$dir/err"
	same and_not_given_away "$(stat -c %U "$dir/mine")" root

	mkdir -m 777 "$dir/open"
	status=0
	timeout 5 shmlogd -n open 2>"$dir/err" || status=$?
	same one_that_anybody_may_write_to_is_refused "$status" 1
	check and_told_so grep -q 'anybody may write to it.*chmod' "$dir/err"
	mkdir "$dir/theirs"
	chown nobody "$dir/theirs"
	status=0
	timeout 5 shmlogd -n theirs 2>"$dir/err" || status=$?
	same one_of_another_user_is_refused "$status" 1
	check and_told_whose grep -q 'belongs to uid 65534' "$dir/err"
	same with_nothing_left_there "$(find "$dir/theirs" "$dir/open" -type f)" ""
}

# Without a runtime directory of our own it is under /tmp, and must be ours.
in_tmp()
{
	local uid=64999 tmp=/tmp/shmlog-64999 status
	if [ "$(id -u)" != 0 ] || [ -e "$tmp" ] || [ -L "$tmp" ]; then
		skip the_directory_in_tmp_is_ours "not root, or $tmp is there"
		return
	fi
	chmod 755 "$dir"
	as_user=(setpriv --reuid "$uid" --regid "$uid" --clear-groups
	    env -u SHMLOG_DIR -u XDG_RUNTIME_DIR)
	cp "$BUILD/shmlogd" "$dir/shmlogd" # where that user may go
	spawn "${as_user[@]}" "$dir/shmlogd" -s 1m -m 16 2>"$dir/err"
	wait_for 5 [ -S "$tmp/default/socket" ] || cat "$dir/err"
	same the_directory_in_tmp_is_ours "$(stat -c %a:%u "$tmp")" "700:$uid"
	check and_it_warns_that_it_is_not_tmpfs warned_if_needed "$tmp"
	kill "$pid"
	wait "$pid" || :
	rm -rf "$tmp"

	mkdir "$dir/elsewhere"
	chown "$uid" "$dir/elsewhere"
	ln -s "$dir/elsewhere" "$tmp"
	status=0
	timeout 5 "${as_user[@]}" "$dir/shmlogd" 2>"$dir/err" || status=$?
	rm "$tmp"
	same a_symlink_in_tmp_is_refused "$status $(ls -A "$dir/elsewhere")" '1 '
	check and_called_one grep -q "$tmp: refused: it is a symbolic link" \
	    "$dir/err"

	mkdir -m 700 "$tmp"
	status=0
	timeout 5 "${as_user[@]}" "$dir/shmlogd" 2>"$dir/err" || status=$?
	rmdir "$tmp"
	same a_directory_of_another_in_tmp_is_refused "$status" 1
}

warned_if_needed()
{
	[ "$(stat -f -c %T "$1")" = tmpfs ] ||
		grep -q 'not on tmpfs.*use a directory' "$dir/err"
}

# A path far longer than sun_path.
long_path()
{
	local deep=$dir i
	for i in 1 2 3 4 5 6 7 8; do
		deep=$deep/$(printf '%040d' "$i")
	done
	mkdir -p "$deep"
	start_daemon -n "$deep/x" -s 1m -m 16
	check a_long_path_has_a_socket [ -S "$deep/x/socket" ]
	kill "$daemon"
	wait "$daemon" || :
}

bad_values
texts
modes
users
long_path
in_tmp
