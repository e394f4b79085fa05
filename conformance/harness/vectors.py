"""Replays documents through `v2g exi --batch` and compares with what the reference codec says."""

import json
import random
import subprocess
import sys
from collections import Counter

from . import environment
from .environment import CONFORMANCE, SETS, Missing

#: The executors of the program under test.
ENGINES = ("typed", "grammar")
#: Elements of the common messages that are signed, hence coded as fragments.
SIGNED = ("PnC_AReqAuthorizationMode", "SignedInstallationData", "OEMProvisioningCertificateChain",
          "SignedMeteringData", "AbsolutePriceSchedule", "PriceLevelSchedule")


#: Random documents for each root in one turn of `fresh`; the reference codec takes about a thousand a second.
PER_ELEMENT = 100
#: Why we refuse streams that the lenient reference codec reads, and how our errors say so. README.md explains them.
STRICTER = {
    "header": ("EXI header 0x80",),
    "root": ("root element is not a message", "has no messages", "has no fragments", "a fragment must hold one element"),
    "content": ("(second-level event)", "content is missing", "undeclared text", "invalid event code",
                "abstract element", "xsi:nil"),
    "facets": ("integer out of range", "length out of range", "integer too long"),
    "characters": ("invalid character",),
}


def rule(error):
    """The rule of ours that an error stands for."""
    return next((name for name, texts in STRICTER.items() if any(text in error for text in texts)), None)


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
        together = sum(self.differing.values())
        print(f"together: {sum(self.checked.values())} checks, {together} differences")
        return 1 if together else 0


def question(op, line, **more):
    return {"op": op, "schema": line["schema"], "fragment": line["fragment"], **more}


def forms(line):
    """The encodings of a document by how they write empty elements of simple type: twice the same if it has none."""
    return {"ee": line["exi_hex"], "ch": line.get("exi_hex_ch", line["exi_hex"])}


def whole(answer, xml, exi_hex):
    return answer.get("xml") == xml and answer.get("consumed") == len(exi_hex) // 2


def check_documents(ours, tally, name, lines):
    asked = []
    for line in lines:
        for empty, exi in forms(line).items():
            asked.append(("encodes to other bytes", line, exi, question("encode", line, xml=line["xml"], empty=empty)))
        for exi in dict.fromkeys(forms(line).values()):
            asked.append(("decodes to other content", line, exi, question("decode", line, exi_hex=exi)))
    for (what, line, exi, asking), answer in zip(asked, environment.batch(ours.command, [a[3] for a in asked])):
        right = answer.get("exi_hex") == exi if asking["op"] == "encode" else whole(answer, line["xml"], exi)
        tally.check(f"{ours.name}, {name}", what, line, right, answer)


def check_string_table(ours, tally, lines):
    """Literals are exact; a reference into the string table is refused."""
    check_documents(ours, tally, "stringtable", lines)
    hits = environment.batch(ours.command, [question("decode", l, exi_hex=l["exi_hex_hits"]) for l in lines])
    for line, answer in zip(lines, hits):
        tally.check(f"{ours.name}, stringtable", "a table reference is accepted", line, "error" in answer, answer)


def check_invalid(ours, tally, lines):
    answers = environment.batch(ours.command, [question("decode", l, exi_hex=l["exi_hex"]) for l in lines])
    stricter = Counter()
    for line, answer in zip(lines, answers):
        refused = "error" in answer
        if line["expect"] == "reject":
            right = refused
        elif line["expect"] == "accept":
            right = answer.get("xml") == line["xml"]
        else:
            # What the reference codec shows of such text or of numbers beyond its types is not evidence.
            incomparable = "lossy" in line or not line["schema_valid"]
            right = incomparable or answer.get("xml") == line["xml"]
            if refused:
                right = rule(answer["error"]) is not None
                stricter[rule(answer["error"])] += 1
        tally.check(f"{ours.name}, invalid", f"{line['kind']}: expected {line['expect']}", line, right, answer)
    print(f"{ours.name}, stricter than the reference: " + ", ".join(f"{n} by {r}" for r, n in sorted(stricter.items(), key=str)))


def load(name):
    lines = environment.vectors(name)
    if name == "stringtable":
        other = {(l["schema"], l["fragment"], l["xml"]): l for n in SETS for l in environment.vectors(n)}
        for line in lines:
            if ch := other.get((line["schema"], line["fragment"], line["xml"]), {}).get("exi_hex_ch"):
                line["exi_hex_ch"] = ch
    lines = [l for l in lines if l["schema"] in SETS]
    if not lines:
        raise Missing(f"the full corpus has no vectors in {name}")
    return lines


class Engine:
    """One executor of the program under test."""

    def __init__(self, program, name):
        self.name, self.command = name, [program, "exi", "--batch", "--engine", name]


def engines(args):
    program = environment.program()
    return [Engine(program, name) for name in (ENGINES if args.engine == "both" else [args.engine])]


def replay(args):
    """Every vector of the full corpus."""
    tally = Tally(args.show)
    for ours in engines(args):
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
    ours, tally, done, turn = engines(args), Tally(args.show), 0, 0
    oracle = [sys.executable, str(CONFORMANCE / "oracle" / "exi-oracle"), "batch"]
    seen = set()
    while done < args.documents:
        lines = []
        for line in fresh_documents(f"{seed}.{turn}", PER_ELEMENT):
            key = (line["schema"], line["fragment"], line["xml"])
            if key not in seen:
                seen.add(key)
                lines.append(line)
        asked = [question("encode", l, xml=l["xml"], empty=form) for l in lines for form in ("ee", "ch")]
        answers = environment.batch(oracle, asked)
        for answer in answers:
            if "exi_hex" not in answer:
                raise Missing(f"the reference codec cannot encode a document: {answer}")
        for i, line in enumerate(lines):
            line["exi_hex"], ch = answers[2 * i]["exi_hex"], answers[2 * i + 1]["exi_hex"]
            if ch != line["exi_hex"]:
                line["exi_hex_ch"] = ch
        for engine in ours:
            check_documents(engine, tally, "sampler", lines)
        done += len(lines)
        turn += 1
    print(f"{done} different documents")
    return tally.report()
