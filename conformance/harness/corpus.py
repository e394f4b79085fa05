"""Selects the small corpus that `cargo test` reads, from the full one.

The choice depends on nothing but the documents: within a file they are grouped by root, coding and
kind, ordered by a hash inside each group, and taken from the groups in turn until the file's share
of bytes is used up. So every group is represented before any gets a second document.
"""

import hashlib
import json
import sys

from . import environment
from .environment import CONFORMANCE, SETS

TARGET = CONFORMANCE / "corpus"
#: Bytes for each file; together below 1.5 MB.
SHARES = {"appprotocol": 50_000, "common": 330_000, "dc": 170_000, "ac": 150_000, "wpt": 140_000, "acdp": 90_000,
          "xmldsig": 120_000, "stringtable": 60_000, "invalid": 160_000}
#: Longer documents repeat themselves; one filled list per set that has one is the exception.
LONGEST = 20_000
FILLED_LISTS = ("common", "wpt")


def text(line):
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def size(line):
    return len(text(line).encode())


def in_turn(lines, share, group):
    """At most `share` bytes of `lines`, the groups taking turns."""
    groups = {}
    for line in lines:
        groups.setdefault(group(line), []).append(line)
    queues = [sorted(groups[key], key=lambda l: hashlib.sha256(text(l).encode()).digest()) for key in sorted(groups)]
    chosen, left = [], share
    while queues:
        for queue in queues:
            line = queue.pop(0)
            if size(line) <= left:
                chosen.append(line)
                left -= size(line)
        queues = [queue for queue in queues if queue]
    return sorted(chosen, key=lambda l: (group(l), text(l)))


def documents(name):
    lines = environment.vectors(name)
    key = lambda l: (l["root"], l["fragment"], l["kind"])
    chosen = in_turn([l for l in lines if size(l) <= LONGEST], SHARES[name], key)
    if name in FILLED_LISTS:
        chosen.append(min((l for l in lines if l["kind"] == "bound" and size(l) > LONGEST), key=size))
    return chosen


def string_table():
    """With both forms of empty elements, which the file itself does not repeat."""
    other_form = {(l["schema"], l["fragment"], l["xml"]): l["exi_hex_ch"]
                  for name in SETS for l in environment.vectors(name) if "exi_hex_ch" in l}
    lines = []
    for line in environment.vectors("stringtable"):
        line.pop("v2g_verdict")
        if ch := other_form.get((line["schema"], line["fragment"], line["xml"])):
            line["exi_hex_ch"] = ch
        lines.append(line)
    return in_turn([l for l in lines if size(l) <= LONGEST // 8], SHARES["stringtable"], lambda l: (l["schema"], l["root"]))


def invalid():
    """Of the damaged streams only what a test needs: no wording and no opinion of the reference codec."""
    kept = ("schema", "fragment", "kind", "exi_hex", "expect", "xml", "consumed", "lossy", "canonical", "schema_valid")
    lines = [{k: l[k] for k in kept if k in l} for l in environment.vectors("invalid") if l["schema"] in SETS]
    crafted = [l for l in lines if l["kind"].startswith("crafted")]
    others = [l for l in lines if not l["kind"].startswith("crafted") and size(l) <= LONGEST // 10]
    share = SHARES["invalid"] - sum(map(size, crafted))
    return crafted + in_turn(others, share, lambda l: (l["schema"], l["fragment"], l["kind"], l["expect"]))


def selection():
    for name in SETS:
        yield name, documents(name)
    yield "stringtable", string_table()
    yield "invalid", invalid()


def main(args):
    stale, total = [], 0
    for name, lines in selection():
        path = TARGET / f"{name}.jsonl"
        content = "".join(map(text, lines)).encode()
        total += len(content)
        if args.check:
            if not path.exists() or path.read_bytes() != content:
                stale.append(path.name)
        else:
            path.write_bytes(content)
            print(f"{path.name}: {len(lines)} lines, {len(content)} bytes")
    print(f"together {total} bytes")
    if stale:
        print(f"not what the full corpus yields: {', '.join(stale)}; run `conformance/run corpus`", file=sys.stderr)
    return 1 if stale else 0
