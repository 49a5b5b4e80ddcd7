#!/bin/bash
# deps.sh -- installs what is missing for a job, by apt-get, and asks nothing of
# the network if nothing is.
#
#	contrib/deps.sh build|check|demo|lint|bench|bench-readers|bench-stat...
#
# As root, or through sudo.  Where there is no dpkg it says what is needed and
# leaves it at that.
set -eu

build='gcc libc6-dev pkg-config libevent-dev libbsd-dev libpcre2-dev
	libxxhash-dev libncurses-dev zlib1g-dev'
check='check procps util-linux mount strace curl jq g++ nginx tmux
	apache2-utils systemd systemd-journal-remote mandoc git python3
	prometheus python3-prometheus-client'
demo='procps curl apache2-utils'
bench_readers='apache2-utils'
bench_stat='curl tmux'
lint='check clang-format clang-tidy cppcheck mandoc shellcheck git'
# Never `pcp' itself: its set-up wants systemd; its library is enough.
bench='util-linux mount rsyslog lttng-tools
	liblttng-ust-dev libpcp-mmv1-dev libpcp3-dev apache2-utils varnish'

packages=
for job in "$@"; do
	case $job in
	build) packages+=" $build" ;;
	check) packages+=" $build $check" ;;
	demo) packages+=" $build $demo" ;;
	lint) packages+=" $build $lint" ;;
	bench) packages+=" $build $bench" ;;
	bench-readers) packages+=" $build $bench_readers" ;;
	bench-stat) packages+=" $build $bench_stat" ;;
	*)
		echo "usage: $0 build|check|demo|lint|bench|bench-readers|bench-stat..." >&2
		exit 2
		;;
	esac
done

if ! command -v dpkg-query >/dev/null; then
	echo "deps: not a Debian system; needed are:$packages" >&2
	exit 0
fi

missing=
for p in $packages; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || :)
	[ "$status" = installed ] || case " $missing " in
	*" $p "*) ;;
	*) missing+=" $p" ;;
	esac
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	sudo='sudo -n'
	if ! command -v sudo >/dev/null; then
		echo "deps: missing, and neither root nor sudo:$missing" >&2
		exit 1
	fi
fi

# A service that a package brings along is not started: we want its program.
policy=/usr/sbin/policy-rc.d
added=
log=$(mktemp)
end()
{
	[ -z "$added" ] || $sudo rm -f "$policy"
	rm -f "$log"
}
trap end EXIT
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
	$sudo chmod 755 "$policy"
	added=1
fi

echo "deps: installing$missing"
apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y"
# shellcheck disable=SC2086 # lists
if ! { $apt update && $apt install --no-install-recommends $missing; } \
    >"$log" 2>&1 </dev/null; then
	tail -n 20 "$log" >&2
	echo "deps: could not install$missing" >&2
	exit 1
fi
