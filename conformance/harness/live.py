"""Whole sessions with the live foreign peer over a virtual Ethernet pair: our vehicle at its station, our station
for its vehicle. Every session has to reach SessionStopRes on both sides."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .environment import CONFORMANCE, Missing, program

PEER = [sys.executable, str(CONFORMANCE / "peer" / "josev-peer")]
#: Seconds for the peer to listen, for a station of ours to listen, and for one whole session.
READY, LISTENING, SESSION = 30, 15, 60


def last(text):
    """The last line of JSON that a program printed."""
    lines = [line for line in text.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


def verdict(name, ours, theirs, began):
    """Prints one line for a session and says whether it ended as it should."""
    mine, other = last(ours.stdout), last(theirs)
    ok = ours.returncode == 0 and mine.get("ok") is True and other.get("ok") is True
    rounds = f"{mine.get('rounds', 0)} rounds, {mine.get('messages', 0)} messages, {time.monotonic() - began:.1f} s"
    print(f"{name}: {'ok' if ok else 'FAILED'}, {rounds}")
    if not ok:
        print(f"  ours: status {ours.returncode}, {mine.get('reason')} {ours.stderr.strip()}")
        print(f"  peer: {other.get('reason')}")
    return ok


def our_vehicle(v2g, work, service, mode):
    began = time.monotonic()
    with open(work / "peer", "w", encoding="utf-8") as out:
        peer = subprocess.Popen([*PEER, "secc", "--log", str(work / "secc.log"), "--timeout", str(SESSION)], stdout=out)
    try:
        while '"ready"' not in (work / "peer").read_text(encoding="utf-8"):
            if peer.poll() is not None or time.monotonic() - began > READY:
                raise Missing(f"the peer's station did not start; see {work / 'secc.log'}")
            time.sleep(0.1)
        began = time.monotonic()
        ours = subprocess.run(["ip", "netns", "exec", "v2g-ev", v2g, "evcc", "--iface", "ev0", "--service", service,
                               "--mode", mode, "--loops", "5", "--lab", "--json"], capture_output=True, text=True,
                              timeout=SESSION, check=False)
        peer.wait(SESSION)
    finally:
        peer.terminate()
    name = f"our vehicle, foreign station, {service}, {mode}"
    return verdict(name, ours, (work / "peer").read_text(encoding="utf-8"), began)


def our_station(v2g, work, service):
    began = time.monotonic()
    station = subprocess.Popen(["ip", "netns", "exec", "v2g-evse", v2g, "secc", "--iface", "evse0", "--once", "--lab",
                                "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        theirs = subprocess.run([*PEER, "evcc", "--service", service, "--log", str(work / "evcc.log"), "--timeout",
                                 str(SESSION)], stdout=subprocess.PIPE, text=True, timeout=2 * SESSION, check=False)
        stdout, stderr = station.communicate(timeout=LISTENING)
    except subprocess.TimeoutExpired:
        station.terminate()
        stdout, stderr = station.communicate()
        theirs = subprocess.CompletedProcess([], 1, "")
    ours = subprocess.CompletedProcess([], station.returncode, stdout, stderr)
    return verdict(f"our station, foreign vehicle, {service}", ours, theirs.stdout, began)


def main(_):
    if os.geteuid() != 0:
        raise Missing("network namespaces need root")
    for tool in ("ip", "java"):
        if shutil.which(tool) is None:
            raise Missing(f"`{tool}` is not installed")
    v2g = program()
    subprocess.run([*PEER, "net", "up"], check=True)
    work = Path(tempfile.mkdtemp(prefix="v2g-live-"))
    try:
        results = [our_vehicle(v2g, work, service, mode)
                   for service in ("dc-bpt", "dc") for mode in ("dynamic", "scheduled")]
        results += [our_station(v2g, work, service) for service in ("DC_BPT", "DC")]
    finally:
        subprocess.run([*PEER, "net", "down"], check=True)
    if all(results):
        shutil.rmtree(work)
        return 0
    print(f"the peer's logs are in {work}")
    return 1
