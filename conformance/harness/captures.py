"""Public captures through `v2g decode`, compared message by message with their recorded bytes."""

import json
import subprocess
from collections import defaultdict

from .environment import Missing, evidence, program


def expected():
    """Recorded messages by capture file name, for those that travelled in the clear."""
    files = defaultdict(list)
    with open(evidence("vectors", "v2gtp-iso20.jsonl"), encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            if line["transport"] != "tls":
                files[line["source"].rsplit("/", 1)[-1]].append(line)
    return files


def decoded(v2g, capture):
    run = subprocess.run([v2g, "decode", str(capture), "--format", "json"], stdout=subprocess.PIPE, text=True,
                         encoding="utf-8")
    if run.returncode != 0:
        raise Missing(f"`v2g decode {capture}` ended with status {run.returncode}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def main(_):
    v2g, differences = program(), 0
    recorded = expected()
    for capture in sorted(evidence("vectors", "captures").glob("*.pcapng")):
        items = decoded(v2g, capture)
        messages = [i for i in items if "payload_hex" in i]
        notes = [i for i in items if "note" in i]
        wanted = recorded.get(capture.name, [])
        got = [(i["frame"], i["payload_type"], i["payload_hex"], "error" in i) for i in messages]
        plain = [(w["frame"], w["payload_type"], w["v2gtp_hex"][16:], False) for w in wanted]
        # A capture without recorded messages of -20 only has to be read to its end.
        same = not wanted or got == plain
        differences += not same
        encrypted = sum(n["note"] == "encrypted" for n in notes)
        print(f"{capture.name}: {len(messages)} messages ({len(plain)} recorded), {encrypted} encrypted streams"
              + ("" if same else "  DIFFERENT"))
    return 1 if differences else 0
