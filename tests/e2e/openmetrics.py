"""openmetrics.py -- holds an exposition against the strict parser.

	python3 openmetrics.py FILE [JSON]

Beyond what the parser does: the bytes are UTF-8, no label is empty, each series
is there once, and there are as many series as there are counters in JSON, what
`shmstat -j' said, but for those that it says are left out.
"""
import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

text = open(sys.argv[1], "rb").read().decode("utf-8")
assert text.endswith("# EOF\n"), "no EOF"
families = list(text_string_to_metric_families(text))
assert families, "nothing"

seen, counters, left_out = set(), 0, 0
for f in families:
    assert f.documentation, f.name + ": no help"
    assert not f.unit or f.name.endswith("_" + f.unit), f.name
    for s in f.samples:
        key = (s.name, tuple(sorted(s.labels.items())))
        assert key not in seen, "twice: %r" % (key,)
        seen.add(key)
        assert all(s.labels.values()), "an empty label: %r" % (key,)
        assert "instance" in s.labels, key
        if s.name == "shmlog_left_out_series" and len(s.labels) == 1:
            left_out = int(s.value)
        if "type" not in s.labels:
            continue
        assert "ident" in s.labels, key
        suffix = s.name[len(f.name):]
        if f.type == "counter":
            counters += suffix == "_total"
            assert suffix in ("_total", "_created"), key
        elif f.type == "histogram":
            counters += suffix == "_count"
        else:
            assert f.type == "gauge" and suffix == "", key
            counters += 1

if len(sys.argv) < 3:
    print(counters)
    sys.exit()
wanted = len(json.load(open(sys.argv[2], "rb"))["counters"])
assert counters + left_out == wanted, (
    "%d series, %d left out, %d counters" % (counters, left_out, wanted))
print(counters, left_out)
