# shellcheck shell=bash
# lib.sh -- what every end-to-end script begins with:
#
#	. "$(dirname "$0")/lib.sh"
#
# It makes a private runtime directory on tmpfs ($SHMLOG_DIR, also $dir) and a
# trap that ends every process started by spawn and removes the directory.
# Programs are found in $BUILD.  What a script promises it reports by ok,
# not_ok, skip or check; tests/run counts those lines.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${BUILD:=$PWD/build}" "${TORTURE:=}"
PATH=$BUILD:$PATH

dir=$(mktemp -d "/dev/shm/${prefix:=shmlog}.XXXXXX")
export SHMLOG_DIR=$dir PATH BUILD
spawned=()

# Ends what spawn started (children of it that a test wants ended are its own),
# and the script, with the status given or that of the last command.
finish()
{
	local status=${1:-$?} p
	trap - EXIT
	for p in ${spawned[@]+"${spawned[@]}"}; do
		kill -CONT "$p" 2>/dev/null || :
		kill -TERM "$p" 2>/dev/null || :
	done
	for p in ${spawned[@]+"${spawned[@]}"}; do
		wait_for 5 ended "$p" || kill -KILL "$p" 2>/dev/null || :
		wait "$p" 2>/dev/null || :
	done
	rm -rf "$dir"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# spawn COMMAND...: starts it in the background; its pid is in $pid.  Redirect
# its input and output at the call (<&0: bash would take /dev/null as input).
spawn()
{
	"$@" <&0 &
	pid=$!
	spawned+=("$pid")
}

# Whether a process has ended (a zombie has).
ended()
{
	local state
	state=$(sed -nE 's/^.*\) ([A-Za-z]) .*/\1/p' "/proc/$1/stat" \
	    2>/dev/null) || return 0
	[ -z "$state" ] || [ "$state" = Z ]
}

# wait_for SECONDS COMMAND...: until the command succeeds; 1 if it never did.
wait_for()
{
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	while ! "$@"; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
		sleep 0.02
	done
}

ok()
{
	echo "ok $1"
}

not_ok()
{
	echo "not ok $1: $2"
}

skip()
{
	echo "skip $1: $2"
}

# check NAME COMMAND...: ok if the command succeeds.
check()
{
	local name=$1
	shift
	if "$@"; then
		ok "$name"
	else
		not_ok "$name" "failed: $*"
	fi
}

# same NAME GOT WANTED: ok if the two are the same.
same()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got $2, wanted $3"
	fi
}

# start_daemon [OPTIONS]: starts a shmlogd and waits until it is ready: until
# the instance's segment names it.  Its pid is in $daemon, its log in
# $dir/shmlogd.log.
start_daemon()
{
	spawn shmlogd "$@" 2>>"$dir/shmlogd.log"
	daemon=$pid
	wait_for 5 daemon_ready "$@" || {
		cat "$dir/shmlogd.log"
		not_ok "$(basename "$0" .sh)" "shmlogd did not start"
		exit 1
	}
}

# The daemon's directory, as its options name it.
instance_dir()
{
	local name=default
	while [ $# != 0 ]; do
		[ "$1" != -n ] || name=$2
		shift
	done
	case $name in
	/*) echo "$name" ;;
	*) echo "$dir/$name" ;;
	esac
}

# layout.h: master_pid is the word at 320; the socket is renamed last.
daemon_ready()
{
	local at
	at=$(instance_dir "$@")
	[ -S "$at/socket" ] && [ -e "$at/segment" ] &&
		[ "$(od -An -j320 -N8 -t u8 "$at/segment" | tr -d ' ')" = \
		    "$daemon" ]
}
