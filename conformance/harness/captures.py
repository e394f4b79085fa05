"""Public captures through `v2g decode`, compared message by message with their recorded bytes, also of encrypted
sessions; and every recorded message decoded and encoded again."""

import json
import subprocess
from collections import defaultdict

from .environment import Missing, batch, evidence, program

#: The set that each payload type selects.
SETS = {"0x8001": "appprotocol", "0x8002": "common", "0x8003": "ac", "0x8004": "dc"}


def recorded():
    with open(evidence("vectors", "v2gtp-iso20.jsonl"), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def by_capture(lines):
    """Recorded messages by capture file name. Those of encrypted sessions count too: the secrets are in the captures."""
    files = defaultdict(list)
    for line in lines:
        files[line["source"].rsplit("/", 1)[-1]].append(line)
    return files


def there_and_back(v2g, lines, engine):
    """How many messages do not come back as they were."""
    exi = [line for line in lines if "exi_hex" in line]
    command = [v2g, "exi", "--batch", "--engine", engine]
    asked = [{"op": "decode", "schema": SETS[line["payload_type"]], "exi_hex": line["exi_hex"]} for line in exi]
    decoded = batch(command, asked)
    encoded = batch(command, [{"op": "encode", "schema": q["schema"], "xml": a.get("xml", "")}
                              for q, a in zip(asked, decoded)])
    wrong = [line for line, answer in zip(exi, encoded) if answer.get("exi_hex") != line["exi_hex"]]
    for line in wrong[:5]:
        print(f"frame {line['frame']} of {line['source']} does not come back: {line['message']}")
    print(f"{engine}: {len(exi)} recorded messages decoded and encoded again, {len(wrong)} differences")
    return len(wrong)


def decoded(v2g, capture):
    run = subprocess.run([v2g, "decode", str(capture), "--format", "json"], stdout=subprocess.PIPE, text=True,
                         encoding="utf-8")
    if run.returncode != 0:
        raise Missing(f"`v2g decode {capture}` ended with status {run.returncode}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def main(_):
    v2g, differences = program(), 0
    lines = recorded()
    recordings = by_capture(lines)
    for name in recordings:
        evidence("vectors", "captures", name)
    for capture in sorted(evidence("vectors", "captures").glob("*.pcapng")):
        items = decoded(v2g, capture)
        messages = [i for i in items if "payload_hex" in i]
        notes = [i for i in items if "note" in i]
        wanted = recordings.get(capture.name, [])
        got = [(i["frame"], i["payload_type"], i["payload_hex"], "error" in i) for i in messages]
        known = [(w["frame"], w["payload_type"], w["v2gtp_hex"][16:], False) for w in wanted]
        # A capture without recorded messages of -20 only has to be read to its end.
        same = not wanted or got == known
        # Whatever is encrypted in a capture with recorded messages has to be opened.
        encrypted, opened = (sum(n["note"] == note for n in notes) for note in ("encrypted", "opened"))
        same = same and (not wanted or encrypted == opened)
        differences += not same
        chains = [i["tls_certificates"] for i in items if "tls_certificates" in i]
        print(f"{capture.name}: {len(messages)} messages ({len(known)} recorded), {encrypted} encrypted streams,"
              f" {opened} opened" + ("" if same else "  DIFFERENT"))
        for chain in chains:
            print(f"  {chain['role']}: {len(chain['chain'])} certificates; strict: {chain['verdict']['strict']};"
                  f" laboratory: {chain['verdict']['laboratory']}")
    differences += sum(there_and_back(v2g, lines, engine) for engine in ("typed", "grammar"))
    return 1 if differences else 0
