"""Whole sessions with the live foreign peer over a virtual Ethernet pair: our vehicle at its station, our station for
its vehicle, every service and control mode that it knows, and what can happen on the way. Each case says how both sides
are to end; what the peer does differently is in docs/interop.md."""

import itertools
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

SERVICES = ("dc-bpt", "dc", "ac-bpt", "ac")
MODES = ("dynamic", "scheduled")

#: What the peer does: it ends the session, or gives up where it does not know what it is asked for.
ENDS, GIVES_UP = True, False

#: What our vehicle does at the foreign station: service, mode, scenario, sessions that the station sees, outcome, peer.
VEHICLE = {
    "pause": ("dc", "scheduled", """[vehicle]
rounds = 6
[[event]]
when = "round 3"
side = "vehicle"
action = "pause"
""", 1, "paused", ENDS),
    "pause and resumption": ("ac", "scheduled", """[vehicle]
rounds = 6
resume = "9 s"
[[event]]
when = "round 3"
side = "vehicle"
action = "pause"
""", 2, "terminated", ENDS),
    "standby": ("ac", "dynamic", """[vehicle]
rounds = 8
[[event]]
when = "round 3"
side = "vehicle"
action = "standby"
""", 1, "link-lost", GIVES_UP),
    "renegotiation of the schedule": ("dc", "scheduled", """[vehicle]
rounds = 8
renegotiation = "main"
[[event]]
when = "round 3"
side = "vehicle"
action = "renegotiate-schedule"
""", 1, "terminated", ENDS),
    "renegotiation of the service": ("dc-bpt", "dynamic", """[vehicle]
rounds = 8
[[event]]
when = "round 3"
side = "vehicle"
action = "renegotiate-service"
""", 1, "terminated", ENDS),
}

#: What our station does with the foreign vehicle: service, mode, action, outcome, peer.
STATION = {
    "terminate": ("dc-bpt", "dynamic", "stop", "terminated", ENDS),
    "renegotiation of the service": ("ac", "dynamic", "renegotiate-service", "link-lost", ENDS),
    "renegotiation of the service over DC": ("dc", "dynamic", "renegotiate-service", "terminated", ENDS),
    "pause": ("ac", "scheduled", "pause", "link-lost", GIVES_UP),
    "renegotiation of the schedule": ("ac-bpt", "scheduled", "renegotiate-schedule", "link-lost", GIVES_UP),
}


#: Ways of authorization, as the peer and as messages call them.
WAYS = {"EIM": "EIM", "PNC": "PnC"}

#: Sessions over mutual TLS 1.3, in both roles: service, mode, way.
SECURED = (("dc-bpt", "dynamic", "PNC"), ("dc", "dynamic", "EIM"))

#: The peer's vehicle refuses schedules without prices.
PRICED = '[station]\nplan = { levels = [{ from = "0 s", level = 0 }] }\n'


def authorized_by(text):
    """How a vehicle authorized, by the lines of our program: the last way that was answered with OK."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    ways = [line.get("service") for line in lines if line.get("message") == "AuthorizationReq"]
    answers = [line for line in lines if line.get("message") == "AuthorizationRes" and not line.get("processing")]
    return ways[-1] if ways and answers and answers[-1]["code"].startswith("OK") else None


def is_secured(ours, way):
    """Mutual TLS 1.3 on the one curve that the peer has, and authorization in the way that was meant."""
    mine = last(ours.stdout)
    end = mine.get("vehicle") or mine.get("station") or {}
    tls = end.get("tls") or {}
    findings = ", ".join(end.get("findings", []))
    print(f"  {tls.get('version')} {tls.get('suite')} {tls.get('group')}, peer {tls.get('peer')};"
          f" authorized by {authorized_by(ours.stdout)}{'; ' + findings if findings else ''}")
    return (tls.get("version"), tls.get("group"), authorized_by(ours.stdout)) == ("TLS 1.3", "secp256r1", way)


def last(text):
    """The last line of JSON that a program printed."""
    lines = [line for line in text.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


def verdict(name, ours, theirs, began, peer):
    """Prints one line for a session and says whether it ended as it should."""
    mine, other = last(ours.stdout), last(theirs)
    ok = ours.returncode == 0 and mine.get("ok") is True and other.get("ok") is peer
    rounds = f"{mine.get('rounds', 0)} rounds, {mine.get('messages', 0)} messages, {time.monotonic() - began:.1f} s"
    energy = f"{mine.get('charged_wh', 0)} Wh in, {mine.get('discharged_wh', 0)} Wh out"
    mine_end = next((mine[side]["outcome"] for side in ("vehicle", "station") if side in mine), "none")
    print(f"{name}: {'ok' if ok else 'FAILED'}, {mine_end}, {rounds}, {energy}", flush=True)
    if not ok:
        print(f"  ours: status {ours.returncode}, {mine.get('reason')} {ours.stderr.strip()}")
        print(f"  peer: {other.get('reason')}; {' '.join(other.get('messages', [])[-6:])}")
    return ok


def slug(name):
    return "".join(c if c.isalnum() else "-" for c in name)


def our_vehicle(v2g, work, name, options, sessions=1, peer_does=ENDS, peer_options=()):
    began = time.monotonic()
    log, out_file = work / f"{slug(name)}.log", work / f"{slug(name)}.peer"
    with open(out_file, "w", encoding="utf-8") as out:
        peer = subprocess.Popen([*PEER, "secc", "--log", str(log), "--timeout", str(SESSION), "--sessions",
                                 str(sessions), *peer_options], stdout=out)
    try:
        while '"ready"' not in out_file.read_text(encoding="utf-8"):
            if peer.poll() is not None or time.monotonic() - began > READY:
                raise Missing(f"the peer's station did not start; see {log}")
            time.sleep(0.1)
        began = time.monotonic()
        command = ["ip", "netns", "exec", "v2g-ev", v2g, "evcc", "--iface", "ev0", *options, "--lab", "--json",
                   "--trace", str(work / f"{slug(name)}.jsonl")]
        ours = subprocess.run(command, capture_output=True, text=True, timeout=SESSION, check=False)
        peer.wait(SESSION)
    finally:
        peer.terminate()
    ok = verdict(f"our vehicle, foreign station, {name}", ours, out_file.read_text(encoding="utf-8"), began, peer_does)
    return (is_secured(ours, WAYS[peer_options[-1]]) and ok) if "--tls" in peer_options else ok


def our_station(v2g, work, name, service, options, cycles=5, peer_does=ENDS, peer_options=()):
    began = time.monotonic()
    log = work / f"{slug(name)}-vehicle.log"
    station = subprocess.Popen(["ip", "netns", "exec", "v2g-evse", v2g, "secc", "--iface", "evse0", "--once", "--lab",
                                "--json", "--trace", str(work / f"{slug(name)}-station.jsonl"), *options],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        theirs = subprocess.run([*PEER, "evcc", "--service", service.upper().replace("-", "_"), "--log", str(log),
                                 "--cycles", str(cycles), "--timeout", str(SESSION), *peer_options],
                                stdout=subprocess.PIPE, text=True, timeout=2 * SESSION, check=False)
        stdout, stderr = station.communicate(timeout=LISTENING)
    except subprocess.TimeoutExpired:
        station.terminate()
        stdout, stderr = station.communicate()
        theirs = subprocess.CompletedProcess([], 1, "")
    ours = subprocess.CompletedProcess([], station.returncode, stdout, stderr)
    ok = verdict(f"our station, foreign vehicle, {name}", ours, theirs.stdout, began, peer_does)
    return (is_secured(ours, WAYS[peer_options[-1]]) and ok) if "--tls" in peer_options else ok


def scenario(work, name, text):
    path = work / f"{slug(name)}.toml"
    path.write_text(f'name = "{name}"\nlapse = 3\n{text}', encoding="utf-8")
    return path


def cases(v2g, work):
    """Every case: its name, and what runs it."""
    for service in SERVICES:
        for mode in MODES:
            options = ["--service", service, "--mode", mode, "--loops", "5"]
            yield f"{service}, {mode}", lambda n, o=options: our_vehicle(v2g, work, n, o)
    for name, (service, mode, text, sessions, end, peer) in VEHICLE.items():
        expect = f'[expect]\nvehicle = ["{end}"]\n'
        path = scenario(work, f"vehicle {name}", f"{text}{expect}")
        options = ["--service", service, "--mode", mode, "--scenario", str(path)]
        yield f"{service}, {mode}, {name}", lambda n, o=options, s=sessions, p=peer: our_vehicle(v2g, work, n, o, s, p)
    for service in SERVICES:
        for mode in MODES:
            options = ["--service", service, "--mode", mode]
            if mode == "scheduled":
                options += ["--scenario", str(scenario(work, "priced", PRICED))]
            yield f"{service}, {mode} ", lambda n, s=service, o=options: our_station(v2g, work, n, s, o)
    for name, (service, mode, action, end, peer) in STATION.items():
        event = f'[[event]]\nwhen = "round 3"\nside = "station"\naction = "{action}"\nwithin = "20 s"\n[expect]\nstation = ["{end}"]\n'
        path = scenario(work, f"station {name}", (PRICED if mode == "scheduled" else "") + event)
        options = ["--service", service, "--mode", mode, "--scenario", str(path)]
        yield f"{service}, {mode}, {name} ", lambda n, s=service, o=options, p=peer: our_station(v2g, work, n, s, o, 8, p)


def secured_cases(v2g, work):
    """Mutual TLS 1.3 and Plug & Charge with the profile of laboratories: P-256 and SHA-256, of which the peer has no other."""
    pki = work / "pki"
    subprocess.run([*PEER, "pki", str(pki)], check=True)
    for service, mode, way in SECURED:
        ours = ["--service", service, "--mode", mode, "--tls", "--pki", str(pki), *(["--pnc"] if way == "PNC" else [])]
        theirs = ["--tls", "--pki", str(pki), "--auth", way]
        name = f"{service}, {mode}, TLS, {WAYS[way]}"
        yield name, lambda n, o=ours, t=theirs: our_vehicle(v2g, work, n, [*o, "--loops", "5"], peer_options=t)
        yield f"{name} ", lambda n, s=service, o=ours, t=theirs: our_station(v2g, work, n, s, o, peer_options=t)


def main(args):
    if os.geteuid() != 0:
        raise Missing("network namespaces need root")
    for tool in ("ip", "java"):
        if shutil.which(tool) is None:
            raise Missing(f"`{tool}` is not installed")
    v2g = program()
    subprocess.run([*PEER, "net", "up"], check=True)
    work = Path(tempfile.mkdtemp(prefix="v2g-live-"))
    wanted = getattr(args, "only", None) or []
    try:
        results = [run(name.strip()) for name, run in itertools.chain(cases(v2g, work), secured_cases(v2g, work))
                   if not wanted or any(word in name for word in wanted)]
    finally:
        subprocess.run([*PEER, "net", "down"], check=True)
    if results and all(results):
        shutil.rmtree(work)
        return 0
    print(f"{results.count(True)} of {len(results)} as they should; logs and traces are in {work}")
    return 1
