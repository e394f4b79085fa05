"""Whole sessions of a charging station in C, examples/c/secc_linux.c, with the live foreign vehicle: over plain TCP, and over mutual
TLS 1.3 with the profile of laboratories. Each ends with SessionStopRes, and well on both sides."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .environment import Missing
from .live import LISTENING, PEER, SESSION, last, slug

#: Service of the session, and whether it is secured.
CASES = (("dc-bpt", False), ("dc", True), ("dc-bpt", True))
#: The curve that the peer has, as TLS numbers groups.
SECP256R1 = 23


def folder(pki, into):
    """The station's part of the peer's keys and certificates, laid out as `v2g pki new` does it; its keys have passwords."""
    certificates, keys = pki / "iso15118_2" / "certs", pki / "iso15118_2" / "private_keys"
    for name in ("secc", "roots/v2g", "roots/oem"):
        (into / name).mkdir(parents=True)
    chain = [certificates / f"{name}Cert.pem" for name in ("seccLeaf", "cpoSubCA2", "cpoSubCA1")]
    (into / "secc" / "chain.pem").write_text("".join(path.read_text() for path in chain))
    subprocess.run(["openssl", "pkey", "-in", keys / "seccLeaf.key", "-passin", f"file:{keys / 'seccLeafPassword.txt'}",
                    "-out", into / "secc" / "key.pem"], check=True)
    shutil.copy(certificates / "v2gRootCACert.pem", into / "roots" / "v2g" / "root.pem")
    shutil.copy(certificates / "oemRootCACert.pem", into / "roots" / "oem" / "root.pem")
    return into


def session(station, work, pki, service, is_secured):
    name = f"station in C, foreign vehicle, {service}{', TLS' if is_secured else ''}"
    log = work / f"{slug(name)}.log"
    ours = ["--pki", str(work / "station")] if is_secured else []
    theirs = ["--tls", "--pki", str(pki), "--auth", "EIM"] if is_secured else []
    began = time.monotonic()
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(["ip", "netns", "exec", "v2g-evse", station, "evse0", "--lab", "--once", "--service", service, *ours],
                                   stdout=out, stderr=subprocess.STDOUT)
        try:
            peer = subprocess.run([*PEER, "evcc", "--service", service.upper().replace("-", "_"), "--cycles", "5", "--timeout",
                                   str(SESSION), "--log", str(work / f"{slug(name)}.peer"), *theirs],
                                  stdout=subprocess.PIPE, text=True, timeout=2 * SESSION, check=False)
            status = process.wait(LISTENING)
        except subprocess.TimeoutExpired:
            process.kill()
            status, peer = process.wait(), subprocess.CompletedProcess([], 1, "")
    said, other = log.read_text(encoding="utf-8"), last(peer.stdout)
    secured = next((line.split("secured ")[1].strip() for line in said.splitlines() if " secured " in line), "no TLS")
    ok = status == 0 and other.get("ok") is True and "SessionStopRes" in said
    ok = ok and ("TLS 1.3" in secured and f"group {SECP256R1}," in secured if is_secured else secured == "no TLS")
    print(f"{name}: {'ok' if ok else 'FAILED'}, {secured}, {said.count('DC_ChargeLoopRes')} rounds, {time.monotonic() - began:.1f} s",
          flush=True)
    if not ok:
        print(f"  ours: status {status}\n{said[-3000:]}\n  peer: {other.get('reason')}; {' '.join(other.get('messages', [])[-6:])}")
    return ok


def main(station):
    """Every case with this program."""
    if os.geteuid() != 0:
        raise Missing("network namespaces need root")
    for tool in ("ip", "java", "openssl"):
        if shutil.which(tool) is None:
            raise Missing(f"`{tool}` is not installed")
    if not Path(station).is_file():
        raise Missing(f"{station} does not exist; `examples/c/run linux` builds it")
    subprocess.run([*PEER, "net", "up"], check=True)
    work = Path(tempfile.mkdtemp(prefix="v2g-live-c-"))
    try:
        pki = work / "pki"
        subprocess.run([*PEER, "pki", str(pki)], check=True)
        folder(pki, work / "station")
        results = [session(station, work, pki, *case) for case in CASES]
    finally:
        subprocess.run([*PEER, "net", "down"], check=True)
    if all(results):
        shutil.rmtree(work)
        return 0
    print(f"logs are in {work}")
    return 1
