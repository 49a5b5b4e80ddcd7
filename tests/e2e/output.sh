#!/bin/bash
# output.sh -- what shmtail's formats are on a terminal and in a pipe, and what
# other programs make of them.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

start_daemon -s 32m
export TZ=UTC TERM=xterm
unset NO_COLOR
esc=$(printf '\033')

for level in err warning notice info debug; do
	echo "a $level" | shmput -i level -t Tag -p $level
done

# terminal COMMAND: what it writes to a terminal, without times and pids.
terminal()
{
	script -qec "$1" /dev/null </dev/null | tr -d '\r' |
		sed -E 's/^[A-Z][a-z]+ [^.]+\.[0-9]{6} ([^[]*)\[[0-9]+\]/\1/'
}
same levels_have_colours_on_a_terminal "$(terminal 'shmtail -d')" \
    "shmput.level ${esc}[1;31mTag(err) -: a err${esc}[0m
shmput.level ${esc}[1;33mTag(warning) -: a warning${esc}[0m
shmput.level ${esc}[1mTag(notice) -: a notice${esc}[0m
shmput.level Tag(info) -: a info
shmput.level ${esc}[2mTag(debug) -: a debug${esc}[0m"
plain='shmput.level Tag(err) -: a err'
same but_not_with_NO_COLOR \
    "$(NO_COLOR=1 terminal 'shmtail -d -k 1 -o short')" "$plain"
same nor_on_one_that_has_none "$(TERM=dumb terminal 'shmtail -d -k 1')" "$plain"
same nor_in_a_pipe "$(terminal 'shmtail -d -k 1 | cat')" "$plain"

# Whatever a stranger writes.
tool-nasty a 900
for format in short full json cat '%{text} %{a} %{k1} %{2}' combined; do
	NO_COLOR=1 script -qec "shmtail -d -o '$format'" /dev/null \
	    </dev/null >"$dir/terminal"
	same "no_control_character_gets_to_a_terminal_by_${format%% *}" \
	    "$(tr -d '\r\n' <"$dir/terminal" |
		LC_ALL=C grep -cP '[\x00-\x1f\x7f]|\xc2[\x80-\x9f]')" 0
done

# A web server's log.
{
	printf 'remote=::1 user=joe method=GET path=/?a=b protocol=HTTP/1.1 '
	printf '%s\n' 'status=200 bytes=0 referer=- user_agent="a \"b\" c"'
} | shmput -i web -t Request
web()
{
	shmtail -d -i Request -o "$1" | sed -E 's/\[[^]]*\]/[T]/'
}
same ncsa_is_the_common_log_format "$(web ncsa)" \
    '::1 - joe [T] "GET /?a=b HTTP/1.1" 200 -'
same combined_has_referer_and_agent "$(web combined)" \
    '::1 - joe [T] "GET /?a=b HTTP/1.1" 200 - "-" "a \"b\" c"'
at='\[[0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2}(:[0-9]{2}){3} \+0000\]'
same its_time_is_apaches \
    "$(shmtail -d -i Request -o ncsa | grep -cE "$at")" 1
same a_template_is_filled_in \
    "$(shmtail -d -i Request -o '%{method} %{path} %{status} %{x:-none}')" \
    'GET /?a=b 200 none'

# The journal takes what is exported, all of it.
remote=/lib/systemd/systemd-journal-remote
shmtail -d -o export >"$dir/export"
if [ -x $remote ]; then
	check the_journal_takes_an_export \
	    $remote -o "$dir/x.journal" - <"$dir/export" 2>"$dir/err"
	journal()
	{
		journalctl -q --no-pager --file "$dir/x.journal" "$@"
	}
	same each_record_is_an_entry "$(journal -o json | wc -l)" \
	    "$(shmtail -d -o json | wc -l)"
	same with_its_fields "$(journal -o cat SHMLOG_FIELD_STATUS=200 \
	    --output-fields=SHMLOG_FIELD_PATH,_UID,SHMLOG_TAG | sort)" \
	    "$(printf '%s\n' '/?a=b' "$(id -u)" Request | sort)"
	same and_its_level "$(journal -o cat -p err SHMLOG_TAG=Tag)" 'a err'
else
	skip the_journal_takes_an_export 'no systemd-journal-remote'
fi
