"""Whole Plug & Charge sessions whose private keys are on a token of SoftHSM, and what the token says about the keys."""

import json
import shutil
import subprocess
from pathlib import Path

from .environment import Missing, program

TOKEN = "session"
#: What a token says about a key that was made on it and that nobody has ever read.
NEVER_OUT = {"sensitive", "always sensitive", "never extractable", "local"}
ROLES = ("secc", "vehicle", "provisioning", "contract-0")


def keys(library, variables):
    """The private keys on the token: what the token says about the access to each, by label."""
    listed = subprocess.run(["pkcs11-tool", "--module", library, "--token-label", TOKEN, "--login", "--pin",
                             variables["V2G_PIN"], "--list-objects", "--type", "privkey"], env=variables,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    found, label = {}, None
    for line in listed.splitlines():
        name, _, value = line.strip().partition(":")
        if name == "label":
            label = value.strip()
        elif name == "Access":
            found[label] = {word.strip() for word in value.split(",")}
    return found


def session(v2g, options, variables):
    run = subprocess.run([v2g, "session", "--tls", "--pnc", "--service", "dc-bpt", "--loops", "4", "--json", *options],
                         env=variables, stdout=subprocess.PIPE, text=True, check=False)
    summary = json.loads(run.stdout.splitlines()[-1]) if run.stdout else {}
    findings = [text for side in ("vehicle", "station") for text in summary.get(side, {}).get("findings", [])]
    paid = any(text.startswith("contract accepted") for text in findings)
    return run.returncode == 0 and summary.get("ok") is True and paid and summary["discharged_wh"] > 1, findings


def on_token(library, variables, holder, label):
    """Puts the key of a holder on the token and leaves its label in the file's place."""
    for kind, convert in (("privkey", ["-outform", "DER"]), ("pubkey", ["-pubout", "-outform", "DER"])):
        der = holder / f"{kind}.der"
        subprocess.run(["openssl", "pkey", "-in", holder / "key.pem", *convert, "-out", der], check=True)
        subprocess.run(["pkcs11-tool", "--module", library, "--token-label", TOKEN, "--login", "--pin",
                        variables["V2G_PIN"], "--write-object", der, "--type", kind, "--id", label.encode().hex(),
                        "--label", label, "--usage-sign"], env=variables, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        der.unlink()
    (holder / "key.pem").unlink()
    (holder / "key.token").write_text(f"{label}\n", encoding="utf-8")


def main(library, variables, folder):
    """Sessions with keys made on the token, with a contract delivered into it, and with a folder that names keys of it."""
    if shutil.which("pkcs11-tool") is None:
        raise Missing("pkcs11-tool is not installed (Debian package opensc)")
    v2g, wrong = program(), 0
    token = ["--pkcs11", library, "--token", TOKEN]

    ok, findings = session(v2g, token, variables)
    access = keys(library, variables)
    inside = all(access.get(role, set()) >= NEVER_OUT for role in ROLES)
    print(f"keys made on the token: {'ok' if ok and inside else 'FAILED'}; {', '.join(findings)}; "
          + ", ".join(f"{role}: {' '.join(sorted(access.get(role, {'missing'})))}" for role in ROLES))
    wrong += not (ok and inside)

    ok, findings = session(v2g, [*token, "--install-contract"], variables)
    delivered = keys(library, variables).get("contract", set())
    # It came from outside, so it is not local; nobody reads it again.
    inside = "sensitive" in delivered and "extract" not in delivered
    print(f"a contract delivered into the token: {'ok' if ok and inside else 'FAILED'}; {', '.join(findings)}; "
          f"contract: {' '.join(sorted(delivered or {'missing'}))}")
    wrong += not (ok and inside)

    lab = Path(folder) / "lab"
    subprocess.run([v2g, "pki", "new", str(lab)], check=True, stdout=subprocess.DEVNULL)
    contract = next((lab / "contracts").iterdir())
    for holder, label in ((lab / "secc", "lab-secc"), (contract, "lab-contract")):
        on_token(library, variables, holder, label)
    ok, findings = session(v2g, [*token, "--pki", str(lab)], variables)
    print(f"a folder that names keys of the token: {'ok' if ok else 'FAILED'}; {', '.join(findings)}")
    wrong += not ok
    return wrong
