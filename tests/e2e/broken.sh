#!/bin/bash
# broken.sh -- much that is broken is told in few lines, which sum it up; and -d
# comes to its end, whatever happens to the daemon meanwhile.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/follow.lib
. tests/e2e/follow.lib

# break_file FILE FROM EVERY: from that byte on 16 of each so many are rubbish
break_file()
{
	head -c "$(stat -c %s "$1")" /dev/zero | tr '\0' 'x' >"$dir/rubbish"
	LC_ALL=C awk -v size="$(stat -c %s "$1")" -v from="$2" -v every="$3" '
	BEGIN {
		for (at = from; at + 16 <= size; at += every)
			print at
	}' | while read -r at; do
		echo "seek=$at"
	done >"$dir/places"
	while read -r seek; do
		dd if="$dir/rubbish" of="$1" bs=16 count=1 \
		    oflag=seek_bytes conv=notrunc "$seek" status=none
	done <"$dir/places"
}

fails()
{
	local status=0
	timeout 60 "$@" >"$dir/out" 2>"$dir/err" || status=$?
	echo "$status"
}

start_daemon -s 64m
echo 'many 20000 10 1' | tool-transact x 8388608 >"$dir/wrote"
shmtail -d -w "$dir/capture"
cp "$dir/default/segment" "$dir/segment"
all=$(shmtail -r "$dir/segment" -o cat | wc -l)

break_file "$dir/segment" 131072 32768
same "a segment broken everywhere can be read" \
    "$(fails shmtail -r "$dir/segment" -o cat)" 0
complaints=$(grep -vcE ' (lost|in all)$' "$dir/err" || :)
same "that is told, in few lines" "$complaints" 20
sum=$(sed -nE 's/^shmtail: ([0-9]+) complaints about streams in all$/\1/p' \
    "$dir/err")
check "which are summed up ($sum)" [ "${sum:-0}" -gt 20 ]
losses=$(grep -c ' lost$' "$dir/err" || :)
# a seat is looked for in one of the 64 blocks that a lane has
check "with a loss for a block at most ($losses)" [ "$losses" -le 1024 ]
check "what is whole is shown" \
    [ "$(wc -l <"$dir/out")" -gt $((all / 1000)) ]

# a capture of small blocks, many of them broken
for _ in 1 2 3 4; do
	cat "$dir/capture" "$dir/capture" >"$dir/more"
	mv "$dir/more" "$dir/capture"
done
break_file "$dir/capture" 4096 262144
places=$(wc -l <"$dir/places")
same "a capture with $places broken places is an error" \
    "$(fails shmtail -r "$dir/capture" -o cat)" 1
check "which is told in few lines" [ "$(wc -l <"$dir/err")" -le 12 ]
check "and summed up" grep -qE \
    '[0-9]+ bytes cannot be read, at [0-9]+ places; [0-9]+ records are missing' \
    "$dir/err"
missing=$(sed -nE 's/.*; ([0-9]+) records are missing$/\1/p' "$dir/err")
same "exactly" $(($(wc -l <"$dir/out") + missing)) $((16 * all))

# -d ends, also when the daemon is restarted while it reads, and all the while
# somebody writes at full speed
mkfifo "$dir/fifo"
exec 8<>"$dir/fifo"
spawn tool-number x 2000000000 0 2 </dev/null >"$dir/wrote" 8>&-
writer=$pid
spawn shmtail -d -o cat >"$dir/fifo" 2>"$dir/err" 8>&-
tail=$pid
# it has begun, and then stands still
read -r -t 10 _ <&8 || not_ok d "it shows nothing"
kill -STOP "$tail"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
start_daemon -s 64m 8>&-
check "the writer joins the next daemon" wait_for 10 joined
spawn cat <&8 >"$dir/out" 8>&-
kill -CONT "$tail"
check "-d ends all the same" wait_for 20 ended "$tail"
check "and well" wait "$tail"
kill -KILL "$writer"
wait "$writer" 2>/dev/null || :
