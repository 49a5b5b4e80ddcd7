#!/bin/bash
# calls.sh -- which system calls readers and writers make.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/puppet.lib
. tests/e2e/puppet.lib

# A sanitizer's runtime makes calls of its own.
[ -z "${SAN:-}" ] || {
	skip calls "not with SAN=$SAN"
	exit 0
}
if ! strace -o /dev/null true 2>/dev/null; then
	skip calls "strace cannot trace here"
	exit 0
fi

# reads_only NAME TRACE: what a reader may do with the files of an instance.
reads_only()
{
	local bad
	# every open of anything below the directory is for reading
	bad=$(grep -E 'open(at)?\(' "$2" | grep -F -e "$dir/default" \
	    -e '"segment' | grep -vE 'O_RDONLY' || :)
	same "$1 opens the segment for reading only" "$bad" ""
	check "$1 has opened it" grep -qE '"segment".*O_RDONLY.*= [0-9]' "$2"
	# mappings of files that are shared
	bad=$(grep -E '^[0-9]* *(mmap|mprotect)\(' "$2" | grep MAP_SHARED |
		grep -E 'PROT_WRITE' || :)
	same "$1 maps nothing shared for writing" "$bad" ""
	check "$1 has mapped it" grep -qE 'mmap\(.*PROT_READ, MAP_SHARED' "$2"
	bad=$(grep -E '(flock|F_SETLK|F_OFD_SETLK)' "$2" || :)
	same "$1 takes no lock" "$bad" ""
	bad=$(grep -E '^[0-9]* *(p?writev?2?|pwrite64|send(to|msg|mmsg)?|ftruncate|fallocate|rename[a-z0-9]*|unlink[a-z]*|link[a-z]*)\(' \
	    "$2" | grep -vE '(write|writev)\([12],' || :)
	same "$1 writes to its output only" "$bad" ""
}

start_daemon -s 16m
puppet p
tell p "put 1000"

strace -f -o "$dir/tail.trace" shmtail -d -o cat >"$dir/tail.out"
is_delivered p 1 1000 "$dir/tail.out" || not_ok calls "shmtail -d under strace"
reads_only "shmtail -d" "$dir/tail.trace"
for option in -1 -j -s; do
	strace -f -o "$dir/stat.trace" shmstat "$option" >"$dir/stat.out"
	reads_only "shmstat $option" "$dir/stat.trace"
done

# one that follows, for a while: over records, and over a restart
spawn strace -f -o "$dir/follow.trace" shmtail -o cat >"$dir/follow.out" \
    2>"$dir/follow.err"
tracer=$pid
wait_for 10 grep -qs 'mmap(.*MAP_SHARED' "$dir/follow.trace" || :
puppet q
tell q "put 100"
delivered "shmtail follows under strace" q 1 100 "$dir/follow.out"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
start_daemon -s 16m
tell q wait
tell q "put 100"
delivered "and over a restart" q 1 200 "$dir/follow.out"
kill -TERM "$(pgrep -P "$tracer" -x shmtail)"
wait "$tracer" || :
reads_only "shmtail that follows" "$dir/follow.trace"

# A writer: no call between its first and its last record.
records=100000
[ -z "$TORTURE" ] || records=1000000
strace -f -o "$dir/steady.trace" tool-steady "$records" 3 >"$dir/steady.out" ||
	not_ok calls "tool-steady failed"
awk '/getppid\(\)/ { marks++; next } marks == 1' "$dir/steady.trace" \
    >"$dir/between"
same "both marks are there" "$(grep -c 'getppid()' "$dir/steady.trace")" 2
same "a writer makes no system call in $(cat "$dir/steady.out") records" \
    "$(grep -vE ' (clock_gettime|gettimeofday|time)\(' "$dir/between" |
	head -n 3)" ""
