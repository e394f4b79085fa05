"""Chains that we issue, right ones and faulty ones, through `openssl verify` and `openssl ocsp`, from the library and
as `v2g pki new` writes them.

OpenSSL knows RFC 5280 and nothing of V2G. It has to accept every right chain, and to refuse those faulty ones whose
fault is one of RFC 5280 too; the others are listed as rules of V2G alone."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from . import environment
from .environment import Missing, example

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


#: The folders of a PKI whose chains have a purpose that OpenSSL knows.
FOLDERS = {"secc": "Secc", "vehicle": "Vehicle", "provisioning": "Provisioning", "cps": "Cps", "contracts": "Contract"}
PASSPHRASE = "conformance"


def call(*command, **more):
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    return run.returncode == 0, run.stdout + run.stderr


def holders(pki):
    """The folders with a chain, and their role."""
    for name, role in FOLDERS.items():
        found = sorted((pki / name).iterdir()) if name == "contracts" and (pki / name).is_dir() else [pki / name]
        yield from ((folder, role) for folder in found if (folder / "chain.pem").is_file())


def verify_folder(pki, folder, role, unix):
    roots = pki / "all-roots.pem"
    roots.write_text("".join(path.read_text() for path in sorted(pki.glob("roots/*/root.pem"))))
    purpose = ["-purpose", PURPOSE[role]] if role in PURPOSE else []
    return call("openssl", "verify", "-x509_strict", "-attime", unix, "-CAfile", roots, "-untrusted",
                folder / "chain.pem", *purpose, folder / "chain.pem")


def command_output(work):
    """What `v2g pki new` writes in all algorithms: OpenSSL's verdict and ours on chains, faults and lists."""
    program, counts, wrong = environment.program(), defaultdict(int), []
    variables = {name: value for name, value in os.environ.items() if name != "V2G_PASSPHRASE"}
    now = int(time.time())
    for algorithm in ("p521", "ed448", "p256"):
        pki = Path(work) / f"pki-{algorithm}"
        made, said = call(program, "pki", "new", pki, "--algorithm", algorithm, "--contracts", 3, "--fault", "all",
                          env=variables)
        if not made:
            raise Missing(f"v2g pki new does not work: {said}")
        ours, said = call(program, "pki", "check", pki, env=variables)
        if not ours:
            wrong.append(f"{pki.name}: v2g pki check: {said}")
        for folder, role in holders(pki):
            accepted, said = verify_folder(pki, folder, role, now)
            counts["chains accepted by both"] += accepted
            if not accepted:
                wrong.append(f"{folder}: {said}")
        for listed in sorted(pki.glob("crl/*.crl")):
            issuer = pki / "authorities" / listed.stem / "cert.pem"
            _, said = call("openssl", "crl", "-in", listed, "-inform", "DER", "-CAfile", issuer, "-noout")
            counts["lists verified"] += "verify OK" in said
            if "verify OK" not in said:
                wrong.append(f"{listed}: {said}")
        for fault in sorted((pki / "faults").iterdir()):
            accepted = any(verify_folder(fault, folder, role, now)[0] for folder, role in holders(fault))
            ours, said = call(program, "pki", "check", fault, env=variables)
            expected = json.loads((fault / "pki.json").read_text())["fault"]["verdict"].partition(": ")[2]
            refused = [line for line in said.splitlines() if "REFUSED" in line]
            if ours or len(refused) != 1 or not refused[0].endswith(expected):
                wrong.append(f"{fault}: we were to say {expected!r}, and say: {said}")
            elif accepted and fault.name not in OURS:
                wrong.append(f"{fault}: openssl accepts")
            else:
                counts["faults refused by us alone" if accepted else "faults refused by both"] += 1
    wrong += other_forms(program, Path(work) / "forms", dict(variables, V2G_PASSPHRASE=PASSPHRASE), counts)
    for what, count in sorted(counts.items()):
        print(f"v2g pki new, {what}: {count}")
    if counts["chains accepted by both"] < 21 or counts["faults refused by both"] < 30 or counts["keys read"] < 40:
        raise Missing("there were too few chains, faults or keys")
    return wrong


def other_forms(program, pki, variables, counts):
    """Keys with a passphrase, PKCS #12, DER, and the layouts of other stacks."""
    made, said = call(program, "pki", "new", pki, "--also", "p12", "--also", "der", "--layout", "josev", "--layout",
                      "everest", env=variables)
    if not made:
        raise Missing(f"v2g pki new does not work: {said}")
    wrong = []
    for folder, _ in holders(pki):
        bundle, _ = call("openssl", "pkcs12", "-in", folder / "chain.p12", "-passin", f"pass:{PASSPHRASE}", "-noout")
        der, _ = call("openssl", "x509", "-in", folder / "leaf.der", "-inform", "DER", "-noout")
        counts["PKCS #12 and DER read"] += bundle + der
        if not (bundle and der):
            wrong.append(f"{folder}: PKCS #12 {bundle}, DER {der}")
    for key in [*pki.rglob("*.key"), *pki.rglob("key.pem")]:
        held, said = call("openssl", "pkey", "-in", key, "-passin", f"pass:{PASSPHRASE}", "-noout")
        counts["keys read"] += held
        if not held or "ENCRYPTED" not in key.read_text():
            wrong.append(f"{key}: {said}")
    for chain, roots in (("josev/iso15118_2/certs/cpoCertChain.pem", "josev/iso15118_2/certs/v2gRootCACert.pem"),
                         ("josev/iso15118_2/certs/oemCertChain.pem", "josev/iso15118_2/certs/oemRootCACert.pem"),
                         ("everest/certs/client/cso/CPO_CERT_CHAIN.pem", "everest/certs/ca/v2g/V2G_ROOT_CA.pem"),
                         ("everest/certs/ca/vehicle/VEHICLE_CERT_CHAIN.pem", "everest/certs/ca/oem/OEM_ROOT_CA.pem")):
        held, said = call("openssl", "verify", "-CAfile", pki / roots, "-untrusted", pki / chain, pki / chain)
        counts["chains of other layouts accepted"] += held
        if not held:
            wrong.append(f"{chain}: {said}")
    return wrong


def main(_):
    if not shutil.which("openssl"):
        raise Missing("openssl is not installed")
    counts, ours, wrong, responses = defaultdict(int), defaultdict(int), [], 0
    with tempfile.TemporaryDirectory() as work:
        if subprocess.run([example("chains"), work]).returncode:
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
    with tempfile.TemporaryDirectory() as work:
        wrong += command_output(work)
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
