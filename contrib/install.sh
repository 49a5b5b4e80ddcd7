#!/bin/bash
# install.sh -- puts what was built where it belongs, or takes it away again.
#
#	BUILD=build DESTDIR= PREFIX=/usr/local SYSCONFDIR=/etc \
#	    contrib/install.sh install|uninstall
#
# One list serves both.  Directories are left by uninstall if anything else is
# in them.
set -eu
shopt -s nullglob
: "${BUILD:=build}" "${DESTDIR:=}" "${PREFIX:=/usr/local}"
case $PREFIX in
/usr | /usr/local) : "${SYSCONFDIR:=/etc}" ;;
*) : "${SYSCONFDIR:=$PREFIX/etc}" ;; # and so nothing is outside of it
esac

doc=$PREFIX/share/doc/shmlog

# each MODE DIRECTORY FILE...
each()
{
	local mode=$1 to=$2 f
	shift 2
	for f in "$@"; do
		echo "$mode $f $to/${f##*/}"
	done
}

# a line for each file: mode, where it is, where it goes
files()
{
	local page program
	each 755 "$PREFIX/sbin" "$BUILD/shmlogd" "$BUILD/shmctl"
	each 755 "$PREFIX/bin" "$BUILD/shmtail" "$BUILD/shmtop" "$BUILD/shmhist" \
	    "$BUILD/shmstat" "$BUILD/shmput"
	each 644 "$PREFIX/include" worker/shmlog.h worker/shmlog_mask.h \
	    worker/shmlog_printf.h
	each 644 "$PREFIX/lib" "$BUILD/libshmlog.so.0" "$BUILD/libshmlog.a"
	each 644 "$PREFIX/lib/pkgconfig" "$BUILD/shmlog.pc"
	for page in man/*.[1-8]; do
		each 644 "$PREFIX/share/man/man${page##*.}" "$page"
	done
	each 644 "$PREFIX/lib/systemd/system" contrib/systemd/*.service
	each 644 "$PREFIX/lib/sysusers.d" contrib/sysusers/*
	each 644 "$SYSCONFDIR/logrotate.d" contrib/logrotate/*
	for program in shmlogd shmctl shmtail shmtop shmhist shmstat shmput; do
		echo "644 contrib/completion/shmlog $PREFIX/share/bash-completion/completions/$program"
	done
	each 644 "$doc" README.md CHANGES LICENSE
	each 644 "$doc/examples" examples/*.[ch] examples/*.awk \
	    contrib/prometheus/alerts.yml contrib/grafana/shmlog.json
}

link=$PREFIX/lib/libshmlog.so

case ${1:-} in
install)
	files | while read -r mode from to; do
		mkdir -p "$DESTDIR${to%/*}"
		case $from in
		*.pc) sed "s|^prefix=.*|prefix=$PREFIX|" "$from" >"$DESTDIR$to"
			chmod "$mode" "$DESTDIR$to" ;;
		*) install -m "$mode" "$from" "$DESTDIR$to" ;;
		esac
	done
	ln -sf libshmlog.so.0 "$DESTDIR$link"
	;;
uninstall)
	rm -f "$DESTDIR$link"
	files | while read -r _ _ to; do
		rm -f "$DESTDIR$to"
	done
	for d in "$doc/examples" "$doc"; do
		rmdir "$DESTDIR$d" 2>/dev/null || :
	done
	;;
*)
	echo "usage: $0 install|uninstall" >&2
	exit 2
	;;
esac

# the dynamic linker looks the new library up in its cache
if [ -z "$DESTDIR" ] && command -v ldconfig >/dev/null; then
	ldconfig || :
fi
