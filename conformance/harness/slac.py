"""SLAC: captured frames and matchings through the machines, and a parking lot of raw Ethernet in network namespaces."""

import json
import os
import shutil
import signal
import subprocess
import time

from .environment import REPOSITORY, Missing, evidence, program

#: Two vehicles at the first two of three chargers; every charger hears every vehicle.
CHARGERS, VEHICLES = ("s0", "s1", "s2"), ("c0", "c1")
#: The line with the modems; the longest matching, seconds.
HUB, PATIENCE = "v2gslac-hub", 60


def frames(_):
    """Every captured frame to its recorded fields and back, and every captured matching from both ends."""
    command = ["cargo", "run", "--quiet", "--release", "--package", "v2g-slac", "--example", "captures", "--",
               str(evidence("vectors", "slac.jsonl"))]
    run = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
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
        ip("-n", namespace(host), "link", "set", "plc", "up")


def inside(name, *command):
    return subprocess.Popen(["ip", "netns", "exec", name, *command], stdout=subprocess.PIPE, text=True,
                            start_new_session=True)


def stop(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    process.stdout.close()


def mac(host):
    answer = subprocess.run(["ip", "-n", namespace(host), "-j", "link", "show", "plc"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return json.loads(answer)[0]["address"]


def match(v2g, *line):
    """Starts everything; the last event of each host."""
    words = [word for host in CHARGERS for word in ("--evse", host)]
    words += [word for host in VEHICLES for word in ("--ev", host)]
    processes = {HUB: inside(HUB, v2g, "slac", "modem-sim", *words, *line)}
    try:
        processes[HUB].stdout.readline()
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
        for process in processes.values():
            stop(process)


def lot(args):
    """Two vehicles and three chargers over raw Ethernet: each vehicle ends in the network of its own charger."""
    if os.geteuid() != 0:
        raise Missing("network namespaces need root")
    if shutil.which("ip") is None:
        raise Missing("`ip` is not installed")
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
    finally:
        down()
    return 1 if wrong else 0


def main(args):
    return max(frames(args), lot(args))
