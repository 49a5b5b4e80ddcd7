# readers.awk -- what readers.sh noted, as a table; with -v json=1 as JSON.
#
#	row NAME GOAL RECORDS COMMAND
#	sample NAME WALL CPU OTHERS KIB		milliseconds
#	value NAME UNIT VALUE GOAL DISTURBED TEXT
#	memory GOAL			MiB
#
# A sample in which all else used a tenth of a CPU, and 20 ms that are the
# clock's grain, was disturbed: it is thrown away, unless all were.
$1 == "row" {
	name[++n_rows] = $2
	goal[$2] = $3
	records[$2] = $4
	command[$2] = $5
}
$1 == "sample" {
	n = ++samples[$2]
	wall[$2, n] = $3
	cpu[$2, n] = $4
	bad[$2, n] = $5 > $3 / 10 + 20
	n_bad[$2] += bad[$2, n]
	if ($2 !~ /^(bare|varnish|write)/ && $6 > kib)
		kib = $6
}
$1 == "value" { value[++n_values] = $0 }
$1 == "memory" && kib > 0 {
	value[++n_values] = "value\tmemory\tMiB\t" kib / 1024 "\t" $2 \
	    "\t0\tthe most that shmtail or shmtop -r had, all of it counted"
}

# Million records a second, of milliseconds
function rate(r, ms)
{
	return ms > 0 ? records[r] / ms / 1000 : 0
}

# Sets best, middle, cpu_best, cpu_middle and noisy.
function figures(r, i, n, w, c)
{
	n = 0
	for (i = 1; i <= samples[r]; i++) {
		if (bad[r, i] && n_bad[r] < samples[r])
			continue
		w[++n] = wall[r, i]
		c[n] = cpu[r, i]
	}
	noisy = n_bad[r] * 2 > samples[r]
	middle = rate(r, median(w, n))
	cpu_middle = rate(r, median(c, n))
	best = rate(r, w[1])
	cpu_best = rate(r, c[1])
}

function verdict(is, most)
{
	return is <= most ? "ok" : "OVER"
}

function table_row(r)
{
	if (r in missing) {
		printf "%-16s MISSING: %s\n", r, missing[r]
		return
	}
	figures(r)
	xbare = "-"
	if (bare > 0 && r !~ /^bare$|^varnish/)
		xbare = sprintf("%.2f", bare / cpu_middle)
	to_reach = goal[r] > 0 ? verdict(goal[r], middle) " " goal[r] : "-"
	printf "%-16s %7.2f %7.2f %7.2f %7.2f %7s %8s %3d/%-3d %s%s\n", r,
	    best, middle, cpu_best, cpu_middle, xbare, to_reach,
	    samples[r] - n_bad[r], n_bad[r], noisy ? "NOISY: " : "",
	    command[r]
}

function table(i, f)
{
	table_head()
	printf "%-16s %7s %7s %7s %7s %7s %8s %3s/%-3s\n", "M records/s",
	    "best", "median", "by CPU", "median", "xbare", "at least", "ok",
	    "bad"
	for (i = 1; i <= n_rows; i++)
		table_row(name[i])
	printf "\n%-16s %7s %15s\n", "", "", "at most"
	for (i = 1; i <= n_values; i++) {
		split(value[i], f, "\t")
		printf "%-16s %7.2f %-4s %10s %s%s\n", f[2], f[4], f[3],
		    verdict(f[4] + 0, f[5] + 0) " " f[5],
		    f[6] ? "NOISY: " : "", f[7]
	}
	print "\nby CPU: records a second of CPU time, all threads together." \
	    "  xbare: CPU time\nagainst the bare loop's.  The goal is for the" \
	    " median of what passed (wall).\nok/bad: repeats, and those thrown" \
	    " away for other load.  NOISY: more were bad\nthan good (or none" \
	    " was good, and it is of all): do not believe it."
}

function json_row(r)
{
	printf "{\"name\":%s,\"what\":%s", quoted(r), quoted(command[r])
	if (r in missing) {
		printf ",\"missing\":%s}", quoted(missing[r])
		return
	}
	figures(r)
	printf ",\"records\":%d,\"best\":%.4g,\"median\":%.4g," \
	    "\"cpu_best\":%.4g,\"cpu_median\":%.4g,\"goal\":%s," \
	    "\"good\":%d,\"disturbed\":%d,\"noisy\":%s}", records[r], best,
	    middle, cpu_best, cpu_middle, (goal[r] > 0 ? goal[r] : "null"),
	    samples[r] - n_bad[r], n_bad[r], noisy ? "true" : "false"
}

function as_json(i, f)
{
	json_head("capture")
	printf "],\n\"rows\":["
	for (i = 1; i <= n_rows; i++) {
		printf "%s\n", (i > 1 ? "," : "")
		json_row(name[i])
	}
	printf "],\n\"values\":["
	for (i = 1; i <= n_values; i++) {
		split(value[i], f, "\t")
		printf "%s\n{\"name\":%s,\"unit\":%s,\"value\":%.4g," \
		    "\"goal\":%s,\"noisy\":%s,\"what\":%s}",
		    (i > 1 ? "," : ""), quoted(f[2]), quoted(f[3]), f[4], f[5],
		    f[6] ? "true" : "false", quoted(f[7])
	}
	print "]}"
}

END {
	if ("bare" in samples) {
		figures("bare")
		bare = cpu_middle
	}
	if (json)
		as_json()
	else
		table()
}
