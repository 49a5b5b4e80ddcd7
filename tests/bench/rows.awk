# rows.awk -- what readers.awk and stat.awk have in common, before either.
#
#	say TEXT			load WHEN LOAD
#	missing NAME WHY
BEGIN { FS = "\t" }
$1 == "say" {
	text = $2
	for (i = 3; i <= NF; i++)
		text = text " " $i
	says[++n_says] = text
}
$1 == "load" { load[$2] = $3 }
$1 == "missing" { missing[$2] = $3 }

# Sorts v[1] to v[n], too.
function median(v, n, i, j, t)
{
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] > v[j]; j--) {
			t = v[j]
			v[j] = v[j - 1]
			v[j - 1] = t
		}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

function table_head(i)
{
	for (i = 1; i <= n_says; i++)
		print says[i]
	printf "load %s before, %s after\n\n", load["before"], load["after"]
}

function quoted(s)
{
	gsub(/[\\"]/, "\\\\&", s)
	return "\"" s "\""
}

# The load, and what was said, as a member of that name.
function json_head(member, i)
{
	printf "{\"load_before\":%s,\"load_after\":%s,\"%s\":[",
	    quoted(load["before"]), quoted(load["after"]), member
	for (i = 1; i <= n_says; i++)
		printf "%s%s", (i > 1 ? "," : ""), quoted(says[i])
}
