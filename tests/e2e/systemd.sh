#!/bin/bash
# systemd.sh -- the units in contrib/systemd, as far as they can be judged
# without a systemd that runs: it finds no fault with them, they are hardened,
# and what they take away is nothing that the daemon and shmtail need.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v systemd-analyze >/dev/null; then
	skip systemd "systemd-analyze is not installed"
	exit 0
fi
units=contrib/systemd

# score UNIT: the exposure, times ten
score()
{
	systemd-analyze security --offline=true --no-pager "$1" 2>/dev/null |
		sed -nE 's/^.*exposure level for .*: ([0-9]+)\.([0-9]).*$/\1\2/p'
}

# setting UNIT NAME: its values, as they stand
setting()
{
	sed -n "s/^$2=//p" "$1"
}

# members SET: the system calls of one of systemd's sets, all levels deep
members()
{
	local line
	systemd-analyze syscall-filter --no-pager "$1" | tail -n +2 |
		while read -r line; do
			case $line in
			'#'*) ;;
			@*) members "$line" ;;
			*) echo "$line" ;;
			esac
		done
}

# Calls that the units' filter takes away: not in @system-service, or in one of
# the sets that are taken from it.
outside_filter()
{
	members @system-service | sort -u >"$dir/with"
	{
		members @privileged
		members @resources
	} | sort -u >"$dir/without"
	comm -23 "$dir/with" "$dir/without" >"$dir/allowed"
	sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*$/\1/p' "$1" | sort -u |
		comm -23 - "$dir/allowed" | tr '\n' ' '
}

# The programs are not installed where systemd would look for them.
for unit in shmlogd.service shmlogd@.service shmtail@.service \
    shmstat-exporter.service; do
	sed -E "s:^ExecStart=(shmlogd|shmstat):ExecStart=$BUILD/\\1:" \
	    "$units/$unit" >"$dir/$unit"
	complaints=$(systemd-analyze verify --man=no "$dir/$unit" 2>&1 |
		grep -F "${unit%.service}" || :)
	same "verified_${unit%.service}" "$complaints" ''
	exposure=$(score "$dir/$unit")
	check "hardened_${unit%.service}" test "${exposure:-99}" -le 15
	same "runs_as_its_user_${unit%.service}" \
	    "$(setting "$dir/$unit" User)" shmlog
done

for unit in shmlogd.service shmlogd@.service; do
	name=${unit%.service}
	same "peers_can_be_seen_$name" \
	    "$(setting "$units/$unit" PrivateUsers) $(setting "$units/$unit" \
		ProcSubset) $(setting "$units/$unit" ProtectProc)" \
	    'no all default'
	same "directory_outlives_a_stop_$name" \
	    "$(setting "$units/$unit" RuntimeDirectoryPreserve)" yes
	same "notifies_$name" "$(setting "$units/$unit" Type)" notify
done
same the_two_daemon_units_differ_in_the_instance_only \
    "$(sed -n '/^\[Service\]/,$p' $units/shmlogd@.service |
	sed -e 's/ -n %i//' -e 's/%i/default/')" \
    "$(sed -n '/^\[Service\]/,$p' $units/shmlogd.service)"

# What the daemon does under the umask and in the filter of its unit.
umask "$(setting $units/shmlogd.service UMask)"
mkdir -m 755 "$dir/run"
export SHMLOG_DIR=$dir/run
as=()
trace=$dir/run/trace
# LeakSanitizer does not work under strace
asan=ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$dir"
	chown 65534:65534 "$dir/run"
	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
spawn "${as[@]}" env "$asan" strace -f -qq -o "$trace" "$BUILD/shmlogd" -s 8m \
    2>"$dir/err"
wait_for 10 test -S "$dir/run/default/socket" || {
	cat "$dir/err"
	not_ok daemon_in_its_unit "it did not start"
	exit 1
}
modes=$(stat -c %a "$dir/run/default/segment" "$dir/run/default/socket" |
	tr '\n' ' ')
same umask_does_not_shut_the_group_out "$modes" '640 660 '
hello world >/dev/null
kill -TERM "$(sed -nE '1s/^([0-9]+) .*$/\1/p' "$trace")"
wait_for 10 ended "$pid" || not_ok daemon_in_its_unit "it did not end"
same the_filter_lets_the_daemon_work "$(outside_filter "$trace")" ''

env SHMLOG_DIR="$dir/run" "$asan" \
    strace -f -qq -o "$trace" "$BUILD/shmtail" -d \
    >"$dir/out" 2>&1
same the_filter_lets_shmtail_work "$(outside_filter "$trace")" ''
check and_it_read_the_record grep -q 'hello, world' "$dir/out"

# The exporter, with all that it answers.
same the_exporter_is_for_this_machine_alone \
    "$(setting $units/shmstat-exporter.service IPAddressDeny) $(
    setting $units/shmstat-exporter.service IPAddressAllow)" 'any localhost'
spawn env SHMLOG_DIR="$dir/run" "$asan" \
    strace -f -qq -o "$trace" "$BUILD/shmstat" --listen 0 2>"$dir/listen"
wait_for 10 grep -q listening "$dir/listen" || :
address=$(sed -nE 's|.*listening on ([^ ]*/)$|\1|p' "$dir/listen")
for page in metrics stats.json health; do
	curl -s --compressed "$address$page"
done >"$dir/out"
kill -TERM "$(sed -nE '1s/^([0-9]+) .*$/\1/p' "$trace")"
wait_for 10 ended "$pid" || :
same the_filter_lets_the_exporter_work "$(outside_filter "$trace")" ''
check and_it_told_the_counters grep -q '^shmlog_log_records_total' "$dir/out"
