#!/bin/bash
# section_room.sh -- no room for a section: a clear error to who asked, everyone
# else served, and no SIGBUS, not even on a tmpfs that is full to the last page.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/puppet.lib
. tests/e2e/puppet.lib

start_daemon -s 512k -m 32 -k 10
follow "$dir/out"
joined_puppet first -L 1 -l 65536
tell first "put 10"
tell first wait
same "who fits is served" "$answer" 0

# one too large for all of the segment, one too large for what is left
puppet giant -i giant -L 16 -l 65536
tell giant "put 10"
tell giant wait
same "a stream larger than the segment: the error says so" "$answer" \
    "No space left on device"
tell giant "put 10"
same "its records are dropped, and counted" "$answer" "20 20 20"

n=0
answer=0
while [ "$answer" = 0 ] && [ "$n" -lt 20 ]; do
	n=$((n + 1))
	puppet "filler$n" -i filler -L 1 -l 65536
	tell "filler$n" wait
done
same "the one for whom there is no room is told" "$answer" \
    "No space left on device"
check "the others had room ($((n - 1)))" [ "$n" -gt 2 ]

# all of them write many laps: every page is there
for ((i = 1; i < n; i++)); do
	tell "filler$i" "put 20000"
	read -r _ dropped _ <<<"$answer"
	[ "$dropped" = 0 ] || not_ok section_room "filler$i dropped $dropped"
	check "no SIGBUS for filler$i" kill -0 "${puppet_pid[filler$i]}"
done
tell first "put 10"
delivered "who was there first goes on" first 1 20 "$dir/out"
check "the daemon runs" kill -0 "$daemon"
check "refusals are counted" sh -c "shmstat -1 -f 'shmlogd.*refus*' |
    awk '{ n += \$2 } END { exit n == 0 }'"
