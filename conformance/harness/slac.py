"""SLAC: captured frames and matchings through the machines, and a parking lot of raw Ethernet in network namespaces,
with matchings alone and with whole sessions on top of them."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from .environment import Missing, evidence, example, program

#: Two vehicles at the first two of three chargers; every charger hears every vehicle.
CHARGERS, VEHICLES = ("s0", "s1", "s2"), ("c0", "c1")
#: The line with the modems; the longest matching, seconds.
HUB, PATIENCE = "v2gslac-hub", 60


def frames(_):
    """Every captured frame to its recorded fields and back, and every captured matching from both ends."""
    command = [example("captures"), str(evidence("vectors", "slac.jsonl"))]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    lines = run.stdout.splitlines()
    print("\n".join(line for line in lines if ": matched" not in line))
    return run.returncode


def ip(*words, check=True):
    subprocess.run(["ip", *words], check=check, stderr=None if check else subprocess.DEVNULL)


def namespace(host):
    return f"v2gslac-{host}"


def down():
    for name in (HUB, *map(namespace, CHARGERS + VEHICLES)):
        ip("netns", "delete", name, check=False)


def up():
    """A namespace for each host, with one interface, whose other end is in the namespace of the modems."""
    down()
    ip("netns", "add", HUB)
    for host in CHARGERS + VEHICLES:
        ip("netns", "add", namespace(host))
        ip("link", "add", host, "netns", HUB, "type", "veth", "peer", "name", "plc", "netns", namespace(host))
        # Addresses of this end would only disturb the line.
        subprocess.run(["ip", "netns", "exec", HUB, "sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{host}/disable_ipv6"],
                       check=True)
        ip("-n", HUB, "link", "set", host, "up")
        # A line of raw frames has no hardware that would fill in checksums.
        subprocess.run(["ip", "netns", "exec", namespace(host), "ethtool", "-K", "plc", "tx", "off"], check=True,
                       stdout=subprocess.DEVNULL)
        ip("-n", namespace(host), "link", "set", "plc", "up")
    for host in CHARGERS + VEHICLES:
        settle(host)


def settle(host):
    """Waits until the host's link-local address may be used."""
    for _ in range(100):
        answer = subprocess.run(["ip", "-n", namespace(host), "-6", "addr", "show", "dev", "plc", "scope", "link"],
                                check=True, stdout=subprocess.PIPE, text=True).stdout
        if "fe80" in answer and "tentative" not in answer:
            return
        time.sleep(0.05)
    raise Missing(f"{namespace(host)} has no link-local address")


def inside(name, *command):
    return subprocess.Popen(["ip", "netns", "exec", name, *command], stdout=subprocess.PIPE, text=True,
                            start_new_session=True)


def stop(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    process.stdout.close()


def stop_all(processes):
    """The line last: hosts complain when it goes."""
    for process in reversed(processes.values()):
        stop(process)


def mac(host):
    answer = subprocess.run(["ip", "-n", namespace(host), "-j", "link", "show", "plc"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return json.loads(answer)[0]["address"]


def modems(v2g, *line):
    """The line with the modems of everybody, ready for hosts."""
    words = [word for host in CHARGERS for word in ("--evse", host)]
    words += [word for host in VEHICLES for word in ("--ev", host)]
    process = inside(HUB, v2g, "slac", "modem-sim", *words, *line)
    process.stdout.readline()
    return process


def match(v2g, *line):
    """Starts everything; the last event of each host."""
    processes = {HUB: modems(v2g, *line)}
    try:
        for hosts, role in ((CHARGERS, "evse"), (VEHICLES, "ev")):
            command = [v2g, "slac", role, "--iface", "plc", "--once", "--json", "--timeout", str(PATIENCE)]
            processes.update({host: inside(namespace(host), *command) for host in hosts})
            # Chargers are there first, with a key in their modems.
            time.sleep(0.5)
        ends = {}
        # The other chargers have no vehicle.
        for host in (*VEHICLES, *CHARGERS[:len(VEHICLES)]):
            out, _ = processes[host].communicate(timeout=2 * PATIENCE)
            ends[host] = json.loads(out.splitlines()[-1]) if out else {}
        return ends
    finally:
        stop_all(processes)


class Pilots:
    """Sessions over SLAC, with simulated control pilots in a folder."""

    def __init__(self, v2g, folder):
        self.v2g, self.folder = v2g, folder

    def secc(self, host, *options):
        return self.start(host, "secc", *options)

    def evcc(self, host, *options):
        return self.start(host, "evcc", "--service", "dc-bpt", *options)

    def start(self, host, role, *options):
        command = [self.v2g, role, "--iface", "plc", "--slac", "--pilot", f"unix:{self.folder}/{host}", "--lab", "--json"]
        return inside(namespace(host), *command, *options)


def objects(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def of(lines, event):
    return next((line for line in lines if line.get("event") == event), {})


def verdict(name, lines, peer, toggled):
    """Whether an end was matched with `peer`, by toggles if it had to be, and its session went to SessionStopRes."""
    messages = [line["message"] for line in lines if "message" in line]
    summary = lines[-1] if lines else {}
    validated = of(lines, "chosen").get("finding", "Validated") == "Validated"
    right = (of(lines, "link-up").get("peer") == peer and messages[-1:] == ["SessionStopRes"] and summary.get("ok") is True
             and (validated or not toggled))
    detail = f"{len(messages)} messages, linked after {of(lines, 'link-up')['time']:.1f} s" if right else f"WRONG {lines[-3:]}"
    print(f"{name}: {detail}")
    return not right


def charge(v2g, folder, name, *line, options, toggled):
    """Two vehicles and three chargers, from plugging in to SessionStop; how many ends went wrong."""
    up()
    addresses = {host: mac(host) for host in CHARGERS + VEHICLES}
    processes, pilots = {HUB: modems(v2g, "--pilots", folder, "--join", "1000", *line)}, Pilots(v2g, folder)
    try:
        processes.update({host: pilots.secc(host, "--once", *options) for host in CHARGERS})
        time.sleep(0.5)
        processes.update({host: pilots.evcc(host, "--loops", "3", *options) for host in VEHICLES})
        wrong = 0
        for charger, vehicle in zip(CHARGERS, VEHICLES):
            for host, peer in ((vehicle, charger), (charger, vehicle)):
                out, _ = processes[host].communicate(timeout=2 * PATIENCE)
                wrong += verdict(f"{name}: {host}", objects(out), addresses[peer], toggled)
                if processes[host].returncode != 0:
                    wrong += 1
                    print(f"{name}: {host}: exit status {processes[host].returncode}")
        return wrong
    finally:
        stop_all(processes)


def serve_again(v2g, folder):
    """A charger whose vehicle is unplugged in the middle of a session serves the next one; how much went wrong."""
    up()
    processes, pilots = {HUB: modems(v2g, "--pilots", folder, "--join", "1000")}, Pilots(v2g, folder)
    try:
        charger = processes["s0"] = pilots.secc("s0")
        time.sleep(0.5)
        first = pilots.evcc("c0", "--loops", "1000")
        for text in first.stdout:
            if '"DC_ChargeLoopRes"' in text:
                break
        stop(first)
        second = processes["c0"] = pilots.evcc("c0", "--loops", "3")
        out, _ = second.communicate(timeout=2 * PATIENCE)
        lines = objects(out)
        # It goes on to wait, so it does not end by itself.
        time.sleep(0.5)
        os.killpg(charger.pid, signal.SIGTERM)
        seen, _ = charger.communicate()
        sessions = [line for line in objects(seen) if "ok" in line]
        reasons = [line.get("reason") for line in objects(seen) if line.get("event") == "link-down"]
        right = (second.returncode == 0 and lines[-1].get("ok") is True and [s["ok"] for s in sessions] == [False, True]
                 # A vehicle that goes takes its plug and its connection with it: either is noticed first.
                 and reasons[:1] in (["Unplugged"], ["Error"]) and reasons[1:] in (["Unplugged"], ["Terminated"]))
        print("after an unplugged vehicle: " + (f"served again, linked after {of(lines, 'link-up')['time']:.1f} s" if right
                                                else f"WRONG {reasons} {[s.get('reason') for s in sessions]} {lines[-3:]}"))
        return not right
    finally:
        stop_all(processes)


#: The vehicle pauses, wakes its charger by a toggle of the pilot, and goes on.
PAUSE = """services = ["dc"]
mode = "scheduled"
[vehicle]
rounds = 4
resume = "2 s"
[[event]]
when = "round 2"
side = "vehicle"
action = "pause"
[expect]
vehicle = ["terminated"]
station = ["terminated"]
"""


def pause(v2g, folder):
    """A pause keeps the network: nobody sounds again, and the session is joined; how much went wrong."""
    up()
    scenario = os.path.join(folder, "pause.toml")
    with open(scenario, "w", encoding="utf-8") as file:
        file.write(PAUSE)
    processes, pilots = {HUB: modems(v2g, "--pilots", folder, "--join", "1000")}, Pilots(v2g, folder)
    try:
        processes["s0"] = pilots.secc("s0", "--once", "--scenario", scenario)
        time.sleep(0.5)
        processes["c0"] = pilots.start("c0", "evcc", "--scenario", scenario)
        seen = {host: objects(processes[host].communicate(timeout=2 * PATIENCE)[0]) for host in ("c0", "s0")}
        attempts = [line for line in seen["c0"] if line.get("event") == "attempt"]
        toggles = [line["wanted"] for line in seen["c0"] if line.get("event") == "pilot"]
        links = [sum(line.get("event") == "link-up" for line in lines) for lines in seen.values()]
        joined = [line["code"] for line in seen["c0"] if line.get("message") == "SessionSetupRes"]
        right = (len(attempts) == 1 and toggles == ["s2 closed", "s2 open"] and links == [2, 2]
                 and joined == ["OK_NewSessionEstablished", "OK_OldSessionJoined"]
                 and all(processes[host].returncode == 0 for host in seen))
        print("pause: " + ("the charger was woken and the session joined" if right else
                           f"WRONG {len(attempts)} attempts, {toggles}, {links} links, {joined}"))
        return not right
    finally:
        stop_all(processes)


def sessions(v2g):
    """Whole sessions on the matched pairs, where attenuation alone decides and where only toggles can."""
    with tempfile.TemporaryDirectory() as folder:
        wrong = charge(v2g, folder, "near", options=(), toggled=False)
        wrong += charge(v2g, folder, "by toggles", "--own", "15", "--crosstalk", "16", options=("--profile", "strict"),
                        toggled=True)
        return wrong + serve_again(v2g, folder) + pause(v2g, folder)


def lot(args):
    """Two vehicles and three chargers over raw Ethernet: each vehicle ends in the network of its own charger."""
    if os.geteuid() != 0:
        raise Missing("network namespaces need root")
    for tool in ("ip", "ethtool"):
        if shutil.which(tool) is None:
            raise Missing(f"`{tool}` is not installed")
    v2g, wrong = program(), 0
    try:
        for line in ([], ["--crosstalk", "14"], ["--loss", "10"], ["--loss", "5", "--shape", "notches", "--delay", "20"]):
            up()
            addresses = {host: mac(host) for host in CHARGERS + VEHICLES}
            ends = match(v2g, *line)
            for charger, vehicle in zip(CHARGERS, VEHICLES):
                ours, theirs = ends.get(charger, {}), ends.get(vehicle, {})
                right = (ours.get("event") == theirs.get("event") == "end" and ours["nid"] == theirs["nid"]
                         and ours["peer"] == addresses[vehicle] and theirs["peer"] == addresses[charger])
                wrong += not right
                print(f"modem-sim {' '.join(line)}: {vehicle} at {charger}: "
                      + (f"in network {ours['nid']} after {theirs['time']:.1f} s" if right else f"WRONG {ours} {theirs}"))
        wrong += sessions(v2g)
    finally:
        down()
    return 1 if wrong else 0


def main(args):
    return max(frames(args), lot(args))
