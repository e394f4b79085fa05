"""Chains that we issue, right ones and faulty ones, through `openssl verify` and `openssl ocsp`.

OpenSSL knows RFC 5280 and nothing of V2G. It has to accept every right chain, and to refuse those faulty ones whose
fault is one of RFC 5280 too; the others are listed as rules of V2G alone."""

import json
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from .environment import REPOSITORY, Missing

#: What OpenSSL is asked for beyond the chain.
PURPOSE = {"Secc": "sslserver", "Vehicle": "sslclient"}
#: Faults that OpenSSL need not see. It is asked about certificates alone.
OURS = {
    "revoked": "status", "revoked-authority": "status", "no-status": "status", "stale-status": "status",
    "forged-status": "status", "wrong-nesting": "V2G rule: nesting", "wrong-role": "V2G rule: domain component",
    "wrong-authority": "V2G rule: domain component", "missing-eku": "V2G rule: purpose",
    "contract-with-eku": "V2G rule: purpose", "missing-key-usage": "V2G rule: key usage",
    "key-usage-not-critical": "V2G rule: criticality", "leaf-signs-certificates": "V2G rule: key usage",
    "wrong-anchor": "V2G rule: roots by role", "mixed-algorithms": "V2G rule: one algorithm",
    "oversized": "V2G rule: size", "fourth-certificate": "V2G rule: length", "duplicate-extension": "DER and PEM",
    "name-constraints": "unsupported", "common-name": "V2G rule: identity", "trailing-data": "DER and PEM",
}


def verify(folder, case):
    command = ["openssl", "verify", "-x509_strict", "-attime", str(case["unix"]), "-CAfile", "roots.pem",
               "-untrusted", "subs.pem"]
    if purpose := PURPOSE.get(case["role"]):
        command += ["-purpose", purpose]
    run = subprocess.run([*command, "leaf.pem"], cwd=folder, capture_output=True, text=True)
    return run.returncode == 0, (run.stdout + run.stderr).strip().splitlines()


def staples(folder, case):
    """How many OCSP responses OpenSSL reads and trusts, and complaints."""
    good, wrong = 0, []
    for response in sorted(folder.glob("ocsp-?.der")):
        stem = response.stem
        command = ["openssl", "ocsp", "-respin", response.name, "-issuer", f"{stem}-issuer.pem", "-sha256", "-cert",
                   f"{stem}-about.pem", "-CAfile", "roots.pem", "-verify_other", "subs.pem", "-attime",
                   str(case["unix"]), "-validity_period", "1000000000"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if "Response verify OK" in run.stderr and re.search(r"about.pem: good", run.stdout):
            good += 1
        else:
            wrong.append(f"{folder.name}/{response.name}: {run.stdout} {run.stderr}")
    return good, wrong


def main(_):
    if not shutil.which("openssl"):
        raise Missing("openssl is not installed")
    counts, ours, wrong, responses = defaultdict(int), defaultdict(int), [], 0
    with tempfile.TemporaryDirectory() as work:
        command = ["cargo", "run", "--quiet", "--package", "v2g-pki", "--all-features", "--example",
                   "chains", "--", work]
        if subprocess.run(command, cwd=REPOSITORY).returncode:
            raise Missing("the example chains did not run")
        for folder in sorted(Path(work).iterdir()):
            case = json.loads((folder / "case.json").read_text())
            accepted, why = verify(folder, case)
            fault = folder.name.partition("-fault-")[2]
            if not fault:
                counts["right"] += 1
                good, complaints = staples(folder, case)
                responses += good
                wrong += complaints
                if not (accepted and case["valid"]):
                    wrong.append(f"{folder.name}: openssl {'accepts' if accepted else why}, we: {case['why']}")
            elif case["valid"]:
                wrong.append(f"{folder.name}: we accept a fault")
            elif not accepted:
                counts["refused by both"] += 1
            elif fault in OURS:
                ours[OURS[fault]] += 1
            else:
                wrong.append(f"{folder.name}: openssl accepts, we: {case['why']}")
    for reason, count in sorted(ours.items()):
        print(f"refused by us alone, {reason}: {count}")
    for problem in wrong:
        print(f"DIFFERENCE: {problem}")
    print(f"{counts['right']} right chains accepted by both, {responses} OCSP responses trusted by both, "
          f"{counts['refused by both']} faulty chains refused by both, {sum(ours.values())} by us alone, "
          f"{len(wrong)} differences")
    if counts["right"] < 20 or responses < 20:
        raise Missing("there were too few chains")
    return 1 if wrong else 0
