#!/bin/bash
# monitoring.sh -- what contrib/ has for Prometheus and Grafana: the rules are
# right, and all that they and the dashboard name is there.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

rules=contrib/prometheus/alerts.yml
board=contrib/grafana/shmlog.json

# what promtool says at a mistake
told()
{
	"$@" >"$dir/out" 2>&1 || tail -n 3 "$dir/out"
}

if command -v promtool >/dev/null; then
	same the_rules_are_rules "$(told promtool check rules "$rules")" ''
	same they_tell_what_they_are_to_tell \
	    "$(told promtool test rules "${rules%.yml}.test.yml")" ''
else
	skip the_rules_are_rules 'promtool (package prometheus) is not installed'
fi
same each_rule_has_a_test "$(sed -nE 's/^ *- alert: //p' "$rules" |
	while read -r alert; do
		grep -q "alertname: $alert}" "${rules%.yml}.test.yml" ||
			echo "$alert"
	done)" ''

start_daemon -s 16m
hello world >/dev/null
shmstat -o openmetrics >"$dir/om"
sed -nE 's/^([a-z_0-9]+)\{.*/\1/p' "$dir/om" | sort -u >"$dir/names"

# The metrics that a text of expressions names.
named()
{
	grep -oE '\bshmlogd?_[a-z_]+' | sort -u
}

# Of these, those that there are none of.
missing()
{
	named | comm -23 - "$dir/names"
}
same what_the_rules_name_is_there \
    "$(grep -v '^ *#' "$rules" | missing)" ''
jq -r '.panels[].targets[].expr, (.templating.list[].definition // empty)' \
    "$board" >"$dir/exprs"
same what_the_dashboard_names_is_there "$(missing <"$dir/exprs")" ''
check it_names_some [ "$(named <"$dir/exprs" | wc -l)" -gt 20 ]
same its_panels_have_numbers_of_their_own \
    "$(jq -c '[.panels[].id] | length - (unique | length)' "$board")" 0

# Grafana puts in its variables; what then is there must be PromQL.
if command -v promtool >/dev/null; then
	{
		printf 'groups: [{name: x, rules: [\n'
		n=0
		while read -r expr; do
			case $expr in
			label_values*) continue ;;
			esac
			n=$((n + 1))
			expr=${expr//\$__rate_interval/5m}
			expr=${expr//\$__range/1h}
			printf "{record: 'x:y%d', expr: '%s'},\n" "$n" "$expr"
		done <"$dir/exprs"
		printf ']}]\n'
	} >"$dir/rules.yml"
	same its_expressions_are_promql \
	    "$(told promtool check rules "$dir/rules.yml")" ''
fi
