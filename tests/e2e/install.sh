#!/bin/bash
# install.sh -- what make install puts there is whole, and uninstall takes it
# away again.
. "$(dirname "$0")/lib.sh"

to=$dir/root

# as `make install', of the build that is under test
run()
{
	BUILD=$BUILD DESTDIR=$to PREFIX=/usr contrib/install.sh "$1"
}

check "install succeeds" run install
for f in usr/sbin/shmlogd usr/sbin/shmctl usr/bin/shmtail usr/bin/shmtop usr/bin/shmhist \
    usr/bin/shmstat usr/bin/shmput \
    usr/include/shmlog.h usr/include/shmlog_mask.h usr/include/shmlog_printf.h \
    usr/lib/libshmlog.so.0 usr/lib/libshmlog.a \
    usr/lib/pkgconfig/shmlog.pc usr/share/man/man8/shmlogd.8 \
    usr/share/man/man8/shmctl.8 \
    usr/share/bash-completion/completions/shmtail \
    usr/share/man/man3/shmlog.3 usr/lib/systemd/system/shmlogd.service \
    usr/lib/systemd/system/shmlogd@.service \
    usr/lib/systemd/system/shmtail@.service usr/lib/sysusers.d/shmlog.conf \
    etc/logrotate.d/shmlog usr/share/doc/shmlog/README.md; do
	check "there is /$f" [ -s "$to/$f" ]
done
same "the link of the library" "$(readlink "$to/usr/lib/libshmlog.so")" \
    libshmlog.so.0

# Each page as groff sets it, which takes a name for a macro where mandoc does
# not, and then leaves out what follows.
if command -v groff >/dev/null; then
	same "what groff says of the pages" "$(for page in "$to"/usr/share/man/*/*; do
		groff -mandoc -Tutf8 -ww "$page" 2>&1 >/dev/null |
			sed "s|^|${page##*/}: |"
	done)" ''
else
	skip "what groff says of the pages" "there is no groff"
fi

# a program of somebody's, by what pkg-config says
program()
{
	local flags
	flags=$(PKG_CONFIG_PATH=$to/usr/lib/pkgconfig pkg-config \
	    --define-variable=prefix="$to/usr" --cflags --libs shmlog)
	# shellcheck disable=SC2086 # flags
	"${CC:-cc}" ${SAN:+-fsanitize=$SAN} -o "$dir/hello" \
	    "$to/usr/share/doc/shmlog/examples/hello.c" $flags &&
		LD_LIBRARY_PATH=$to/usr/lib "$dir/hello" >"$dir/log" 2>&1
}
check "a program is built by pkg-config's flags and runs" program
same "what pkg-config has for a version" \
    "$(PKG_CONFIG_PATH=$to/usr/lib/pkgconfig pkg-config --modversion shmlog)" \
    "$(sed -nE 's/^VERSION = //p' Makefile)"
same "the prefix in shmlog.pc" \
    "$(sed -n 's/^prefix=//p' "$to/usr/lib/pkgconfig/shmlog.pc")" /usr

mkdir -p "$to/usr/share/doc/other"
: >"$to/usr/bin/other"
check "uninstall succeeds" run uninstall
same "what it leaves" "$(find "$to" ! -type d -printf '%P\n')" usr/bin/other

# what is in a prefix of one's own is all there
to=$dir/own
DESTDIR=$to PREFIX=/opt/shmlog contrib/install.sh install
same "where all of it is" "$(find "$to" ! -type d -printf '%P\n' |
    grep -v '^opt/shmlog/')" ""
check "logrotate's snippet, too" [ -s "$to/opt/shmlog/etc/logrotate.d/shmlog" ]
