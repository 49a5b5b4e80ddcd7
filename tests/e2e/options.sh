#!/bin/bash
# options.sh -- what a program takes, what it says that it takes, and what its
# man page says are the same; what it says to mistakes.
. "$(dirname "$0")/lib.sh"

letters=$(printf '%s ' {a..z} {A..Z} {0..9})

# `n instance' a line, from the lines of the usage; `since time' of --since
from_usage()
{
	sed -nE 's/^  -([A-Za-z0-9])( ([a-z]+))?( .*|$)/\1 \3/p
	    s/^  --([a-z-]+)( ([a-z]+))?$/\1 \3/p' <<<"$1" |
		sed -E 's/ +$//' | sort
}

# the same from `[-dhV] [-n instance] -i ident' of its first line
from_synopsis()
{
	{
		head -n 1 <<<"$1" | grep -oE '\[-[^]]*\]' | tr -d '[]' |
			sed 's/^-*//'
		needed_in_synopsis "$1"
	} | split_flags
}

# those alone that have no brackets there: they must be given
needed_in_synopsis()
{
	head -n 1 <<<"$1" | sed 's/\[[^]]*\]//g' |
		grep -oE -- ' -[A-Za-z0-9]( [a-z]+)?' | tr -d - | sed 's/^ //'
}

# `dhV' is three options, `n instance' is one
split_flags()
{
	local flags argument
	while read -r flags argument; do
		if [ -n "$argument" ]; then
			echo "$flags $argument"
		else
			grep -o . <<<"$flags"
		fi
	done | sort
}

# from the list of a man page, and from its synopsis
from_list()
{
	sed -nE 's/^\.It Fl ([A-Za-z0-9]|-[a-z-]+)( Ar ([a-z]+))?( .*)?$/\1 \3/p' "$1" |
		sed 's/^-//' |
		sed -E 's/ +$//' | sort
}
from_page_synopsis()
{
	sed -nE '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/s/^\.(Op )?Fl ([A-Za-z0-9]+|-[a-z-]+)( Ar ([a-z]+))?$/\2 \4/p' "$1" |
		sed 's/^-//' | split_flags
}
needed_in_page()
{
	sed -nE '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/s/^\.Fl ([A-Za-z0-9]+)( Ar ([a-z]+))?$/\1 \3/p' "$1"
}

ask()
{
	timeout 5 "$@" </dev/null 2>&1
}

# Whether getopt(3) knows what the usage knows, and no other letter.
parses()
{
	local program=$1 usage=$2 l row status output unknown
	for l in $letters; do
		row=$(grep -E "^$l( |\$)" <<<"$usage" || :)
		status=0
		# after an option that has no argument, -h ends it all
		case $row in
		?) output=$(ask "$program" "-$l" -h) || status=$? ;;
		*) output=$(ask "$program" "-$l") || status=$? ;;
		esac
		unknown=
		case $output in
		*"no such option"*) unknown=1 ;;
		esac
		case $row in
		'') [ "$unknown$status" = 12 ] || echo "-$l: not refused" ;;
		*' '*) [ "$unknown$status" = 2 ] ||
			echo "-$l without its argument: $output" ;;
		*) [ "$unknown$status" = 0 ] || echo "-$l: $output" ;;
		esac
	done
}

# The same of options that have a name.
parses_names()
{
	local program=$1 name argument output
	while read -r name argument; do
		[ ${#name} -gt 1 ] || continue
		output=$(ask "$program" "--$name") || :
		[ "$output" = "$program: --$name: needs a value: $argument" ] ||
			echo "--$name: $output"
	done <<<"$2"
}

# proposed PROGRAM WORD BEFORE: what bash would propose for the word.
proposed()
{
	(
		# shellcheck source=contrib/completion/shmlog
		. contrib/completion/shmlog
		_shmlog "$@"
		printf '%s\n' "${COMPREPLY[@]}"
	)
}

# The same behind `PROGRAM -'.
completes()
{
	proposed "$1" - '' | sed 's/^-*//' | sort
}

for program in shmlogd shmtail shmtop shmhist shmstat shmput shmctl; do
	if [ ! -x "$BUILD/$program" ]; then
		not_ok "options of $program" "there is no $program"
		continue
	fi
	page=$(echo man/"$program".[18])
	help=$("$program" -h)
	usage=$(from_usage "$help")
	check "$program has options" [ -n "$usage" ]
	same "$program: usage and its synopsis" "$(from_synopsis "$help")" "$usage"
	same "$program: getopt and usage" "$(parses "$program" "$usage")" ''
	same "$program: names and usage" "$(parses_names "$program" "$usage")" ''
	same "$program: man page and usage" "$(from_list "$page")" "$usage"
	same "$program: man page and its synopsis" \
	    "$(from_page_synopsis "$page")" "$usage"
	same "$program: what must be given" "$(needed_in_synopsis "$help")" \
	    "$(needed_in_page "$page")"
	same "$program: completion and usage" "$(completes "$program")" \
	    "$(cut -d ' ' -f 1 <<<"$usage" | sort)"
done

proposes()
{
	proposed "$@" | paste -sd ' '
}
levels='emerg alert crit err warning notice info debug'
same "completion: levels" "$(proposes shmtail '' -p)" "$levels"
same "completion: the second level" "$(proposes shmtop err..w --level)" \
    err..warning
same "completion: formats" "$(proposes shmtail '' -o)" \
    'short full json cat export ncsa combined'
same "completion: formats of shmhist" "$(proposes shmhist '' -o)" 'text json'
same "completion: groupings" "$(proposes shmtail t -g)" 'transaction tree'
same "completion: commands" "$(proposes shmctl m shmctl)" 'mask masks'
same "completion: files" "$(proposes shmtail contrib/logr -r)" \
    contrib/logrotate
same "completion: a query is no file" "$(proposes shmtail '' -q)" ''
formats=$(proposes shmstat '' -o)
check shmstat_formats_are_proposed [ -n "$formats" ]
failures=0
for format in $formats; do
	# refused later, for -1 and -w
	ask shmstat -o "$format" -1 -w 1 | grep -q '^shmstat: -1 and -w' ||
		failures=$((failures + 1))
done
same and_each_is_one "$failures" 0
same shmstat_levels_are_proposed "$(proposes shmstat '' -p)" 'info diag debug'

# bad LINE PROGRAM OPTIONS...: that line alone, exit 2.
failures=0
bad()
{
	local wanted="$2: $1" status=0 output
	shift
	output=$(ask "$@") || status=$?
	if [ "$status" != 2 ] || [ "$output" != "$wanted" ]; then
		failures=$((failures + 1))
		echo "$*: exit $status: $output"
	fi
}

empty='an empty glob'
open='a [ is not closed (\[ is the character)'
for l in i x; do
	bad "-$l : $empty" shmtail -$l ''
	bad "-$l ,: $empty" shmtail -$l ,
	bad "-$l a,,b: $empty" shmtail -$l a,,b
	bad "-$l a,: $empty" shmtail -$l a,
	bad "-$l [: $open" shmtail -$l '['
	bad "-$l [a,b]: $open" shmtail -$l '[a,b]'
done
bad "-f : $empty" shmstat -f ''
bad "-f ^: $empty" shmstat -f ^
bad "-f ^*[: $open" shmstat -f '^*['
for l in I X; do
	bad "-$l : $empty" shmstat -$l ''
	bad "-$l [: $open" shmstat -$l '['
done
same a_glob_that_is_none_is_refused "$failures" 0

# The same mistake has the same words in all of them.
failures=0
instance='not an instance: an absolute path, or up to 63 of [A-Za-z0-9_.-], the first no dot or minus'
seconds='not a number of seconds, nor off'
for program in shmlogd shmtail shmtop shmhist shmstat shmput shmctl; do
	bad '-Z: no such option (-h lists them)' $program -Z
	for l in --long --help --version=1; do
		bad "$l: no such option (-h lists them)" $program $l
	done
	bad '--long: no such option (-h lists them)' $program -n x --long
	bad '-n: needs a value: instance' $program -n
	ident=()
	[ $program != shmput ] || ident=(-i x)
	for l in '' a/b '20 ' -x; do
		bad "-n $l: $instance" $program -n "$l" "${ident[@]}"
	done
done
bad 'word: there are no arguments but options (-h lists them)' shmlogd word
bad 'word: there are no arguments but options: -n names the instance, -r a file' \
    shmtail word
bad 'word: there are no arguments but options: -f chooses counters, -n names the instance' \
    shmstat word
bad 'word: there are no arguments but options: lines come from the standard input' \
    shmput word
for l in soon '' -1 5s . ..5; do
	bad "-t $l: $seconds" shmtail -t "$l"
	bad "-t $l: $seconds" shmtop -t "$l"
	bad "-t $l: $seconds" shmstat -t "$l"
done
bad '-k 0: not a whole number from 1' shmtail -k 0
bad '-l x: not a whole number' shmtail -l x
bad '-o xml: not a format: short, full, json, cat, export, ncsa, combined, or with %{...}' shmtail -o xml
bad '-o %{text: %{ without a }, at character 1' shmtail -o '%{text'
bad '-o 1 %{time:x}: %{time:x} is neither iso, unix, unix_ns nor has it a % for strftime(3), at character 3' \
    shmtail -o '1 %{time:x}'
bad '-n and -r do not go together' shmtail -n a -r b
bad '-n and -r do not go together' shmtop -n a -r b
bad '-o short: not a format: text or json' shmtop -o short
bad '-p 0: not a number of seconds from 0.001 to 86400' shmtop -p 0
bad '-p off: not a number of seconds from 0.001 to 86400' shmhist -p off us
bad '--top 0: not a whole number from 1 to 10000' shmtop --top 0
names='not names of fields: up to 8, separated by commas, such as method,status, or tag, level, pid, id, stream, text, or 1 for the first word'
bad "a,: $names" shmtop a,
bad "a,,b: $names" shmtop a, b
bad "-b : $names" shmhist -b '' us
bad "-b a,b,c,d,e,f,g,h,i: $names" shmhist -b a,b,c,d,e,f,g,h,i us
bad '-b b: there is one only: a,b is for two fields' shmhist -b a -b b us
bad 'needs a field, such as us (-h lists the options)' shmhist
bad 'b: one field at a time: -b is for another one' shmhist a b
bad 'a,b: not the name of a field' shmhist a,b
bad '-s and -L do not go together' shmstat -s -L
bad '-j and -o do not go together' shmstat -j -o text
bad '-s and -j do not go together' shmstat -j -s
bad '-1 and -w do not go together' shmstat -1 -w 1
bad '-s and -w do not go together' shmstat -w 1 -s
bad '-s and -f do not go together' shmstat -s -f '*'
bad '-L and -a do not go together' shmstat -a -L
bad '--listen and -1 do not go together' shmstat -1 --listen 0
bad '--diff and -w do not go together' shmstat --diff 1 -w 1
bad '--diff and -o csv do not go together' shmstat -o csv --diff 1
bad '--diff and -o openmetrics do not go together' \
    shmstat --diff 1 -o openmetrics
bad '--listen and -w do not go together' shmstat --listen 0 -w 1
bad '--listen and -o do not go together' shmstat --listen 0 -o json
for l in -w --diff; do
	for v in 0 off x 1s 86401 ''; do
		bad "$l $v: not a number of seconds from 0.001 to 86400" \
		    shmstat $l "$v"
	done
done
bad '-p warning: not a level: info, diag or debug' shmstat -p warning
bad "-o xml: not a format: $(shmstat -h | sed -n 's/^  -o format *\(.*\): .*/\1/p')" \
    shmstat -o xml
bad '-i: must be given: which stream is it?' shmput
bad '-i a b: not an ident: up to 63 of [A-Za-z0-9_.:-]' shmput -i 'a b'
bad '-t a b: not a tag: up to 63 of [A-Za-z0-9_.-]' shmput -i x -t 'a b'
is='not a level: emerg alert crit err warning notice info debug, or 0 to 7'
bad "-p 8: $is" shmput -i x -p 8
bad "-p warn: not a level, or two with .. between them${is#not a level}" \
    shmtail -p warn
rate='not a rate: a number, or number/duration as 100/10s or 100/min (ms, s, min, h, d)'
for l in 0 x 5/ 5/0s 5/x 5/-1s '5/ s' 5/nonsenseofalength; do
	bad "-R $l: $rate" shmtail -R "$l"
done
bad 'needs a command (-h lists them)' shmctl
bad 'word: no such command (-h lists them)' shmctl word
bad 'masks word: takes no words' shmctl masks word
bad '-f and mask do not go together' shmctl mask -f x clear
bad 'mask: needs a stream and what to mask of it' shmctl mask
bad 'mask x: needs level=LEVEL, +TAG, -TAG or clear' shmctl mask x
bad "mask : $empty" shmctl mask '' clear
bad "mask [: $open" shmctl mask '[' clear
bad 'mask a b: no stream has such a name' shmctl mask 'a b' clear
bad "level=8: $is" shmctl mask x level=8
bad '+a b: not a tag: up to 63 of [A-Za-z0-9_.-]' shmctl mask x '+a b'
bad '-: not a tag: up to 63 of [A-Za-z0-9_.-]' shmctl mask x -
bad 'word: not level=LEVEL, +TAG, -TAG or clear' shmctl mask x word
bad "free: needs a section's serial (shmstat -s)" shmctl free
bad 'free x: not a serial (shmstat -s)' shmctl free x
bad 'free 0: not a serial (shmstat -s)' shmctl free 0
bad 'free 1: one serial at a time' shmctl free 1 2
same a_mistake_is_told_in_the_same_words "$failures" 0

# So has a runtime directory that is none, where it is looked for.
failures=0
export SHMLOG_DIR=run/shmlog
runtime='SHMLOG_DIR run/shmlog: not a runtime directory: an absolute path'
for program in shmlogd shmtail shmtop shmhist shmstat shmput shmctl; do
	words=()
	[ $program != shmput ] || words=(-i x)
	[ $program != shmctl ] || words=(masks)
	[ $program != shmhist ] || words=(us)
	bad "$runtime" $program "${words[@]}"
	bad "$runtime" $program -n name "${words[@]}"
done
bad "$runtime" shmstat -L
same a_runtime_directory_that_is_none_is_named "$failures" 0
same but_not_where_it_is_not_looked_for \
    "$(status=0; shmctl -n "$dir" masks 2>&1 || status=$?; echo "$status")" \
    "shmctl: instance $dir: no shmlogd runs in $dir
1"
