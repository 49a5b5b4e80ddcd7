#!/bin/bash
# json.sh -- jq and Python's json take every line of `-o json', whatever was
# written, and it says the same as the bytes that `-o export' has.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

start_daemon -s 32m
count=3000
seed=$RANDOM$RANDOM
[ "$seed" != 0 ] || seed=1
tool-nasty a $count "$seed" || not_ok nasty "of seed $seed: nothing was written"
shmtail -d -o json >"$dir/json"
shmtail -d -o export >"$dir/export"
same each_record_is_a_line "$(wc -l <"$dir/json")" $count
same jq_takes_every_line \
    "$(jq -c '.time' "$dir/json" 2>"$dir/err" | wc -l; cat "$dir/err")" $count

cat >"$dir/compare.py" <<'PYTHON'
"""Reads both, strictly, and compares them record by record."""
import codecs
import json
import re
import sys


def alone(error):
    """A byte that is no UTF-8 stands for the character of its value."""
    at = error.start
    return error.object[at : at + 1].decode("latin-1"), at + 1


codecs.register_error("alone", alone)


def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def entries(data):
    """The entries of the journal's export format: lists of (name, value)."""
    at, entry = 0, []
    while at < len(data):
        end = data.index(b"\n", at)
        line = data[at:end]
        at = end + 1
        if not line:
            yield entry
            entry = []
            continue
        name, equals, value = line.partition(b"=")
        if not equals:
            length = int.from_bytes(data[at : at + 8], "little")
            at += 8 + length
            value = data[at - length : at]
            assert data[at : at + 1] == b"\n", "a value is longer than it says"
            at += 1
        assert re.fullmatch(rb"[A-Z_][A-Z0-9_]{0,63}", name), name
        entry.append((name.decode(), value))
    assert not entry, "the last entry has no end"


LEVELS = "emerg alert crit err warning notice info debug".split()
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"


def compare(line, entry):
    o, e = json.loads(line), dict(entry)
    assert not re.search(rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]", line), "raw"
    assert re.fullmatch(TIME, o["time"])
    assert o["time"][-10:-1] == e["SHMLOG_TIME_NS"].decode()[-9:]
    assert int(e["__REALTIME_TIMESTAMP"]) == int(e["SHMLOG_TIME_NS"]) // 1000
    assert o["type"] + "." + o["stream"] == e["SHMLOG_STREAM"].decode()
    assert o["tag"] == e["SHMLOG_TAG"].decode()
    assert LEVELS.index(o["level"]) == int(e["PRIORITY"])
    assert o["id"] == int(e.get("SHMLOG_ID", 0))
    assert o["pid"] == int(e["_PID"])
    assert o["cursor"] == e["__CURSOR"].decode()
    message = e["MESSAGE"]
    assert o["text"] == message.decode("utf-8", "alone")
    if "fields" not in o:
        assert ("invalid_utf8" in o) == (not is_utf8(message))
        return
    assert isinstance(o["fields"], dict)
    if not is_utf8(message):
        assert o["invalid_utf8"] is True
    try:
        wanted = json.loads(message.decode())
    except ValueError:
        return
    assert o["fields"] == wanted, "an object is not what it was"


with open(sys.argv[1], "rb") as f:
    lines = f.read().splitlines(keepends=False)
with open(sys.argv[2], "rb") as f:
    exported = list(entries(f.read()))
assert len(lines) == len(exported), (len(lines), len(exported))
objects = 0
for number, (line, entry) in enumerate(zip(lines, exported)):
    try:
        compare(line, entry)
    except (AssertionError, ValueError, KeyError) as error:
        sys.exit(f"record {number}: {error!r}\n{line!r}\n{entry!r}")
    objects += b'"fields":{"k' in line
print("good", "with objects" if objects > len(lines) // 10 else "without")
PYTHON
same python_takes_every_line_and_it_is_what_was_written \
    "$(python3 "$dir/compare.py" "$dir/json" "$dir/export" 2>&1)" \
    'good with objects' || echo "seed $seed"
