"""Replays documents through `v2g exi --batch` and compares with what the reference codec says."""

import json
import random
import subprocess
import sys
from collections import Counter

from . import environment
from .environment import CONFORMANCE, SETS

#: Elements of the common messages that are signed, hence coded as fragments.
SIGNED = ("PnC_AReqAuthorizationMode", "SignedInstallationData", "OEMProvisioningCertificateChain",
          "SignedMeteringData", "AbsolutePriceSchedule", "PriceLevelSchedule")


class Tally:
    """Counts what was compared and prints the first differences."""

    def __init__(self, show):
        self.left, self.checked, self.differing = show, Counter(), Counter()

    def check(self, name, what, line, right, answer):
        self.checked[name] += 1
        if right:
            return
        self.differing[name] += 1
        if self.left > 0:
            self.left -= 1
            print(f"DIFFERENCE in {name}: {what}\n  line   {str(line)[:1500]}\n  answer {str(answer)[:1500]}")

    def report(self):
        for name, count in self.checked.items():
            print(f"{name}: {count} checks, {self.differing[name]} differences")
        return 1 if any(self.differing.values()) else 0


def question(op, line, **more):
    return {"op": op, "schema": line["schema"], "fragment": line["fragment"], **more}


def forms(line):
    """Both encodings of a document that has empty elements of simple type, else its only one."""
    return [line[key] for key in ("exi_hex", "exi_hex_ch") if key in line]


def whole(answer, xml, exi_hex):
    return answer.get("xml") == xml and answer.get("consumed") == len(exi_hex) // 2


def check_documents(ours, tally, name, lines):
    asked = []
    for line in lines:
        asked += [("encodes to other bytes", line, None, question("encode", line, xml=line["xml"]))]
        asked += [("decodes to other content", line, form, question("decode", line, exi_hex=form)) for form in forms(line)]
    for (what, line, form, _), answer in zip(asked, environment.batch(ours, [a[3] for a in asked])):
        right = answer.get("exi_hex") in forms(line) if form is None else whole(answer, line["xml"], form)
        tally.check(name, what, line, right, answer)


def check_string_table(ours, tally, lines):
    """Literals are exact; a reference into the string table is refused."""
    check_documents(ours, tally, "stringtable", lines)
    hits = environment.batch(ours, [question("decode", l, exi_hex=l["exi_hex_hits"]) for l in lines])
    for line, answer in zip(lines, hits):
        tally.check("stringtable", "a table reference is accepted", line, "error" in answer, answer)


def check_invalid(ours, tally, lines):
    answers = environment.batch(ours, [question("decode", l, exi_hex=l["exi_hex"]) for l in lines])
    for line, answer in zip(lines, answers):
        refused = "error" in answer
        if line["expect"] == "reject":
            right = refused
        elif line["expect"] == "accept":
            right = answer.get("xml") == line["xml"]
        else:
            # What the reference codec shows of such text or of numbers beyond its types is not evidence.
            incomparable = "lossy" in line or not line["schema_valid"]
            right = refused or incomparable or answer.get("xml") == line["xml"]
        tally.check("invalid", f"{line['kind']}: expected {line['expect']}", line, right, answer)


def load(name):
    lines = environment.vectors(name)
    if name == "stringtable":
        other = {(l["schema"], l["fragment"], l["xml"]): l for n in SETS for l in environment.vectors(n)}
        for line in lines:
            if ch := other.get((line["schema"], line["fragment"], line["xml"]), {}).get("exi_hex_ch"):
                line["exi_hex_ch"] = ch
    return [l for l in lines if l["schema"] in SETS]


def engine(args):
    return [environment.program(), "exi", "--batch", "--engine", args.engine]


def replay(args):
    """Every vector of the full corpus."""
    ours, tally = engine(args), Tally(args.show)
    for name in args.only or (*SETS, "stringtable", "invalid"):
        lines = load(name)
        if name == "stringtable":
            check_string_table(ours, tally, lines)
        elif name == "invalid":
            check_invalid(ours, tally, lines)
        else:
            check_documents(ours, tally, name, lines)
    return tally.report()


def sample(seed, count, schema, *options):
    command = [sys.executable, str(CONFORMANCE / "oracle" / "xsd-sampler"), "--schema", schema, "--seed", str(seed),
               "--count-per-element", str(count), *options]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout
    return [json.loads(line) for line in out.splitlines()]


def fresh_documents(seed, count):
    for schema in SETS:
        if schema == "xmldsig":
            yield from sample(seed, 4 * count, schema, "--root", "SignedInfo", "--fragment")
        else:
            yield from sample(seed, count, schema)
        if schema == "common":
            for root in SIGNED:
                yield from sample(seed, count, schema, "--root", root, "--fragment", "--no-bounds")


def fresh(args):
    """Random documents with a seed of their own, encoded by the reference codec first."""
    seed = args.seed or str(random.SystemRandom().randrange(1 << 32))
    print(f"seed {seed}")
    ours, tally, done, turn = engine(args), Tally(args.show), 0, 0
    oracle = [sys.executable, str(CONFORMANCE / "oracle" / "exi-oracle"), "batch"]
    while done < args.documents:
        lines = list(fresh_documents(f"{seed}.{turn}", 25))
        asked = [question("encode", l, xml=l["xml"], empty=form) for l in lines for form in ("ee", "ch")]
        answers = environment.batch(oracle, asked)
        for i, line in enumerate(lines):
            line["exi_hex"], ch = answers[2 * i]["exi_hex"], answers[2 * i + 1]["exi_hex"]
            if ch != line["exi_hex"]:
                line["exi_hex_ch"] = ch
        check_documents(ours, tally, "sampler", lines)
        done += len(lines)
        turn += 1
    print(f"{done} documents")
    return tally.report()
