# transactions.awk -- counts httpd's transactions in what shmtail prints.
#
#	shmtail ... | awk -v list=FILE -f examples/transactions.awk
#
# Prints how many are whole (their six records, in order) and how many are there
# in part; writes the path of each whole one to the file, if one is named.
BEGIN {
	split("Start Request Status Bytes Time End", want, " ")
}

/ (http\.)?front\[[0-9]+\] [A-Z][a-z]+\([a-z]+\) [^:]+: / {
	sub(/^.*front\[[0-9]+\] /, "")
	tag = substr($0, 1, index($0, "(") - 1)
	if (tag == "Worker")
		next
	sub(/^[^ ]* /, "")
	id = substr($0, 1, index($0, ":") - 1)
	if (tag != want[++records[id]])
		wrong[id] = 1
	if (tag == "Request") {
		path[id] = substr($0, index($0, ":") + 2)
		sub(/^method=[A-Z]* path=/, "", path[id])
	}
}

END {
	whole = part = 0
	for (id in records)
		if (records[id] != 6 || (id in wrong))
			part++
		else {
			whole++
			if (list != "")
				print path[id] >list
		}
	print whole, part
}
