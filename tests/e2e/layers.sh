#!/bin/bash
# layers.sh -- who may include and call whom, and how long a file may be.
. "$(dirname "$0")/lib.sh"
shopt -s nullglob

# none NAME: ok if nothing comes in; otherwise what came is why not.
none()
{
	local found
	found=$(head -n 5 | tr -s '\n\t ' ' ')
	if [ -z "$found" ]; then
		ok "$1"
	else
		not_ok "$1" "$found"
	fi
}

# includes FOLDER ALLOWED FILES...: lines that include what they may not
includes()
{
	local folder=$1 allowed=$2
	shift 2
	[ $# = 0 ] && echo "$folder/ has no sources" && return
	grep -nE '^#[ 	]*include[ 	]*"' "$@" /dev/null |
		grep -vE "\"($allowed)/" || :
}

includes common common common/*.[ch] | none "common/ includes common/ alone"
includes worker 'common|worker' worker/*.[ch] |
	sed '/^worker.shmlog.h:.*"shmlog_[a-z]*.h"$/d' |
	none "worker/ includes common/ and worker/ alone"
includes daemon 'common|daemon' daemon/*.[ch] |
	none "daemon/ includes common/ and daemon/ alone"
readers=()
for f in readers/*.[ch]; do
	case $f in
	readers/shmput*) ;;
	*) readers+=("$f") ;;
	esac
done
includes readers 'common|readers' "${readers[@]}" |
	none "readers/ includes common/ and readers/ alone"
if [ -e readers/shmput.c ]; then
	includes readers 'common|readers|worker' readers/shmput* |
		none "shmput includes worker/, too"
else
	not_ok "shmput includes worker/, too" "there is no shmput.c"
fi
{ grep -nE '^#[ 	]*include[ 	]*"' examples/*.[ch] |
	grep -vE '"examples/|"httpd' || :; } |
	none "examples include what is installed"

# foreign FILES...: lines that include what is no part of libc
foreign()
{
	grep -nE '^#[ 	]*include[ 	]*<' "$@" /dev/null |
		grep -E '<(event2?|bsd|pcre2?|n?curses|panel|xxhash|zlib|check)[./]' ||
		:
}
foreign common/*.[ch] worker/*.[ch] |
	none "common/ and worker/ include libc alone"
foreign daemon/*.[ch] | { grep -v '<event2/event\.h>' || :; } |
	none "daemon/ includes libevent's core and libbsd's overlay"
foreign readers/*.[ch] | { grep -E '<(event2?[./]|zlib)' || :; } |
	sed '/^readers.stat_listen[a-z_]*\.[ch]:/d' |
	none "of the readers --listen alone includes libevent and zlib"

# Without comments, in which a word may be said.
{
	for f in worker/*.[ch] daemon/*.[ch] readers/*.[ch] examples/*.[ch]; do
		# what programs include stands alone
		case $f in worker/shmlog.h | worker/shmlog_*.h) continue ;; esac
		"${CC:-cc}" -fpreprocessed -dD -E -P "$f" 2>/dev/null |
			grep -oE '\<(atomic_[a-z_]+|_Atomic|__atomic_[a-z_]+|__sync_[a-z_]+|stdatomic)\>' |
			sort -u | sed "s|^|$f: |" || :
	done
} | none "atomics stand in common/ alone"

# undefined OBJECT PATTERN: what it calls of what it must not
undefined()
{
	nm -u "$1" | grep -oE "\\<(__)?($2)(_chk)?(@.*)?\$" |
		sed "s|^|${1##*/}: |" || :
}

prints='v?f?printf|v?dprintf|puts|putchar|fputs|fputc|perror|v?syslog'
ends='abort|_?exit|_Exit|quick_exit|assert_fail|v?errx?|v?warnx?'
{
	for f in "$BUILD"/obj/common/*.o "$BUILD"/pic/*/*.o; do
		undefined "$f" "$prints|$ends"
	done
} | none "common/ and worker/ neither print nor end the program"
{
	for f in "$BUILD"/pic/*/*.o; do
		undefined "$f" 'signal|sigaction|pthread_create|thrd_create|timer_create'
	done
} | none "the library has no handler and no thread"

wc -l -- */*.[ch] tests/*/*.[ch] | awk '$2 != "total" && $1 > 600 {
	print $2 ": " $1 " lines" }' | none "a file has 600 lines at most"
awk 'FNR == 1 { open = 0 }
	/^[a-z_A-Z0-9]+\(/ { name = $1; sub(/\(.*/, "", name) }
	/^\{$/ { open = FNR }
	/^\}$/ { if (open && FNR - open - 1 > 60)
		print FILENAME ": " name ": " FNR - open - 1 " lines"; open = 0 }' \
	./*/*.[ch] tests/*/*.[ch] | none "a function has 60 lines at most"
{ grep -rnE '\<(TODO|FIXME|XXX)\>' -- */*.[ch] tests/*/*.[ch] Makefile || :; } |
	none "nothing is left for later in the code"
