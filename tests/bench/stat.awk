# stat.awk -- what stat.sh noted, as a table; with -v json=1 as JSON.
#
#	row NAME UNIT GOAL TEXT
#	sample NAME FIGURE BEST DISTURBED
#
# What was disturbed is thrown away, unless all of a row's were; the best is of
# all.
$1 == "row" {
	name[++n_rows] = $2
	unit[$2] = $3
	goal[$2] = $4
	what[$2] = $5
}
$1 == "sample" {
	n = ++samples[$2]
	figure[$2, n] = $3
	if (n == 1 || $4 + 0 < least[$2])
		least[$2] = $4 + 0
	bad[$2, n] = $5
	n_bad[$2] += $5
}

# Sets best, middle and noisy.
function figures(r, i, n, v)
{
	n = 0
	for (i = 1; i <= samples[r]; i++) {
		if (bad[r, i] && n_bad[r] < samples[r])
			continue
		v[++n] = figure[r, i] + 0
	}
	best = least[r]
	middle = median(v, n)
	noisy = n_bad[r] * 2 > samples[r]
}

function table_row(r, verdict)
{
	if (r in missing) {
		printf "%-12s MISSING: %s\n", r, missing[r]
		return
	}
	figures(r)
	verdict = "-"
	if (goal[r] > 0)
		verdict = (middle <= goal[r] ? "ok " : "OVER ") goal[r]
	printf "%-12s %8.3f %8.3f %-2s %9s %3d/%-3d %s%s\n", r, best, middle,
	    unit[r], verdict, samples[r] - n_bad[r], n_bad[r],
	    noisy ? "NOISY: " : "", what[r]
}

function table(i)
{
	table_head()
	printf "%-12s %8s %8s %-2s %9s %3s/%-3s\n", "", "best", "median", "",
	    "at most", "ok", "bad"
	for (i = 1; i <= n_rows; i++)
		table_row(name[i])
	print "\nThe goal is for the median.  ok/bad: repeats, and those" \
	    " thrown away for other load.\nNOISY: more were bad than good (or" \
	    " none was good, and it is of all): do not\nbelieve it."
}

function json_row(r)
{
	printf "{\"name\":%s,\"what\":%s,\"unit\":%s,\"goal\":%s", quoted(r),
	    quoted(what[r]), quoted(unit[r]),
	    (goal[r] > 0 ? goal[r] : "null")
	if (r in missing) {
		printf ",\"missing\":%s}", quoted(missing[r])
		return
	}
	figures(r)
	printf ",\"best\":%.4g,\"median\":%.4g,\"good\":%d," \
	    "\"disturbed\":%d,\"noisy\":%s}", best, middle,
	    samples[r] - n_bad[r], n_bad[r], noisy ? "true" : "false"
}

function as_json(i)
{
	json_head("says")
	printf "],\n\"rows\":["
	for (i = 1; i <= n_rows; i++) {
		printf "%s\n", (i > 1 ? "," : "")
		json_row(name[i])
	}
	print "]}"
}

END {
	if (json)
		as_json()
	else
		table()
}
