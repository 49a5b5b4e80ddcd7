#!/bin/bash
# layout.sh -- man/shmlog.5 has the structures of common/layout.h, byte for byte.
#
# The page has a table for each structure, in the order of the header's: rows
# of `offset, size, member' (padding has a dash for a name).
. "$(dirname "$0")/lib.sh"

# STRUCT MEMBER OFFSET of all structures; padding is left out.
of_header()
{
	awk '
	/^struct .* \{$/ { name = $2; text = "" }
	name != "" { text = text " " $0 }
	/^\};$/ && name != "" {
		while (match(text, /[a-z_0-9]+(\[[^;]*\])?; *\/\* *[0-9]+ /)) {
			member = substr(text, RSTART, RLENGTH)
			text = substr(text, RSTART + RLENGTH)
			offset = member
			sub(/^.*\/\* */, "", offset)
			sub(/[[;].*$/, "", member)
			if (member !~ /^pad_/)
				print name, member, offset + 0
		}
		name = ""
	}' common/layout.h
}

# The same of the page, whose tables get the names that are its arguments; a
# row that does not begin where the one before it ended is a complaint.
of_page()
{
	awk -v names="$*" '
	BEGIN { split(names, name, " ") }
	/^\.Bl -column/ { rows = 0 }
	/^\.It [0-9]+\*? Ta ([0-9]+|\\\(em) Ta (Va [a-z_0-9]+|\\\(em) / {
		if (rows++ == 0)
			table++
		offset = $2 + 0
		if (rows > 1 && offset != end)
			print name[table], "gap before", offset
		end = offset + $4
		if ($6 == "Va" && table in name)
			print name[table], $7, offset
	}' man/shmlog.5
}

structs='segment_header descriptor tombstone stream_header dict_header
	dict_entry lane_header record args_head set_header schema_entry'

only()
{
	local s
	for s in $structs; do
		grep "^$s " "$1" || :
	done
}

of_header >"$dir/all"
only "$dir/all" >"$dir/header"
# shellcheck disable=SC2086 # a list of words
of_page $structs >"$dir/page"
what="the page has the members of the header at their places"
if [ ! -s "$dir/header" ]; then
	not_ok "$what" "no structure was found in layout.h"
elif diff "$dir/header" "$dir/page" >"$dir/diff"; then
	ok "$what"
else
	not_ok "$what" "$(head -n 1 "$dir/diff" | tr '\n' ' ')"
	cat "$dir/diff"
fi
